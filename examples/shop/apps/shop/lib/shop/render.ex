# SPDX-License-Identifier: Apache-2.0
defprotocol Shop.Render do
  @moduledoc """
  How the shop's things look from outside: keyword lists, which keep their order and which any
  format can be made of.
  """

  @spec render(t) :: keyword
  def render(thing)
end
