# SPDX-License-Identifier: Apache-2.0
[
  inputs: ["mix.exs", "config/*.exs"],
  subdirectories: ["apps/*"]
]
