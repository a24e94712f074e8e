# SPDX-License-Identifier: Apache-2.0
defimpl Shop.Render, for: Shop.Promotion do
  def render(promotion), do: [code: promotion.code, title: promotion.title]
end
