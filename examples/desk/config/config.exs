# SPDX-License-Identifier: Apache-2.0
import Config

config :desk, Desk.Endpoint,
  url: [host: "localhost"],
  cache_static_manifest: "priv/static/cache_manifest.json"

config :logger, level: :warning
