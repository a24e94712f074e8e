# SPDX-License-Identifier: Apache-2.0
defmodule Phoenix.Router do
  @moduledoc "Which controller, or LiveView, answers a path."

  defmacro __using__(_opts) do
    quote do
      @behaviour Plug
      import Phoenix.Router, only: [get: 3, live: 2, live: 3]
      Module.register_attribute(__MODULE__, :phoenix_routes, accumulate: true)
      @before_compile Phoenix.Router
      @impl true
      def init(options), do: options
      @impl true
      def call(conn, _options), do: Phoenix.Router.__call__(conn, __MODULE__, conn.request_path, [], [])
    end
  end

  defmacro get(path, controller, action) do
    quote do: @phoenix_routes(%{path: unquote(path), plug: unquote(controller), plug_opts: unquote(action), verb: :get, metadata: %{}})
  end

  defmacro live(path, view, opts \\ []) do
    quote do
      @phoenix_routes %{
        path: unquote(path),
        plug: Phoenix.LiveView.Plug,
        plug_opts: nil,
        verb: :get,
        metadata: %{phoenix_live_view: {unquote(view), nil, [], %{name: :default, extra: %{on_mount: unquote(opts)[:on_mount] || []}}}}
      }
    end
  end

  defmacro __before_compile__(env) do
    routes = env.module |> Module.get_attribute(:phoenix_routes) |> Enum.reverse()

    quote do
      def __routes__, do: unquote(Macro.escape(routes))
      def __match_route__(path, _verb, _host), do: Enum.find(__routes__(), &(&1.path == path))
    end
  end

  def __call__(conn, router, path, _pipeline, _options) do
    case router.__match_route__(path, "GET", nil) do
      nil -> Plug.Conn.send_resp(conn, 404, "no such page\n")
      route -> route.plug.call(%{conn | private: Map.put(conn.private, :route, route)}, route.plug_opts)
    end
  end
end

defmodule Phoenix.Controller do
  @moduledoc "A function for each page."

  defmacro __using__(_opts) do
    quote do
      @behaviour Plug
      @impl true
      def init(action), do: action
      @impl true
      def call(conn, action), do: phoenix_controller_pipeline(conn, action)
      def phoenix_controller_pipeline(conn, action), do: Map.put(action(conn, action), :halted, true)
      def action(conn, action), do: apply(__MODULE__, action, [conn, conn.query])
    end
  end
end
