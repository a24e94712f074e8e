#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# relevo is killed with SIGKILL between any two of its steps, and a few system calls into each: the
# node then runs 1.0.0 or 1.1.0 whole, and the same command again finishes the job.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
# What a killed relevo leaves lies in the folder that this test removes.
export TMPDIR="$work"
harm=$PWD/$(dirname "${RELEVO:-build/release/relevo}")/tests/helpers/harm
[ -x "$harm" ] || fail "no $harm: make helpers"

tests/tools/shop "$work/store" >/dev/null
new=$work/store/shop-1.1.0.tar.gz
mkdir "$work/run"
tar -xzf "$work/store/shop-1.0.0.tar.gz" -C "$work/run"

start_epmd
export SHOP_PORT=$((port + 1)) RELEASE_DISTRIBUTION=name RELEASE_NODE=shop@127.0.0.1 RELEASE_COOKIE=c
node=$RELEASE_NODE LOADED=$work/loaded.raw
export LOADED
"$work/run/bin/shop" start >"$work/log" 2>&1 &
shop=$!
pids="$pids $shop"
health () { curl -fs "http://127.0.0.1:$SHOP_PORT/health"; }
wait_for 30 health || fail "the shop does not start: $(cat "$work/log")"

# What the loaded modules say: "1.0.0" or "1.1.0", by the digests in the manifests; "mixed" else.
# Asked with OTP's own erl_call.
cat >"$work/ask" <<'ERL'
Of = fun(App) -> {ok, Ms} = application:get_key(App, modules), Ms end,
Lines = [[atom_to_list(M), " ", [io_lib:format("~2.16.0b", [B]) || <<B>> <= M:module_info(md5)], "\n"]
         || M <- lists:sort(Of(shop) ++ Of(shop_web))],
file:write_file(os:getenv("LOADED"), Lines).
ERL
running () {
  rm -f "$LOADED"
  "$(echo "$work"/run/erts-*)/bin/erl_call" -c "$RELEASE_COOKIE" -name "$node" -e <"$work/ask" >"$work/asked" ||
    { cat "$work/asked" >&2; echo silent; return; }
  sort "$LOADED" >"$work/loaded"
  for vsn in 1.0.0 1.1.0; do
    if cmp -s "$work/loaded" "$work/want-$vsn"; then echo "$vsn"; return; fi
  done
  echo mixed
}
# A consolidated protocol stands in for the module of the same name in the application.
for vsn in 1.0.0 1.1.0; do
  "$relevo" beam --md5 "$work/store/shop-$vsn"/lib/shop*/ebin/*.beam |
    grep -v '^Elixir.Shop.Render ' >"$work/some"
  "$relevo" beam --md5 "$work/store/shop-$vsn/releases/$vsn/consolidated/Elixir.Shop.Render.beam" |
    sort - "$work/some" >"$work/want-$vsn"
done
[ "$(running)" = 1.0.0 ] || fail "before anything: $(running)"

points=0
# killed_at STEP CALLS WANT COMMAND...: kills the command there, looks, and finishes it.
killed_at () {
  step=$1 calls=$2 want_vsn=$3
  shift 3
  status=0
  "$harm" kill "$step:+$calls" "$relevo" node "$@" -v >"$work/out" 2>"$work/said" || status=$?
  [ "$status" = 137 ] || fail "$* was not killed at $step +$calls ($status): $(cat "$work/said")"
  # What the node was told to do it may still be doing.
  now=$(running)
  [ "$now" != mixed ] || { sleep 2; now=$(running); }
  case $now in 1.0.0|1.1.0) ;; *) fail "killed at $step +$calls: the node runs $now" ;; esac
  health >/dev/null || fail "killed at $step +$calls: no answer"
  expect 0 "$relevo" node "$@"
  [ "$(running)" = "$want_vsn" ] || fail "killed at $step +$calls, again: $(running)"
  points=$((points + 1))
}
back_to_start () {
  "$relevo" node revert "$node" 1.0.0 -q >/dev/null
  "$relevo" node remove "$node" 1.1.0 -q >/dev/null
}

for step in look recover preflight stage clean unpack files check install verify bake commit; do
  for calls in 0 6; do
    killed_at "$step" "$calls" 1.1.0 install "$node" "$new" --bake 1s --commit
    contains "$("$relevo" node releases "$node")" "1.1.0    permanent  running"
    back_to_start
  done
done
for step in look revert verify commit; do
  for calls in 0 6; do
    "$relevo" node install "$node" "$new" --commit -q >/dev/null
    killed_at "$step" "$calls" 1.0.0 revert "$node" 1.0.0
    contains "$("$relevo" node releases "$node")" "1.0.0    permanent  running"
    "$relevo" node remove "$node" 1.1.0 -q >/dev/null
  done
done

expect 0 "$work/run/bin/shop" stop
echo "ok: killed at $points points"
