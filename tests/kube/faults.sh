#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What befalls an operator, and the pods, while a release is rolled out; the numbers are those of the list
# of failures that the design has.  Pods are real nodes with real agents, the API server is a real one.
# Parts: F1 F2 lease
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/operated.sh
. tests/tools/operated.sh
each_part
killer=$(dirname "$relevo")/tests/helpers/kill_at_put.so

# F1: killed before or after a write of it, again and again; another goes on, and nothing is installed twice.
if in_part F1; then
  begin_with 2 1.0.0 1.1.0
  end "$operator"
  beam_deployment 1.1.0
  kills=0 at=${KILL_FIRST:-3}
  is_over () { gone "$operator" || { says Ready True && attempt_is .spec.toRevision "$(meter_digest 1.1.0)"; }; }
  until says Ready True && attempt_is .spec.toRevision "$(meter_digest 1.1.0)"; do
    [ $((kills % 2)) = 0 ] && after= || after=1
    operator_env="KILL_AT=$at KILL_AFTER=$after KILL_COUNT=$work/writes LD_PRELOAD=$killer"
    start_operator "kill$at"
    wait_for 300 is_over || fail "neither killed nor ready: $(cat "$work/writes") $(explain 2>&1)"
    gone "$operator" && kills=$((kills + 1))
    at=$((at + ${KILL_STEP:-3}))
  done
  [ $kills -ge 3 ] || fail "killed $kills times"
  all_run 1.1.0
  installed_once
  same_pods
  nowhere_restarted
  ok
fi

# F2: the leader is stopped in the middle, another takes over; when the first goes on, it ends, and has done nothing.
if in_part F2; then
  begin_with 2 1.0.0 1.1.0
  one=$operator
  start_operator two
  beam_deployment 1.1.0 '{"strategy": {"waves": [{"name": "canary", "pods": 1, "minHealthySeconds": 15}]}}'
  when .status.journal.head.phase waves
  kill -STOP "$one"
  leads_two () { grep -q 'leads, token 2' "$work/operator.two.log"; }
  wait_for 120 leads_two || fail "nobody takes over: $(cat "$work"/operator.*.log)"
  kill -CONT "$one"
  status=0
  wait "$one" || status=$?
  [ $status = 7 ] || fail "the first ended with $status: $(cat "$work/operator.one.log")"
  is_ready 300
  all_run 1.1.0
  installed_once
  is_bd .status.fencingToken 2
  nowhere_restarted
  ok
fi

# The Lease is deleted in the middle: whoever leads then has a greater number than all before.
if in_part lease; then
  begin_with 2 1.0.0 1.1.0
  end "$operator"
  start_operator two
  two=$operator
  beam_deployment 1.1.0 '{"strategy": {"waves": [{"name": "canary", "pods": 1, "minHealthySeconds": 15}]}}'
  when_to 1.1.0 waves
  when_runs 1 1.1.0
  is_bd .status.fencingToken 2
  start_operator three
  expect 0 kubectl delete lease -n test relevo-operator
  wait_for 60 gone "$two" || fail "two goes on without a Lease"
  is_ready 300
  is_bd .status.fencingToken 3
  [ "$(kubectl get lease -n test relevo-operator -o 'jsonpath={.spec.leaseTransitions}')" = 3 ] || fail "not 3 in the Lease"
  all_run 1.1.0
  installed_once
  same_pods
  nowhere_restarted
  ok
fi
echo "ok: $checks checks"
