# SPDX-License-Identifier: Apache-2.0
defmodule ShopWeb.Supervisor do
  @moduledoc false
  use Supervisor

  def start_link(arg), do: Supervisor.start_link(__MODULE__, arg, name: __MODULE__)

  @impl true
  def init(_arg) do
    children = [ShopWeb.Connections, ShopWeb.Listener, ShopWeb.Acceptor]

    # A new listener has a new socket, which the acceptor must be told.
    Supervisor.init(children, strategy: :rest_for_one)
  end
end
