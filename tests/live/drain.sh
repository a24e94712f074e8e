#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Requests that run replaced code are waited for, then named, and never killed unawares: by an
# installation, a commit, a revert, an installation that is taken back; also in modules that the next
# release has not.  A process that cannot be suspended is waited for, and then refused.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
. tests/tools/linger.sh

tests/tools/meter "$work/store" 1.0.0 1.1.0 2.8.0 >/dev/null
package () { echo "$work/store/$1.tar.gz"; }
start_epmd
export RELEASE_DISTRIBUTION=name RELEASE_NODE=meter@127.0.0.1 RELEASE_COOKIE=c
node=$RELEASE_NODE
# boot NAME WORKS...
boot () {
  name=$1
  shift
  mkdir -p "$work/$name"
  tar -xzf "$(package "$name-1.0.0")" -C "$work/$name"
  "$work/$name/bin/$name" start >"$work/log" 2>&1 &
  pids="$pids $!"
  wait_for 60 "$@" || fail "does not start: $(cat "$work/log")"
}
kind () { "$relevo" node eval "$node" 'meter:kind()'; }
is () { [ "$(kind)" = "{$1,{ok,'$2'},'$2'}" ] || fail "the node is $(kind), not $1 $2"; }

# refused STATUS COMMAND...: says who is there, and where; nobody was killed.
refused () {
  want_status=$1
  shift
  expect "$want_status" "$relevo" node "$@" --drain 300ms
  contains "$said" "1 process in old code would be killed"
  contains "$said" "lingerer in meter:dawdle/1, at "
  contains "$said" "--kill"
  lingers || fail "$* has killed it"
}

# waits_for WORDS END STATUS COMMAND...: relevo says that it waits for that, which END then ends.
waits_for () {
  words=$1 end=$2 want_status=$3
  shift 3
  # What another has said before, this one has not.
  : >"$work/said"
  "$relevo" node "$@" -v >"$work/out" 2>"$work/said" </dev/null &
  waiting=$!
  wait_for 60 grep -q "$words" "$work/said" || fail "$* does not wait: $(cat "$work/said")"
  "$end"
  status=0
  wait "$waiting" || status=$?
  [ "$status" = "$want_status" ] || fail "$* ended with $status, not $want_status: $(cat "$work/said")"
}
drains () {
  waits_for 'processes run code that is replaced' stop_lingerer "$@"
  [ "$(asked)" = answered ] || fail "it got no answer"
}

# An installation; who comes to its end is waited for.
boot meter kind
linger infinity
refused 4 install "$node" "$(package meter-1.1.0)"
is single 1.0.0
stop_lingerer
linger infinity
drains 0 install "$node" "$(package meter-1.1.0)"
is pair 1.1.0
ok

# A commit.
linger infinity
refused 4 commit "$node"
stop_lingerer
linger infinity
drains 0 commit "$node"
ok

# A way back: whoever is in old code before, and whoever is in the code that is left.
linger infinity
refused 4 revert "$node"
is pair 1.1.0
stop_lingerer
request infinity
refused 6 revert "$node"
contains "$said" "runs 1.0.0 now, and boots 1.1.0"
is single 1.0.0
refused 4 revert "$node"
stop_lingerer
expect 0 "$relevo" node revert "$node"
expect 0 "$relevo" node releases "$node"
contains "$(echo "$out" | tr -s ' ')" "meter 1.0.0 permanent running"
ok
expect 0 "$relevo" node install "$node" "$(package meter-1.1.0)" --commit
request infinity
drains 0 revert "$node"
expect 0 "$relevo" node install "$node" "$(package meter-1.1.0)"
linger infinity
expect 0 "$relevo" node revert "$node" --drain 300ms --kill
contains "$out$said" "1 processes in old code are killed"
if lingers; then fail "it was to be killed"; fi
is single 1.0.0
ok

# An installation that is taken back.
request infinity
drains 5 install "$node" "$(package meter-2.8.0)"
is single 1.0.0
request infinity
expect 5 "$relevo" node install "$node" "$(package meter-2.8.0)" --drain 300ms
contains "$said" "1 process in old code was killed (meter: "
is single 1.0.0
ok

# What cannot be suspended would run new code with its old state.
stop_holder () { "$relevo" node eval "$node" 'holder ! stop, timer:sleep(100)' >/dev/null; }
"$relevo" node eval "$node" 'spawn(fun() -> register(holder, self()), erlang:suspend_process(whereis(meter)),
  receive stop -> ok end end), ok' >/dev/null
expect 4 "$relevo" node check "$node" "$(package meter-1.1.0)" --json
contains "$out" '"process_silent"'
expect 4 "$relevo" node install "$node" "$(package meter-1.1.0)" --suspend-timeout 300ms
contains "$said" " meter is to be suspended, and does not answer"
contains "$said" "--allow not_suspendable"
stop_holder
is single 1.0.0
"$relevo" node eval "$node" 'spawn(fun() -> register(holder, self()), erlang:suspend_process(whereis(meter)),
  receive stop -> ok end end), ok' >/dev/null
waits_for 'does not answer' stop_holder 0 install "$node" "$(package meter-1.1.0)"
is pair 1.1.0
ok

# A module that only one of the releases has.
pond () {
  printf -- '-module(%s).\n-export([dawdle/1]).\ndawdle(Ms) -> receive stop -> ok after Ms -> ok end.\n' "$2" >"$work/$2.erl"
  printf -- '-module(pond).\n-export([vsn/0]).\nvsn() -> "%s".\n' "$1" >"$work/pond.erl"
  rm -rf "$work"/pond/lib/*
  mkdir -p "$work/pond/lib/pond-$1/ebin"
  erlc -o "$work/pond/lib/pond-$1/ebin" "$work/pond.erl" "$work/$2.erl"
  cat >"$work/pond/lib/pond-$1/ebin/pond.app" <<APP
{application,pond,[{description,""},{vsn,"$1"},{modules,[pond,$2]},{registered,[]},{applications,[kernel,stdlib]}]}.
APP
  printf '%s\n' 'release: pond' "version: \"$1\"" 'applications: {pond: permanent}' 'libs: [lib]' "store: $work/store" \
    "$3" >"$work/pond/relevo.yaml"
  expect 0 "$relevo" build -C "$work/pond" --out "$work/store"
}
mkdir -p "$work/pond/appups/1.0.0-1.1.0"
cat >"$work/pond/appups/1.0.0-1.1.0/pond.appup" <<'APPUP'
{"1.1.0",
 [{"1.0.0",[{load_module,pond},{delete_module,early},{add_module,late}]}],
 [{"1.0.0",[{load_module,pond},{delete_module,late},{add_module,early}]}]}.
APPUP
pond 1.0.0 early ''
pond 1.1.0 late 'upgrade: {from: ["1.0.0"], appups: appups}'
node=pond@127.0.0.1
export RELEASE_NODE=$node
vsn () { "$relevo" node eval "$node" 'pond:vsn()'; }
boot pond vsn
# busy MODULE MS
busy () {
  "$relevo" node eval "$node" "persistent_term:put(asked, pending),
    spawn(fun() -> register(lingerer, self()), $1:dawdle($2), persistent_term:put(asked, answered) end)" >/dev/null
}
busy early infinity
expect 4 "$relevo" node install "$node" "$(package pond-1.1.0)" --drain 300ms
contains "$said" "(early: "
lingers || fail "it was killed"
stop_lingerer
busy early 2000
expect 0 "$relevo" node install "$node" "$(package pond-1.1.0)"
[ "$(asked)" = answered ] || fail "it got no answer"
busy late infinity
expect 4 "$relevo" node revert "$node" --drain 300ms
contains "$said" "(late: "
lingers || fail "it was killed"
stop_lingerer
busy late 2000
expect 0 "$relevo" node revert "$node"
[ "$(asked)" = answered ] || fail "it got no answer"
[ "$(vsn)" = '"1.0.0"' ] || fail "$(vsn) runs"
ok

# A supervisor that the relup ends takes along whoever is below it.
lake () {
  rm -rf "$work/lake/lib"
  mkdir -p "$work/lake/lib/lake-$1/ebin"
  cat >"$work/lake_sup.erl" <<ERL
-module(lake_sup).
-behaviour(supervisor).
-export([start/2, stop/1, init/1]).
start(_, _) -> supervisor:start_link({local, lake_sup}, lake_sup, []).
stop(_) -> ok.
init(_) -> {ok, {#{}, [$2]}}.
ERL
  cat >"$work/basin.erl" <<'ERL'
-module(basin).
-behaviour(supervisor).
-export([start_link/0, init/1, open/0]).
start_link() -> supervisor:start_link({local, basin}, basin, []).
init(_) -> {ok, {#{strategy => simple_one_for_one}, [#{id => any, start => {basin, open, []}}]}}.
open() -> {ok, spawn_link(fun() -> receive stop -> ok end end)}.
ERL
  erlc -o "$work/lake/lib/lake-$1/ebin" "$work/lake_sup.erl" ${2:+"$work/basin.erl"}
  cat >"$work/lake/lib/lake-$1/ebin/lake.app" <<APP
{application,lake,[{description,""},{vsn,"$1"},{modules,[lake_sup${2:+,basin}]},{registered,[]},
  {applications,[kernel,stdlib]},{mod,{lake_sup,[]}}]}.
APP
  printf '%s\n' 'release: lake' "version: \"$1\"" 'applications: {lake: permanent}' 'libs: [lib]' "store: $work/store" \
    "$3" >"$work/lake/relevo.yaml"
  expect 0 "$relevo" build -C "$work/lake" --out "$work/store"
}
lake 1.0.0 '' ''
lake 1.1.0 '#{id => basin, start => {basin, start_link, []}, type => supervisor}' 'upgrade: {from: ["1.0.0"]}'
node=lake@127.0.0.1
export RELEASE_NODE=$node
boot lake "$relevo" node eval "$node" 'is_pid(whereis(lake_sup))'
expect 0 "$relevo" node install "$node" "$(package lake-1.1.0)"
expect 0 "$relevo" node eval "$node" '{ok, _} = supervisor:start_child(basin, []), ok'
expect 0 "$relevo" node revert "$node" --drain 300ms
expect 0 "$relevo" node eval "$node" 'whereis(basin)'
[ "$out" = undefined ] || fail "basin is $out"
ok

echo "ok: $checks groups of checks"
