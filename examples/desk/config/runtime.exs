# SPDX-License-Identifier: Apache-2.0
import Config

config :desk, Desk.Endpoint, http: [ip: {127, 0, 0, 1}, port: String.to_integer(System.get_env("DESK_PORT", "4000"))]
config :desk, schema: System.get_env("DESK_SCHEMA", "/dev/null")
