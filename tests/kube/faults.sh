#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What befalls an operator, and the pods, while a release is rolled out; the numbers are those of the list
# of failures that the design has.  Pods are real nodes with real agents, the API server is a real one.
# Parts: kills leaders
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/live.sh
. tests/tools/live.sh
# shellcheck source=tests/tools/pod.sh
. tests/tools/pod.sh
# shellcheck source=tests/tools/kube.sh
. tests/tools/kube.sh
# shellcheck source=tests/tools/workload.sh
. tests/tools/workload.sh
export TMPDIR="$work" XDG_CACHE_HOME="$work/cache"
killer=$(dirname "$relevo")/tests/helpers/kill_at_put.so
# Each part has a server of its own.
if [ -z "$this_part" ]; then
  for part in kills leaders; do "$0" $part || exit; done
  exit
fi

# Each pod was installed to once in the newest attempt, whatever happened to whoever asked for it.
installed_once () {
  attempt=$(bd .status.currentUpgradeName)
  for nr in $(seq 0 $((replicas - 1))); do
    times=$(grep -c "^install [0-9]* of $attempt, .*: ok" "$(pod_dir "$nr")/log")
    [ "$times" = 1 ] || fail "$attempt: meter-$nr was installed to $times times: $(explain 2>&1)"
  done
}
attempt_is () { [ "$(kubectl get bup -n test -o json | jq -r "[.items | sort_by(.spec.attempt)[]][-1] | $1")" = "$2" ]; }
# when FILTER VALUE: the newest attempt is so.
when () { wait_for 300 attempt_is "$1" "$2" || fail "not $1 = $2: $(explain 2>&1)"; }
nowhere_restarted () { [ -z "$(ls "$work"/restarts.* 2>/dev/null)" ] || fail "a VM was restarted"; }

# F1: killed before or after a write of it, again and again; another goes on, and nothing is installed twice.
if in_part kills; then
  start_workload 2 1.0.0 1.1.0
  start_operator first
  beam_deployment 1.0.0
  is_ready 300
  end "$operator"
  before=$(uids)
  beam_deployment 1.1.0
  kills=0 at=${KILL_FIRST:-3}
  is_over () { gone "$operator" || { says Ready True && attempt_is .spec.toRevision "$(meter_digest 1.1.0)"; }; }
  until says Ready True && attempt_is .spec.toRevision "$(meter_digest 1.1.0)"; do
    [ $((kills % 2)) = 0 ] && after= || after=1
    operator_env="KILL_AT=$at KILL_AFTER=$after KILL_COUNT=$work/writes LD_PRELOAD=$killer"
    start_operator "kill$at"
    wait_for 300 is_over || fail "neither killed nor ready: $(cat "$work/writes") $(explain 2>&1)"
    gone "$operator" && kills=$((kills + 1))
    at=$((at + ${KILL_STEP:-3}))
  done
  [ $kills -ge 3 ] || fail "killed $kills times"
  all_run 1.1.0
  installed_once
  [ "$(uids)" = "$before" ] || fail "other pods"
  nowhere_restarted
  ok
fi

# F2: the leader is stopped in the middle, another takes over; when the first goes on, it ends, and has done nothing.
if in_part leaders; then
  start_workload 2 1.0.0 1.1.0
  start_operator one
  one=$operator
  beam_deployment 1.0.0
  is_ready 300
  start_operator two
  beam_deployment 1.1.0 '{"strategy": {"waves": [{"name": "canary", "pods": 1, "minHealthySeconds": 15}]}}'
  when .status.journal.head.phase waves
  kill -STOP "$one"
  leads_two () { grep -q 'leads, token 2' "$work/operator.two.log"; }
  wait_for 120 leads_two || fail "nobody takes over: $(cat "$work"/operator.*.log)"
  kill -CONT "$one"
  status=0
  wait "$one" || status=$?
  [ $status = 7 ] || fail "the first ended with $status: $(cat "$work/operator.one.log")"
  is_ready 300
  all_run 1.1.0
  installed_once
  is_bd .status.fencingToken 2
  nowhere_restarted
  ok
fi
echo "ok: $checks checks"
