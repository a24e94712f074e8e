# SPDX-License-Identifier: Apache-2.0
defimpl Shop.Render, for: Shop.Receipt do
  def render(receipt) do
    [cart: receipt.cart, count: receipt.count, signature: receipt.signature]
  end
end
