# SPDX-License-Identifier: Apache-2.0
defmodule Desk.RoomChannel do
  @moduledoc "What is said in a room, and how much it was."
  use Phoenix.Channel

  @impl true
  def join("room:" <> room, _payload, socket) do
    Phoenix.PubSub.subscribe(Desk.PubSub, "room:" <> room)
    {:ok, assign(socket, :said, 0)}
  end

  @impl true
  def handle_in("say", text, socket) do
    Phoenix.PubSub.broadcast(Desk.PubSub, socket.topic, {:said, text})
    {:noreply, assign(socket, :said, socket.assigns.said + 1)}
  end

  def handle_in("count", _payload, socket), do: {:reply, "said #{socket.assigns.said}", socket}

  @impl true
  def handle_info({:said, text}, socket) do
    push(socket, text)
    {:noreply, socket}
  end
end
