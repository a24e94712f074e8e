# SPDX-License-Identifier: Apache-2.0
defmodule Shop.Receipt do
  @moduledoc "How many items a cart held, signed with the shop's secret."

  @enforce_keys [:cart, :count, :signature]
  defstruct [:cart, :count, :signature]

  def new(cart, count) do
    secret = Application.fetch_env!(:shop, :secret)
    mac = :crypto.mac(:hmac, :sha256, secret, "#{cart}:#{count}")

    %__MODULE__{cart: cart, count: count, signature: Base.encode16(mac, case: :lower)}
  end
end
