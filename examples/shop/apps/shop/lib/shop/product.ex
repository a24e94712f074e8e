# SPDX-License-Identifier: Apache-2.0
defmodule Shop.Product do
  @moduledoc "Something to buy. Prices are in cents."

  @enforce_keys [:sku, :name, :cents]
  defstruct [:sku, :name, :cents]
end
