#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# relevo operator on a real API server, with pods that are real nodes with real agents: a release is
# adopted, one is rolled out hot, a pod that is deleted comes back on what is stable, for one that needs a
# restart pods are evicted one by one, and one that is not well goes back by itself and is not tried again.  The operator
# may what its printed role says: it is refused nothing, and nothing of the role is left over.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/operated.sh
. tests/tools/operated.sh

start_workload 3 1.0.0 1.1.0 2.9.0
start_operator one --listen "127.0.0.1:$((port + 17))"

# ---- the first release: pods come up on it, and it is stable ----
beam_deployment 1.0.0
is_ready 300
is_bd .status.stableRevision "$(meter_digest 1.0.0)"
all_run 1.0.0
ok

# ---- hot: the same pods, the same VMs ----
# Somebody else who writes beside the operator (F29) only makes it look again.
before=$(uids)
beam_deployment 1.1.0
second () { [ "$(kubectl get bup -n test -o name | wc -l)" = 2 ]; }
wait_for 200 second || fail "no attempt: $(explain 2>&1)"
expect 0 kubectl label bup -n test --all seen=yes
is_ready 300
all_run 1.1.0
[ "$(uids)" = "$before" ] || fail "other pods: $(uids), not $before"
[ -z "$(ls "$work"/restarts.* 2>/dev/null)" ] || fail "restarted"
is_bd .status.stableRevision "$(meter_digest 1.1.0)"
is_bd .status.committedReplicas 3
expect 0 kubectl wait -n test --for=condition=Ready --timeout=10s bd/meter
# has_metric LINE
has_metric () { curl -sS "http://127.0.0.1:$((port + 17))/metrics" | tee "$work/metrics" | grep -qxE "$1"; }
when_metric () { wait_for 30 has_metric "$1" || fail "no $1 in: $(cat "$work/metrics")"; }
when_metric 'relevo_deployments_ready 1'
when_metric 'relevo_deployment_pods\{deployment="meter",state="committed"\} 3'
when_metric 'relevo_deployment_condition\{deployment="meter",condition="Ready"\} 1'
when_metric 'relevo_upgrade_duration_seconds_count\{result="Committed"\} 2'
when_metric 'workqueue_depth\{name="beamdeployment"\} 0'
for one in adds_total work_duration_seconds_count queue_duration_seconds_count; do
  when_metric "workqueue_$one\\{name=\"beamdeployment\"\\} [1-9][0-9]*"
done
for one in retries_total unfinished_work_seconds longest_running_processor_seconds; do
  when_metric "workqueue_$one\\{name=\"beamdeployment\"\\} [0-9.]*"
done
expect 0 curl -sSf "http://127.0.0.1:$((port + 17))/healthz"
expect 0 curl -sSf "http://127.0.0.1:$((port + 17))/readyz"
ok

# ---- a pod that is deleted comes back on what is stable ----
kubectl delete pod -n test meter-1 --wait=false >/dev/null
other_uid () { [ "$(uids)" != "$before" ] && [ "$(runs 1)" = 1.1.0 ]; }
wait_for 300 other_uid || fail "meter-1 runs $(runs 1): $(explain 2>&1)"
is_ready 200
ok

# ---- a restart, as there is no hot way: one pod after the other is evicted, and comes up on it ----
before=$(uids)
beam_deployment 1.0.0
is_ready 400
all_run 1.0.0
for nr in 0 1 2; do
  case $before in *"$(uid $nr)"*) fail "meter-$nr was not evicted" ;; esac
done
ok

# ---- one that is not well: back by itself, and not tried again ----
before=$(uids)
beam_deployment 2.9.0 '{"health": [{"vitals": {"crashes": 1, "restarts": 0}}]}'
wait_for 300 says Degraded True || fail "2.9.0 is not found out: $(explain 2>&1)"
wait_for 200 says Ready False RolledBack || fail "not back: $(explain 2>&1)"
all_run 1.0.0
[ "$(uids)" = "$before" ] || fail "other pods: $(uids), not $before"
is_bd '.status.rejectedRevisions[-1].revision' "$(meter_digest 2.9.0)"
is_bd .status.stableRevision "$(meter_digest 1.0.0)"
attempt=$(bd .status.currentUpgradeName)
sleep 3
is_bd .status.currentUpgradeName "$attempt"
ok

# ---- a Deployment that has no pods is as it is to be ----
kubectl create deployment web -n test --image=meter --replicas=0 >/dev/null
jq '.metadata.name = "web" | .spec.workloadRef = {kind: "Deployment", name: "web"} | .spec.releaseRef.name = "meter-1.0.0"' \
  "$work/deployment.json" >"$work/web.json"
expect 0 kubectl apply -f "$work/web.json"
expect 0 kubectl wait -n test --for=condition=Ready --timeout=200s bd/web
ok

# ---- what it may, and what it did ----
# A watch is told of at its end.
kill "$operator"
wait_for 30 gone "$operator"
account=system:serviceaccount:test:relevo-operator
jq -r --arg who $account 'select(.user.username == $who and .responseStatus.code == 403) | .requestURI' "$work/audit.log" >"$work/refused"
[ ! -s "$work/refused" ] || fail "it was refused: $(sort -u "$work/refused")"
# Whoever applies what is not there yet is asked whether it may create it, and makes a patch.
kubectl get role -n test relevo-operator -o json | jq -r '.rules[] | .verbs[] as $verb | .resources[] | $verb + " " + .' |
  grep -vx 'create configmaps' | sort -u >"$work/may"
as_it_may () {
  jq -r --arg who $account 'select(.user.username == $who) | .verb + " " + .objectRef.resource +
    (if .objectRef.subresource then "/" + .objectRef.subresource else "" end)' "$work/audit.log" | sort -u >"$work/did"
  diff "$work/may" "$work/did" >"$work/diff"
}
wait_for 30 as_it_may || fail "its role is another than what it did: $(cat "$work/diff")"
ok
echo "ok: $checks checks"
