#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A running node of a plain `mix release` is adopted, then upgraded and taken back while it serves.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tests/tools/shop "$work/store" >/dev/null
new=$work/store/shop-1.1.0.tar.gz
cp -Rp build/shop/1.0.0 "$work/project"
(cd "$work/project" && MIX_ENV=prod mix release --quiet --overwrite --path "$work/run" >"$work/mix.log" 2>&1) ||
  fail "mix release: $(cat "$work/mix.log")"
[ ! -e "$work/run/releases/RELEASES" ] || fail "mix writes RELEASES now"

start_epmd
export SHOP_PORT=$((port + 1)) RELEASE_DISTRIBUTION=name RELEASE_NODE=shop@127.0.0.1 RELEASE_COOKIE=c
node=$RELEASE_NODE
health () { curl -fs "http://127.0.0.1:$SHOP_PORT/health"; }
start () {
  "$work/run/bin/shop" start >"$work/log" 2>&1 &
  pid=$!
  pids="$pids $pid"
  wait_for 30 health || fail "does not start: $(cat "$work/log")"
}
start
curl -fs -X POST "http://127.0.0.1:$SHOP_PORT/carts/1/items/TEA" >/dev/null

expect 4 "$relevo" node install "$node" "$new"
contains "$said" "RELEASES is missing"
contains "$said" "relevo node adopt"
expect 4 "$relevo" node check "$node" "$new"
contains "$out" "RELEASES is missing"
ok

expect 0 "$relevo" node adopt "$node"
contains "$out" "is adopted"
expect 0 "$relevo" node adopt "$node" --json
contains "$out" '"already": true'
expect 0 "$relevo" node releases "$node" --json
contains "$(echo "$out" | tr -d ' \n')" '"version":"1.0.0","state":"permanent"'
contains "$out" '"shop_web"'
[ ! -e "$work/run/releases/relevo.adopt" ] || fail "something is left over"
ok

expect 0 "$relevo" node check "$node" "$new"
expect 0 "$relevo" node install "$node" "$new" --bake 1s --commit
contains "$(health)" '"version":"1.1.0"'
contains "$(curl -fs -X POST "http://127.0.0.1:$SHOP_PORT/carts/1/items/TEA")" '"count":2'
ok

# Mix's own start script boots what was committed; now without epmd.
stop () {
  kill "$pid"
  wait_for 20 gone "$pid" || fail "still there after SIGTERM"
}
fixed=$((port + 2))
stop
export ERL_EPMD_PORT=1 ERL_AFLAGS="-start_epmd false -erl_epmd_port $fixed"
start
contains "$(health)" '"version":"1.1.0"'
contains "$(curl -fs -X POST "http://127.0.0.1:$SHOP_PORT/carts/1/items/TEA")" '"count":1'
expect 0 "$relevo" node revert "$node" --port "$fixed"
contains "$(health)" '"version":"1.0.0"'
contains "$(curl -fs -X POST "http://127.0.0.1:$SHOP_PORT/carts/1/items/TEA")" '"count":2'
stop
start
contains "$(health)" '"version":"1.0.0"'
expect 0 "$relevo" node remove "$node" 1.1.0 --port "$fixed"
[ ! -e "$work/run/lib/shop-1.1.0" ] || fail "files are left of what was removed"
stop
ok

# Mix's start script knows no trial: a restart upgrade is for good, and only when that is said.
supervise () {
  while [ ! -e "$work/enough" ]; do
    RELEASE_KEEPER=supervisor "$work/run/bin/shop" start &
    echo $! >"$work/main.pid"
    wait $! || true
  done
}
supervise >"$work/log" 2>&1 &
pid=$!
pids="$pids $pid"
wait_for 30 health || fail "does not start: $(cat "$work/log")"
expect 4 "$relevo" node install "$node" "$new" --restart --port "$fixed"
contains "$said" "boots no release on trial"
expect 0 "$relevo" node install "$node" "$new" --restart --no-trial --port "$fixed"
contains "$out" "it is permanent"
contains "$(health)" '"version":"1.1.0"'
: >"$work/enough"
kill "$(cat "$work/main.pid")"
wait_for 20 gone "$pid" || fail "still there after SIGTERM"
ok

echo "ok: $checks checks"
