# SPDX-License-Identifier: Apache-2.0
defmodule ShopWeb.Acceptor do
  @moduledoc """
  Hands every new connection to a process of its own.

  It waits for a short while only and goes on by a fully qualified call, which always enters the
  newest code: after a hot upgrade nothing of the old code is left after half a second.
  """
  use Task, restart: :permanent

  @wait_ms 500

  def start_link(_arg), do: Task.start_link(__MODULE__, :run, [])

  def run, do: loop(ShopWeb.Listener.socket())

  def loop(listener) do
    case :gen_tcp.accept(listener, @wait_ms) do
      {:ok, socket} -> ShopWeb.Connections.open(socket)
      {:error, :timeout} -> :ok
      {:error, :closed} -> exit(:listener_closed)
      # The peer has gone already, or no file descriptor is left: both pass.
      {:error, _reason} -> Process.sleep(100)
    end

    __MODULE__.loop(listener)
  end
end
