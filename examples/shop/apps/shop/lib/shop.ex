# SPDX-License-Identifier: Apache-2.0
defmodule Shop do
  @moduledoc """
  What a customer can do. Everything it answers is plain data, ready to be shown.
  """

  alias Shop.{Cart, Catalogue, Receipt, Render, Stats}

  @doc "The version that runs, which a hot upgrade changes without a restart."
  def version, do: :shop |> Application.spec(:vsn) |> to_string()

  @doc "Whether it can do its work."
  def health, do: {:ok, [status: "ok", version: version()]}

  def products, do: Enum.map(Catalogue.all(), &Render.render/1)

  def stats, do: Render.render(Stats.read())

  @doc "Adds one item to a cart; the first one creates the cart."
  def add(id, sku) do
    with {:ok, product} <- Catalogue.fetch(sku) do
      Stats.count_add()
      {:ok, Cart.add(id, product)}
    end
  end

  def cart(id), do: Cart.show(id)

  @doc "What is in a cart, signed, so that it can be proved later."
  def receipt(id) do
    with {:ok, cart} <- Cart.show(id) do
      {:ok, Render.render(Receipt.new(cart[:cart], cart[:count]))}
    end
  end
end
