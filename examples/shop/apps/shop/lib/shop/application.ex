# SPDX-License-Identifier: Apache-2.0
defmodule Shop.Application do
  @moduledoc false
  use Application

  @impl true
  def start(_type, _args), do: Shop.Supervisor.start_link([])

  @impl true
  def config_change(changed, _new, _removed) do
    with {:ok, every_ms} <- Keyword.fetch(changed, :stats_every), do: Shop.Stats.every(every_ms)
    :ok
  end
end
