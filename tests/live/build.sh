#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A release that relevo built starts from its tarball, in an empty folder with spaces and UTF-8 in
# its name, and every command of bin/NAME does what it says.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tests/tools/shop "$work/store" 1.0.0 >/dev/null
run="$work/a füße b"
mkdir "$run"
tar -xzf "$work/store/shop-1.0.0.tar.gz" -C "$run"
[ ! -e "$run/releases/COOKIE" ] || fail "the tarball holds a cookie"
ok

start_epmd
export SHOP_PORT=$((port + 1)) RELEASE_DISTRIBUTION=name RELEASE_NODE=shop@127.0.0.1
shop="$run/bin/shop"
health () { curl -fs "http://127.0.0.1:$SHOP_PORT/health"; }

expect 0 "$shop" version
contains "$out" "shop 1.0.0"
expect 0 "$shop" eval 'IO.puts(1 + 1)'
contains "$out" 2
expect 1 "$shop" eval
contains "$said" "eval wants an expression"
expect 1 "$shop" nonsense
contains "$said" 'there is no command "nonsense"'
ok

"$shop" start >"$work/log" 2>&1 &
pid=$!
pids="$pids $pid"
wait_for 30 health || fail "does not start: $(cat "$work/log")"
contains "$(health)" '"version":"1.0.0"'
[ "$(stat -c %a "$run/releases/COOKIE")" = 600 ] || fail "the cookie can be read by others"
expect 0 "$shop" pid
[ "$out" = "$pid" ] || fail "pid says $out, not $pid"
expect 0 "$shop" rpc 'IO.inspect(Application.get_env(:shop_web, :port))'
contains "$out" "$SHOP_PORT"
expect 0 "$shop" rpc 'IO.inspect(:release_handler.which_releases(:permanent))'
contains "$out" "kernel-"
ok

started () { "$shop" rpc 'IO.inspect(Process.whereis(:application_controller))'; }
before=$(started)
expect 0 "$shop" restart
anew () { health && [ "$(started)" != "$before" ]; }
wait_for 60 anew || fail "does not come back from a restart: before $before, now $(started 2>&1): $(cat "$work/log")"
ok
expect 0 "$shop" stop
gone "$pid" || fail "stop returned, but process $pid still runs"
ok

expect 0 "$shop" daemon
wait_for 30 health || fail "daemon does not start"
expect 0 "$shop" pid
pids="$pids $out"
expect 0 "$shop" stop
! health >/dev/null || fail "still answers after stop"
ok

# A trial boot is used once; after it, the permanent release again.
cp -a "$run/releases/1.0.0" "$run/releases/1.0.0-trial"
printf '13.1.5 1.0.0-trial' >"$run/releases/new_start_erl.data"
expect 0 "$shop" version
contains "$out" "shop 1.0.0"
# Who comes while epmd still knows the last one ends, and that was the trial.
epmd=$(echo "$run"/erts-*/bin/epmd)
named () { "$epmd" -port "$ERL_EPMD_PORT" -names | grep -q '^name shop '; }
not_named () { ! named; }
wait_for 10 not_named || fail "epmd still knows the node"
"$shop" start >"$work/log" 2>&1 &
pid=$!
pids="$pids $pid"
wait_for 30 health || fail "the trial does not start: $(cat "$work/log")"
boots () { "$shop" rpc 'IO.puts(System.get_env("RELEASE_VSN"))' | grep -qx "$1"; }
wait_for 30 boots 1.0.0-trial || fail "the trial is not what runs: $(cat "$work/log")"
vm=$("$shop" pid)
pids="$pids $vm"
kill -9 "$vm"
wait_for 30 boots 1.0.0 || fail "does not come back after the trial: $(cat "$work/log")"
expect 0 "$shop" stop
ok

echo "ok: $checks groups of checks"
