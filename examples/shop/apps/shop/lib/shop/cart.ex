# SPDX-License-Identifier: Apache-2.0
defmodule Shop.Cart do
  @moduledoc """
  One customer's cart: a process that lives as long as the cart does.

  A cart renders itself, in its own process, so that a cart's struct never leaves the process
  that `code_change/3` will convert. What goes back and forth is plain data.
  """
  use GenServer, restart: :transient

  alias Shop.Product

  # Counts the shapes that the state has had.
  @vsn 1

  @enforce_keys [:id]
  defstruct [:id, items: %{}]

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

  @impl true
  def handle_call({:add, product}, _from, cart) do
    cart = %{cart | items: Map.update(cart.items, product.sku, 1, &(&1 + 1))}
    {:reply, Shop.Render.render(cart), cart}
  end

  def handle_call(:show, _from, cart), do: {:reply, Shop.Render.render(cart), cart}

  defp via(id), do: {:via, Registry, {Shop.Registry, id}}
  defp whereis(id), do: GenServer.whereis(via(id))
end
