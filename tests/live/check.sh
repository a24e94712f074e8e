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
contains "$out" "1 process would be suspended"
expect 0 "$relevo" node check "$node" "$(package 1.1.0)" --json
contains "$out" '"suspended": 1'
contains "$out" '"ok": true'
expect 0 "$relevo" node check "$node" "$(package 1.0.0)"
contains "$out" "already"
expect 4 "$relevo" node check "$node" "$(package 1.5.0)"
contains "$out" "no way back"
expect 0 "$relevo" node check "$node" "$(package 1.5.0)" --one-way
ok

# A process that does not answer is named before anybody gives up waiting.
expect 0 "$relevo" node eval "$node" 'spawn(fun() -> register(holder, self()),
  erlang:suspend_process(whereis(meter)), receive stop -> ok end end), ok'
expect 4 timeout 60 "$relevo" node check "$node" "$(package 1.1.0)"
contains "$out" "no answer to system messages"
contains "$out" "(meter, began in meter:init/1"
expect 0 "$relevo" node eval "$node" 'holder ! stop, sys:get_state(meter)'
ok

# So is one that lingers in old code.
sed 's/^-export(\[start_link/-export([dawdle\/0, hook\/0, start_link/' tests/live/meter/meter.erl >"$work/meter.erl"
echo 'dawdle() -> receive stop -> ok end. hook() -> fun() -> dawdle() end.' >>"$work/meter.erl"
erlc -DKIND="'1.0.0'" -o "$work" "$work/meter.erl"
expect 0 "$relevo" node eval "$node" "code:purge(meter), {module, meter} = code:load_abs(\"$work/meter\"),
  persistent_term:put(hook, meter:hook()),
  spawn(fun() -> register(lingerer, self()), meter:dawdle() end),
  timer:sleep(200), code:purge(meter), {module, meter} = code:load_file(meter)"
expect 0 "$relevo" node check "$node" "$(package 1.1.0)"
contains "$out" "killed by the purge"
contains "$out" "is in meter:dawdle/0"
contains "$out" "lingerer"
contains "$out" "meter.erl:"
expect 0 "$relevo" node check "$node" "$(package 1.1.0)" --json
contains "$out" '"registered_name": "lingerer"'
contains "$out" '"current_function": "meter:dawdle/0"'
expect 0 "$relevo" node rpc "$node" erlang send lingerer stop
ok

# Funs of the module that is replaced, wherever they are kept; others are no matter.
expect 0 "$relevo" node eval "$node" 'F = persistent_term:get(hook),
  spawn(fun() -> register(keeper, self()), put(kept, [F]), ets:new(hooks, [named_table]), ets:new(harmless, [named_table]),
    ets:insert(hooks, {1, #{deep => {F}}}), ets:insert(harmless, {1, fun lists:sort/1}), receive stop -> ok end end),
  persistent_term:put(no_hook, fun meter:count/0), sys:replace_state(meter, fun({single, N}) -> {single, N, F} end), ok'
expect 0 "$relevo" node check "$node" "$(package 1.1.0)"
contains "$out" "meter: persistent_term of hook"
contains "$out" "meter: ets of hooks"
contains "$out" " keeper"
contains "$out" "meter, began in meter:init/1"
case $out in *harmless*|*no_hook*) fail "harmless, but told: $out" ;; esac
expect 0 "$relevo" node check "$node" "$(package 1.1.0)" --json
contains "$out" '"place": "dictionary"'
contains "$out" '"place": "state"'
expect 0 "$relevo" node eval "$node" 'sys:replace_state(meter, fun({single, N, _}) -> {single, N} end), keeper ! stop,
  persistent_term:erase(hook), persistent_term:erase(no_hook)'
expect 0 "$relevo" node check "$node" "$(package 1.1.0)" --json
contains "$out" '"found": []'
contains "$out" '"suspended_ms": '
ok

# A relup that somebody else packed: what it calls is told, what ends the VM is refused.
# with_relup SED: meter 1.1.0 with a changed relup, as $other.
with_relup () {
  rm -rf "$work/other"
  mkdir "$work/other"
  tar -xzf "$(package 1.1.0)" -C "$work/other"
  relup=releases/1.1.0/relup json=$work/other/releases/1.1.0/relevo.manifest.json
  sed -i "$1" "$work/other/$relup"
  jq --arg path "$relup" --arg sha256 "$(sha256sum "$work/other/$relup" | cut -d' ' -f1)" \
    --arg md5 "$(md5sum "$work/other/$relup" | cut -d' ' -f1)" --argjson size "$(wc -c <"$work/other/$relup")" \
    '.files |= map(if .path == $path then .sha256 = $sha256 | .md5 = $md5 | .size = $size else . end)' "$json" >"$work/json"
  cp "$work/json" "$json"
  other=$work/meter-1.1.0.tar.gz
  tar -czf "$other" -C "$work/other" .
}
with_relup 's/point_of_no_return,/&{apply,{os,cmd,["true # here"]}},/'
expect 0 "$relevo" node check "$node" "$other"
contains "$out" 'note: on the way up, its relup calls os:cmd("true # here")'
contains "$out" 'note: on the way down, its relup calls os:cmd("true # here")'
expect 0 "$relevo" node check "$node" "$other" --json
contains "$out" 'its relup calls os:cmd('
with_relup 's/point_of_no_return,/&{apply,{init,stop,[7]}},/'
expect 4 "$relevo" node check "$node" "$other"
contains "$out" 'calls init:stop(7), which ends the VM'
expect 4 "$relevo" node install "$node" "$other"
contains "$said" 'calls init:stop(7), which ends the VM'
ok

# A node patched by hand.
expect 0 "$relevo" node eval "$node" "code:purge(meter), {module, meter} = code:load_abs(\"$work/meter\"), ok"
expect 4 "$relevo" node check "$node" "$(package 1.1.0)"
contains "$out" "meter differs"
ok

listing >"$work/after"
cmp -s "$work/before" "$work/after" || fail "something was changed: $(diff "$work/before" "$work/after")"
ok

# How long processes were suspended is measured.
expect 0 "$relevo" node eval "$node" "code:purge(meter), {module, meter} = code:load_file(meter), code:purge(meter)"
expect 0 "$relevo" node install "$node" "$(package 1.1.0)" --json
contains "$out" '"longest_pause_ms": '
contains "$out" '"module": "meter"'
ok

echo "ok: $checks checks"
