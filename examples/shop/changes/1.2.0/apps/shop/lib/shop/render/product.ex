# SPDX-License-Identifier: Apache-2.0
defimpl Shop.Render, for: Shop.Product do
  def render(product) do
    [
      sku: product.sku,
      name: product.name,
      cents: product.cents,
      tax: product.tax,
      gross: Shop.Price.gross(product.cents, product.tax)
    ]
  end
end
