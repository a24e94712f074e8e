# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Pods that are real, in the namespace shop of a cluster of the test's own: meters with seed and agent, each on its own
# address; with all of tests/tools that they need.
# shellcheck disable=SC2154,SC2034 # of live.sh; used by those who source this

# shellcheck source=tests/tools/live.sh
. tests/tools/live.sh
# shellcheck source=tests/tools/own_network.sh
. tests/tools/own_network.sh
# shellcheck source=tests/tools/kube.sh
. tests/tools/kube.sh
pod_space=shop
# shellcheck source=tests/tools/pod.sh
. tests/tools/pod.sh

kubelet_dir=$work/pods
helpers=$(dirname "$relevo")/tests/helpers
# It takes sixteen at most.
epmd_addresses=127.0.0.1
for last in 1 2 3 4 5 6 7 8 9 10 11 12; do epmd_addresses=$epmd_addresses,127.77.0.$last; done

in_shop () { kubectl -n shop "$@"; }

# start_kubelet: with what makes pods for StatefulSets.
start_kubelet () {
  mkdir -p "$kubelet_dir"
  "$helpers/kubelet" shop "$kubelet_dir" 127.77.0. >>"$work/kubelet.log" 2>&1 &
  kubelet=$!
  pids="$kubelet $pids"
  "$helpers/statefulsets" shop >>"$work/sets.log" 2>&1 &
  pids="$! $pids"
}

# pods_want VERSION: what pods get that come up.
pods_want () {
  in_shop create configmap relevo-meter --from-literal=stable="$(meter_release "$1")" --dry-run=client -o yaml |
    in_shop apply -f - >/dev/null || fail "no ConfigMap"
}

# pod_secrets NAME: what pods of that workload mount.
pod_secrets () {
  in_shop create secret generic "$1-agent-tls" --from-file=tls.crt="$tls/pod.crt" --from-file=tls.key="$tls/pod.key" \
    --from-file=ca.crt="$tls/ca.crt" >/dev/null
  in_shop create secret generic "$1-cookie" --from-file=cookie="$work/cookie" >/dev/null
}
# start_cluster VERSION...: with meters of these versions in the store, and all that pods want of it but what they are.
start_cluster () {
  (umask 077 && echo secret >"$work/cookie")
  meters "$@"
  pod_pki
  start_epmd
  start_kube
  start_kubelet
  kubectl create namespace shop >/dev/null
  pod_secrets meter
}

# pods_begin VERSION REPLICAS: the StatefulSet.
pods_begin () {
  pods_want "$1"
  meter_set | in_shop apply -f - >/dev/null || fail "no StatefulSet"
  expect 0 "$relevo" k8s manifests -n shop --workload meter --image relevo --relevo "$relevo" --node '$(POD_NAME)@$(POD_IP)'
  in_shop patch statefulset meter --patch "$out" >/dev/null || fail "the patch is not taken"
  in_shop scale statefulset meter --replicas "$2" >/dev/null
}

# meter_set: as anybody would write it who knows nothing of upgrades.
meter_set () {
  cat <<YAML
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: meter}
spec:
  replicas: 0
  serviceName: meter
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: meter}}
  template:
    metadata: {labels: {app: meter}}
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 10
      containers:
      - name: app
        image: meter
        command: [/srv/meter/bin/meter, start]
        readinessProbe: {httpGet: {path: /readyz, port: 9102}, timeoutSeconds: 5}
YAML
}

# Of the API server, as admin; cheaper than kubectl in a loop.
get_shop () { curl -sS --max-time 20 --cacert "$pki/ca.crt" --cert "$pki/admin.crt" --key "$pki/admin.key" "$kube_url/api/v1/namespaces/shop/$1"; }
# pod_field POD FILTER
pod_field () { get_shop "pods/$1" | jq -r "$2 // empty"; }
# "NAME UID RESTARTS…" of each pod, a line each
pods_are () {
  get_shop pods | jq -r '.items[] | [.metadata.name, .metadata.uid, (.status.containerStatuses[]?.restartCount)] | map(tostring) | join(" ")'
}
# restarts POD CONTAINER, process_of POD CONTAINER
restarts () { pod_field "$1" ".status.containerStatuses[] | select(.name == \"$2\").restartCount | tostring"; }
process_of () { pod_field "$1" ".status.containerStatuses[] | select(.name == \"$2\").containerID" | sed 's|.*//||'; }
pods_ready () {
  [ "$(get_shop pods | jq '[.items[] | select(any(.status.conditions[]?; .type == "Ready" and .status == "True"))] | length')" = "$1" ]
}
wait_pods () { wait_for 120 pods_ready "$1" || fail "not ready: $(in_shop get pods) $(cat "$work/kubelet.log" "$work/sets.log" "$kubelet_dir"/*.log)"; }

# ask_pod POD PATH [CURL'S OPTIONS...]: its agent, as the operator; as ask_agent.
ask_pod () {
  pod=$1 path=$2
  shift 2
  code=$(curl -sS -o "$work/out" -w '%{http_code}' --max-time 120 --cacert "$tls/ca.crt" --cert "$tls/operator.crt" --key "$tls/operator.key" \
    --connect-to "$pod.shop.pod:443:$(pod_field "$pod" .status.podIP):9443" "$@" "https://$pod.shop.pod$path" 2>"$work/said") || code=000
  out=$(cat "$work/out" 2>/dev/null || true)
}
pod_runs () {
  ask_pod "$1" /v1/state
  [ "$(got '.runs + "/" + .boots')" = "$2" ]
}
