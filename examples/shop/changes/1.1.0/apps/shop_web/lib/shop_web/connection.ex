# SPDX-License-Identifier: Apache-2.0
defmodule ShopWeb.Connection do
  @moduledoc """
  One client's connection, kept for as many requests as the client likes to make. Each answer says
  which version gave it.
  """
  use GenServer, restart: :temporary

  alias ShopWeb.{Json, Request, Router}

  @enforce_keys [:socket]
  defstruct [:socket, buffer: ""]

  def start_link(socket), do: GenServer.start_link(__MODULE__, socket)

  @doc "Starts to serve, once the socket belongs to the process."
  def serve(pid), do: GenServer.cast(pid, :serve)

  @impl true
  def init(socket), do: {:ok, %__MODULE__{socket: socket}}

  @impl true
  def handle_cast(:serve, conn), do: await_data(conn)

  @impl true
  def handle_info({:tcp, socket, data}, %{socket: socket} = conn) do
    case answer(socket, conn.buffer <> data) do
      {:ok, rest} -> await_data(%{conn | buffer: rest})
      :close -> {:stop, :normal, conn}
    end
  end

  def handle_info({:tcp_closed, _socket}, conn), do: {:stop, :normal, conn}
  def handle_info({:tcp_error, _socket, _reason}, conn), do: {:stop, :normal, conn}

  defp await_data(conn) do
    case :inet.setopts(conn.socket, active: :once) do
      :ok -> {:noreply, conn}
      {:error, _reason} -> {:stop, :normal, conn}
    end
  end

  # Clients may send the next requests before they have the answer to the first.
  defp answer(socket, buffer) do
    case Request.parse(buffer) do
      {:ok, request, rest} ->
        {status, body} = Router.route(request.method, request.path)

        case :gen_tcp.send(socket, response(status, body, request.keep_alive)) do
          :ok when request.keep_alive -> answer(socket, rest)
          _closing -> :close
        end

      :more ->
        {:ok, buffer}

      {:error, status} ->
        :gen_tcp.send(socket, response(status, [error: reason(status)], false))
        :close
    end
  end

  defp response(status, body, keep_alive) do
    json = Json.encode(body)

    [
      "HTTP/1.1 #{status} #{reason(status)}\r\n",
      "server: shop/#{Shop.version()}\r\n",
      "content-type: application/json\r\n",
      "content-length: #{IO.iodata_length(json)}\r\n",
      if(keep_alive, do: "", else: "connection: close\r\n"),
      "\r\n",
      json
    ]
  end

  defp reason(200), do: "OK"
  defp reason(400), do: "Bad Request"
  defp reason(404), do: "Not Found"
  defp reason(413), do: "Content Too Large"
  defp reason(500), do: "Internal Server Error"
  defp reason(501), do: "Not Implemented"
end
