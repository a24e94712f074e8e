# SPDX-License-Identifier: Apache-2.0
defimpl Shop.Render, for: Shop.Cart do
  def render(cart), do: [cart: cart.id, count: Shop.Cart.count(cart), items: cart.items]
end
