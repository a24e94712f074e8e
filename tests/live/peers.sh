#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The connection to a node that is not OTP's but made of OTP's C library (tests/helpers/ei_node.c).
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

peer=$(dirname "$relevo")/tests/helpers/ei_node
[ -x "$peer" ] || fail "no $peer (make helpers)"
export HOME="$work" RELEASE_COOKIE=tasty
start_epmd
start () {
  "$peer" "$@" >"$work/log" 2>&1 &
  pids="$pids $!"
}
start c@127.0.0.1 tasty $((port + 1))
node=c@127.0.0.1
wait_for 10 "$relevo" node ping "$node" || fail "no answer: $(cat "$work/log")"

expect 0 "$relevo" node ping "$node" --json
contains "$out" '"up": true'
expect 0 "$relevo" node rpc "$node" lists reverse '[1,2,3]'
[ "$out" = "[3,2,1]" ] || fail "reverse: $out"
# echo TERM: there and back.
echoes () {
  expect 0 "$relevo" node rpc "$node" ei echo "[$1]"
  [ "$out" = "[$1]" ] || fail "echo: $out, not [$1]"
}
echoes '{a,"text",<<"bytes">>,[1.5,-7|tail]}'
echoes "#{123456789012345678901234567890 => <<1:3>>,key => 'Elixir.Value'}"
echoes 'ärger'
expect 4 env RELEASE_COOKIE=notthisone "$relevo" node ping "$node" --timeout 5s
contains "$said" "cookie"
# One that is no whole node says so.
expect 1 "$relevo" node info "$node"
contains "$said" "no whole Erlang node"
expect 1 "$relevo" node rpc "$node" lists max '[[1]]'
contains "$said" "undef"
ok

start mute@127.0.0.1 tasty $((port + 2)) silent
in_epmd () { "$relevo" node ping mute@127.0.0.1 --timeout 200ms 2>&1 | grep 'no answer in time'; }
wait_for 10 in_epmd || fail "not told of silence: $(cat "$work/log")"
expect 3 "$relevo" node ping mute@127.0.0.1 --timeout 1s
contains "$said" "no answer in time"
ok

echo "ok: $checks groups of checks"
