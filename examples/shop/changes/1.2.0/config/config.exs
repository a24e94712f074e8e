# SPDX-License-Identifier: Apache-2.0
import Config

# How often the statistics are taken, in milliseconds.
config :shop, stats_every: 500

# Only the processors' load is looked at.
config :os_mon, start_cpu_sup: true, start_disksup: false, start_memsup: false

config :logger, level: :info
