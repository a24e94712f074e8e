# SPDX-License-Identifier: Apache-2.0
defmodule ShopWeb.Listener do
  @moduledoc "Owns the listening socket."
  use GenServer
  require Logger

  def start_link(arg), do: GenServer.start_link(__MODULE__, arg, name: __MODULE__)

  def socket, do: GenServer.call(__MODULE__, :socket)

  @impl true
  def init(_arg) do
    ip = Application.fetch_env!(:shop_web, :ip)
    port = Application.fetch_env!(:shop_web, :port)

    options = [
      :binary,
      ip: ip,
      active: false,
      backlog: 1_024,
      nodelay: true,
      reuseaddr: true,
      send_timeout: 5_000,
      send_timeout_close: true
    ]

    with {:ok, socket} <- :gen_tcp.listen(port, options),
         {:ok, {ip, port}} <- :inet.sockname(socket) do
      Logger.info("listening on #{:inet.ntoa(ip)}:#{port}")
      {:ok, socket}
    else
      {:error, reason} -> {:stop, {:listen, ip, port, reason}}
    end
  end

  @impl true
  def handle_call(:socket, _from, socket), do: {:reply, socket, socket}
end
