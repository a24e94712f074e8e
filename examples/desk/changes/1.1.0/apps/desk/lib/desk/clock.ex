# SPDX-License-Identifier: Apache-2.0
defmodule Desk.Clock do
  @moduledoc "Counts what it was asked."
  use GenServer

  def start_link(arg), do: GenServer.start_link(__MODULE__, arg, name: __MODULE__)
  def ask, do: GenServer.call(__MODULE__, :ask)

  @impl true
  def init(_arg), do: {:ok, 0}
  @impl true
  def handle_call(:ask, _from, asked), do: {:reply, asked + 1, asked + 1}
end
