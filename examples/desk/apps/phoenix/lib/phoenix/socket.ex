# SPDX-License-Identifier: Apache-2.0
defmodule Phoenix.Socket.Transport do
  @moduledoc false
  @callback child_spec(keyword) :: map
  @callback init(term) :: {:ok, term}
  @callback handle_in({binary, keyword}, term) :: tuple
  @callback handle_info(term, term) :: tuple
end

defmodule Phoenix.Socket.Message do
  @moduledoc false
  defstruct [:topic, :event, :payload, :ref, :join_ref]
end

defmodule Phoenix.Socket.Broadcast do
  @moduledoc false
  defstruct [:topic, :event, :payload]
end

defmodule Phoenix.Socket do
  @moduledoc """
  A socket.  Its lines are `join TOPIC [PATH]` and `TOPIC EVENT [PAYLOAD]`; what a channel pushes is sent as
  `TOPIC TEXT`.
  """
  defstruct assigns: %{},
            channel: nil,
            channel_pid: nil,
            endpoint: nil,
            handler: nil,
            id: nil,
            joined: false,
            join_ref: nil,
            private: %{},
            serializer: Phoenix.Socket.V2.JSONSerializer,
            topic: nil,
            transport: nil,
            transport_pid: nil

  @callback connect(map, struct) :: {:ok, struct} | :error
  @callback id(struct) :: binary | nil

  defmacro __using__(_opts) do
    quote do
      @behaviour Phoenix.Socket
      @behaviour Phoenix.Socket.Transport
      import Phoenix.Socket
      Module.register_attribute(__MODULE__, :phoenix_channels, accumulate: true)
      @before_compile Phoenix.Socket

      @impl true
      def child_spec(opts), do: Phoenix.Socket.__child_spec__(__MODULE__, opts)
      def drainer_spec(opts), do: Phoenix.Socket.__drainer_spec__(__MODULE__, opts)
      @impl true
      def init(state), do: Phoenix.Socket.__init__(state)
      @impl true
      def handle_in(message, state), do: Phoenix.Socket.__in__(message, state)
      @impl true
      def handle_info(message, state), do: Phoenix.Socket.__info__(message, state)
    end
  end

  defmacro channel(pattern, module, _opts \\ []) do
    quote do: @phoenix_channels({unquote(pattern), unquote(module)})
  end

  defmacro __before_compile__(env) do
    clauses =
      for {pattern, module} <- env.module |> Module.get_attribute(:phoenix_channels) |> Enum.reverse() do
        prefix = String.trim_trailing(pattern, "*")
        quote do: def(__channel__(unquote(prefix) <> _), do: {unquote(module), []})
      end

    quote do
      unquote_splicing(clauses)
      def __channel__(_), do: nil
    end
  end

  def assign(%__MODULE__{} = socket, key, value), do: %{socket | assigns: Map.put(socket.assigns, key, value)}
  def assign(%__MODULE__{} = socket, assigns), do: %{socket | assigns: Map.merge(socket.assigns, Map.new(assigns))}

  def upgrade(conn, endpoint, handler) do
    socket = %__MODULE__{endpoint: endpoint, handler: handler, transport: :websocket}

    case handler.connect(conn.query, socket) do
      {:ok, socket} -> %{conn | upgrade: {handler, {build_state(), socket}}}
      :error -> Plug.Conn.send_resp(conn, 403, "")
    end
  end

  defp build_state, do: %{channels: %{}, channels_inverse: %{}, max_channels_per_transport: 100}

  def __child_spec__(handler, opts) do
    name = Module.concat(opts[:endpoint], handler)
    %{id: handler, start: {Phoenix.Socket.PoolSupervisor, :start_link, [name]}, type: :supervisor}
  end

  def __drainer_spec__(handler, opts) do
    %{id: handler, start: {Phoenix.Socket.PoolDrainer, :start_link, [Module.concat(opts[:endpoint], handler)]}}
  end

  # ---- the process of the transport ----

  def __init__({state, socket}) do
    Bandit.DelegatingHandler.label({Phoenix.Socket, socket.handler, nil})
    {:ok, {state, %{socket | transport_pid: self()}}}
  end

  def __in__({text, _}, {state, socket}) do
    case String.split(text, " ", parts: 3) do
      ["join", topic | rest] -> join(topic, List.first(rest), state, socket)
      [topic, event | rest] -> message(topic, event, List.first(rest), state, socket)
      _ -> {:ok, {state, socket}}
    end
  end

  defp join(topic, payload, state, socket) do
    with {channel, _} <- socket.handler.__channel__(topic),
         true <- map_size(state.channels) < state.max_channels_per_transport,
         {:ok, reply, pid} <- Phoenix.Channel.Server.join(socket, channel, %Phoenix.Socket.Message{topic: topic, payload: payload}) do
      ref = Process.monitor(pid)

      state = %{
        state
        | channels: Map.put(state.channels, topic, {pid, ref, :joined}),
          channels_inverse: Map.put(state.channels_inverse, pid, {topic, nil})
      }

      {:push, {:text, "#{topic} joined #{reply}"}, {state, socket}}
    else
      _ -> {:push, {:text, "#{topic} refused"}, {state, socket}}
    end
  end

  defp message(topic, event, payload, state, socket) do
    with %{^topic => {pid, _, _}} <- state.channels do
      send(pid, %Phoenix.Socket.Message{topic: topic, event: event, payload: payload})
    end

    {:ok, {state, socket}}
  end

  def __info__({:socket_push, topic, text}, state), do: {:push, {:text, "#{topic} #{text}"}, state}
  def __info__(%Phoenix.Socket.Broadcast{event: "disconnect"}, state), do: {:stop, :normal, state}

  def __info__({:DOWN, _, _, pid, _}, {state, socket}) do
    case state.channels_inverse do
      %{^pid => {topic, _}} ->
        state = %{
          state
          | channels: Map.delete(state.channels, topic),
            channels_inverse: Map.delete(state.channels_inverse, pid)
        }

        {:push, {:text, "#{topic} closed"}, {state, socket}}

      _ ->
        {:ok, {state, socket}}
    end
  end

  def __info__(_, state), do: {:ok, state}
end

defmodule Phoenix.Socket.PoolSupervisor do
  @moduledoc false
  use Supervisor

  def start_link(name), do: Supervisor.start_link(__MODULE__, name, name: name)

  def start_child(name, key, spec) do
    {:ok, pid} = Supervisor.which_children(name) |> Enum.map(&elem(&1, 1)) |> pick(key)
    DynamicSupervisor.start_child(pid, spec)
  end

  defp pick(pids, key), do: Enum.fetch(pids, :erlang.phash2(key, length(pids)))

  @impl true
  def init(_name) do
    children =
      for n <- 1..System.schedulers_online() do
        Supervisor.child_spec({DynamicSupervisor, strategy: :one_for_one, max_restarts: 0}, id: n)
      end

    Supervisor.init(children, strategy: :one_for_one)
  end
end

defmodule Phoenix.Socket.PoolDrainer do
  @moduledoc false
  use GenServer
  def start_link(name), do: GenServer.start_link(__MODULE__, name)
  @impl true
  def init(name), do: {:ok, name}
end
