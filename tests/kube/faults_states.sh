#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is wrong with a store, a volume, a node, or cannot be known of one, when a release is rolled out; the names of
# the parts are those of the list of failures (docs/kubernetes.md).  Pods are real nodes with real agents, the API
# server is a real one.
# Parts: F11 F15 F19 F20 F26
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/operated.sh
. tests/tools/operated.sh
each_part

slow_canary='{"strategy": {"waves": [{"name": "canary", "pods": 1, "minHealthySeconds": 15}]}}'
# gated JSON [POD]: over the spec, with a gate that says of each node, or that one, what stands in the file $work/health.
gated () {
  printf ok >"$work/health"
  jq -n --arg file "$work/health" --arg pod "${2:-meter}" --argjson more "$1" '{health: [{rpc:
    "case lists:prefix(\"\($pod)\", atom_to_list(node())) of false -> ok; _ -> list_to_atom(binary_to_list(element(2, file:read_file(\"\($file)\")))) end"}]} * $more'
}
# Once what was wrong is put right.
again () { patch_bd "{\"spec\": {\"retryToken\": \"$1\"}}"; }
# refused_for TEXT: no pod was touched, and whoever looks is told why.
refused_for () {
  when_says Ready False RolledBack
  says Degraded True RolledBack || fail "not degraded: $(explain 2>&1)"
  contains "$(condition Ready message)" "$1"
  is_bd '.status.rejectedRevisions[-1].revision' "$(meter_digest 1.1.0)"
  is_bd .status.stableRevision "$(meter_digest 1.0.0)"
  all_run 1.0.0
  for nr in 0 1; do untouched $nr; done
}
# all_well: in the same pods, by one installation each.
all_well () {
  is_ready 300
  all_run 1.1.0
  installed_once
  same_pods
  nowhere_restarted
}

# F11: nothing is heard of a node that has the release, then nothing of its health: it stays as it is, nobody
# else gets the release, and it goes on by itself.
if in_part F11; then
  begin_with 2 1.0.0 1.1.0
  beam_deployment 1.1.0 "$(gated "$slow_canary" meter-1 | jq '.progressDeadlineSeconds = 90 | .strategy.maxUnavailable = 2 |
    .strategy.timeouts = {stageTimeoutSeconds: 30, restartTimeoutSeconds: 30}')"
  when_to 1.1.0 waves
  when_runs 1 1.1.0
  kill -STOP "$(cat "$(pod_dir 1)/agent")"
  stands () {
    when_says Paused True NoData
    contains "$(condition Paused message)" "$1"
    has_release 1 1.1.0 || fail "meter-1 runs $(runs 1)"
    has_release 0 1.0.0 || fail "meter-0 runs $(runs 0)"
    untouched 0
    attempt_is .status.result Running || fail "it ended: $(explain 2>&1)"
  }
  stands 'nothing is heard of meter-1'
  printf unknown >"$work/health"
  kill -CONT "$(cat "$(pod_dir 1)/agent")"
  unknown () { says Paused True NoData && condition Paused message | grep -q 'its health is not known'; }
  wait_for 300 unknown || fail "its health is known: $(explain 2>&1)"
  stands 'meter-1: its health is not known'
  printf ok >"$work/health"
  all_well
  is_bd '.status.rejectedRevisions[0]' ''
  ok
fi

# F15: what is gone back to is not well, either: that is where it stays.
if in_part F15; then
  begin_with 2 1.0.0 1.1.0
  beam_deployment 1.1.0 "$(gated '{"strategy": {"commit": {"soakPeriodSeconds": 600}}, "drift": {"policy": "Repair"}}')"
  when_runs 1 1.1.0
  when_runs 0 1.1.0
  printf no >"$work/health"
  ended_as RolledBack
  when_says Ready False RolledBack
  says Degraded True RolledBack || fail "not degraded: $(explain 2>&1)"
  all_run 1.0.0
  asked_again
  says Degraded True RolledBack || fail "not degraded any more: $(explain 2>&1)"
  all_run 1.0.0
  attempts_are 2
  for nr in 0 1; do
    [ "$(grep -Ec '^(install|revert) ' "$(pod_dir $nr)/log")" = 2 ] || fail "meter-$nr went to and fro: $(explain 2>&1)"
  done
  is_bd .status.stableRevision "$(meter_digest 1.0.0)"
  same_pods
  nowhere_restarted
  ok
fi

# F19: the store has other bytes than were named: no pod gets them.
if in_part F19; then
  begin_with 2 1.0.0
  touch "$work/before"
  meters 1.1.0
  beam_release 1.1.0
  find "$store" -type f -newer "$work/before" -path '*blobs*' -size +1k >"$work/blobs"
  [ -s "$work/blobs" ] || fail "nothing came into the store: $(find "$store" -type f)"
  cp -a "$store" "$work/store.good"
  while read -r blob; do
    printf X | dd of="$blob" bs=1 seek=600 conv=notrunc 2>/dev/null
  done <"$work/blobs"
  beam_deployment 1.1.0
  refused_for 'sha256:'
  rm -rf "$store"
  mv "$work/store.good" "$store"
  again whole
  all_well
  ok
fi

# F20: no space on the volume of a pod, then one that cannot be written to: nobody gets the release, and why is told;
# with space again it goes on.
if in_part F20; then
  [ -n "${OWN_MOUNTS:-}" ] || {
    rm -rf "$work"
    unshare --mount true 2>/dev/null || { echo "skip: no right to mount"; exit 77; }
    OWN_MOUNTS=yes TMPDIR=$(dirname "$work") exec unshare --mount "$0" F20
  }
  volume=$(pod_dir 0)/root
  mkdir -p "$volume"
  mount -t tmpfs -o size=64m relevo-test "$volume"
  begin_with 2 1.0.0 1.1.0
  trap 'end_workload 2>/dev/null; umount -l "$volume"; clean_up' EXIT
  dd if=/dev/zero of="$volume/filler" bs=1M >/dev/null 2>&1
  beam_deployment 1.1.0 '{"progressDeadlineSeconds": 30}'
  refused_for 'No space left on device'
  rm "$volume/filler"
  mount -o remount,ro "$volume"
  again 'with space'
  when_event RolledBack 'Read-only file system'
  refused_for 'Read-only file system'
  mount -o remount,rw "$volume"
  again 'to be written to'
  all_well
  ok
fi

# F26: a module was loaded by hand into a node of the last wave: nobody gets the release, and which module it is
# is told; with its own code again it does.
if in_part F26; then
  begin_with 2 1.0.0 1.1.0
  mkdir "$work/by_hand"
  erlc -DKIND="'by hand'" -o "$work/by_hand" tests/live/meter/meter.erl
  expect 0 "$relevo" node eval meter-0@127.0.0.1 \
    "{module, meter} = code:load_binary(meter, \"meter.beam\", element(2, file:read_file(\"$work/by_hand/meter.beam\")))"
  [ "$(runs 0)" = 'by hand' ] || fail "meter-0 runs $(runs 0)"
  beam_deployment 1.1.0
  when_says Ready False RolledBack
  contains "$(condition Ready message)" 'meter-0'
  contains "$(condition Ready message)" 'loaded in another form than that of 1.0.0: meter'
  [ "$(runs 0)" = 'by hand' ] || fail "meter-0 runs $(runs 0)"
  has_release 1 1.0.0 || fail "meter-1 runs $(runs 1)"
  for nr in 0 1; do untouched $nr; done
  expect 0 "$relevo" node eval meter-0@127.0.0.1 '{module, meter} = begin code:purge(meter), code:load_file(meter) end'
  again own
  all_well
  ok
fi

echo "ok: $checks checks"
