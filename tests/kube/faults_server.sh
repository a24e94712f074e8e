#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What an API server does, and what others write into it, while a release is rolled out; the names of the parts are
# those of the list of failures (docs/kubernetes.md).  Pods are real nodes with real agents, the API server is a real one;
# what it does not do on demand is done by a proxy before it (tests/helpers/proxy.c).
# Parts: F3 F3-odd F23 F29 F30
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/operated.sh
. tests/tools/operated.sh
each_part
slow_canary='{"strategy": {"waves": [{"name": "canary", "pods": 1, "minHealthySeconds": 15}]}}'
# all_well VERSION: in the same pods, by one installation each.
all_well () {
  is_ready 400
  all_run "$1"
  installed_once
  same_pods
  nowhere_restarted
}
# As a kubelet does: an operator that has ended is started again, until there is a file $work/enough.
keep_operator () {
  {
    trap 'end "$operator"; exit' TERM
    while [ ! -e "$work/enough" ]; do
      start_operator kept
      wait "$operator"
      sleep 1
    done
  } &
  keeper=$!
  pids="$pids $keeper"
}

# F3: no API server, for less time than a leader may be unseen, and for more.
if in_part F3; then
  begin_with 2 1.0.0 1.1.0
  beam_deployment 1.1.0 "$slow_canary"
  when_to 1.1.0 waves
  when_runs 1 1.1.0
  stop_apiserver
  start_apiserver
  wait_for 100 attempt_is .status.result Running || fail "it ended: $(explain 2>&1)"
  end "$operator"
  keep_operator
  leads () { grep -q 'leads, token' "$work/operator.kept.log"; }
  wait_for 100 leads || fail "nobody leads"
  stop_apiserver
  # Or what it does has ended before, for want of a server, and the lease with it.
  lost () { grep -q 'could not be renewed\|is lost' "$work/operator.kept.log"; }
  wait_for 100 lost || fail "it goes on unseen: $(cat "$work/operator.kept.log")"
  has_release 1 1.1.0 || fail "meter-1 runs $(runs 1)"
  has_release 0 1.0.0 || fail "meter-0 runs $(runs 0)"
  start_apiserver
  all_well 1.1.0
  touch "$work/enough"
  ok
fi

# F3: and one that answers oddly: 409, 410 in both ways, 429, 500, 503, late, not at all, with half an answer,
# with an old one.
if in_part F3-odd; then
  begin_with 2 1.0.0 1.1.0
  end "$operator"
  : >"$work/rules"
  proxy_port=$((port + 18))
  start_proxy () {
    # shellcheck disable=SC2154 # of kube.sh
    "$(dirname "$relevo")/tests/helpers/proxy" $proxy_port "$kube_url" "$pki/ca.crt" "$work/operator.config.token" \
      "$work/rules" "$work/asked" >>"$work/proxy.log" 2>&1 &
    proxy=$!
    pids="$pids $proxy"
  }
  start_proxy
  kubeconfig "$work/operator.config" '{}'
  sed -i "s|$kube_url|http://127.0.0.1:$proxy_port|; s|, certificate-authority: [^}]*||" "$work/operator.config"
  operator_env=no_proxy=127.0.0.1
  start_operator odd
  asks () { [ "$(grep -c "$1" "$work/asked")" -ge "$2" ]; }
  wait_for 100 asks 'GET 200 .*beamdeployments' 1 || fail "nothing goes through: $(cat "$work/proxy.log" "$work/operator.odd.log")"
  cat >"$work/rules" <<RULES
GET beamdeployments?watch 0 3 gone
GET beamupgrades?watch 0 3 status 410
GET pods?watch 0 2 status 429
GET pods?watch 0 3 cut 700
GET pods?labelSelector 2 2 status 503
GET pods?labelSelector 3 1 cut 100
GET statefulsets?watch 0 2 status 500
PUT beamupgrades 1 2 status 409
PUT beamupgrades 2 2 lose
PUT beamupgrades 3 2 status 500
PUT beamupgrades 3 1 status 429
PATCH beamdeployments 0 2 status 409
PATCH beamdeployments 1 2 lose
GET beamdeployments/meter 4 2 delay 3000
GET beamdeployments/meter 3 2 stale
PATCH configmaps 0 1 lose
PATCH configmaps 0 1 status 409
POST events 0 3 status 500
PUT leases 2 1 lose
PUT leases 1 1 status 500
RULES
  # Watches that are open by now would not be asked for again.
  end "$proxy"
  start_proxy
  beam_deployment 1.1.0
  all_well 1.1.0
  for told in 'PUT 409' 'PUT 500' 'PATCH 409' 'GET 410' 'GET 429'; do
    grep -q "^$told" "$work/asked" || fail "never $told: $(cut -d' ' -f1,2 "$work/asked" | sort | uniq -c)"
  done
  ok

  # Nobody knows what a write came to, and a server that has just started knows nobody's rights: it is the same one who goes on.
  cat >"$work/rules" <<RULES
PUT beamupgrades 2 1 lose
PUT beamupgrades 2 2 status 403
RULES
  beam_deployment 1.0.0
  is_ready 400
  all_run 1.0.0
  grep -q '^PUT 403' "$work/asked" || fail "never 403: $(cut -d' ' -f1,2 "$work/asked" | sort | uniq -c)"
  ! gone "$operator" || fail "the operator has ended: $(cat "$work/operator.odd.log")"
  ok
fi

# F23: who we are runs out: the server takes the token no more, and another lies in its place.
if in_part F23; then
  begin_with 2 1.0.0 1.1.0
  beam_deployment 1.1.0 "$slow_canary"
  when_to 1.1.0 waves
  when_runs 1 1.1.0
  kubectl get serviceaccount -n test relevo-operator -o json | jq 'del(.metadata.uid, .metadata.resourceVersion, .secrets)' >"$work/account.json"
  expect 0 kubectl delete serviceaccount -n test relevo-operator
  expect 0 kubectl create -f "$work/account.json"
  refused () { KUBECONFIG=$work/old.config "$kube" ask GET /api/v1/namespaces/test/pods 2>&1 | grep -q 401; }
  cp "$work/operator.config.token" "$work/old.token"
  kubeconfig "$work/old.config" "{tokenFile: $work/old.token}"
  wait_for 60 refused || fail "the old token is still taken"
  account_config test relevo-operator "$work/new.config"
  cp "$work/new.config.token" "$work/operator.config.token"
  all_well 1.1.0
  gone "$operator" && fail "it lost the lease: $(cat "$work/operator.one.log")"
  is_bd .status.fencingToken 1
  ok
fi

# F29: others write into everything, all the time: what the operator writes is refused again and again; it looks
# anew, and goes on, with no more than one other try for each that was refused.
if in_part F29; then
  begin_with 2 1.0.0 1.1.0
  cat >"$work/others" <<OTHERS
$bd_path
$beam_path/beamreleases/meter-1.1.0
/apis/apps/v1/namespaces/test/statefulsets/meter
/api/v1/namespaces/test/configmaps/relevo-meter
/apis/coordination.k8s.io/v1/namespaces/test/leases/relevo-operator
$pods_path/meter-0
$pods_path/meter-1
OTHERS
  trap 'touch "$work/enough"; end_workload; clean_up' EXIT
  # Until there is a file $work/enough; each write is a line in $work/written.
  disturb () {
    nr=0
    while [ ! -e "$work/enough" ] && [ $nr -lt 5000 ]; do
      nr=$((nr + 1))
      for path; do
        patch "$path" "{\"metadata\": {\"annotations\": {\"example.com/seen\": \"$nr\"}}}" && echo x >>"$work/written"
      done
    done
  }
  # shellcheck disable=SC2046 # a path has no spaces
  disturb $(cat "$work/others") 2>>"$work/disturb.log" &
  pids="$pids $!"
  beam_deployment 1.1.0 "$slow_canary"
  when .spec.toRevision "$(meter_digest 1.1.0)"
  upgrade=$beam_path/beamupgrades/$(attempt_json | jq -r .metadata.name)
  for _ in 1 2; do
    disturb "$upgrade" 2>>"$work/disturb.log" &
    pids="$pids $!"
  done
  all_well 1.1.0
  touch "$work/enough"
  gone "$operator" && fail "it ended: $(cat "$work/operator.one.log")"
  is_bd .status.fencingToken 1
  # writes STATUS: of the operator, that were answered so.
  writes () {
    jq -c "select(.user.username == \"system:serviceaccount:test:relevo-operator\" and .responseStatus.code == $1 and
      (.verb == \"update\" or .verb == \"patch\"))" "$work/audit.log" | wc -l
  }
  [ "$(writes 409)" -ge 5 ] || fail "only $(writes 409) writes met others"
  [ "$(writes 409)" -le "$(writes 200)" ] || fail "$(writes 409) writes were refused, and $(writes 200) not"
  ok
fi

# F30: the clocks of those who lead are ten minutes apart, one way and the other: what is waited for does not
# end at once, nor never.
if in_part F30; then
  skew=$(dirname "$relevo")/tests/helpers/skew.so
  begin_with 2 1.0.0 1.1.0
  end "$operator"
  beam_deployment 1.1.0 '{"strategy": {"waves": [{"name": "canary", "pods": 1, "minHealthySeconds": 40}]}}'
  leads () { grep -q 'leads, token' "$work/operator.$1.log"; }
  for by in 600 -600 600; do
    operator_env="SKEW_S=$by LD_PRELOAD=$skew"
    start_operator "by$by"
    wait_for 60 leads "by$by" || fail "by$by does not lead: $(cat "$work/operator.by$by.log")"
    when_to 1.1.0 waves
    when_runs 1 1.1.0
    has_release 0 1.0.0 || fail "the bake was cut short: $(explain 2>&1)"
    untouched 0
    kill -9 "$operator"
    wait_for 30 gone "$operator"
    : >"$work/operator.by$by.log"
  done
  operator_env=
  start_operator last
  all_well 1.1.0
  # Its own time went on by what was lived through.
  [ "$(attempt_json | jq '.status.journal.head.clock')" -lt 500000 ] || fail "its clock jumped: $(explain 2>&1)"
  ok
fi
echo "ok: $checks checks"
