# SPDX-License-Identifier: Apache-2.0
defmodule Phoenix.Channel do
  @moduledoc "A process for each topic that a client joined."
  @callback join(binary, term, struct) :: {:ok, struct} | {:ok, binary, struct} | {:error, term}
  @callback handle_in(binary, term, struct) :: {:noreply, struct} | {:reply, binary, struct}
  @callback handle_info(term, struct) :: {:noreply, struct}
  @callback code_change(term, struct, term) :: {:ok, struct}
  @optional_callbacks handle_in: 3, handle_info: 2, code_change: 3

  defmacro __using__(_opts) do
    quote do
      @behaviour Phoenix.Channel
      import Phoenix.Channel
      import Phoenix.Socket, only: [assign: 3, assign: 2]
      def child_spec(argument), do: Phoenix.Channel.child_spec(__MODULE__, argument)
      def __socket__(:private), do: %{log_join: :info}
      def __intercepts__, do: []
    end
  end

  def child_spec(module, argument) do
    %{
      id: Phoenix.Channel.Server,
      start: {GenServer, :start_link, [Phoenix.Channel.Server, argument]},
      restart: :temporary,
      modules: [module]
    }
  end

  def push(socket, text), do: send(socket.transport_pid, {:socket_push, socket.topic, text})
end

defmodule Phoenix.Channel.Server do
  @moduledoc false
  use GenServer, restart: :temporary

  def join(socket, channel, message) do
    ref = make_ref()
    from = {self(), ref}
    spec = channel.child_spec({socket.endpoint, from})
    {:ok, pid} = Phoenix.Socket.PoolSupervisor.start_child(Module.concat(socket.endpoint, socket.handler), from, spec)
    monitor = Process.monitor(pid)
    joining = %{socket | channel: channel, topic: message.topic, transport_pid: self()}
    send(pid, {Phoenix.Channel, message.payload, from, joining})

    receive do
      {^ref, {:ok, reply}} ->
        Process.demonitor(monitor, [:flush])
        {:ok, reply, pid}

      {^ref, {:error, reason}} ->
        {:error, reason}

      {:DOWN, ^monitor, _, _, _} ->
        {:error, :crashed}
    end
  end

  @impl true
  def init({_endpoint, {pid, _}}), do: {:ok, Process.monitor(pid)}

  @impl true
  def handle_info({Phoenix.Channel, payload, {pid, ref}, socket}, monitor) when is_reference(monitor) do
    channel = socket.channel
    Process.put(:"$initial_call", {channel, :join, 3})
    Bandit.DelegatingHandler.label({Phoenix.Channel, channel, socket.topic})

    case channel.join(socket.topic, payload, %{socket | channel_pid: self()}) do
      {:ok, socket} -> joined("", socket, pid, ref)
      {:ok, reply, socket} -> joined(reply, socket, pid, ref)
      {:error, reason} -> send(pid, {ref, {:error, reason}}) && {:stop, :normal, monitor}
    end
  end

  def handle_info({:DOWN, _, _, pid, _}, %{transport_pid: pid} = socket), do: {:stop, :normal, socket}

  def handle_info(%Phoenix.Socket.Message{event: event, payload: payload}, socket) do
    handled(socket.channel.handle_in(event, payload, socket))
  end

  def handle_info(%Phoenix.Socket.Broadcast{event: "phx_drain"}, socket) do
    send(socket.transport_pid, %Phoenix.Socket.Broadcast{event: "disconnect"})
    {:stop, :normal, socket}
  end

  def handle_info(message, socket), do: handled(socket.channel.handle_info(message, socket))

  defp joined(reply, socket, pid, ref) do
    send(pid, {ref, {:ok, reply}})
    {:noreply, %{socket | joined: true}}
  end

  defp handled({:reply, text, socket}), do: handled({:noreply, Phoenix.Channel.push(socket, text) && socket})
  defp handled({:noreply, socket}), do: {:noreply, socket}

  @impl true
  def code_change(old, %{channel: channel} = socket, extra) do
    if function_exported?(channel, :code_change, 3), do: channel.code_change(old, socket, extra), else: {:ok, socket}
  end
end
