# SPDX-License-Identifier: Apache-2.0
defmodule ShopWeb.ConnectionTest do
  use ExUnit.Case, async: true

  setup do
    {:ok, {ip, port}} = :inet.sockname(ShopWeb.Listener.socket())
    {:ok, socket} = :gen_tcp.connect(ip, port, [:binary, active: false])
    %{socket: socket}
  end

  test "answers many requests on one connection", %{socket: socket} do
    assert {200, ~s({"status":"ok",) <> _} = get(socket, "/health")
    assert {404, ~s({"error":"not found"})} = get(socket, "/nowhere")
    assert {404, _} = get(socket, "/carts/none")
    assert {200, ~s([{"sku":"COFFEE",) <> _} = get(socket, "/products?page=1")
    assert {200, ~s({"carts":) <> _} = get(socket, "/stats")
  end

  test "puts items into carts", %{socket: socket} do
    assert {200, ~s({"cart":"a\\"b","count":1,) <> _} =
             request(socket, "POST /carts/a\"b/items/TEA")

    assert {200, ~s({"cart":"a\\"b","count":2,) <> _} =
             request(socket, "POST /carts/a\"b/items/MUG")

    assert {200, ~s({"cart":"a\\"b","count":2,) <> _} = get(socket, "/carts/a\"b")
    assert {404, _} = request(socket, "POST /carts/#{String.duplicate("x", 65)}/items/TEA")
  end

  test "reads a request that comes in pieces, with a body", %{socket: socket} do
    text = "POST /carts/p/items/TEA HTTP/1.1\r\ncontent-length: 5\r\n\r\nhello"

    for <<byte <- text>> do
      Process.sleep(1)
      :ok = :gen_tcp.send(socket, <<byte>>)
    end

    assert {200, ~s({"cart":"p","count":1,) <> _} = answer(socket)
    assert {200, _} = get(socket, "/health")
  end

  test "answers requests that come together in their order", %{socket: socket} do
    :ok =
      :gen_tcp.send(socket, String.duplicate("POST /carts/q/items/TEA HTTP/1.1\r\n\r\n", 1_000))

    for count <- 1..1_000 do
      head = ~s({"cart":"q","count":#{count},)
      assert {200, body} = answer(socket)
      assert String.starts_with?(body, head)
    end
  end

  test "closes when asked to", %{socket: socket} do
    assert {200, _} = request(socket, "GET /health", "Connection: Close\r\n")
    assert {:error, :closed} = :gen_tcp.recv(socket, 0, 1_000)
  end

  test "refuses what it cannot read", %{socket: socket} do
    assert {400, _} = request(socket, "GET")
    assert {:error, :closed} = :gen_tcp.recv(socket, 0, 1_000)
  end

  test "refuses a body of unknown length", %{socket: socket} do
    assert {501, _} = request(socket, "POST /", "transfer-encoding: chunked\r\n")
  end

  test "refuses a request without end", %{socket: socket} do
    :ok = :gen_tcp.send(socket, ["GET /", String.duplicate("x", 16_384)])
    assert {413, _} = answer(socket)
  end

  defp get(socket, path), do: request(socket, "GET " <> path)

  defp request(socket, line, headers \\ "") do
    :ok = :gen_tcp.send(socket, [line, " HTTP/1.1\r\nhost: shop\r\n", headers, "\r\n"])
    answer(socket)
  end

  defp answer(socket) do
    :ok = :inet.setopts(socket, packet: :http_bin)
    {:ok, {:http_response, {1, 1}, status, _reason}} = :gen_tcp.recv(socket, 0, 1_000)
    length = content_length(socket, nil)
    :ok = :inet.setopts(socket, packet: :raw)
    {:ok, body} = :gen_tcp.recv(socket, length, 1_000)
    {status, body}
  end

  defp content_length(socket, length) do
    case :gen_tcp.recv(socket, 0, 1_000) do
      {:ok, {:http_header, _, :"Content-Length", _, value}} ->
        content_length(socket, String.to_integer(value))

      {:ok, {:http_header, _, _name, _, _value}} ->
        content_length(socket, length)

      {:ok, :http_eoh} ->
        length
    end
  end
end
