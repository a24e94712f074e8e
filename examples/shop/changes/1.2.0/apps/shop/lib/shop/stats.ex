# SPDX-License-Identifier: Apache-2.0
defmodule Shop.Stats do
  @moduledoc "Counts what is sold, and looks around once every `stats_every` milliseconds."
  use GenServer

  defstruct carts: 0, adds: 0, adds_per_second: 0, adds_since_tick: 0, load: nil, every_ms: nil

  def start_link(arg), do: GenServer.start_link(__MODULE__, arg, name: __MODULE__)

  def read, do: GenServer.call(__MODULE__, :read)

  def count_add, do: GenServer.cast(__MODULE__, :add)

  @doc "Takes effect at the next tick."
  def every(every_ms), do: GenServer.cast(__MODULE__, {:every, every_ms})

  @impl true
  def init(_arg) do
    {:ok, schedule(%__MODULE__{every_ms: Application.fetch_env!(:shop, :stats_every)})}
  end

  @impl true
  def handle_call(:read, _from, stats), do: {:reply, stats, stats}

  @impl true
  def handle_cast(:add, stats) do
    {:noreply, %{stats | adds: stats.adds + 1, adds_since_tick: stats.adds_since_tick + 1}}
  end

  def handle_cast({:every, every_ms}, stats), do: {:noreply, %{stats | every_ms: every_ms}}

  @impl true
  def handle_info(:tick, stats) do
    stats = %{
      stats
      | carts: Registry.count(Shop.Registry),
        adds_per_second: div(stats.adds_since_tick * 1_000, stats.every_ms),
        adds_since_tick: 0,
        load: load()
    }

    {:noreply, schedule(stats)}
  end

  # Of the last minute: how many processes wanted to run, on average.
  defp load do
    case :cpu_sup.avg1() do
      load when is_integer(load) -> load / 256
      {:error, _not_known_here} -> nil
    end
  end

  defp schedule(stats) do
    Process.send_after(self(), :tick, stats.every_ms)
    stats
  end
end
