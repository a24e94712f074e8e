# SPDX-License-Identifier: Apache-2.0
defmodule Desk.NotesLive do
  @moduledoc "Lines that somebody wrote."
  use Phoenix.LiveView

  @impl true
  def mount(_params, _session, socket), do: {:ok, assign(socket, notes: [], author: "anybody")}

  @impl true
  def handle_event("add", text, socket), do: {:noreply, update(socket, :notes, &[text | &1])}

  @impl true
  def render(assigns), do: ~H[<p>notes {Enum.join(@notes, ",")} by {@author}</p>]

  # Also asked of pages of other versions of LiveView's process, up and down.
  @impl true
  def code_change({:down, _vsn}, socket, _extra), do: {:ok, %{socket | assigns: Map.delete(socket.assigns, :author)}}
  def code_change(_vsn, socket, _extra), do: {:ok, assign_new(socket, :author, fn -> "somebody" end)}
end
