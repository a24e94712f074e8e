#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The later versions of examples/shop are what its README says: 1.2.0 needs a restart, 1.3.0 goes
# in hot, is found to be unwell while it is watched, and is taken back.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tests/tools/shop "$work/store" 1.1.0 1.2.0 1.3.0 >/dev/null
tarball () { echo "$work/store/shop-$1.tar.gz"; }
expect 4 "$relevo" plan "$(tarball 1.1.0)" "$(tarball 1.2.0)" --require hot
contains "$out" "restart    nif_changed: Shop.Price"
contains "$out" "application_added: os_mon"
expect 0 "$relevo" plan "$(tarball 1.2.0)" "$(tarball 1.3.0)" --require hot
ok

mkdir "$work/run"
tar -xzf "$(tarball 1.2.0)" -C "$work/run"
start_epmd
node=shop@127.0.0.1
export SHOP_PORT=$((port + 1)) RELEASE_DISTRIBUTION=name RELEASE_NODE=$node RELEASE_COOKIE=shop
"$work/run/bin/shop" start >"$work/log" 2>&1 &
pids="$pids $!"
ask () { curl -s "http://127.0.0.1:$SHOP_PORT/$1"; }
healthy () { ask health | grep -q '"status":"ok"'; }
wait_for 30 healthy || fail "does not start: $(cat "$work/log")"
contains "$(ask products)" '"tax":7,"gross":952}'
contains "$(ask stats)" '"load":'
ok

expect 5 "$relevo" node install "$node" "$(tarball 1.3.0)" --bake 30s --max-mailbox 500
contains "$said" "Elixir.Shop.Journal"
contains "$(ask health)" '"version":"1.2.0"'
ok

expect 0 "$relevo" node install "$node" "$(tarball 1.3.0)"
contains "$(ask health)" '"version":"1.3.0"'
curl -fs -X POST "http://127.0.0.1:$SHOP_PORT/carts/1/items/TEA" >"$work/answer"
contains "$(cat "$work/answer")" '"count":1'
unwell () { [ "$(curl -s -o "$work/answer" -w '%{http_code}' "http://127.0.0.1:$SHOP_PORT/health")" = 500 ]; }
wait_for 20 unwell || fail "1.3.0 is well for too long"
contains "$(cat "$work/answer")" "the journal is behind by"
contains "$(curl -s -X POST "http://127.0.0.1:$SHOP_PORT/carts/1/items/TEA")" "the journal is behind by"
expect 0 "$relevo" node revert "$node" 1.2.0
contains "$(ask health)" '"version":"1.2.0"'
contains "$(curl -s -X POST "http://127.0.0.1:$SHOP_PORT/carts/1/items/TEA")" '"count":2'
expect 0 "$work/run/bin/shop" stop
ok

echo "ok: $checks groups of checks"
