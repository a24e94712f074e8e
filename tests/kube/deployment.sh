#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The pods of a Deployment, which have names that nobody had before: upgraded in place, replaced by ones that come up on
# what is stable, evicted one by one where a release needs a restart, and taken back by the same.  Pods are real (see
# tests/kube/pods.sh), and who makes them is tests/helpers/statefulsets.c.
# Parts: upgrades broken
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/churn.sh
. tests/tools/churn.sh

workload_kind=Deployment
churn_versions='1.0.0 1.1.0 3.1.0'
churn_begin 3
names () { pods_are | cut -d' ' -f1,2 | sort; }
# all_run VERSION: and boot it, whoever they are
all_run () {
  [ "$(names | wc -l)" = "$replicas" ] || fail "not $replicas pods: $(churn_explain)"
  for pod in $(names | cut -d' ' -f1); do pod_runs "$pod" "$1/$1" || fail "$pod runs and boots $(got '.runs + "/" + .boots'), not $1: $(churn_explain)"; done
}
# none_of BEFORE: no pod of those is there any more
none_of () {
  names | grep -xF "$1" >"$work/same"
  [ ! -s "$work/same" ] || fail "not replaced: $(cat "$work/same")"
}
await 300 is_settled
all_run 1.0.0
ok

if in_part upgrades; then
  # ---- hot, in the pods that there are ----
  before=$(names)
  wish 1.1.0
  await 300 is_settled
  all_run 1.1.0
  [ "$(names)" = "$before" ] || fail "other pods: $(names), not $before"
  ok

  # ---- one that is deleted is replaced by one that comes up on what is stable; so does one more ----
  victim=$(echo "$before" | head -n 1 | cut -d' ' -f1)
  in_shop delete pod "$victim" --wait=false >/dev/null
  is_replaced () { ! names | grep -q "^$victim " && is_settled; }
  await 200 is_replaced
  all_run 1.1.0
  scale 4
  await 200 is_settled
  all_run 1.1.0
  scale 3
  await 200 is_settled
  ok

  # ---- a restart: no hot way leads from 1.1.0 to 1.0.0.  Each pod is evicted, one at a time ----
  before=$(names)
  wish 1.0.0
  await 500 is_settled
  all_run 1.0.0
  none_of "$before"
  budget_kept
  [ "$(wc -l <"$work/evictions")" = 3 ] || fail "$(wc -l <"$work/evictions") evictions: $(churn_explain)"
  [ "$(in_shop get configmap relevo-meter -o 'jsonpath={.data.pods}')" = '{}' ] || fail "pods come up on something else"
  no_violation
  ok
fi

if in_part broken; then
  # ---- one that does not boot: the first pod is evicted once more, onto what is stable; nobody else is touched ----
  before=$(names)
  wish 3.1.0 '{"strategy": {"timeouts": {"stageTimeoutSeconds": 100, "restartTimeoutSeconds": 100}}}'
  went_back () { [ "$(bd '.status.conditions[] | select(.type == "Ready").reason')" = RolledBack ]; }
  await 400 went_back
  await 100 pods_rest
  all_run 1.0.0
  [ "$(names | grep -cxF "$before")" = 2 ] || fail "not one was touched: $before, then $(names): $(churn_explain)"
  ok
fi
churn_end
echo "ok: $checks checks"
