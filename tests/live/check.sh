#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `node check` foresees what an installation meets, and changes nothing.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tests/tools/meter "$work/store" 1.0.0 1.1.0 1.5.0 >/dev/null
start_epmd
export RELEASE_DISTRIBUTION=name RELEASE_NODE=meter@127.0.0.1 RELEASE_COOKIE=c
node=$RELEASE_NODE
mkdir "$work/run"
tar -xzf "$work/store/meter-1.0.0.tar.gz" -C "$work/run"
"$work/run/bin/meter" start >"$work/log" 2>&1 &
pids="$pids $!"
counts () { "$relevo" node rpc "$node" meter count; }
wait_for 30 counts || fail "the meter does not start: $(cat "$work/log")"
package () { echo "$work/store/meter-$1.tar.gz"; }
listing () { (cd "$work/run" && find . -type f ! -path './log/*' ! -path './tmp/*' -exec cksum {} + | sort); }
listing >"$work/before"

expect 0 "$relevo" node check "$node" "$(package 1.1.0)"
contains "$out" "meter 1.1.0 over 1.0.0 can be installed"
contains "$out" "1 processes would be suspended"
expect 0 "$relevo" node check "$node" "$(package 1.1.0)" --json
contains "$out" '"suspended": 1'
contains "$out" '"ok": true'
expect 0 "$relevo" node check "$node" "$(package 1.0.0)"
contains "$out" "already"
expect 4 "$relevo" node check "$node" "$(package 1.5.0)"
contains "$out" "no way back"
expect 0 "$relevo" node check "$node" "$(package 1.5.0)" --one-way
ok

# A process that does not answer is named within seconds.
expect 0 "$relevo" node eval "$node" 'spawn(fun() -> register(holder, self()),
  erlang:suspend_process(whereis(meter)), receive stop -> ok end end), ok'
begin=$(date +%s)
expect 0 "$relevo" node check "$node" "$(package 1.1.0)"
contains "$out" "no answer to system messages"
contains "$out" "(meter, began in meter:init/1"
[ $(($(date +%s) - begin)) -le 6 ] || fail "it took $(($(date +%s) - begin)) s"
expect 0 "$relevo" node eval "$node" 'holder ! stop, sys:get_state(meter)'
ok

# So is one that lingers in old code.
sed 's/^-export(\[start_link/-export([dawdle\/0, start_link/' tests/live/meter/meter.erl >"$work/meter.erl"
echo 'dawdle() -> receive stop -> ok end.' >>"$work/meter.erl"
erlc -DKIND="'1.0.0'" -o "$work" "$work/meter.erl"
expect 0 "$relevo" node eval "$node" "code:purge(meter), {module, meter} = code:load_abs(\"$work/meter\"),
  spawn(fun() -> register(lingerer, self()), meter:dawdle() end),
  timer:sleep(200), code:purge(meter), {module, meter} = code:load_file(meter)"
expect 0 "$relevo" node check "$node" "$(package 1.1.0)"
contains "$out" "killed by the purge"
contains "$out" "is in meter:dawdle/0"
contains "$out" "lingerer"
expect 0 "$relevo" node rpc "$node" erlang send lingerer stop
ok

# A node patched by hand.
expect 0 "$relevo" node eval "$node" "code:purge(meter), {module, meter} = code:load_abs(\"$work/meter\"), ok"
expect 4 "$relevo" node check "$node" "$(package 1.1.0)"
contains "$out" "meter differs"
ok

listing >"$work/after"
cmp -s "$work/before" "$work/after" || fail "something was changed: $(diff "$work/before" "$work/after")"
ok

echo "ok: $checks checks"
