#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What an API server does, and what others write into it, while a release is rolled out; the names of the parts are
# those of the list of failures (docs/kubernetes.md).  Pods are real nodes with real agents, the API server is a real one;
# what it does not do on demand is done by a proxy before it (tests/helpers/proxy.c).
# Parts: F3-odd
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/operated.sh
. tests/tools/operated.sh
each_part
# all_well VERSION: in the same pods, by one installation each.
all_well () {
  is_ready 400
  all_run "$1"
  installed_once
  same_pods
  nowhere_restarted
}

# F3: and one that answers oddly: 409, 410 in both ways, 429, 500, 503, late, not at all, with half an answer,
# with an old one.
if in_part F3-odd; then
  begin_with 2 1.0.0 1.1.0
  end "$operator"
  : >"$work/rules"
  proxy_port=$((port + 18))
  # shellcheck disable=SC2154 # of kube.sh
  "$(dirname "$relevo")/tests/helpers/proxy" $proxy_port "$kube_url" "$pki/ca.crt" "$work/operator.config.token" \
    "$work/rules" "$work/asked" >>"$work/proxy.log" 2>&1 &
  pids="$pids $!"
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
  beam_deployment 1.1.0
  all_well 1.1.0
  for told in 'PUT 409' 'PUT 500' 'PATCH 409' 'GET 410' 'GET 429'; do
    grep -q "^$told" "$work/asked" || fail "never $told: $(cut -d' ' -f1,2 "$work/asked" | sort | uniq -c)"
  done
  ok
fi
echo "ok: $checks checks"
