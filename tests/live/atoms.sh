#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A tarball with more names than the node has room for atoms, and a node whose table is nearly full:
# whatever is asked of them, the VM lives.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tests/tools/meter "$work/store" 1.0.0 1.1.0 >/dev/null
mkdir "$work/run" "$work/other"
tar -xzf "$work/store/meter-1.0.0.tar.gz" -C "$work/run"
echo '+t 65000' >>"$work/run/releases/1.0.0/vm.args"
start_epmd
export RELEASE_DISTRIBUTION=name RELEASE_NODE=meter@127.0.0.1 RELEASE_COOKIE=c
node=$RELEASE_NODE
"$work/run/bin/meter" start >"$work/log" 2>&1 &
pids="$pids $!"
wait_for 40 "$relevo" node rpc "$node" meter count || fail "does not start: $(cat "$work/log")"
vm=$("$relevo" node rpc "$node" os getpid)
lives () { [ "$("$relevo" node rpc "$node" os getpid)" = "$vm" ] || fail "the VM ended: $(cat "$work/log")"; }

# meter 1.1.0, where the relup, and then the manifest, holds 60000 names that nobody knows.
new=$work/meter-1.1.0.tar.gz
tar -xzf "$work/store/meter-1.1.0.tar.gz" -C "$work/other"
relup=releases/1.1.0/relup json=$work/other/releases/1.1.0/relevo.manifest.json
cp "$json" "$work/manifest"
cp "$work/other/$relup" "$work/relup"
names=$(seq -f 'name_nobody_knows_%.0f' -s , 60000)
echo "s/point_of_no_return,/&{apply,{lists,sort,[[$names]]}},/" >"$work/sed"
sed -i -f "$work/sed" "$work/other/$relup"
jq --arg path "$relup" --arg sha256 "$(sha256sum "$work/other/$relup" | cut -d' ' -f1)" \
  --arg md5 "$(md5sum "$work/other/$relup" | cut -d' ' -f1)" --argjson size "$(wc -c <"$work/other/$relup")" \
  '.files |= map(if .path == $path then .sha256 = $sha256 | .md5 = $md5 | .size = $size else . end)' \
  "$work/manifest" >"$json"
tar -czf "$new" -C "$work/other" .
refused () {
  for command in check install; do
    expect 4 "$relevo" node $command "$node" "$new" --timeout 60s
    contains "$said" "names that are new there"
    lives
  done
}
refused
cp "$work/relup" "$work/other/$relup"
jq '.modules += [range(60000) | {application: "meter", module: "name_nobody_knows_\(.)", md5: "0cc175b9c0f1b6a831c399e269772661"}]' \
  "$work/manifest" >"$json"
tar -czf "$new" -C "$work/other" .
refused
ok

# Names that the node knows take no room: 20000 of them, of which nothing is left.
"$relevo" node eval "$node" --timeout 60s '[list_to_atom("name_nobody_knows_" ++ integer_to_list(I)) || I <- lists:seq(0, 19999)], ok' >/dev/null ||
  fail "no names are made"
jq '.modules += [range(20000) | {application: "", module: "name_nobody_knows_\(.)", md5: "0cc175b9c0f1b6a831c399e269772661"}]' \
  "$work/manifest" >"$json"
tar -czf "$new" -C "$work/other" .
"$relevo" node check "$node" "$new" --timeout 60s >"$work/out" 2>&1 || true
if grep -q "names that are new" "$work/out"; then fail "$(cat "$work/out")"; fi
lives
ok

# Nearly full: nothing is asked that could end it.
"$relevo" node eval "$node" --timeout 60s 'Left = erlang:system_info(atom_limit) - erlang:system_info(atom_count) - 2000,
  [list_to_atom("filler_" ++ integer_to_list(I)) || I <- lists:seq(1, Left)], ok' >/dev/null || fail "it is not filled"
for command in info vitals releases "check - $work/store/meter-1.1.0.tar.gz" "install - $work/store/meter-1.1.0.tar.gz" commit revert; do
  # shellcheck disable=SC2086 # words
  set -- $command
  name=$1
  shift
  [ $# -eq 0 ] || shift
  expect 4 "$relevo" node "$name" "$node" "$@"
  contains "$said" "table of atoms is nearly full"
  lives
done
ok

echo "ok: $checks groups of checks"
