# SPDX-License-Identifier: Apache-2.0
defimpl Shop.Render, for: Shop.Product do
  def render(product) do
    [
      sku: product.sku,
      name: product.name,
      cents: product.cents,
      gross: Shop.Price.gross(product.cents)
    ]
  end
end
