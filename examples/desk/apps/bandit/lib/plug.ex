# SPDX-License-Identifier: Apache-2.0
defmodule Plug do
  @moduledoc "What takes a request and gives it an answer."
  @callback init(term) :: term
  @callback call(map, term) :: map
end

defmodule Plug.Conn do
  @moduledoc "A request, and what is answered."
  defstruct request_path: "/", query: %{}, status: nil, resp_body: "", upgrade: nil, halted: false, private: %{}

  def new(target) do
    uri = URI.parse(target)
    %__MODULE__{request_path: uri.path || "/", query: URI.decode_query(uri.query || "")}
  end

  def send_resp(conn, status, body), do: %{conn | status: status, resp_body: IO.iodata_to_binary(body)}
end

defmodule Plug.Static do
  @moduledoc "Files below priv/static of an application, looked for anew at each request."

  def call(conn, app) do
    path = Application.app_dir(app, Path.join("priv/static", conn.request_path))

    if String.starts_with?(conn.request_path, "/assets/") and not String.contains?(path, "..") and File.regular?(path) do
      Plug.Conn.send_resp(conn, 200, File.read!(path))
    else
      conn
    end
  end
end
