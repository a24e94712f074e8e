# SPDX-License-Identifier: Apache-2.0
defmodule Desk.Application do
  @moduledoc false
  use Application

  @impl true
  def start(_type, _args) do
    children = [
      Desk.Telemetry,
      {Task.Supervisor, name: Desk.Tasks},
      {Registry, keys: :unique, name: Desk.Names},
      Desk.Clock,
      {DNSCluster, query: Application.get_env(:desk, :dns_cluster_query) || :ignore},
      {Phoenix.PubSub, name: Desk.PubSub},
      # Start to serve requests, typically the last entry
      Desk.Endpoint
    ]

    opts = [strategy: :one_for_one, name: Desk.Supervisor]
    Supervisor.start_link(children, opts)
  end

  @impl true
  def config_change(changed, _new, removed) do
    Desk.Endpoint.config_change(changed, removed)
    :ok
  end
end

defmodule Desk.Telemetry do
  @moduledoc false
  use Supervisor

  def start_link(arg), do: Supervisor.start_link(__MODULE__, arg, name: __MODULE__)

  @impl true
  def init(_arg) do
    :telemetry.attach("desk", [:desk, :event], &__MODULE__.handle/4, [])
    Supervisor.init([], strategy: :one_for_one)
  end

  def handle(_event, %{count: n}, _metadata, _config), do: :counters.add(:persistent_term.get(:desk_events, :counters.new(1, [])), 1, n)
end
