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

  test "a cart knows its total, its last adds and what they earn" do
    for _nr <- 1..11, do: Shop.add("4", "TEA")
    {:ok, cart} = Shop.add("4", "MUG")

    assert cart[:total] == 11 * 450 + 1_450
    assert cart[:recent] == ["MUG" | List.duplicate("TEA", 9)]
    assert cart[:promotions] == [[code: "POST", title: "Free delivery"]]
  end

  test "a cart of 1.0.0 becomes one of 1.1.0, and back" do
    old = %{__struct__: Shop.Cart, id: "5", items: %{"TEA" => 2, "MUG" => 1}}

    assert {:ok, new} = Shop.Cart.code_change(1, old, [])

    assert new == %Shop.Cart{
             id: "5",
             items: old.items,
             total: 2 * 450 + 1_450,
             recent: ["MUG", "TEA", "TEA"]
           }

    assert Shop.Cart.code_change(2, new, []) == {:ok, new}
    assert Shop.Cart.code_change({:down, 1}, new, []) == {:ok, old}
  end

  test "a cart that an upgrade missed catches up at its next request" do
    {:ok, _cart} = Shop.add("6", "TEA")
    [{pid, _}] = Registry.lookup(Shop.Registry, "6")
    :sys.replace_state(pid, &Map.drop(&1, [:total, :recent]))

    assert {:ok, [cart: "6", count: 2] ++ _} = Shop.add("6", "TEA")
    assert {:ok, cart} = Shop.cart("6")
    assert cart[:total] == 900
  end

  test "products are shown with tax, rounded to whole cents" do
    [coffee | _] = Shop.products()
    assert coffee == [sku: "COFFEE", name: "Coffee beans", cents: 890, tax: 7, gross: 952]
    assert Shop.Price.gross(50, 19) == 60
    assert_raise ArgumentError, fn -> Shop.Price.gross(-1, 7) end
    assert_raise ArgumentError, fn -> Shop.Price.gross(1, 101) end
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

  test "the statistics tell the load of the machine" do
    send(Shop.Stats, :tick)
    assert Shop.stats()[:load] >= 0
  end

  test "a changed configuration reaches the statistics" do
    every_ms = Shop.stats()[:every_ms]
    on_exit(fn -> Shop.Stats.every(every_ms) end)

    Shop.Application.config_change([stats_every: 250], [], [])
    assert Shop.stats()[:every_ms] == 250
  end
end
