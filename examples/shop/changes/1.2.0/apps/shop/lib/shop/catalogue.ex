# SPDX-License-Identifier: Apache-2.0
defmodule Shop.Catalogue do
  @moduledoc "The products, in a table that everybody reads without asking anybody."
  use GenServer

  alias Shop.Product

  def start_link(arg), do: GenServer.start_link(__MODULE__, arg, name: __MODULE__)

  def all, do: for({_sku, product} <- :ets.tab2list(__MODULE__), do: product)

  def fetch(sku) do
    case :ets.lookup(__MODULE__, sku) do
      [{^sku, product}] -> {:ok, product}
      [] -> {:error, :not_found}
    end
  end

  @impl true
  def init(_arg) do
    table = :ets.new(__MODULE__, [:named_table, :ordered_set, read_concurrency: true])
    :ets.insert(table, for(product <- read(), do: {product.sku, product}))
    {:ok, table}
  end

  defp read do
    for line <- File.stream!(Application.app_dir(:shop, "priv/products.csv")) do
      [sku, name, cents, tax] = line |> String.trim() |> String.split(",")

      %Product{
        sku: sku,
        name: name,
        cents: String.to_integer(cents),
        tax: String.to_integer(tax)
      }
    end
  end
end
