# SPDX-License-Identifier: Apache-2.0
defimpl Shop.Render, for: Shop.Cart do
  alias Shop.{Cart, Promotions, Render}

  def render(cart) do
    [
      cart: cart.id,
      count: Cart.count(cart),
      items: cart.items,
      total: cart.total,
      recent: cart.recent,
      promotions: promotions(cart)
    ]
  end

  # In a hot upgrade the protocol learns of a new struct a moment later than this module does.
  defp promotions(cart) do
    for promotion <- Promotions.earned(cart.total), impl = Render.impl_for(promotion) do
      impl.render(promotion)
    end
  end
end
