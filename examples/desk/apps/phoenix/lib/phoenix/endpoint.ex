# SPDX-License-Identifier: Apache-2.0
defmodule Phoenix.Endpoint do
  @moduledoc "Where requests and sockets come in."
  @callback start_link(keyword) :: Supervisor.on_start()
  @callback config_change(changed :: term, removed :: term) :: term

  defmacro __using__(opts) do
    quote do
      @behaviour Phoenix.Endpoint
      @behaviour Plug
      import Phoenix.Endpoint, only: [socket: 3, plug: 1]
      Module.register_attribute(__MODULE__, :phoenix_sockets, accumulate: true)
      Module.register_attribute(__MODULE__, :plugs, accumulate: true)
      @otp_app unquote(opts)[:otp_app]
      @before_compile Phoenix.Endpoint

      def child_spec(opts) do
        %{id: __MODULE__, start: {__MODULE__, :start_link, [opts]}, type: :supervisor}
      end

      @impl true
      def start_link(opts \\ []), do: Phoenix.Endpoint.Supervisor.start_link(@otp_app, __MODULE__, opts)
      @impl true
      def config_change(changed, removed), do: Phoenix.Endpoint.Supervisor.config_change(__MODULE__, changed, removed)
      def config(key, default \\ nil), do: Phoenix.Config.get(__MODULE__, key, default)
      def static_path(path), do: Phoenix.Endpoint.Supervisor.static_lookup(__MODULE__, path)
      @impl true
      def init(options), do: options
      @impl true
      def call(conn, options), do: plug_builder_call(conn, options)
    end
  end

  defmacro socket(path, module, opts) do
    quote do: @phoenix_sockets({unquote(path), unquote(module), unquote(opts)})
  end

  defmacro plug(module), do: quote(do: @plugs(unquote(module)))

  defmacro __before_compile__(env) do
    sockets = env.module |> Module.get_attribute(:phoenix_sockets) |> Enum.reverse()
    plugs = env.module |> Module.get_attribute(:plugs) |> Enum.reverse()
    app = Module.get_attribute(env.module, :otp_app)

    quote do
      def __sockets__, do: unquote(Macro.escape(sockets))

      def plug_builder_call(conn, _options) do
        conn = %{conn | private: Map.put(conn.private, :phoenix_endpoint, __MODULE__)}
        conn = Phoenix.Endpoint.Sockets.call(conn, __MODULE__, __sockets__())
        conn = if conn.status || conn.upgrade, do: conn, else: Plug.Static.call(conn, unquote(app))
        Enum.reduce(unquote(plugs), conn, fn plug, conn ->
          if conn.status || conn.upgrade, do: conn, else: plug.call(conn, [])
        end)
      end
    end
  end
end

defmodule Phoenix.Endpoint.Sockets do
  @moduledoc false
  def call(conn, endpoint, sockets) do
    case Enum.find(sockets, fn {path, _, _} -> conn.request_path == path <> "/websocket" end) do
      {_, module, _} -> Phoenix.Socket.upgrade(conn, endpoint, module)
      nil -> conn
    end
  end
end

defmodule Phoenix.Endpoint.Supervisor do
  @moduledoc false
  use Supervisor

  def start_link(otp_app, mod, opts) do
    with {:ok, _} = ok <- Supervisor.start_link(__MODULE__, {otp_app, mod, opts}, name: mod) do
      warmup(mod)
      ok
    end
  end

  @impl true
  def init({otp_app, mod, _opts}) do
    conf = Application.get_env(otp_app, mod, [])
    server = Bandit.PhoenixAdapter.child_specs(mod, conf)
    sockets = for({_, socket, _} <- mod.__sockets__(), do: socket) |> Enum.uniq()

    children =
      [{Phoenix.Config, {mod, [otp_app: otp_app] ++ conf, []}}] ++
        [%{id: :warmup, start: {Task, :start_link, [__MODULE__, :warmup, [mod]]}, restart: :temporary}] ++
        Enum.map(sockets, &socket_spec(mod, &1)) ++
        server ++
        for(socket <- sockets, spec = socket.drainer_spec(endpoint: mod), spec != :ignore, do: %{spec | id: {:terminator, socket}})

    Supervisor.init(children, strategy: :one_for_one)
  end

  defp socket_spec(mod, socket), do: %{socket.child_spec(endpoint: mod) | id: socket}

  def config_change(endpoint, changed, removed) do
    res = Phoenix.Config.config_change(endpoint, changed, removed)
    warmup(endpoint)
    res
  end

  def warmup(endpoint) do
    url = endpoint.config(:url)
    :persistent_term.put({Phoenix.Endpoint, endpoint}, %{url: url, static_url: url, host: url[:host], path: "/"})
    warmup_static(endpoint, manifest(endpoint))
  end

  defp warmup_static(endpoint, latest) do
    Phoenix.Config.put(endpoint, :cache_static_manifest_latest, latest)

    for {path, digested} <- latest do
      Phoenix.Config.cache(endpoint, {:__phoenix_static__, "/" <> path}, fn _ -> {:cache, {"/" <> digested, nil}} end)
    end
  end

  # The "latest" of a cache manifest, without a library for JSON.
  defp manifest(endpoint) do
    file = Application.app_dir(endpoint.config(:otp_app), endpoint.config(:cache_static_manifest))

    with {:ok, text} <- File.read(file),
         [_, inside] <- Regex.run(~r/"latest":\s*\{([^}]*)\}/, text) do
      for [_, path, digested] <- Regex.scan(~r/"([^"]*)":\s*"([^"]*)"/, inside), into: %{}, do: {path, digested}
    else
      _ -> %{}
    end
  end

  def static_lookup(endpoint, path) do
    {digested, _} = Phoenix.Config.cache(endpoint, {:__phoenix_static__, path}, fn _ -> {:cache, {path, nil}} end)
    digested
  end
end

defmodule Phoenix.Config do
  @moduledoc "The ETS table of an endpoint: its configuration and what is worked out once."
  use GenServer

  def child_spec({module, config, defaults}) do
    %{id: __MODULE__, start: {__MODULE__, :start_link, [module, config, defaults]}}
  end

  def start_link(module, config, defaults) do
    GenServer.start_link(__MODULE__, {module, config, defaults}, name: Module.concat(module, "Config"))
  end

  def get(module, key, default) do
    case :ets.lookup(module, key) do
      [{_, value}] -> value
      [] -> default
    end
  end

  def put(module, key, value), do: :ets.insert(module, {key, value})

  def cache(module, key, fun) do
    case :ets.lookup(module, key) do
      [{_, :cache, value}] ->
        value

      [] ->
        {:cache, value} = fun.(module)
        :ets.insert(module, {key, :cache, value})
        value
    end
  end

  def clear_cache(module), do: :ets.match_delete(module, {:_, :cache, :_})

  def config_change(module, changed, removed) do
    cond do
      changed[module] -> GenServer.call(Module.concat(module, "Config"), {:config_change, changed[module]})
      module in removed -> GenServer.stop(Module.concat(module, "Config"))
      true -> clear_cache(module)
    end

    :ok
  end

  @impl true
  def init({module, config, _defaults}) do
    :ets.new(module, [:named_table, :public, read_concurrency: true])
    :ets.insert(module, config)
    {:ok, {module, config}}
  end

  @impl true
  def handle_call({:config_change, config}, _from, {module, old}) do
    for {key, _} <- old, key != :otp_app, not Keyword.has_key?(config, key), do: :ets.delete(module, key)
    clear_cache(module)
    :ets.insert(module, config)
    {:reply, :ok, {module, [otp_app: old[:otp_app]] ++ config}}
  end
end
