# SPDX-License-Identifier: Apache-2.0
defmodule Shop.Promotion do
  @moduledoc "What a cart earns once its total, in cents, is high enough."

  @enforce_keys [:code, :title, :min_total]
  defstruct [:code, :title, :min_total]
end
