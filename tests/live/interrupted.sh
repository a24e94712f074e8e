#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is said while a node is watched: how long, in seconds; by another relevo, that one is at work;
# by Ctrl-C, what runs now and the ways on and back.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tests/tools/meter "$work/store" 1.0.0 1.1.0 >/dev/null
start_epmd
export RELEASE_DISTRIBUTION=name RELEASE_NODE=meter@127.0.0.1 RELEASE_COOKIE=c
node=$RELEASE_NODE
mkdir "$work/run"
tar -xzf "$work/store/meter-1.0.0.tar.gz" -C "$work/run"
"$work/run/bin/meter" start >"$work/log" 2>&1 &
pids="$pids $!"
wait_for 30 "$relevo" node rpc "$node" meter count || fail "the meter does not start: $(cat "$work/log")"
new=$work/store/meter-1.1.0.tar.gz

# baking SIGNAL: an installation is ended by it while it watches.
baking () {
  : >"$work/said"
  env --default-signal=INT "$relevo" node install -v "$node" "$new" --bake 300s >"$work/out" 2>"$work/said" &
  bake=$!
  pids="$pids $bake"
  wait_for 60 grep -q '^bake: ' "$work/said" || fail "it does not bake: $(cat "$work/said")"
}
ended () {
  kill -"$1" $bake
  status=0
  wait $bake || status=$?
  [ "$status" = "$2" ] || fail "$1: status $status"
  said=$(cat "$work/said")
  contains "$said" "$node runs the new release; it is not committed, so a restart goes back."
  contains "$said" "Back: relevo node revert $node"
}

baking
cp "$work/said" "$work/kept"
expect 0 "$relevo" node releases "$node"
contains "$said" "Another relevo ("
contains "$said" "is at work there"
expect 0 "$relevo" node releases "$node" --json
contains "$out" '"locked_by": "relevo'
cp "$work/kept" "$work/said"
ended TERM 143
ok

# The way on that was named: the same command goes on baking; then the way back.
baking
ended INT 130
expect 0 "$relevo" node releases "$node"
contains "$said" "1.1.0 is not committed"
expect 0 "$relevo" node revert "$node"
ok

if command -v script >/dev/null; then
  TERM=xterm script -qec "$relevo node install $node $new --bake 3s" /dev/null </dev/null >"$work/typed"
  # Which seconds are shown depends on the machine.
  tr -d '\r' <"$work/typed" | grep -q 'watching  [123] s of 3 s' || fail "shows: $(cat "$work/typed")"
  ok
fi

echo "ok: $checks groups of checks"
