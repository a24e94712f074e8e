# SPDX-License-Identifier: Apache-2.0
defmodule Shop.Supervisor do
  @moduledoc false
  use Supervisor

  def start_link(arg), do: Supervisor.start_link(__MODULE__, arg, name: __MODULE__)

  @impl true
  def init(_arg) do
    children = [
      Shop.Catalogue,
      Shop.Promotions,
      Shop.Stats,
      Shop.Journal,
      {Registry, keys: :unique, name: Shop.Registry},
      Shop.Carts
    ]

    Supervisor.init(children, strategy: :one_for_one)
  end
end
