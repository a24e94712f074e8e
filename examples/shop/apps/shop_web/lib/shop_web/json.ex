# SPDX-License-Identifier: Apache-2.0
defmodule ShopWeb.Json do
  @moduledoc """
  Writes JSON. Maps and keyword lists become objects (the latter in their own order), other lists
  arrays, other atoms strings.
  """

  @spec encode(term) :: iodata
  def encode(nil), do: "null"
  def encode(value) when is_boolean(value) or is_number(value), do: to_string(value)
  def encode(value) when is_atom(value), do: string(Atom.to_string(value))
  def encode(value) when is_binary(value), do: string(value)
  def encode([{_key, _value} | _] = pairs), do: object(pairs)
  def encode(values) when is_list(values), do: [?[, commas(values, &encode/1), ?]]
  def encode(map) when is_map(map), do: map |> Enum.sort() |> object()

  defp object(pairs), do: [?{, commas(pairs, &pair/1), ?}]

  defp pair({key, value}), do: [string(to_string(key)), ?:, encode(value)]

  defp commas(values, encode), do: values |> Enum.map(encode) |> Enum.intersperse(?,)

  defp string(text), do: [?", for(<<byte <- text>>, do: escape(byte)), ?"]

  # Only these may not stand as they are; the bytes of longer characters pass untouched.
  defp escape(?"), do: "\\\""
  defp escape(?\\), do: "\\\\"
  defp escape(byte) when byte < 0x20, do: :io_lib.format("\\u~4.16.0b", [byte])
  defp escape(byte), do: byte
end
