# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# A StatefulSet of meters, by hand (tests/tools/live.sh, pod.sh and kube.sh come first): what its controller
# and a kubelet would do is done here.  Each pod is a real node with a real agent, on an address of its own; its
# volume goes with it.  How many there are says the StatefulSet.
# shellcheck disable=SC2154 # of the others

agents_port=$((port + 16))
pods_net=127.$((port / 250 % 250)).$((port % 250))
pods_path=/api/v1/namespaces/test/pods
beam_path=/apis/relevo.dev/v1alpha1/namespaces/test
bd_path=$beam_path/beamdeployments/meter
pod_ip () { echo "$pods_net.$(($1 + 1))"; }
pod_dir () { echo "$work/pods/meter-$1"; }

# ask_for PATH FILTER: nothing where there is nothing, or nobody answers; much cheaper than kubectl in a loop.
ask_for () { "$kube" ask GET "$1" 2>/dev/null | jq -r "$2 // empty"; }
# patch PATH JSON
patch () {
  body=$(mktemp "$work/patch.XXXXXX")
  echo "$2" >"$body"
  "$kube" ask PATCH "$1" "$body" application/merge-patch+json >/dev/null
}
set_ready () {
  patch "$pods_path/meter-$1/status" "{\"status\":{\"phase\":\"Running\",\"podIP\":\"$(pod_ip "$1")\",\"podIPs\":[{\"ip\":\"$(pod_ip "$1")\"}],
    \"conditions\":[{\"type\":\"Ready\",\"status\":\"$2\",\"lastTransitionTime\":\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\"}]}}"
}

# Its init container, its node, its agent, as soon as there is a ConfigMap to be mounted.
run_pod () {
  dir=$(pod_dir "$1")
  mkdir -p "$dir/desired" "$dir/root"
  kubectl get -n test configmap relevo-meter -o json >"$dir/map" 2>/dev/null || return 1
  for key in stable pods token; do jq -j ".data[\"$key\"] // empty" "$dir/map" >"$dir/desired/$key"; done
  "$relevo" seed --root "$dir/root" --desired "$dir/desired" --pod "meter-$1" >>"$dir/log" 2>&1 || return 1
  run_node "$1"
  run_agent "$1" "$work/cookie"
}
run_node () {
  dir=$(pod_dir "$1")
  RELEASE_DISTRIBUTION=name RELEASE_NODE=meter-$1@127.0.0.1 RELEASE_COOKIE=$(cat "$work/cookie") \
    "$dir/root/bin/meter" start >>"$dir/log" 2>&1 &
  echo $! >"$dir/node"
}
# run_agent NR COOKIE
run_agent () {
  dir=$(pod_dir "$1")
  "$relevo" agent --root "$dir/root" --node "meter-$1@127.0.0.1" --cookie-file "$2" --cert "$tls/pod.crt" \
    --key "$tls/pod.key" --ca "$tls/ca.crt" --listen "$(pod_ip "$1"):$agents_port" >>"$dir/log" 2>&1 &
  echo $! >"$dir/agent"
}
# Whether it is ready now, told when it is the first time.
is_up () {
  [ -e "$(pod_dir "$1")/ready" ] || {
    "$relevo" node eval "meter-$1@127.0.0.1" '{started, _} = init:get_status()' >/dev/null 2>&1 &&
      set_ready "$1" True && touch "$(pod_dir "$1")/ready"
  }
}
end_pod () {
  dir=$(pod_dir "$1")
  for what in node agent; do
    pid=$(cat "$dir/$what" 2>/dev/null) || continue
    end "$pid"
  done
  rm -rf "$dir"
}

make_pod () {
  cat >"$work/pod.$1.json" <<JSON
{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "meter-$1", "namespace": "test", "labels": {"app": "meter"}},
 "spec": {"containers": [{"name": "app", "image": "meter"}], "terminationGracePeriodSeconds": 0}}
JSON
  "$kube" ask POST "$pods_path" "$work/pod.$1.json" >/dev/null
}
# The pod is another one than that which runs, or is not there or not wanted any more, or its node has ended.
tend_pod () {
  # Nothing at all: nobody has answered.
  known=$(ask_for "$pods_path" ".kind, (.items[] | select(.metadata.name == \"meter-$1\").metadata.uid)")
  [ -n "$known" ] || return 0
  uid=$(echo "$known" | sed -n 2p)
  if [ -n "$uid" ] && [ "$1" -lt "$2" ] && [ "$uid" = "$(cat "$(pod_dir "$1")/uid" 2>/dev/null)" ]; then
    if gone "$(cat "$(pod_dir "$1")/node")"; then
      echo restarted >>"$work/restarts.$1"
      run_node "$1"
    fi
    is_up "$1"
    return 0
  fi
  end_pod "$1"
  if [ "$1" -ge "$2" ]; then
    [ -z "$uid" ] || kubectl delete pod -n test "meter-$1" --wait=false >/dev/null 2>&1
    return 0
  fi
  [ -n "$uid" ] || make_pod "$1" || return 0
  uid=$(ask_for "$pods_path/meter-$1" .metadata.uid)
  [ -n "$uid" ] || return 0
  if run_pod "$1"; then echo "$uid" >"$(pod_dir "$1")/uid"; else end_pod "$1"; fi
}
# tend NR: one of them, for ever.
tend () {
  while :; do
    wanted=$(ask_for /apis/apps/v1/namespaces/test/statefulsets/meter .spec.replicas)
    if [ -z "$wanted" ] || { [ "$1" -ge "$wanted" ] && [ ! -e "$(pod_dir "$1")" ]; }; then
      sleep 2
    else
      tend_pod "$1" "$wanted"
      sleep 1
    fi
  done
}
end_workload () {
  for pid in $tenders; do
    kill "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
  done
  for nr in 0 1 2 3 4; do end_pod "$nr"; done
}

# start_workload REPLICAS VERSION...: with an API server, the kinds, and meters of these versions as BeamReleases.
start_workload () {
  replicas=$1
  shift
  start_kube
  start_epmd
  pod_pki
  expect 0 kubectl create namespace test
  expect 0 "$relevo" k8s install -n test
  meters "$@"
  for vsn; do beam_release "$vsn"; done
  mkdir -p "$work/pods"
  printf cookie-of-test >"$work/cookie"
  chmod 600 "$work/cookie"
  export RELEASE_COOKIE=cookie-of-test
  cat >"$work/set.json" <<JSON
{"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "meter", "namespace": "test"},
 "spec": {"replicas": $replicas, "serviceName": "meter", "selector": {"matchLabels": {"app": "meter"}}, "updateStrategy": {"type": "OnDelete"},
  "template": {"metadata": {"labels": {"app": "meter"}}, "spec": {"containers": [{"name": "app", "image": "meter"}]}}}}
JSON
  expect 0 kubectl apply -f "$work/set.json"
  tenders=
  for nr in 0 1 2 3 4; do
    tend $nr >>"$work/tend.log" 2>&1 &
    tenders="$tenders $!"
  done
  pids="$pids $tenders"
  trap 'end_workload; clean_up' EXIT
}

# ---- what is wanted ----

beam_release () {
  cat >"$work/release.json" <<JSON
{"apiVersion": "relevo.dev/v1alpha1", "kind": "BeamRelease", "metadata": {"name": "meter-$1", "namespace": "test"},
 "spec": $(meter_release "$1")}
JSON
  expect 0 kubectl apply -f "$work/release.json"
}
# beam_deployment VERSION [JSON]: merged over the spec.
beam_deployment () {
  jq -n --arg name "meter-$1" --argjson port "$agents_port" --argjson more "${2:-{\}}" '{apiVersion: "relevo.dev/v1alpha1",
    kind: "BeamDeployment", metadata: {name: "meter", namespace: "test"}, spec: ({workloadRef: {kind: "StatefulSet", name: "meter"},
    releaseRef: {name: $name}, agent: {port: $port},
    revisionHistoryLimit: 2, drift: {checkPeriodSeconds: 5}, strategy: {waves: [{name: "canary", pods: 1, minHealthySeconds: 2}],
    commit: {soakPeriodSeconds: 2}}} * $more)}' >"$work/deployment.json"
  expect 0 kubectl apply -f "$work/deployment.json"
}
patch_bd () { patch "$bd_path" "$1"; }
bd () { ask_for "$bd_path" "$1"; }
condition () { bd "(.status.conditions[]? | select(.type == \"$1\") | .$2)"; }
explain () {
  kubectl get -n test bd,bup,events,pods -o wide
  kubectl get -n test bd meter -o json | jq .status
  kubectl get -n test bup -o json | jq -c '.items[] | [.metadata.name, .status.result, .status.reason, .status.journal.head, [.status.journal.nodes[] | del(.zone)]]'
  for log in "$work"/operator*.log "$work"/pods/*/log; do echo "== $log"; tail -n 20 "$log"; done
}
# is_ready SECONDS: the BeamDeployment is, with what it wants now.
is_ready () {
  reached () {
    [ "$(bd .metadata.generation)" = "$(bd .status.observedGeneration)" ] && [ "$(condition Ready status)" = True ]
  }
  wait_for "$1" reached || fail "not ready: $(explain 2>&1)"
}
runs () { "$relevo" node eval "meter-$1@127.0.0.1" 'element(3, meter:kind())' 2>/dev/null | tr -d "'"; }
# all_run VERSION
all_run () {
  for nr in $(seq 0 $((replicas - 1))); do
    [ "$(runs "$nr")" = "$1" ] || fail "meter-$nr runs $(runs "$nr"), not $1: $(explain 2>&1)"
  done
}
# is_bd FIELD VALUE
is_bd () { [ "$(bd "$1")" = "$2" ] || fail "$1 is $(bd "$1"), not $2: $(explain 2>&1)"; }
# says CONDITION STATUS [REASON]
says () { [ "$(condition "$1" status)" = "$2" ] && { [ -z "${3:-}" ] || [ "$(condition "$1" reason)" = "$3" ]; }; }
uid () { ask_for "$pods_path/meter-$1" .metadata.uid; }
uids () { kubectl get pods -n test -l app=meter -o 'jsonpath={range .items[*]}{.metadata.name}={.metadata.uid} {end}'; }

# start_operator NAME [OPTIONS...]: its process is $operator, a session of its own; it may what its role says.
start_operator () {
  [ -e "$work/operator.config" ] || account_config test relevo-operator "$work/operator.config"
  log=$work/operator.$1.log
  shift
  # shellcheck disable=SC2086 # words
  setsid env ${operator_env:-} "$relevo" operator -n test --kubeconfig "$work/operator.config" --agent-cert "$tls/operator.crt" --agent-key "$tls/operator.key" --agent-ca "$tls/ca.crt" \
    --lease 9s --renew 7s --retry 1s "$@" >>"$log" 2>&1 &
  operator=$!
  pids="$pids $operator"
}
