# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Of tests/kube/churn.sh and deployment.sh: meters that an operator behind a proxy looks after, who watches it from outside, and what is
# found in what was seen.
# shellcheck disable=SC2154,SC2034 # of pods.sh; used by who sources this

# shellcheck source=tests/tools/pods.sh
. tests/tools/pods.sh

churn_versions='1.0.0 1.1.0 1.6.0'
workload_kind=StatefulSet
bd_path=/apis/relevo.dev/v1alpha1/namespaces/shop/beamdeployments/meter
say () { echo "$(date +%T) $*" >>"$work/churn.log"; }
# scale REPLICAS
scale () {
  replicas=$1
  say "$1 pods are wanted"
  echo "[$(date +%s), $1]" >>"$work/scales"
  in_shop scale "$workload_kind" meter --replicas "$1" >/dev/null
}
lives () { ! gone "$operator"; }
# await SECONDS COMMAND...
await () {
  seconds=$1
  shift
  over_or () { ! lives || "$@"; }
  if ! wait_for "$seconds" over_or "$@" || ! lives; then fail "not $*: $(churn_explain)"; fi
}

# churn_begin REPLICAS: all is on its way when it returns.
churn_begin () {
  replicas=$1
  # shellcheck disable=SC2086 # words
  start_cluster $churn_versions
  expect 0 "$relevo" k8s install -n shop
  for vsn in $churn_versions; do
    jq -n --arg vsn "$vsn" --argjson spec "$(meter_release "$vsn")" '{apiVersion: "relevo.dev/v1alpha1", kind: "BeamRelease",
      metadata: {name: ("meter-" + $vsn)}, spec: $spec}' | in_shop apply -f - >/dev/null || fail "no BeamRelease $vsn"
  done
  meter_set | if [ $workload_kind = Deployment ]; then sed 's/^kind: .*/kind: Deployment/; /serviceName\|podManagementPolicy/d'; else cat; fi |
    in_shop apply -f - >/dev/null || fail "no $workload_kind"
  # shellcheck disable=SC2016 # Kubernetes fills it in
  expect 0 "$relevo" k8s manifests -n shop --workload meter --kind $workload_kind --image relevo --relevo "$relevo" --node '$(POD_NAME)@$(POD_IP)'
  in_shop patch "$workload_kind" meter --patch "$out" >/dev/null || fail "the patch is not taken"
  start_proxied_operator
  wish 1.0.0
  in_shop scale "$workload_kind" meter --replicas "$replicas" >/dev/null
  watch_pods &
  watchers=$!
  watch_agents >>"$work/watcher.log" 2>&1 &
  watchers="$watchers $!"
  trap 'churn_end; clean_up' EXIT
}

# Its lease is long: it is the same one from the beginning to the end.
start_proxied_operator () {
  proxy_port=$((port + 18))
  : >"$work/rules"
  account_config shop relevo-operator "$work/operator.config"
  "$helpers/proxy" $proxy_port "$kube_url" "$pki/ca.crt" "$work/operator.config.token" "$work/rules" "$work/asked" >>"$work/proxy.log" 2>&1 &
  pids="$! $pids"
  kubeconfig "$work/operator.config" '{}'
  sed -i "s|$kube_url|http://127.0.0.1:$proxy_port|; s|, certificate-authority: [^}]*||" "$work/operator.config"
  run_operator "$work/operator.config" --lease 300s --renew 240s --retry 2s
}
# run_operator KUBECONFIG [OPTIONS...]: its process is $operator.
run_operator () {
  config=$1
  shift
  # shellcheck disable=SC2086 # words
  env no_proxy=127.0.0.1 ${operator_env:-} "$relevo" operator -n shop --kubeconfig "$config" --agent-cert "$tls/operator.crt" \
    --agent-key "$tls/operator.key" --agent-ca "$tls/ca.crt" "$@" >>"$work/operator.log" 2>&1 &
  operator=$!
  pids="$operator $pids"
}

# wish VERSION [JSON]: merged over the spec; also where it was rejected before
wish () {
  wished=$1 wishes=$((${wishes:-0} + 1))
  say "$1 is wished"
  echo "$1" >>"$work/wishes"
  jq -n --arg name "meter-$1" --arg retry "$wishes" --arg kind "$workload_kind" --argjson more "${2:-{\}}" '{apiVersion: "relevo.dev/v1alpha1", kind: "BeamDeployment", metadata: {name: "meter"}, spec: ({
    workloadRef: {kind: $kind, name: "meter"}, releaseRef: {name: $name}, retryToken: $retry, revisionHistoryLimit: 20,
    drift: {checkPeriodSeconds: 5, policy: "Repair"},
    strategy: {maxUnavailable: 1, waves: [{name: "canary", pods: 1, minHealthySeconds: 2}], commit: {soakPeriodSeconds: 2}}} * $more)}' |
    in_shop apply -f - >/dev/null || fail "$1 cannot be wished"
}
bd () { "$kube" ask GET "$bd_path" 2>/dev/null | jq -r "$1 // empty"; }
is_settled () {
  bd '[.metadata.generation == .status.observedGeneration, .status.committedReplicas,
    (.status.conditions[] | select(.type == "Ready").status)] | join(" ")' >"$work/settled"
  [ "$(cat "$work/settled")" = "true $replicas True" ] && pods_rest
}
# As many as are to be, none of which ends.
pods_rest () {
  get_shop pods | jq -e --argjson wanted "$replicas" '[.items[] | .metadata.deletionTimestamp == null and
    any(.status.conditions[]?; .type == "Ready" and .status == "True")] | length == $wanted and all' >/dev/null
}
# "NAME UID" of each
names () { pods_are | cut -d' ' -f1,2 | sort; }
# all_run VERSION: and boot it, whoever they are
all_run () {
  [ "$(names | wc -l)" = "$replicas" ] || fail "not $replicas pods: $(churn_explain)"
  for one in $(names | cut -d' ' -f1); do pod_runs "$one" "$1/$1" || fail "$one runs and boots $(got '.runs + "/" + .boots'), not $1: $(churn_explain)"; done
}
attempts () { "$kube" ask GET "${bd_path%/*/*}/beamupgrades" | jq '[.items[].spec.attempt] | max'; }
churn_explain () {
  echo "seed ${seed:-}"
  cat "$work/churn.log" "$work/operator.log" "$work/violations" 2>/dev/null
  in_shop get bd,bup,pods -o wide
  in_shop get bd meter -o json | jq .status
  in_shop get bup -o json | jq -c '.items | sort_by(.spec.attempt)[-2:][] | [.metadata.name, .status.result, .status.reason, .status.journal.head, [.status.journal.nodes[] | del(.zone)]]'
  in_shop get events --sort-by=.metadata.creationTimestamp | tail -n 40
  grep -E '^(PUT|POST|GET) [0-9]* .*beamupgrades' "$work/asked" | tail -n 30
  tail -n 20 "$work/kubelet.log" "$work/sets.log" "$kubelet_dir"/*.log
}

# ---- who watches ----

# Each change of a pod, in the order in which the server made them; it ends when the server does.
watch_pods () {
  while [ ! -e "$work/enough" ]; do
    kubectl -n shop get pods -w -o json --output-watch-events >>"$work/pods_seen" 2>/dev/null &
    echo $! >"$work/watching"
    wait $!
    sleep 0.3
  done
}
pods_seen () {
  jq -c '.object | select(.kind == "Pod") | [.metadata.name, .metadata.uid, .metadata.deletionTimestamp, .metadata.deletionGracePeriodSeconds,
    any(.status.conditions[]?; .type == "Ready" and .status == "True")]' "$work/pods_seen"
}
violated () { echo "$(date +%T) $*" >>"$work/violations"; }
# agent_says IP POD: its state in $says; false where it does not answer.
agent_says () {
  says=$(curl -s --max-time 5 --cacert "$tls/ca.crt" --cert "$tls/operator.crt" --key "$tls/operator.key" \
    --connect-to "$2.shop.pod:443:$1:9443" "https://$2.shop.pod/v1/state") && [ -n "$says" ]
}
# "ATTEMPT ID ACTION" where its node is being changed.
changing () { echo "$says" | jq -r '.doing | select(. != null and (.action == "install" or .action == "revert")) | "\(.attempt) \(.id) \(.action)"'; }
# Two that are changed at one time, where one may be: that one was at it before and after the other was.
watch_agents () {
  while [ ! -e "$work/enough" ]; do
    get_shop pods >"$work/watched" 2>/dev/null || { sleep 1; continue; }
    first=
    jq -r '.items[] | select(.status.podIP and .metadata.deletionTimestamp == null) | .metadata.name + " " + .status.podIP' "$work/watched" >"$work/watched.ips"
    while read -r name ip; do
      agent_says "$ip" "$name" || continue
      echo "$says" | jq -c --arg name "$name" '[$name, .runs, .boots, .doing]' >>"$work/agents_seen"
      boots=$(echo "$says" | jq -r '.boots // empty')
      [ -z "$boots" ] || grep -qxF "$boots" "$work/wishes" || violated "$name boots $boots, which nobody has wished for"
      now=$(changing)
      [ -n "$now" ] || continue
      if [ -n "$first" ]; then
        # shellcheck disable=SC2086 # two words
        agent_says $first && [ "$(changing)" = "$first_is" ] && violated "${first#* } ($first_is) and $name ($now) are changed at one time"
      fi
      first="$ip $name" first_is=$now
    done <"$work/watched.ips"
    sleep 0.5
  done
}
churn_end () {
  touch "$work/enough"
  for pid in $watchers; do
    until gone "$pid"; do
      end "$(cat "$work/watching" 2>/dev/null)"
      sleep 0.2
    done
  done
}

# ---- what was seen ----

no_violation () {
  [ ! -s "$work/violations" ] || fail "$(churn_explain)"
  grep -q '"action"' "$work/agents_seen" || fail "nothing was seen of agents: $(tail -n 3 "$work/watcher.log")"
}
# How many pods there ever were, each with a name or UID of its own; and how few were ready at one time, since as many
# were as are wanted now.
pods_ever () { pods_seen | jq -s 'map(.[1]) | unique | length'; }
fewest_ready () {
  pods_seen | jq -n --argjson wanted "$replicas" 'reduce inputs as [$name, $uid, $ends, $grace, $ready] ({up: {}, fewest: null};
    .up[$uid] = ($ready and ($ends | not)) | ([.up[] | select(.)] | length) as $now |
    if .fewest == null and $now < $wanted then . else .fewest = ([.fewest // $now, $now] | min) end) | .fewest'
}
# No order was carried out twice: what an agent writes of each names the attempt and its number.
installed_once () {
  for log in "$kubelet_dir"/meter-*.log; do
    twice=$(grep -hE '^(install|revert|commit) [0-9]+ of .*: ok' "$log" | sort | uniq -d)
    [ -z "$twice" ] || fail "done twice, by $log: $twice $(churn_explain)"
  done
  cat "$kubelet_dir"/meter-*.log | grep -qE '^install [0-9]+ of .*: ok' || fail "nothing was installed"
}
# The operator evicts nobody while another that it has evicted is not back, nor unwanted since; who evicted says the server's log.
# Which of a Deployment's pods is the one that is back, or not wanted any more, nobody knows: it may be any.
budget_kept () {
  jq -c 'select(.objectRef.subresource == "eviction" and .responseStatus.code == 201) |
    [.objectRef.name, (.requestReceivedTimestamp | sub("\\..*"; "Z") | fromdate)]' "$work/audit.log" >"$work/evictions"
  [ -s "$work/evictions" ] || fail "nobody was evicted"
  pods_seen >"$work/changes" || fail "what was seen of pods cannot be read"
  touch "$work/scales"
  jq -nr --argjson deployment "$([ $workload_kind = Deployment ] && echo true || echo false)" --slurpfile evictions "$work/evictions" \
    --slurpfile scales "$work/scales" '
    def evicted($name; $at): any($evictions[]; .[0] == $name and (.[1] - $at | fabs) <= 1);
    def wanted: (.key | split("-") | last | tonumber? // 0) as $nr | .value as $at | any($scales[]; .[0] >= $at and ($deployment or .[1] <= $nr)) | not;
    reduce inputs as [$name, $uid, $ends, $grace, $ready] ({out: {}, ended: {}, up: {}, told: []};
      if $ends and (.ended[$uid] | not) then .ended[$uid] = true | (($ends | fromdate) - $grace) as $at |
        if evicted($name; $at) then
          (.out | del(.[$name]) | with_entries(select(wanted))) as $others |
          (if ($others | length) > 0 then .told += ["\($name) \($uid) is evicted at \($at), while out are \($others)"] else . end) | .out[$name] = $at
        else . end
      elif $ready and ($ends | not) and (.up[$uid] | not) then .up[$uid] = true |
        if .out[$name] then del(.out[$name]) elif $deployment then .out |= (to_entries[1:] | from_entries) else . end
      else . end) | .told[]' "$work/changes" >"$work/over_budget" || fail "changes cannot be compared"
  [ ! -s "$work/over_budget" ] || fail "$(cat "$work/over_budget") $(churn_explain)"
}

# processes_of PID: itself and all below it
processes_of () {
  echo "$1"
  # shellcheck disable=SC2013 # numbers
  for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do processes_of "$child"; done
}
# size_of PID: "PROCESSES THREADS FDS KB" of it and all below it, KB without what they share
size_of () {
  all=$(processes_of "$1") threads=0 fds=0 kb=0
  for pid in $all; do
    threads=$((threads + $(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l)))
    fds=$((fds + $(find "/proc/$pid/fd" -mindepth 1 2>/dev/null | wc -l)))
    kb=$((kb + $(awk '/^Pss:/ { kb = $2 } END { print kb + 0 }' "/proc/$pid/smaps_rollup" 2>/dev/null || echo 0)))
  done
  echo "$(echo "$all" | wc -w) $threads $fds $kb"
}
# smallest PID: of some looks, as processes that do one thing come and go.
smallest () { for _ in 1 2 3 4 5 6 7 8 9 10; do size_of "$1"; sleep 0.5; done | sort -n -k3,3 -k4,4 | head -n 1; }
note_size () { smallest "$operator" >"$work/size.$1"; }
# no_more WHAT BEFORE AFTER: sizes; as many processes, threads and files, and 6 MB of memory more at most.
no_more () {
  what=$1 before=$2 after=$3
  # shellcheck disable=SC2086 # words
  set -- $before $after
  if [ "$5" -gt "$1" ] || [ "$6" -gt "$2" ] || [ "$7" -gt "$3" ] || [ "$8" -gt $(($4 + 6144)) ]; then
    fail "$what had (processes, threads, files, KB) $before and has $after: $(churn_explain)"
  fi
  echo "$what: $before, then $after"
}
# The operator, and each agent beside one that has just begun.
no_leak () {
  no_more operator "$(cat "$work/size.before")" "$(cat "$work/size.after")"
  names | cut -d' ' -f1 >"$work/old"
  scale 4
  await 200 is_settled
  born=$(smallest "$(process_of "$(names | cut -d' ' -f1 | grep -vxFf "$work/old")" relevo-agent)")
  while read -r old; do no_more "the agent of $old beside a new one" "$born" "$(smallest "$(process_of "$old" relevo-agent)")"; done <"$work/old"
}
