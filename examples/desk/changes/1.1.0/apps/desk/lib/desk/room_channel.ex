# SPDX-License-Identifier: Apache-2.0
defmodule Desk.RoomChannel do
  @moduledoc "What is said in a room, how much it was, and what was said last."
  use Phoenix.Channel

  @impl true
  def join("room:" <> room, _payload, socket) do
    Phoenix.PubSub.subscribe(Desk.PubSub, "room:" <> room)
    {:ok, assign(socket, said: 0, last: "")}
  end

  @impl true
  def handle_in("say", text, socket) do
    Phoenix.PubSub.broadcast(Desk.PubSub, socket.topic, {:said, text})
    {:noreply, assign(socket, said: socket.assigns.said + 1, last: text)}
  end

  def handle_in("count", _payload, socket) do
    {:reply, "said #{socket.assigns.said}, last #{socket.assigns.last}", socket}
  end

  @impl true
  def handle_info({:said, text}, socket) do
    push(socket, text)
    {:noreply, socket}
  end

  @impl true
  def code_change({:down, _vsn}, socket, _extra), do: {:ok, %{socket | assigns: Map.delete(socket.assigns, :last)}}
  def code_change(_vsn, socket, _extra), do: {:ok, assign(socket, :last, "nothing")}
end
