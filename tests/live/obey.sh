#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The verdict of a plan is obeyed: the release carries what was found of each way to it.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

store=$work/store
tests/tools/meter "$store" 1.0.0 1.1.0 1.3.0 1.7.0 >/dev/null
package () { echo "$store/meter-$1.tar.gz"; }
start_epmd
export RELEASE_DISTRIBUTION=name RELEASE_NODE=meter@127.0.0.1 RELEASE_COOKIE=c
node=$RELEASE_NODE
start () {
  mkdir "$work/$1"
  tar -xzf "$2" -C "$work/$1"
  "$work/$1/bin/meter" start >"$work/log" 2>&1 &
  vm=$!
  pids="$pids $vm"
  wait_for 30 "$relevo" node rpc "$node" meter count || fail "the meter does not start: $(cat "$work/log")"
}
runs () {
  expect 0 "$relevo" node eval "$node" 'element(3, meter:kind())'
  contains "$out" "'$1'"
}
start run "$(package 1.0.0)"

# What only a restart leads to is refused, and with what; what is allowed is done.
expect 0 "$relevo" plan "$(package 1.0.0)" "$(package 1.7.0)" --json
contains "$out" '"verdict": "restart"'
for command in check install; do
  expect 4 "$relevo" node $command "$node" "$(package 1.7.0)"
  contains "$said" "state_shape_changed"
done
contains "$said" "--restart"
contains "$said" "--allow"
runs 1.0.0
expect 2 "$relevo" node install "$node" "$(package 1.7.0)" --allow state_shape_chnged
contains "$said" "state_shape_changed"
expect 0 "$relevo" node check "$node" "$(package 1.7.0)" --allow state_shape_changed
runs 1.0.0
ok

# Warnings are told before anything is done, and gone on with.
expect 0 "$relevo" node check "$node" "$(package 1.3.0)"
contains "$out$said" "applies_code"
expect 4 "$relevo" node install "$node" "$(package 1.3.0)"
contains "$said" "warning: applies_code"
expect 4 "$relevo" node install "$node" "$(package 1.3.0)" --allow applies_code
case $said in *"warning: applies_code"*) fail "told though it is allowed: $said" ;; esac
runs 1.0.0
ok

# What is allowed in relevo.yaml is allowed in the plan that is carried.
ALLOW=state_shape_changed tests/tools/meter "$work/allowed" 1.0.0 1.7.0 >/dev/null
expect 0 "$relevo" node check "$node" "$work/allowed/meter-1.7.0.tar.gz"
ok

# The plan was made from another build of what runs: it is made anew where that is at hand.
kill -9 "$vm"
wait_for 10 gone "$vm"
NOTE=other tests/tools/meter "$work/other" 1.0.0 >/dev/null
start second "$work/other/meter-1.0.0.tar.gz"
for command in check install; do
  expect 4 "$relevo" node $command "$node" "$(package 1.1.0)"
  contains "$said" "another build of 1.0.0"
done
cp "$(package 1.1.0)" "$(package 1.7.0)" "$work/other"
expect 4 "$relevo" node install "$node" "$work/other/meter-1.7.0.tar.gz"
contains "$said" "state_shape_changed"
expect 0 "$relevo" node install "$node" "$work/other/meter-1.1.0.tar.gz"
runs 1.1.0
ok

echo "ok: $checks checks"
