# SPDX-License-Identifier: Apache-2.0
defimpl Shop.Render, for: Shop.Stats do
  def render(stats) do
    [
      carts: stats.carts,
      adds: stats.adds,
      adds_per_second: stats.adds_per_second,
      load: stats.load,
      every_ms: stats.every_ms
    ]
  end
end
