#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What befalls pods, and the nodes in them, while a release is rolled out; the names of the parts are those of the
# list of failures (docs/kubernetes.md).  Pods are real nodes with real agents, the API server is a real one; what a
# kubelet would write of a container that was killed is written by the test.
# Parts: F4 F5 F6 F7 F8 F9 F10 F16 F21
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/operated.sh
. tests/tools/operated.sh
each_part

kill_node () { kill -9 "$(cat "$(pod_dir "$1")/node")"; }
in_agent () { grep -q "$2" "$(pod_dir "$1")/log"; }
slow_canary='{"strategy": {"waves": [{"name": "canary", "pods": 1, "minHealthySeconds": 25}]}}'
# back_on_old VERSION: it was rolled back, is not tried again, and the other pod knows nothing of it.
back_on_old () {
  ended_as RolledBack
  when_says Ready False RolledBack
  all_run 1.0.0
  untouched 0
  is_bd '.status.rejectedRevisions[-1].revision' "$(meter_digest "$1")"
  is_bd .status.stableRevision "$(meter_digest 1.0.0)"
}

# F4: the VM crashes while it soaks: it boots what is committed, and all go back.
if in_part F4; then
  begin_with 2 1.0.0 1.1.0
  beam_deployment 1.1.0 "$slow_canary"
  when_to 1.1.0 waves
  when_runs 1 1.1.0
  kill_node 1
  back_on_old 1.1.0
  same_pods
  is_bd .status.driftedReplicas 0
  ok
fi

# F5: pods are deleted in the middle, one that has the release and one that waits: both come back on what is
# stable, and get it.
if in_part F5; then
  begin_with 2 1.0.0 1.1.0
  beam_deployment 1.1.0 "$slow_canary"
  when_to 1.1.0 waves
  when_runs 1 1.1.0
  first=$(uid 1) second=$(uid 0)
  # shellcheck disable=SC2154 # of workload.sh
  expect 0 "$kube" ask DELETE "$pods_path/meter-1"
  is_again () { [ -n "$(uid 1)" ] && [ "$(uid 1)" != "$first" ] && in_agent 1 ': ok'; }
  wait_for 200 is_again || fail "meter-1 does not come back: $(explain 2>&1)"
  [ "$(jq -r .version "$(pod_dir 1)/desired/stable")" = 1.0.0 ] || fail "1.1.0 is stable"
  expect 0 "$kube" ask DELETE "$pods_path/meter-0"
  is_ready 400
  all_run 1.1.0
  [ "$(uid 0)" != "$second" ] || fail "meter-0 was not deleted"
  installed_once
  attempt_is .spec.attempt 2 || fail "another attempt"
  ok
fi

# F6: more pods in the middle, and after it; their number is nobody's but the workload's.
if in_part F6; then
  begin_with 2 1.0.0 1.1.0
  beam_deployment 1.1.0 "$slow_canary"
  when_to 1.1.0 waves
  when_runs 1 1.1.0
  expect 0 kubectl scale statefulset -n test meter --replicas=3
  is_ready 400
  replicas=3
  all_run 1.1.0
  installed_once
  expect 0 kubectl scale statefulset -n test meter --replicas=4
  counted () { [ "$(bd .status.committedReplicas)" = 4 ] && says Ready True; }
  wait_for 200 counted || fail "not four: $(explain 2>&1)"
  replicas=4
  all_run 1.1.0
  [ "$(installs 3)" = 0 ] || fail "meter-3 did not come up on it"
  [ "$(kubectl get statefulset -n test meter -o 'jsonpath={.spec.replicas}')" = 4 ] || fail "not four"
  nowhere_restarted
  ok
fi

# F7: killed from outside in the middle of code_change; the reason that a kubelet knows is told.
if in_part F7; then
  begin_with 2 1.0.0 1.6.0
  beam_deployment 1.6.0
  when_event Installing meter-1
  kill_node 1
  patch "$pods_path/meter-1/status" '{"status": {"containerStatuses": [{"name": "app", "image": "meter", "imageID": "meter",
    "ready": true, "restartCount": 1, "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}]}}'
  back_on_old 1.6.0
  same_pods
  when_event ContainerRestarted 'meter-1: app: OOMKilled, exit code 137'
  ok
fi

# F8: an installation that hangs: it is given up in its time, that node is as before, the others were not touched.
if in_part F8; then
  begin_with 2 1.0.0 2.6.0
  beam_deployment 2.6.0 '{"strategy": {"timeouts": {"installTimeoutSeconds": 10}}}'
  back_on_old 2.6.0
  same_pods
  ok
fi

# F9: an installation that fails half way: what the node runs is of one piece again.
if in_part F9; then
  begin_with 2 1.0.0 2.8.0
  beam_deployment 2.8.0
  back_on_old 2.8.0
  same_pods
  expect 0 "$relevo" node eval meter-1@127.0.0.1 'code:modified_modules()'
  [ "$out" = '[]' ] || fail "meter-1 runs other code than it boots: $out"
  ok
fi

# F10: there is no way back: the pod is evicted, and comes up on what is stable.  A way back that breaks is the
# VM's own restart.
if in_part F10; then
  begin_with 2 1.0.0 1.5.0 2.3.0
  other=$(uid 0) touched=$(uid 1)
  manual='{"strategy": {"waves": [{"name": "canary", "pods": 1, "minHealthySeconds": 1, "pause": {"type": "Manual"}}]}}'
  beam_deployment 1.5.0 "$manual"
  when_says Paused True WaitingForPromotion
  has_release 1 1.5.0 || fail "meter-1 runs $(runs 1)"
  patch_bd "{\"spec\": {\"abortedRevision\": \"$(meter_digest 1.5.0)\"}}"
  ended_as Aborted
  when_says Ready False Aborted
  all_run 1.0.0
  [ "$(uid 1)" != "$touched" ] || fail "meter-1 was not evicted"
  [ "$(uid 0)" = "$other" ] || fail "meter-0 was"
  pods_before=$(uids)
  beam_deployment 2.3.0 "$manual"
  when .spec.toRevision "$(meter_digest 2.3.0)"
  when_says Paused True WaitingForPromotion
  patch_bd "{\"spec\": {\"abortedRevision\": \"$(meter_digest 2.3.0)\"}}"
  ended_as Aborted
  all_run 1.0.0
  [ "$(uid 0)" = "$other" ] || fail "meter-0 was evicted"
  untouched 0
  ok
fi

# evictions STATUS [POD]: how often it was answered so.
evictions () {
  jq -c "select(.objectRef.subresource == \"eviction\" and .responseStatus.code == $1 and (.objectRef.name | contains(\"${2:-}\")))" \
    "$work/audit.log" | wc -l
}

# F16: a pod that was evicted never gets ready: it is evicted once more, onto what is stable.
if in_part F16; then
  begin_with 2 1.0.0 3.2.0
  other=$(uid 0) touched=$(uid 1)
  beam_deployment 3.2.0 '{"strategy": {"timeouts": {"stageTimeoutSeconds": 40, "restartTimeoutSeconds": 40}}}'
  when_event Restarting meter-1
  back_on_old 3.2.0
  contains "$(condition Ready message)" 'pod meter-1 was evicted, and is not ready in time'
  [ "$(evictions 201 meter-1)" = 2 ] || fail "evicted $(evictions 201 meter-1) times: $(explain 2>&1)"
  [ "$(uid 0)" = "$other" ] || fail "meter-0 was evicted"
  [ "$(uid 1)" != "$touched" ] || fail "meter-1 was not evicted"
  ok
fi

# F21: a PodDisruptionBudget that lets nobody go: it is waited for, and the pod never simply deleted.
if in_part F21; then
  begin_with 2 1.0.0 1.1.0
  cat >"$work/budget.json" <<JSON
{"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget", "metadata": {"name": "meter", "namespace": "test"},
 "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "meter"}}}}
JSON
  expect 0 kubectl apply -f "$work/budget.json"
  # allowed N: as the controller of budgets would say, which is not here.
  allowed () {
    patch /apis/policy/v1beta1/namespaces/test/poddisruptionbudgets/meter/status "{\"status\": {\"observedGeneration\": 1,
      \"disruptionsAllowed\": $1, \"currentHealthy\": 2, \"desiredHealthy\": 1, \"expectedPods\": 2, \"disruptedPods\": null}}"
  }
  allowed 0
  beam_deployment 1.1.0 '{"strategy": {"upgradePolicy": "Restart"}}'
  refused_thrice () { [ "$(evictions 429)" -ge 3 ]; }
  wait_for 200 refused_thrice || fail "it was not asked again: $(explain 2>&1)"
  when_event DisruptionBudget meter-1
  same_pods
  attempt_is .status.result Running || fail "it ended: $(explain 2>&1)"
  allowed 1
  replaced_one () { [ "$(evictions 201)" = 1 ] && has_release 1 1.1.0; }
  wait_for 200 replaced_one || fail "meter-1 was not let go: $(explain 2>&1)"
  # The server has counted it.
  [ "$(kubectl get pdb -n test meter -o 'jsonpath={.status.disruptionsAllowed}')" = 0 ] || fail "it was not evicted"
  wait_for 100 has_event Restarting meter-0 || fail "not the next one: $(explain 2>&1)"
  has_release 0 1.0.0 || fail "meter-0 runs $(runs 0)"
  allowed 1
  is_ready 300
  all_run 1.1.0
  [ "$(evictions 201)" = 2 ] || fail "evicted $(evictions 201) times"
  ok
fi
echo "ok: $checks checks"
