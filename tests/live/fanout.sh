#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A large release to a fleet of real nodes on another machine: those that have it hand it on, so that the
# cable from here carries it twice, however many there are; one that is given something else than it
# asked for has it from here.  NODES (5) and WEIGHT (8000000 bytes): make fanout has 16 and 30 MB.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
. tests/tools/own_network.sh
. tests/tools/machines.sh
nodes=${NODES:-5} weight=${WEIGHT:-8000000}
export TMPDIR="$work" RELEASE_COOKIE=c XDG_STATE_HOME="$work/state"

tests/tools/meter "$work/store" 1.0.0 >/dev/null
WEIGHT=$weight tests/tools/meter "$work/store" 1.1.0 >/dev/null
artifact=$(stat -c %s "$work/store/meter-1.1.0.tar.gz")

machine fleet
wire fleet 1
mkdir "$work/project"
{ printf 'release: meter\napplications: {meter: permanent}\nstore: %s\n' "$work/store"
  printf 'targets:\n  production:\n    strategy: {bake: 1s, probe: 2s, max_unavailable: 100%%, canary: 100%%}\n    timeout: 60s\n    nodes:\n'
  for n in $(seq "$nodes"); do printf '      - meter%s@10.9.1.2\n' "$n"; done
} >"$work/project/relevo.yaml"
for n in $(seq "$nodes"); do
  mkdir "$work/node$n"
  tar -xzf "$work/store/meter-1.0.0.tar.gz" -C "$work/node$n"
  RELEASE_DISTRIBUTION=name RELEASE_NODE="meter$n@10.9.1.2" on fleet "$work/node$n/bin/meter" start >"$work/node$n.log" 2>&1 &
  pids="$pids $!"
done
is_up () { "$relevo" node eval "meter$1@10.9.1.2" '{started, _} = init:get_status()'; }
for n in $(seq "$nodes"); do wait_for 300 is_up "$n" || fail "node $n does not start: $(cat "$work/node$n.log")"; done

sent () { ip -s -j link show to1 | jq '.[0].stats64.tx.bytes'; }
deploy () {
  before=$(sent) status=0
  (cd "$work/project" && exec "$relevo" "$@" -t production) >"$work/out" 2>"$work/said" </dev/null || status=$?
  [ "$status" = 0 ] || fail "relevo $* ended with $status: $(cat "$work/said")"
  sent=$(($(sent) - before))
}
deploy deploy 1.1.0
echo "$nodes nodes, a release of $artifact bytes: $sent were sent from here"
[ "$sent" -gt "$artifact" ] || fail "fewer than it has"
[ "$sent" -le $((3 * artifact)) ] || fail "more than three times its size"
for n in $(seq "$nodes"); do
  cmp "$work/node$n/lib/meter-1.1.0/priv/weight" "$work/node1/lib/meter-1.1.0/priv/weight" || fail "node $n has another"
done
# Nothing is left of it, and nobody has become part of anybody's cluster by it.
[ -z "$(find "$work"/node* -name '*.parcel')" ] || fail "left: $(find "$work"/node* -name '*.parcel')"
expect 0 "$relevo" node eval meter2@10.9.1.2 'nodes(connected) -- [node(group_leader())]'
! grep -q 'meter' "$work/out" || fail "connected: $(cat "$work/out")"
ok

# What nodes have is not sent again.
deploy rollback
for n in $(seq "$nodes"); do expect 0 "$relevo" node remove "meter$n@10.9.1.2" 1.1.0; done
deploy deploy 1.1.0 --dry-run
[ "$sent" -lt "$artifact" ] || fail "a look brings it"

# From node to node: all of it, nothing but the half that is there, and what is not what it should be.
head -c 3000000 "$work/node1/lib/meter-1.0.0/ebin/meter.beam" "$work"/node1/erts-*/bin/beam.smp >"$work/parcel"
size=$(stat -c %s "$work/parcel")
stage () { # NODE BASE PEER
  "$(dirname "$relevo")/tests/helpers/stage" "meter$1@10.9.1.2" c "$work/parcel" "$2" \
    "meter$3@10.9.1.2" "$work/node$3/releases/$4.tar.gz" >"$work/out" 2>"$work/said" || fail "stage: $(cat "$work/said")"
  cmp "$work/parcel" "$work/node$1/releases/$2.tar.gz" || fail "not what it should be"
  cat "$work/out"
}
[ "$(stage 1 first 2 none)" = "$size" ] || fail "what is not there was not sent"
[ "$(stage 2 second 1 first)" = 0 ] || fail "what is there was sent"
head -c 1000000 "$work/parcel" >"$work/node1/releases/half.tar.gz"
[ "$(stage 2 third 1 half)" -lt "$size" ] || fail "half of it was of no use"
tr '\0-\377' '\1-\377\0' <"$work/parcel" >"$work/node1/releases/wrong.tar.gz"
[ "$(stage 2 fourth 1 wrong)" = "$size" ] || fail "what is wrong was taken"
ok

echo "ok: $checks checks"
