# SPDX-License-Identifier: Apache-2.0
defmodule Shop.Carts do
  @moduledoc "The supervisor of all carts."
  use DynamicSupervisor

  def start_link(arg), do: DynamicSupervisor.start_link(__MODULE__, arg, name: __MODULE__)

  @doc "The cart of that id, started if need be."
  def open(id) do
    case DynamicSupervisor.start_child(__MODULE__, {Shop.Cart, id}) do
      {:ok, pid} -> pid
      {:error, {:already_started, pid}} -> pid
    end
  end

  @impl true
  def init(_arg), do: DynamicSupervisor.init(strategy: :one_for_one)
end
