#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The --json documents of live nodes, and of a rehearsal, are what docs/json-schema.json says.
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
wait_for 30 "$relevo" node rpc "$node" meter count || fail "the meter does not start: $(cat "$work/log")"
package () { echo "$work/store/meter-$1.tar.gz"; }

# document STATUS COMMAND ARGUMENT...: of `relevo node COMMAND NODE ARGUMENT...`
document () {
  want=$1 name=$2
  shift 2
  expect "$want" "$relevo" node "$name" "$node" "$@" --json
  case $name in
    commit | revert) name=install ;;
  esac
  check_document "node $name" "$name $*"
}

document 0 ping
document 0 info
document 0 vitals
document 0 vitals --watch 100ms --count 2
document 0 releases
document 0 eval '{a, [1.5, "b"], #{c => <<1>>}}'
document 0 rpc erlang node
document 0 adopt
document 0 check "$(package 1.1.0)"
document 4 check "$(package 1.5.0)"
contains "$out" '"code": "no_way_back"'
ok

expect 4 "$relevo" node install "$node" "$(package 1.5.0)" --json
check_document error install
contains "$out" '"code": "no_way_back"'
document 0 install "$(package 1.1.0)"
document 0 releases
document 0 commit
document 0 revert
document 0 remove 1.1.0
expect 3 "$relevo" node ping nobody@127.0.0.1 --json
check_document error ping
ok

expect 0 "$relevo" rehearse "$(package 1.0.0)" "$(package 1.1.0)" --json --watch 100ms -q
check_document rehearse rehearse
ok

echo "ok: $checks groups of checks"
