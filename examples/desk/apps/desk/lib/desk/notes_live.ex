# SPDX-License-Identifier: Apache-2.0
defmodule Desk.NotesLive do
  @moduledoc "Lines that somebody wrote."
  use Phoenix.LiveView

  @impl true
  def mount(_params, _session, socket), do: {:ok, assign(socket, notes: [])}

  @impl true
  def handle_event("add", text, socket), do: {:noreply, update(socket, :notes, &[text | &1])}

  @impl true
  def render(assigns), do: ~H[<p>notes {Enum.join(@notes, ",")}</p>]
end
