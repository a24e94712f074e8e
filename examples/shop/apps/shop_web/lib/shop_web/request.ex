# SPDX-License-Identifier: Apache-2.0
defmodule ShopWeb.Request do
  @moduledoc """
  Reads one HTTP/1 request from the head of what a client has sent so far.
  """

  @enforce_keys [:method, :path, :keep_alive]
  defstruct [:method, :path, :keep_alive]

  # Of one request with its headers and its body, which nothing here needs.
  @max_bytes 16_384

  @doc """
  Answers the request and the bytes after it, `:more` when it is not complete yet, or the status
  that tells the client what is wrong with it.
  """
  def parse(buffer) do
    with {:ok, {:http_request, method, {:abs_path, path}, version}, rest} <-
           packet(:http_bin, buffer),
         {:ok, headers, rest} <- headers(rest, %{}),
         {:ok, length} <- body_length(headers),
         {:ok, rest} <- behind(rest, length) do
      {:ok,
       %__MODULE__{method: method, path: split(path), keep_alive: keep_alive?(version, headers)},
       rest}
    else
      {:ok, _anything_else, _rest} -> {:error, 400}
      {:error, status} when is_integer(status) -> {:error, status}
      {:error, _reason} -> {:error, 400}
      _incomplete when byte_size(buffer) >= @max_bytes -> {:error, 413}
      _incomplete -> :more
    end
  end

  defp behind(bytes, length) when byte_size(bytes) < length, do: :more
  defp behind(bytes, length), do: {:ok, binary_part(bytes, length, byte_size(bytes) - length)}

  defp packet(type, buffer), do: :erlang.decode_packet(type, buffer, [])

  defp headers(buffer, headers) do
    case packet(:httph_bin, buffer) do
      {:ok, :http_eoh, rest} ->
        {:ok, headers, rest}

      {:ok, {:http_header, _, name, _, value}, rest} ->
        headers(rest, Map.put(headers, name, String.downcase(value)))

      other ->
        other
    end
  end

  defp body_length(%{"Transfer-Encoding": _}), do: {:error, 501}

  defp body_length(%{"Content-Length": length}) do
    case Integer.parse(length) do
      {length, ""} when length in 0..@max_bytes -> {:ok, length}
      {length, ""} when length > @max_bytes -> {:error, 413}
      _not_a_length -> {:error, 400}
    end
  end

  defp body_length(_headers), do: {:ok, 0}

  defp split(path) do
    [path | _query] = String.split(path, "?", parts: 2)
    String.split(path, "/", trim: true)
  end

  defp keep_alive?({1, 1}, %{Connection: "close"}), do: false
  defp keep_alive?(version, _headers), do: version == {1, 1}
end
