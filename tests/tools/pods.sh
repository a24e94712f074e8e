# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Pods that are real (behind tests/tools/own_network.sh, kube.sh and pod.sh): a StatefulSet of three meters with
# seed and agent, in the namespace shop, each on its own address.
# shellcheck disable=SC2154,SC2034 # of live.sh; used by those who source this

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

# pods_begin VERSION REPLICAS: namespace, secrets and the StatefulSet.
pods_begin () {
  kubectl create namespace shop >/dev/null
  in_shop create secret generic meter-agent-tls --from-file=tls.crt="$tls/pod.crt" --from-file=tls.key="$tls/pod.key" \
    --from-file=ca.crt="$tls/ca.crt" >/dev/null
  in_shop create secret generic meter-cookie --from-file=cookie="$work/cookie" >/dev/null
  pods_want "$1"
  meter_set "$2" | in_shop apply -f - >/dev/null || fail "no StatefulSet"
}

# meter_set REPLICAS
meter_set () {
  cat <<YAML
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: meter}
spec:
  replicas: $1
  serviceName: meter
  podManagementPolicy: Parallel
  updateStrategy: {type: OnDelete}
  selector: {matchLabels: {app: meter}}
  template:
    metadata: {labels: {app: meter}}
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 10
      volumes:
      - {name: release, emptyDir: {}}
      - {name: desired, configMap: {name: relevo-meter}}
      - {name: tls, secret: {secretName: meter-agent-tls}}
      - {name: cookie, secret: {secretName: meter-cookie, defaultMode: 256}}
      initContainers:
      - name: seed
        image: relevo
        command: [$relevo, seed, --root, /srv/meter, --desired, /run/relevo/desired]
        env: [{name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
        volumeMounts: [{name: release, mountPath: /srv/meter}, {name: desired, mountPath: /run/relevo/desired}]
      containers:
      - name: app
        image: meter
        command: [sh, -c, 'RELEASE_COOKIE=\$(cat /run/relevo/cookie/cookie) exec /srv/meter/bin/meter start']
        env:
        - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        - {name: RELEASE_NODE, value: \$(POD_NAME)@\$(POD_IP)}
        - {name: RELEASE_DISTRIBUTION, value: name}
        volumeMounts: [{name: release, mountPath: /srv/meter}, {name: cookie, mountPath: /run/relevo/cookie}]
      - name: agent
        image: relevo
        command: [$relevo, agent, --root, /srv/meter, --node, \$(RELEASE_NODE), --cookie-file, /run/relevo/cookie/cookie,
          --cert, /run/relevo/tls/tls.crt, --key, /run/relevo/tls/tls.key, --ca, /run/relevo/tls/ca.crt,
          --listen, '\$(POD_IP):9443', --probes, '\$(POD_IP):9102']
        env:
        - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        - {name: RELEASE_NODE, value: \$(POD_NAME)@\$(POD_IP)}
        readinessProbe: {httpGet: {path: /readyz, port: 9102}}
        volumeMounts:
        - {name: release, mountPath: /srv/meter}
        - {name: tls, mountPath: /run/relevo/tls}
        - {name: cookie, mountPath: /run/relevo/cookie}
YAML
}

pod_field () { in_shop get pod "$1" -o "jsonpath={$2}" 2>/dev/null; }
# "NAME UID RESTARTS…" of each pod, a line each
pods_are () {
  in_shop get pods -o 'jsonpath={range .items[*]}{.metadata.name} {.metadata.uid}{range .status.containerStatuses[*]} {.restartCount}{end}{"\n"}{end}'
}
pod_ready () { [ "$(pod_field "$1" '.status.conditions[?(@.type=="Ready")].status')" = True ]; }
pods_ready () { for nr in $(seq 0 $(($1 - 1))); do pod_ready "meter-$nr" || return 1; done; }
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
