# SPDX-License-Identifier: Apache-2.0
defmodule Shop.Promotions do
  @moduledoc "The promotions that run, in a table that everybody reads without asking anybody."
  use GenServer

  alias Shop.Promotion

  @running [
    %Promotion{code: "POST", title: "Free delivery", min_total: 4_000},
    %Promotion{code: "CUP", title: "A mug for free", min_total: 10_000}
  ]

  def start_link(arg), do: GenServer.start_link(__MODULE__, arg, name: __MODULE__)

  @doc """
  What a cart of that total has earned.

  Nothing while there is no table: in a hot upgrade the carts know of promotions some moments
  before this process is started.
  """
  def earned(total) do
    for {_code, promotion} <- :ets.tab2list(__MODULE__),
        total >= promotion.min_total,
        do: promotion
  rescue
    ArgumentError -> []
  end

  @impl true
  def init(_arg) do
    table = :ets.new(__MODULE__, [:named_table, :ordered_set, read_concurrency: true])
    :ets.insert(table, for(promotion <- @running, do: {promotion.code, promotion}))
    {:ok, table}
  end
end
