# SPDX-License-Identifier: Apache-2.0
defmodule Phoenix.LiveView do
  @moduledoc "A process for each open page."
  @callback mount(term, map, struct) :: {:ok, struct}
  @callback render(map) :: struct
  @callback handle_event(binary, term, struct) :: {:noreply, struct}
  @callback handle_info(term, struct) :: {:noreply, struct}
  @callback code_change(term, struct, term) :: {:ok, struct}
  @optional_callbacks mount: 3, handle_event: 3, handle_info: 2, code_change: 3

  defmacro __using__(_opts) do
    quote do
      @behaviour Phoenix.LiveView
      import Phoenix.Component
      import Phoenix.LiveView, only: [on_mount: 1, attach_hook: 4, put_title: 2]
      Module.register_attribute(__MODULE__, :on_mount, accumulate: true)
      @before_compile Phoenix.LiveView
    end
  end

  defmacro on_mount(module), do: quote(do: @on_mount(unquote(module)))

  defmacro __before_compile__(env) do
    hooks =
      for module <- env.module |> Module.get_attribute(:on_mount) |> Enum.reverse() do
        %{id: {module, :default}, stage: :mount, function: Function.capture(module, :on_mount, 4)}
      end

    lifecycle = %{mount: hooks, handle_event: [], handle_info: [], handle_params: [], after_render: [], handle_async: []}
    quote do: def(__live__, do: unquote(Macro.escape(%{kind: :view, lifecycle: lifecycle})))
  end

  def attach_hook(socket, id, stage, function) do
    put_in(socket.private.lifecycle[stage], [%{id: id, stage: stage, function: function}])
  end

  def put_title(socket, title), do: Phoenix.Component.assign(socket, :page_title, title)
end

defmodule Phoenix.LiveView.Rendered do
  @moduledoc "A template with what is put into it."
  defstruct [:static, :dynamic, :fingerprint, :root]

  def text(%__MODULE__{static: static, dynamic: dynamic}) do
    static |> weave(dynamic.(false)) |> IO.iodata_to_binary()
  end

  defp weave([last], []), do: [last]
  defp weave([text | static], [part | parts]), do: [text, to_string(part) | weave(static, parts)]
end

defmodule Phoenix.LiveView.Engine do
  @moduledoc false
  def changed_assign?(nil, _key), do: true
  def changed_assign?(changed, key), do: is_map_key(changed, key)
end

defmodule Phoenix.LiveView.Plug do
  @moduledoc "The first answer of a page, before its socket is there."
  def call(conn, _options) do
    {view, _, _, session} = conn.private.route.metadata.phoenix_live_view
    socket = Phoenix.LiveView.Channel.mounted(view, session.extra.on_mount, conn.private.phoenix_endpoint, nil)
    Plug.Conn.send_resp(conn, 200, Phoenix.LiveView.Channel.html(view, socket))
  end
end

defmodule Phoenix.LiveView.Socket do
  @moduledoc "The socket of pages, and what a page has: its assigns."
  use Phoenix.Socket
  defstruct id: nil, endpoint: nil, view: nil, router: nil, root_pid: nil, transport_pid: nil, assigns: %{__changed__: %{}}, private: %{}

  channel("lv:*", Phoenix.LiveView.Channel)

  @impl true
  def connect(_params, socket), do: {:ok, socket}
  @impl true
  def id(_socket), do: nil
end

defmodule Phoenix.LiveView.Channel do
  @moduledoc false
  use GenServer, restart: :temporary

  def child_spec(argument) do
    %{id: __MODULE__, start: {GenServer, :start_link, [__MODULE__, argument]}, restart: :temporary, modules: [__MODULE__]}
  end

  @impl true
  def init({_endpoint, {pid, _}}), do: {:ok, Process.monitor(pid)}

  @impl true
  def handle_info({Phoenix.Channel, path, {pid, ref}, socket}, monitor) when is_reference(monitor) do
    %{metadata: %{phoenix_live_view: {view, _, _, session}}} = socket.endpoint.router().__match_route__(path, "GET", nil)
    Process.put(:"$initial_call", {view, :mount, 3})
    Bandit.DelegatingHandler.label({Phoenix.LiveView, view, socket.topic})
    page = mounted(view, session.extra.on_mount, socket.endpoint, socket.transport_pid)

    state = %{
      socket: page,
      components: {%{}, %{}, 1},
      fingerprints: {nil, %{}},
      topic: socket.topic,
      serializer: socket.serializer,
      join_ref: nil,
      redirect_count: 0,
      upload_names: %{},
      upload_pids: %{},
      await_asyncs_on_graceful_shutdown: false
    }

    send(pid, {ref, {:ok, html(view, page)}})
    {:noreply, rendered(state, view.render(page.assigns))}
  end

  def handle_info({:DOWN, _, _, pid, _}, %{socket: %{transport_pid: pid}} = state), do: {:stop, :normal, state}

  def handle_info(%Phoenix.Socket.Message{event: event, payload: payload}, state) do
    handled(state.socket.view.handle_event(event, payload, state.socket), state)
  end

  # All assigns count as changed.
  def handle_info({:phoenix_live_reload, _, _}, %{socket: socket} = state) do
    changed = for {key, _} <- socket.assigns, key != :__changed__, into: %{}, do: {key, true}
    handled({:noreply, %{socket | assigns: %{socket.assigns | __changed__: changed}}}, state)
  end

  def handle_info(%Phoenix.Socket.Broadcast{event: "phx_drain"}, %{socket: socket} = state) do
    send(socket.transport_pid, %Phoenix.Socket.Broadcast{event: "disconnect"})
    {:stop, :normal, state}
  end

  def handle_info(message, state), do: handled(state.socket.view.handle_info(message, state.socket), state)

  defp handled({:noreply, %{assigns: %{__changed__: changed}} = socket}, state) when changed == %{} do
    {:noreply, %{state | socket: socket}}
  end

  defp handled({:noreply, socket}, state) do
    page = socket.view.render(socket.assigns)
    send(socket.transport_pid, {:socket_push, state.topic, Phoenix.LiveView.Rendered.text(page)})
    {:noreply, rendered(%{state | socket: socket}, page)}
  end

  defp rendered(state, page) do
    socket = state.socket
    %{state | socket: %{socket | assigns: %{socket.assigns | __changed__: %{}}}, fingerprints: {page.fingerprint, %{}}}
  end

  def mounted(view, hooks, endpoint, transport_pid) do
    lifecycle = view.__live__().lifecycle

    socket = %Phoenix.LiveView.Socket{
      endpoint: endpoint,
      view: view,
      root_pid: self(),
      transport_pid: transport_pid,
      assigns: %{__changed__: %{}, flash: %{}, live_action: nil},
      private: %{lifecycle: lifecycle}
    }

    socket = Enum.reduce(hooks, socket, fn module, socket -> continued(module.on_mount(:default, %{}, %{}, socket)) end)
    socket = Enum.reduce(lifecycle.mount, socket, fn hook, socket -> continued(hook.function.(:default, %{}, %{}, socket)) end)
    {:ok, socket} = view.mount(%{}, %{}, socket)
    socket
  end

  defp continued({:cont, socket}), do: socket

  def html(view, socket) do
    head =
      for path <- ["/assets/app.css", "/assets/app.js"], do: ["<link ", socket.endpoint.static_path(path), "> "]

    IO.iodata_to_binary([head, Phoenix.LiveView.Rendered.text(view.render(socket.assigns))])
  end

  @impl true
  def code_change(old, %{socket: socket} = state, extra) do
    if function_exported?(socket.view, :code_change, 3) do
      {:ok, %Phoenix.LiveView.Socket{} = socket} = socket.view.code_change(old, socket, extra)
      {:ok, %{state | socket: socket}}
    else
      {:ok, state}
    end
  end
end
