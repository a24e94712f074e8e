# SPDX-License-Identifier: Apache-2.0
defmodule Phoenix.PubSub do
  @moduledoc "Messages to all who subscribed to a topic, over a Registry."
  defdelegate child_spec(options), to: Phoenix.PubSub.Supervisor

  def subscribe(pubsub, topic), do: Registry.register(pubsub, topic, [])

  def broadcast(pubsub, topic, message) do
    Registry.dispatch(pubsub, topic, fn entries -> for {pid, _} <- entries, do: send(pid, message) end)
  end
end

defmodule Phoenix.PubSub.Supervisor do
  @moduledoc false
  use Supervisor

  def start_link(opts), do: Supervisor.start_link(__MODULE__, opts, name: :"#{opts[:name]}.Supervisor")

  @impl true
  def init(opts), do: Supervisor.init([{Registry, keys: :duplicate, name: opts[:name]}], strategy: :rest_for_one)
end

defmodule DNSCluster do
  @moduledoc "Connects nodes by a name; with `:ignore` it does nothing."
  use GenServer

  def start_link(opts), do: GenServer.start_link(__MODULE__, opts)

  @impl true
  def init(opts), do: if(opts[:query] == :ignore, do: :ignore, else: {:ok, opts})
end
