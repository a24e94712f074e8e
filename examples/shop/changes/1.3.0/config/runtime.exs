# SPDX-License-Identifier: Apache-2.0
import Config

# Known only where the shop runs, so read from the environment at every start.
{:ok, ip} = "SHOP_IP" |> System.get_env("127.0.0.1") |> to_charlist() |> :inet.parse_address()
default_port = if config_env() == :test, do: "0", else: "4000"

config :shop, secret: System.get_env("SHOP_SECRET", "not much of a secret")

config :shop_web,
  ip: ip,
  port: "SHOP_PORT" |> System.get_env(default_port) |> String.to_integer()

if path = System.get_env("SHOP_JOURNAL") do
  config :shop, journal: path
end
