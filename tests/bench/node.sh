#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What it costs to have relevo install a release on a node, beside the calls of release_handler made by
# hand: the shop with 10,000 carts, from 1.0.0 to 1.1.0 and committed, round after round on the same node.
# Shown are medians of BENCH_RUNS=7.  "unpacked": the node has the release already; "not staged": it
# has to be brought first, by hand with cp and unpack_release.
#
# By hand nothing is compared with a manifest, and runtime.exs is not evaluated: how long that takes, in
# the VM that relevo starts for it beside the node, stands in a line of its own.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
runs=${BENCH_RUNS:-7}
carts=${CARTS:-10000}
load=${LOAD:-build/release/tests/live/load}

tests/tools/shop "$work/store" 1.0.0 1.1.0 >/dev/null
new=$work/store/shop-1.1.0.tar.gz
mkdir "$work/run"
tar -xzf "$work/store/shop-1.0.0.tar.gz" -C "$work/run"
start_epmd
node=shop@127.0.0.1
export SHOP_PORT=$((port + 1)) RELEASE_DISTRIBUTION=name RELEASE_NODE=$node RELEASE_COOKIE=c
"$work/run/bin/shop" start >"$work/log" 2>&1 &
pids="$pids $!"
wait_for 60 curl -fs "http://127.0.0.1:$SHOP_PORT/health" || fail "does not start: $(cat "$work/log")"
"$load" --port "$SHOP_PORT" --connections 200 --carts "$carts" --rate 5000 --ready "$work/ready" >/dev/null &
client=$!
pids="$pids $client"
wait_for 60 test -f "$work/ready" || fail "not every cart has answered"
kill -TERM "$client"
wait "$client" || fail "the carts are not well"

call=$(echo "$work"/run/erts-*/bin/erl_call)
check_and_install='{ok, _, _} = release_handler:check_install_release("1.1.0"),
  {ok, _, _} = release_handler:install_release("1.1.0", [{code_change_timeout, 30000}, {suspend_timeout, 30000}]),
  ok = release_handler:make_permanent("1.1.0").'
by_hand () { # what comes before
  printf '%s\n' "$1 $check_and_install" | "$call" -c c -name "$node" -timeout 300 -e >"$work/by-hand"
  grep -q '{ok, ok}' "$work/by-hand" || fail "by hand: $(cat "$work/by-hand")"
}
by_hand_staged () {
  cp "$new" "$work/run/releases/"
  by_hand '{ok, _} = release_handler:unpack_release("shop-1.1.0"),'
}
now () { date +%s%N; }
# Each step that is said begins when the one before has ended; a line of milliseconds for each.
by_relevo () {
  "$relevo" node install -v "$node" "$new" --commit 2>&1 >/dev/null |
    while read -r step _; do echo "$(($(now) / 1000000)) $step"; done >"$work/steps"
  awk '$2 == "install:" { print $1 - check } $2 == "check:" { check = $1 }' "$work/steps" >>"$work/check"
}
back () {
  expect 0 "$relevo" node revert "$node" 1.0.0
  [ "$1" = unpacked ] || expect 0 "$relevo" node remove "$node" 1.1.0
}

took () { # FILE COMMAND...
  begin=$(now)
  file=$1
  shift
  "$@"
  echo $((($(now) - begin) / 1000000)) >>"$work/$file"
}
median () { sort -n "$work/$1" | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
row () {
  awk -v what="$1" -v hand="$(median "$2.hand")" -v ours="$(median "$2.relevo")" 'BEGIN {
    printf "  %-12s %7.0f ms by hand %7.0f ms by relevo: %+.0f %%\n", what, hand, ours, 100 * (ours - hand) / hand }'
}

by_relevo
back unpacked
for _ in $(seq "$runs"); do
  took unpacked.hand by_hand ""
  back unpacked
  took unpacked.relevo by_relevo
  back unpacked
done
expect 0 "$relevo" node remove "$node" 1.1.0
for _ in $(seq "$runs"); do
  took staged.hand by_hand_staged
  back staged
  took staged.relevo by_relevo
  back staged
done
echo "node install --commit, $carts carts; medians of $runs, load $(cut -d ' ' -f 1 /proc/loadavg)"
row unpacked unpacked
row "not staged" staged
echo "  of these relevo's check, with the configuration in a VM beside: $(median check) ms"
