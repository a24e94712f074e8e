# SPDX-License-Identifier: Apache-2.0
defmodule Bandit do
  @moduledoc "A small HTTP/1.1 server, with the processes and names of the library that Phoenix uses."

  def child_spec(options) do
    %{id: {__MODULE__, make_ref()}, start: {__MODULE__, :start_link, [options]}, type: :supervisor}
  end

  # options: plug: {Module, Options}, port:, ip:
  def start_link(options), do: ThousandIsland.start_link(options)
end

defmodule Bandit.PhoenixAdapter do
  @moduledoc false

  def child_specs(endpoint, config) do
    for {scheme, options} <- config, scheme in [:http, :https] do
      Supervisor.child_spec({Bandit, [plug: {endpoint, []}] ++ options}, id: {endpoint, scheme})
    end
  end

  def bandit_pid(endpoint, scheme \\ :http) do
    endpoint
    |> Supervisor.which_children()
    |> Enum.find(fn {id, _, _, _} -> id == {endpoint, scheme} end)
    |> case do
      {_, pid, _, _} when is_pid(pid) -> {:ok, pid}
      _ -> {:error, :no_server_found}
    end
  end
end

defmodule ThousandIsland do
  @moduledoc false
  use Supervisor

  def start_link(options), do: Supervisor.start_link(__MODULE__, options)

  @impl true
  def init(options) do
    Supervisor.init(
      [
        Supervisor.child_spec({DynamicSupervisor, strategy: :one_for_one}, id: :connection_sup),
        Supervisor.child_spec({ThousandIsland.Acceptor, {self(), options}}, id: :acceptor)
      ],
      strategy: :rest_for_one
    )
  end

  def connection_sup(pid) do
    {_, sup, _, _} = pid |> Supervisor.which_children() |> List.keyfind(:connection_sup, 0)
    sup
  end

  def connection_pids(pid) do
    {:ok, for({_, child, _, _} <- DynamicSupervisor.which_children(connection_sup(pid)), is_pid(child), do: child)}
  end
end

defmodule ThousandIsland.Acceptor do
  @moduledoc false
  use Task, restart: :permanent

  def start_link(argument), do: Task.start_link(__MODULE__, :run, [argument])

  def run({server, options}) do
    {:ok, listener} =
      :gen_tcp.listen(options[:port], [
        :binary,
        ip: options[:ip] || {127, 0, 0, 1},
        packet: :line,
        active: false,
        reuseaddr: true
      ])

    accept(listener, ThousandIsland.connection_sup(server), options[:plug])
  end

  defp accept(listener, sup, plug) do
    {:ok, socket} = :gen_tcp.accept(listener)
    {:ok, pid} = DynamicSupervisor.start_child(sup, {Bandit.DelegatingHandler, {socket, plug}})
    :ok = :gen_tcp.controlling_process(socket, pid)
    send(pid, {:thousand_island_ready, socket})
    __MODULE__.again(listener, sup, plug)
  end

  def again(listener, sup, plug), do: accept(listener, sup, plug)
end

defmodule ThousandIsland.Socket do
  @moduledoc false
  defstruct [:socket, :plug]
end

defmodule Bandit.Pipeline do
  @moduledoc false
  def run(conn, {plug, options}), do: call_plug!(conn, plug, options)
  defp call_plug!(conn, plug, options), do: Map.put(plug.call(conn, options), :halted, true)
end

defmodule Bandit.DelegatingHandler do
  @moduledoc """
  One connection: requests, or after an upgrade the lines of a socket.  The state of an upgraded one is
  `{%ThousandIsland.Socket{}, %{connection: %{websock: S, websock_state: …}}}`.
  """
  use GenServer, restart: :temporary

  def start_link(argument), do: GenServer.start_link(__MODULE__, argument)

  @impl true
  def init({socket, plug}) do
    label({:thousand_island, :connection, :http})
    {:ok, {%ThousandIsland.Socket{socket: socket, plug: plug}, %{connection: nil}}}
  end

  # OTP 27 and later.
  def label(label) do
    if function_exported?(:proc_lib, :set_label, 1), do: apply(:proc_lib, :set_label, [label])
  end

  @impl true
  def handle_info({:thousand_island_ready, _}, {socket, _} = state) do
    next(socket)
    {:noreply, state}
  end

  def handle_info({:tcp, _, line}, {socket, %{connection: nil} = http}) do
    case String.split(line) do
      ["GET", target | _] -> request(read_headers(socket), target, socket, http)
      _ -> {:stop, :normal, {socket, http}}
    end
  end

  def handle_info({:tcp, _, line}, {socket, %{connection: connection}}) do
    sock(connection.websock.handle_in({String.trim(line), opcode: :text}, connection.websock_state), socket, connection)
  end

  def handle_info({:tcp_closed, _}, state), do: {:stop, :normal, state}
  def handle_info({:tcp_error, _, _}, state), do: {:stop, :normal, state}
  def handle_info(_, {_, %{connection: nil}} = state), do: {:noreply, state}

  def handle_info(message, {socket, %{connection: connection}}) do
    sock(connection.websock.handle_info(message, connection.websock_state), socket, connection)
  end

  # ---- requests ----

  defp next(socket), do: :inet.setopts(socket.socket, active: :once)

  defp read_headers(socket) do
    case :gen_tcp.recv(socket.socket, 0, 5_000) do
      {:ok, "\r\n"} -> :ok
      {:ok, _} -> read_headers(socket)
      {:error, _} -> :closed
    end
  end

  defp request(:closed, _, socket, http), do: {:stop, :normal, {socket, http}}

  defp request(:ok, target, socket, http) do
    conn = Bandit.Pipeline.run(Plug.Conn.new(target), socket.plug)

    case conn.upgrade do
      nil ->
        answer(socket, conn)
        next(socket)
        {:noreply, {socket, http}}

      {websock, sock_state} ->
        :gen_tcp.send(socket.socket, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
        {:ok, sock_state} = websock.init(sock_state)
        next(socket)
        {:noreply, {socket, %{connection: %{websock: websock, websock_state: sock_state}}}}
    end
  end

  defp answer(socket, conn) do
    :gen_tcp.send(socket.socket, [
      "HTTP/1.1 #{conn.status} -\r\ncontent-length: #{byte_size(conn.resp_body)}\r\n\r\n",
      conn.resp_body
    ])
  end

  # ---- sockets ----

  defp sock({:push, {_opcode, text}, state}, socket, connection) do
    :gen_tcp.send(socket.socket, [text, "\n"])
    sock({:ok, state}, socket, connection)
  end

  defp sock({:ok, state}, socket, connection) do
    next(socket)
    {:noreply, {socket, %{connection: %{connection | websock_state: state}}}}
  end

  defp sock({:stop, _reason, state}, socket, connection) do
    {:stop, :normal, {socket, %{connection: %{connection | websock_state: state}}}}
  end
end
