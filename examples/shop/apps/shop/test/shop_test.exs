# SPDX-License-Identifier: Apache-2.0
defmodule ShopTest do
  use ExUnit.Case

  test "a cart counts what is put into it" do
    assert Shop.cart("1") == {:error, :not_found}
    assert {:ok, first} = Shop.add("1", "TEA")
    assert {:ok, second} = Shop.add("1", "MUG")

    assert first[:count] == 1
    assert second[:count] == 2
    assert second[:items] == %{"TEA" => 1, "MUG" => 1}
    assert Shop.cart("1") == {:ok, second}
  end

  test "products are shown with tax, rounded to whole cents" do
    [coffee | _] = Shop.products()
    assert coffee == [sku: "COFFEE", name: "Coffee beans", cents: 890, gross: 1_059]
    assert Shop.Price.gross(50) == 60
    assert_raise ArgumentError, fn -> Shop.Price.gross(-1) end
  end

  test "what the catalogue lacks cannot be bought" do
    assert Shop.add("2", "SNOW") == {:error, :not_found}
    assert Shop.cart("2") == {:error, :not_found}
  end

  test "a receipt's signature depends on the count" do
    Shop.add("3", "TEA")
    {:ok, one} = Shop.receipt("3")
    assert {:ok, one} == Shop.receipt("3")

    Shop.add("3", "TEA")
    {:ok, two} = Shop.receipt("3")
    assert two[:signature] != one[:signature]
  end

  test "a changed configuration reaches the statistics" do
    every_ms = Shop.stats()[:every_ms]
    on_exit(fn -> Shop.Stats.every(every_ms) end)

    Shop.Application.config_change([stats_every: 250], [], [])
    assert Shop.stats()[:every_ms] == 250
  end
end
