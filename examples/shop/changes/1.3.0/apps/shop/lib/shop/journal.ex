# SPDX-License-Identifier: Apache-2.0
defmodule Shop.Journal do
  @moduledoc """
  Writes down what is sold, fifty times a second, so that little is lost when the machine dies.

  What is sold waits in the mailbox until it is written. Where too much waits, the shop is unwell
  and sells nothing more.
  """
  use Task, restart: :permanent

  @every_ms 20
  @waiting_max 1_000

  def start_link(_arg), do: Task.start_link(__MODULE__, :run, [])

  def sold(sku) do
    with pid when is_pid(pid) <- Process.whereis(__MODULE__), do: send(pid, {:sold, sku})
  end

  @doc "Whether it keeps up."
  def ready do
    with pid when is_pid(pid) <- Process.whereis(__MODULE__),
         {:message_queue_len, waiting} when waiting <= @waiting_max <-
           Process.info(pid, :message_queue_len) do
      :ok
    else
      {:message_queue_len, waiting} -> {:error, "the journal is behind by #{waiting} entries"}
      nil -> {:error, "there is no journal"}
    end
  end

  def run do
    Process.register(self(), __MODULE__)
    loop(:shop |> Application.get_env(:journal, "/dev/null") |> tick(), [])
  end

  def loop(path, sold) do
    receive do
      {:sold, sku} ->
        __MODULE__.loop(path, [[sku, ?\n] | sold])

      :tick ->
        # A slow disk shall not keep the shop waiting.
        Task.async(File, :write, [path, Enum.reverse(sold), [:append]])
        __MODULE__.loop(tick(path), [])
    end
  end

  defp tick(path) do
    Process.send_after(self(), :tick, @every_ms)
    path
  end
end
