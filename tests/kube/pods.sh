#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Three pods with seed and agent, real ones but for the cluster's nodes: they come up on the stable release,
# move to another one without being touched, and are on the stable one whatever becomes of them.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/pods.sh
. tests/tools/pods.sh

start_cluster 1.0.0 1.1.0
pods_begin 1.0.0 3
wait_pods 3
for nr in 0 1 2; do pod_runs meter-$nr 1.0.0/1.0.0 || fail "meter-$nr: $out"; done
before=$(pods_are)
ok

# order_pod POD ACTION ID [JSON]
order_pod () {
  jq -n --argjson id "$3" --argjson release "$(meter_release 1.1.0)" --argjson more "${4:-{\}}" \
    '{token: 1, attempt: "meter-1", id: $id, release: $release, way: "hot", version: $release.version} + $more' >"$work/order.json"
  ask_pod "$1" "/v1/$2" --data-binary @"$work/order.json" -H 'Prefer: wait=60'
  [ "$code $(got .outcome)" = '200 ok' ] || fail "$*: $code $out $(cat "$work/said" "$kubelet_dir/$1.log")"
}
# Hot, in the pods that are there.
id=0
for nr in 0 1 2; do
  for action in look stage install; do id=$((id + 1)); order_pod meter-$nr $action $id; done
done
# One that crashes before it is committed is what it was.
kill -9 "$(process_of meter-2 app)"
was_restarted () { [ "$(restarts meter-2 app)" = 1 ] && pod_runs meter-2 1.0.0/1.0.0; }
wait_for 60 was_restarted || fail "meter-2: $out"
for nr in 0 1; do
  id=$((id + 1))
  order_pod meter-$nr commit $id
  pod_runs meter-$nr 1.1.0/1.1.0 || fail "meter-$nr: $out"
done
[ "$(pods_are | grep -v meter-2)" = "$(echo "$before" | grep -v meter-2)" ] || fail "pods were touched: $before, then $(pods_are)"
ok

# What is stable now is what a pod comes up on that is deleted, or evicted, though its template is old.
pods_want 1.1.0
uid_of () { pod_field "$1" .metadata.uid; }
is_new () { [ -n "$(uid_of "$1")" ] && [ "$(uid_of "$1")" != "$2" ] && pod_runs "$1" 1.1.0/1.1.0; }
uid=$(uid_of meter-0)
in_shop delete pod meter-0 --wait=false >/dev/null
wait_for 90 is_new meter-0 "$uid" || fail "meter-0: $out $(cat "$work/kubelet.log")"
uid=$(uid_of meter-2)
echo '{"apiVersion": "policy/v1beta1", "kind": "Eviction", "metadata": {"name": "meter-2", "namespace": "shop"}}' >"$work/eviction"
kubectl create --raw /api/v1/namespaces/shop/pods/meter-2/eviction -f "$work/eviction" >/dev/null || fail "not evicted"
wait_for 90 is_new meter-2 "$uid" || fail "meter-2: $out"
ok

# More and fewer of them.
in_shop scale statefulset meter --replicas 4 >/dev/null
wait_pods 4
pod_runs meter-3 1.1.0/1.1.0 || fail "meter-3: $out"
in_shop scale statefulset meter --replicas 2 >/dev/null
are_two () { [ "$(pods_are | wc -l)" = 2 ]; }
wait_for 60 are_two || fail "there are $(in_shop get pods)"
ok

# An agent that dies is started again, and the node knows nothing of it.
kill -9 "$(process_of meter-1 relevo-agent)"
agent_again () { [ "$(restarts meter-1 relevo-agent)" = 1 ] && pod_runs meter-1 1.1.0/1.1.0; }
wait_for 60 agent_again || fail "meter-1: $out"
[ "$(restarts meter-1 app)" = 0 ] || fail "the node was started again"
ok

# Nothing is left when the kubelet is gone.
kill "$kubelet"
wait "$kubelet" 2>/dev/null
[ -z "$(find "$kubelet_dir" -mindepth 1 -type d)" ] || fail "pods were left: $(ls "$kubelet_dir")"
ok
echo "ok: $checks"
