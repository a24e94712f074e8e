#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What relevo operator costs where there are 500 pods (PODS, of ten StatefulSets; objects of a real API server, agents
# that are simulated): how long until it knows all there is, memory and CPU of all its processes, the 99th percentile of a
# look at one BeamDeployment, and what a rollout asks of the API server.  Fails where it has 30 MB or more.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
. tests/tools/pod.sh
. tests/tools/kube.sh
. tests/tools/workload.sh

sets=10
each=$((${PODS:-500} / sets))
now () { date +%s%3N; }

# ---- the objects ----

# many FILE: what it says to curl, sixteen at once.
many () {
  curl -sS --no-progress-meter --parallel --parallel-max 16 --fail-early -f --cacert "$pki/ca.crt" -H 'Authorization: Bearer token-of-admin' -K "$1" -o /dev/null ||
    fail "the API server takes not all"
}
# request METHOD PATH TYPE FILE: one of them.
request () {
  printf 'next\nurl = "%s%s"\nrequest = "%s"\nheader = "Authorization: Bearer token-of-admin"\nheader = "Content-Type: %s"\ndata = "@%s"\ncacert = "%s"\noutput = /dev/null\nfail\n' \
    "$kube_url" "$2" "$1" "$3" "$4" "$pki/ca.crt"
}
address_of () { echo "127.$((port / 250 % 250)).$(($1 + 1)).$(($2 + 1))"; }

digest () { printf 'sha256:%064d' "$1"; }
beam () { # SET RELEASE
  cat <<JSON
{"apiVersion": "relevo.dev/v1alpha1", "kind": "BeamDeployment", "metadata": {"name": "m$1", "namespace": "test"},
 "spec": {"workloadRef": {"kind": "StatefulSet", "name": "m$1"}, "releaseRef": {"name": "meter-$2"}, "agent": {"port": $agents_port},
  "strategy": {"maxUnavailable": "50%", "waves": [{"name": "canary", "pods": 1, "minHealthySeconds": 1}], "commit": {"soakPeriodSeconds": 1}}}}
JSON
}
set_of () {
  cat <<JSON
{"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "m$1", "namespace": "test"},
 "spec": {"replicas": $each, "serviceName": "m$1", "selector": {"matchLabels": {"app": "m$1"}}, "updateStrategy": {"type": "OnDelete"},
  "template": {"metadata": {"labels": {"app": "m$1"}}, "spec": {"containers": [{"name": "app", "image": "meter"}]}}}}
JSON
}
objects () {
  for set in $(seq 0 $((sets - 1))); do
    set_of "$set" >"$work/set.json"
    kubectl apply -f "$work/set.json" >/dev/null
    for nr in $(seq 0 $((each - 1))); do
      name=m$set-$nr ip=$(address_of "$set" "$nr")
      printf '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "%s", "namespace": "test", "labels": {"app": "m%s"}}, "spec": {"nodeName": "node-%s", "containers": [{"name": "app", "image": "meter"}, {"name": "relevo-agent", "image": "relevo"}]}}' \
        "$name" "$set" $((nr % 20)) >"$work/o/$name"
      printf '{"status": {"phase": "Running", "podIP": "%s", "podIPs": [{"ip": "%s"}], "conditions": [{"type": "Ready", "status": "True"}]}}' "$ip" "$ip" >"$work/o/$name.status"
      request POST /api/v1/namespaces/test/pods application/json "$work/o/$name" >>"$work/made"
      request PATCH "/api/v1/namespaces/test/pods/$name/status" application/merge-patch+json "$work/o/$name.status" >>"$work/ready"
    done
  done
  many "$work/made"
  many "$work/ready"
}

# ---- what is measured ----

metrics () { curl -s "http://127.0.0.1:$((port + 17))/metrics"; }
metric () { metrics | sed -n "s/^$1 //p"; }
knows_all () { [ "$(metric relevo_deployments)" = $sets ]; }
processes () { ps -o pid= -s "$operator" 2>/dev/null; }
# The share of each in what several use; the largest sum that was seen.
memory () {
  sum=0
  for pid in $(processes); do
    kb=$(sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' "/proc/$pid/smaps_rollup" 2>/dev/null) || kb=
    sum=$((sum + ${kb:-0}))
  done
  [ "$sum" -le "$peak" ] || peak=$sum
}
# Milliseconds of all that there are, and of those that have ended.
cpu () {
  for pid in $(processes); do sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null; done |
    awk -v tick="$(getconf CLK_TCK)" '{ sum += $12 + $13 + $14 + $15 } END { print int(sum * 1000 / tick) }'
}
committed () { kubectl get bd -n test -o json | jq --arg digest "$(digest "$1")" '[.items[] | select(.status.stableRevision == $digest and
  ([.status.conditions[]? | select(.type == "Ready" and .status == "True")] | length) == 1 and .metadata.generation == .status.observedGeneration)] | length'; }
# reach COUNT NUMBER-OF-RELEASE
reach () {
  for _ in $(seq 600); do
    memory
    [ "$(committed "$2")" != "$1" ] || return 0
    sleep 0.5
  done
  fail "not all are there: $(kubectl get bd -n test; tail -n 20 "$work"/operator*.log)"
}
asked () { tail -n "+$((before + 1))" "$work/audit.log" | jq -r --arg who system:serviceaccount:test:relevo-operator 'select(.user.username == $who) | .verb + " " + .objectRef.resource'; }
orders () { grep -cE ' (look|stage|install|probe|commit)$' "$work/agents.log"; }

start_kube
pod_pki
kubectl create namespace test >/dev/null
"$relevo" k8s install -n test >/dev/null
mkdir "$work/o"
"$(dirname "$relevo")/tests/helpers/agents" "$agents_port" "$tls/pod.crt" "$tls/pod.key" "$tls/ca.crt" 1.0.0 "$(digest 1)" >>"$work/agents.log" 2>&1 &
pids="$pids $!"
for nr in 1 2; do
  echo '{"apiVersion": "relevo.dev/v1alpha1", "kind": "BeamRelease", "metadata": {"name": "meter-'$nr'", "namespace": "test"}, "spec": {"release": "meter", "version": "1.'$((nr - 1))'.0", "digest": "'"$(digest $nr)"'", "source": "/store"}}' >"$work/release.json"
  kubectl apply -f "$work/release.json" >/dev/null
done
objects
for set in $(seq 0 $((sets - 1))); do beam "$set" 1 >"$work/bd.json"; kubectl apply -f "$work/bd.json" >/dev/null; done

peak=0
began=$(now)
start_operator one --listen "127.0.0.1:$((port + 17))"
wait_for 60 knows_all || fail "it knows not all: $(cat "$work"/operator*.log)"
echo "$((sets * each)) pods of $sets StatefulSets; load $(cut -d ' ' -f 1 /proc/loadavg), $(nproc) cores"
echo "  all known, from the start of its process: $(($(now) - began)) ms"
reach $sets 1
echo "  taken over, all at once: $(($(now) - began)) ms, CPU $(cpu) ms"

# ---- idle ----
sleep 5
peak=0
memory
idle=$peak spent=$(cpu)
sleep 20
spent=$(($(cpu) - spent))
awk -v kb="$idle" -v ms="$spent" 'BEGIN { printf "  idle: %.1f MB, %.1f %% of a core\n", kb / 1024, ms / 200 }'

# ---- one of them ----
before=$(wc -l <"$work/audit.log")
: >"$work/agents.log"
began=$(now) spent=$(cpu) peak=0
beam 0 2 >"$work/bd.json"
kubectl apply -f "$work/bd.json" >/dev/null
reach 1 2
took=$(($(now) - began)) spent=$(($(cpu) - spent))
asked | sort | uniq -c | sort -rn >"$work/asked"
requests=$(awk '{ sum += $1 } END { print sum }' "$work/asked")
echo "  a rollout of $each pods: $took ms, CPU $spent ms, $((peak / 1024)) MB; $requests requests to the API server for $(orders) orders to agents:"
sed 's/^/  /' "$work/asked"

# ---- the others, at once ----
began=$(now) spent=$(cpu)
for set in $(seq 1 $((sets - 1))); do beam "$set" 2 >"$work/bd.json"; kubectl apply -f "$work/bd.json" >/dev/null; done
reach $sets 2
awk -v took=$(($(now) - began)) -v spent=$(($(cpu) - spent)) -v kb="$peak" -v sets=$((sets - 1)) \
  'BEGIN { printf "  %d rollouts at once: %d ms, CPU %d ms, %.1f MB\n", sets, took, spent, kb / 1024 }'
metrics | awk -F '[{"} ]+' '/^controller_runtime_reconcile_time_seconds_bucket/ { le[++n] = $5; count[n] = $6 }
  END { for (i = 1; i <= n; i++) if (count[i] >= 0.99 * count[n]) { printf "  a look at one BeamDeployment: within %s s, 99 of 100 of %d\n", le[i], count[n]; exit } }'
[ "$idle" -lt 30000 ] || fail "it has 30 MB or more: $idle kB"
