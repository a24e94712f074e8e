# SPDX-License-Identifier: Apache-2.0
defmodule Shop.Price do
  @moduledoc "What is computed of prices, in C."

  @on_load :load

  @doc "A price in cents, with so many per cent of tax."
  @spec gross(non_neg_integer, 0..100) :: non_neg_integer
  def gross(_cents, _tax), do: :erlang.nif_error(:not_loaded)

  @doc false
  def load do
    :shop |> Application.app_dir("priv/price") |> to_charlist() |> :erlang.load_nif(0)
  end
end
