# SPDX-License-Identifier: Apache-2.0
defmodule Desk.CounterLive do
  @moduledoc "A number that goes up."
  use Phoenix.LiveView

  @impl true
  def mount(_params, _session, socket), do: {:ok, assign(socket, :count, 0)}

  @impl true
  def handle_event("inc", _payload, socket) do
    :telemetry.execute([:desk, :event], %{count: 1}, %{})
    {:noreply, update(socket, :count, &(&1 + 1))}
  end

  @impl true
  def render(assigns), do: ~H"<p>count {@count}</p>"
end
