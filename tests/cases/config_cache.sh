#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Configuration in Elixir is evaluated once while nothing that it follows from changes, and every
# time when that cannot be known.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tests/tools/shop "$work/first" 1.0.0 >/dev/null
export XDG_CACHE_HOME="$work/cache"
unset MIX_ENV MIX_TARGET

# An elixir that counts how often it is asked.
real=$(readlink -f "$(command -v elixir)")
mkdir -p "$work/elixir/bin"
ln -s "$(dirname "$(dirname "$real")")/lib" "$work/elixir/lib"
cp "$(dirname "$real")/iex" "$work/elixir/bin"
cat >"$work/elixir/bin/elixir" <<SH
#!/bin/sh
echo asked >>"$work/asked"
exec "$real" "\$@"
SH
chmod 755 "$work/elixir/bin/elixir"
PATH=$work/elixir/bin:$PATH

# project NAME: a project with this configuration (stdin) and nothing that makes it depend on more.
project () {
  mkdir -p "$work/$1/_build/prod" "$work/$1/config"
  ln -s "$PWD/build/shop/1.0.0/_build/prod/lib" "$work/$1/_build/prod/lib"
  { echo 'import Config'; cat; } >"$work/$1/config/config.exs"
  cat >"$work/$1/relevo.yaml" <<'YAML'
release: shop
version: {from: app}
applications: {shop: permanent}
config: {sys: config/config.exs}
erts: none
YAML
}

# asked NAME TIMES [VALUE]: builds it; elixir was asked that often, and the value is in sys.config.
asked () {
  : >"$work/asked"
  expect 0 "$relevo" build -q -C "$work/$1" --out "$work/store" --overwrite
  times=$(wc -l <"$work/asked")
  [ "$times" = "$2" ] || fail "$1: elixir was asked $times times, not $2"
  [ -z "${3:-}" ] || contains "$(cat "$work/store/shop-1.0.0/releases/1.0.0/sys.config")" "$3"
  ok
}

nr=0 kept='' not_kept=''
while IFS='|' read -r kind text; do
  nr=$((nr + 1))
  case $kind in
    kept) kept="$kept row$nr" ;;
    not) not_kept="$not_kept row$nr" ;;
  esac
  echo "$text" | project "row$nr"
done <<'ROWS'
kept|config :shop, key: 1
kept|config :shop, key: Enum.map([1, 2], fn x -> x * 2 end), name: String.upcase("a.b"), mod: {Shop.Cart, :new, []}
kept|if config_env() == :prod, do: config(:shop, key: "#{config_env()}")
kept|config :shop, file: "#{__DIR__}/x", key: Keyword.merge([a: 1], b: ~w(x y)a)
not|config :shop, key: System.get_env("SHOP_KEY")
not|config :shop, key: Enum.map(["SHOP_KEY"], &System.get_env/1)
not|config :shop, key: :os.getenv(~c"SHOP_KEY", ~c"none")
not|config :shop, key: inspect(apply(System, :get_env, ["SHOP_KEY"]))
not|m = System; config :shop, key: m.get_env("SHOP_KEY")
not|alias System, as: String; config :shop, key: String.get_env("SHOP_KEY")
not|config :shop, key: "#{System.os_time()}"
not|config :shop, key: Enum.random(1..1000)
not|config :shop, key: File.exists?("/none")
not|config :shop, key: node()
ROWS

project imports <<'EXS'
config :shop, key: "first"
import_config "#{config_env()}.exs"
EXS
mkdir -p "$work/imports/config"
for env in prod test; do
  printf 'import Config\nconfig :shop, other: "%s 1"\n' $env >"$work/imports/config/$env.exs"
done

# What was written within the last two seconds is not believed, so nothing would be kept yet.
sleep 3
for row in $kept; do
  asked "$row" 1
  asked "$row" 0
done
for row in $not_kept; do
  asked "$row" 1
  asked "$row" 1
done

asked imports 1 'prod 1'
asked imports 0 'prod 1'
export MIX_ENV=test
asked imports 1 'test 1'
asked imports 0 'test 1'
unset MIX_ENV
asked imports 0 'prod 1'
sed -i 's/prod 1/prod 2/' "$work/imports/config/prod.exs"
asked imports 1 'prod 2'
sed -i 's/first/second/' "$work/imports/config/config.exs"
asked imports 1 second

# Somewhere else, __DIR__ is another.
cp -R "$work/row4" "$work/elsewhere"
asked elsewhere 1 "$work/elsewhere"

# A damaged answer is asked for again.
sleep 3
asked row1 0
for file in "$work"/cache/relevo/config-*; do printf x | dd of="$file" bs=1 seek=3 conv=notrunc 2>"$work/said"; done
asked row1 1
asked row1 0

echo "ok: $checks builds"
