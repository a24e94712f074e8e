# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# What tests of an operator with a StatefulSet of meters share: all of tests/tools that they need, how a
# rollout is watched, and each part on a server of its own.
# shellcheck disable=SC2154,SC2034 # of live.sh; used by those who source this

# shellcheck source=tests/tools/live.sh
. tests/tools/live.sh
# shellcheck source=tests/tools/pod.sh
. tests/tools/pod.sh
# shellcheck source=tests/tools/kube.sh
. tests/tools/kube.sh
# shellcheck source=tests/tools/workload.sh
. tests/tools/workload.sh
export TMPDIR="$work" XDG_CACHE_HOME="$work/cache"

# Without a part: all of those in the line "# Parts:", one after the other.
each_part () {
  [ -z "$this_part" ] || return 0
  for part in $(sed -n 's/^# Parts: //p' "$0"); do "$0" "$part" || exit; done
  exit
}

# begin_with REPLICAS VERSION...: the first of the versions is stable, and $operator leads.
begin_with () {
  first_version=$2
  start_workload "$@"
  start_operator one
  beam_deployment "$first_version"
  is_ready 300
  pods_before=$(uids)
}
# The newest attempt.
attempt_json () { ask_for "$beam_path/beamupgrades" '(.items | sort_by(.spec.attempt)[-1])'; }
attempt_is () { [ "$(attempt_json | jq -r "$1")" = "$2" ]; }
# when FILTER VALUE: the newest attempt is so.
when () { wait_for 300 attempt_is "$1" "$2" || fail "not $1 = $2: $(explain 2>&1)"; }
# when_to VERSION PHASE: that is what is rolled out, and how far it is.
when_to () {
  when .spec.toRevision "$(meter_digest "$1")"
  when .status.journal.head.phase "$2"
}
# has_release NR VERSION
has_release () { [ "$(runs "$1")" = "$2" ]; }
when_runs () { wait_for 200 has_release "$1" "$2" || fail "meter-$1 runs $(runs "$1"), not $2: $(explain 2>&1)"; }
# when_says CONDITION STATUS [REASON]
when_says () { wait_for 300 says "$@" || fail "not $*: $(explain 2>&1)"; }
# ended_as RESULT: the newest attempt, and the BeamDeployment tells of it.
ended_as () { when .status.result "$1"; }

# installs NR [ATTEMPT]: how often it was.
installs () { grep -c "^install [0-9]* of ${2:-$(bd .status.currentUpgradeName)}, .*: ok" "$(pod_dir "$1")/log"; }
# Each pod was installed to once in the newest attempt, whatever happened to whoever asked for it.
installed_once () {
  for nr in $(seq 0 $((replicas - 1))); do
    times=$(installs "$nr")
    [ "$times" = 1 ] || fail "meter-$nr was installed to $times times: $(explain 2>&1)"
  done
}
# Nothing was ever done to the node of that pod.
untouched () {
  ! grep -E '^(install|revert|commit) ' "$(pod_dir "$1")/log" || fail "meter-$1 was touched: $(explain 2>&1)"
}
nowhere_restarted () { [ -z "$(ls "$work"/restarts.* 2>/dev/null)" ] || fail "a VM was restarted"; }
same_pods () { [ "$(uids)" = "$pods_before" ] || fail "other pods: $(uids), not $pods_before"; }
has_event () {
  [ "$(ask_for /apis/events.k8s.io/v1/namespaces/test/events "any(.items[]; .reason == \"$1\" and (.note | contains(\"${2:-}\")))")" = true ]
}
when_event () { wait_for 100 has_event "$@" || fail "no event $*: $(explain 2>&1)"; }

# attempts_are N: there were so many.
attempts_are () { [ "$(attempt_json | jq .spec.attempt)" = "$1" ] || fail "not $1 attempts: $(explain 2>&1)"; }
# asked_again: the operator has looked at everything since, as it has answered for another BeamDeployment.
asked_again () {
  kubectl create deployment web -n test --image=meter --replicas=0 >/dev/null
  jq '.metadata.name = "web" | .spec.workloadRef = {kind: "Deployment", name: "web"} | .spec.releaseRef.name = "meter-1.0.0"' \
    "$work/deployment.json" >"$work/web.json"
  expect 0 kubectl apply -f "$work/web.json"
  expect 0 kubectl wait -n test --for=condition=Ready --timeout=200s bd/web
}
