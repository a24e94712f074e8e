# SPDX-License-Identifier: Apache-2.0
defmodule ShopWeb.Connections do
  @moduledoc "The supervisor of all connections."
  use DynamicSupervisor

  alias ShopWeb.Connection

  def start_link(arg), do: DynamicSupervisor.start_link(__MODULE__, arg, name: __MODULE__)

  @doc "Gives a socket of the caller to a new process that serves it."
  def open(socket) do
    case DynamicSupervisor.start_child(__MODULE__, {Connection, socket}) do
      {:ok, pid} ->
        :gen_tcp.controlling_process(socket, pid)
        Connection.serve(pid)

      {:error, :max_children} ->
        :gen_tcp.close(socket)
    end
  end

  @impl true
  def init(_arg), do: DynamicSupervisor.init(strategy: :one_for_one, max_children: 10_000)
end
