# SPDX-License-Identifier: Apache-2.0
defmodule Shop.Product do
  @moduledoc "Something to buy. Prices are in cents, the tax is in per cent."

  @enforce_keys [:sku, :name, :cents, :tax]
  defstruct [:sku, :name, :cents, :tax]
end
