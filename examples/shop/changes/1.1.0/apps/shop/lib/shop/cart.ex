# SPDX-License-Identifier: Apache-2.0
defmodule Shop.Cart do
  @moduledoc """
  One customer's cart: a process that lives as long as the cart does.

  A cart renders itself, in its own process, so that a cart's struct never leaves the process
  that `code_change/3` will convert. What goes back and forth is plain data.
  """
  use GenServer, restart: :transient

  alias Shop.{Catalogue, Product}

  # Counts the shapes that the state has had: 2 added `total` and `recent`.
  @vsn 2

  @recent 10

  @enforce_keys [:id]
  defstruct [:id, items: %{}, total: 0, recent: []]

  def start_link(id), do: GenServer.start_link(__MODULE__, id, name: via(id))

  @doc "Adds one item and shows the cart."
  def add(id, %Product{} = product) do
    pid = whereis(id) || Shop.Carts.open(id)
    GenServer.call(pid, {:add, product})
  end

  def show(id) do
    case whereis(id) do
      nil -> {:error, :not_found}
      pid -> {:ok, GenServer.call(pid, :show)}
    end
  end

  @doc "How many items are in it."
  def count(%__MODULE__{items: items}), do: items |> Map.values() |> Enum.sum()

  @impl true
  def init(id), do: {:ok, %__MODULE__{id: id}}

  # A cart that is opened in the very moment of an upgrade may be missed by code_change/3.
  @impl true
  def handle_call(request, from, cart) when not is_map_key(cart, :total) do
    handle_call(request, from, from_shape_1(cart))
  end

  def handle_call({:add, product}, _from, cart) do
    cart = %{
      cart
      | items: Map.update(cart.items, product.sku, 1, &(&1 + 1)),
        total: cart.total + product.cents,
        recent: Enum.take([product.sku | cart.recent], @recent)
    }

    {:reply, Shop.Render.render(cart), cart}
  end

  def handle_call(:show, _from, cart), do: {:reply, Shop.Render.render(cart), cart}

  @impl true
  def code_change({:down, 1}, cart, _extra), do: {:ok, Map.drop(cart, [:total, :recent])}
  def code_change(1, cart, _extra), do: {:ok, from_shape_1(cart)}
  def code_change(_same_shape, cart, _extra), do: {:ok, cart}

  # Nobody wrote down the order of the adds, so each item just counts as often as it is there.
  defp from_shape_1(%{id: id, items: items}) do
    skus = for {sku, count} <- items, _nr <- 1..count, do: sku
    total = Enum.sum(for {sku, count} <- items, do: count * cents(sku))

    %__MODULE__{id: id, items: items, total: total, recent: Enum.take(skus, @recent)}
  end

  # What is no longer sold is worth nothing.
  defp cents(sku) do
    case Catalogue.fetch(sku) do
      {:ok, product} -> product.cents
      {:error, :not_found} -> 0
    end
  end

  defp via(id), do: {:via, Registry, {Shop.Registry, id}}
  defp whereis(id), do: GenServer.whereis(via(id))
end
