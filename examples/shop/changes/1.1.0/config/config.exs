# SPDX-License-Identifier: Apache-2.0
import Config

# How often the statistics are taken, in milliseconds.
config :shop, stats_every: 500

config :logger, level: :info
