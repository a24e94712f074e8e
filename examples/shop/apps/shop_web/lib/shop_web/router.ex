# SPDX-License-Identifier: Apache-2.0
defmodule ShopWeb.Router do
  @moduledoc "What the shop answers: a status, and data that JSON is made of."

  @max_id_bytes 64

  def route(:GET, ["health"]), do: found(Shop.health())
  def route(:GET, ["products"]), do: {200, Shop.products()}
  def route(:GET, ["stats"]), do: {200, Shop.stats()}
  def route(:GET, ["carts", id]), do: found(Shop.cart(id))
  def route(:GET, ["carts", id, "receipt"]), do: found(Shop.receipt(id))

  def route(:POST, ["carts", id, "items", sku]) when byte_size(id) <= @max_id_bytes do
    if String.valid?(id), do: found(Shop.add(id, sku)), else: found({:error, :not_found})
  end

  def route(_method, _path), do: found({:error, :not_found})

  defp found({:ok, data}), do: {200, data}
  defp found({:error, :not_found}), do: {404, [error: "not found"]}
  defp found({:error, reason}), do: {500, [error: reason]}
end
