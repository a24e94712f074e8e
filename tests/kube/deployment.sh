#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The pods of a Deployment, which have names that nobody had before: upgraded in place, replaced by ones that come up on
# what is stable, evicted one by one where a release needs a restart, and taken back by the same.  Pods are real (see
# tests/kube/pods.sh), and who makes them is tests/helpers/statefulsets.c.
# Parts: upgrades broken killed given
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/churn.sh
. tests/tools/churn.sh

workload_kind=Deployment
churn_versions='1.0.0 1.1.0 3.1.0'
churn_begin 3
# none_of BEFORE: no pod of those is there any more
none_of () {
  names | grep -xF "$1" >"$work/same"
  [ ! -s "$work/same" ] || fail "not replaced: $(cat "$work/same")"
}
soon='{"strategy": {"timeouts": {"stageTimeoutSeconds": 100, "restartTimeoutSeconds": 100}}}'
ready_is () { [ "$(bd '.status.conditions[] | select(.type == "Ready").reason')" = "$1" ] && pods_rest; }
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
  wish 3.1.0 "$soon"
  await 400 ready_is RolledBack
  all_run 1.0.0
  [ "$(names | grep -cxF "$before")" = 2 ] || fail "not one was touched: $before, then $(names): $(churn_explain)"
  ok
fi
if in_part killed; then
  # ---- the operator dies at each kind of write of a restart, before it and after it; another goes on each time ----
  account_config shop relevo-operator "$work/killed.config"
  end "$operator"
  wish 1.1.0 '{"strategy": {"upgradePolicy": "Restart"}}'
  before=$(names) deaths=0
  # dies WRITE AT [after]: at the AT-th of its that are such.
  dies () {
    say "dies at the $1 $2${3:+, after it}"
    case $1 in
      entry) mark=/status/fencingToken ;;
      status) mark='{"status":' ;;
      *) mark="\"kind\":\"$1\"" ;;
    esac
    operator_env="KILL_MARK=$mark KILL_AT=$2 KILL_AFTER=${3:-} LD_PRELOAD=$helpers/kill_at_put.so"
    run_operator "$work/killed.config" --lease 6s --renew 4s --retry 1s
    wait_for 200 gone "$operator" || fail "not killed at the $1 $2: $(churn_explain)"
    status=0
    wait "$operator" || status=$?
    [ $status = 137 ] || fail "it ended with $status at the $1 $2: $(churn_explain)"
    deaths=$((deaths + 1))
  }
  # die WRITE…: one after the other
  die () {
    for write; do
      # shellcheck disable=SC2086 # words
      dies $write
    done
  }
  die "entry 1" "entry 1 after" "BeamUpgrade 1" "BeamUpgrade 1 after" "BeamUpgrade 2" "BeamUpgrade 2 after" "BeamUpgrade 4" "ConfigMap 1" "ConfigMap 1 after"
  [ "$(names)" = "$before" ] || fail "pods were touched: $before, then $(names)"
  ok
  # From here on, all that come up get it: each of the three pods in its turn.
  die "Eviction 1" "Eviction 1 after" "BeamUpgrade 2 after" "Eviction 1" "BeamUpgrade 3" "Eviction 1 after" \
    "Eviction 1" "Eviction 1 after" "Lease 3" "Lease 3 after" "status 2" "status 2 after"
  # At its end: what is stable, and that the attempt is over.
  die "ConfigMap 1" "ConfigMap 1 after" "entry 1" "entry 1 after" "BeamUpgrade 1"
  operator_env=
  run_operator "$work/killed.config"
  await 300 is_settled
  all_run 1.1.0
  none_of "$before"
  ok
  [ "$(pods_ever)" = 6 ] || fail "$(pods_ever) pods for three and their three replacements: $(churn_explain)"
  [ "$(fewest_ready)" = 2 ] || fail "$(fewest_ready) pods were ready at one time: $(churn_explain)"
  [ "$(in_shop get configmap relevo-meter -o 'jsonpath={.data.pods}')" = '{}' ] || fail "pods come up on something else"
  no_violation
  echo "$deaths operators died"
  ok
fi

if in_part given; then
  # ---- one that dies by itself while all that come up get the release: its replacement has it, and goes back with the others ----
  before=$(names)
  wish 1.1.0 '{"strategy": {"upgradePolicy": "Restart", "waves": [{"name": "canary", "pods": 1, "minHealthySeconds": 1, "pause": {"type": "Manual"}}]}}'
  paused () { [ "$(bd '.status.conditions[] | select(.type == "Paused").reason')" = WaitingForPromotion ]; }
  await 300 paused
  names | grep -xF "$before" >"$work/untouched"
  [ "$(wc -l <"$work/untouched")" = 2 ] || fail "not one was touched: $before, then $(names): $(churn_explain)"
  victim=$(head -n 1 "$work/untouched" | cut -d' ' -f1)
  in_shop delete pod "$victim" --wait=false >/dev/null
  is_replaced () { ! names | grep -q "^$victim " && pods_rest; }
  await 200 is_replaced
  has_it () { for one in $(names | grep -vxF "$before" | cut -d' ' -f1); do pod_runs "$one" 1.1.0/1.1.0 || return 1; done; }
  await 100 has_it
  in_shop patch bd meter --type merge -p "{\"spec\": {\"abortedRevision\": \"$(meter_digest 1.1.0)\"}}" >/dev/null
  await 400 ready_is Aborted
  all_run 1.0.0
  [ "$(names | grep -cxF "$before")" = 1 ] || fail "not the third one alone is left: $before, then $(names): $(churn_explain)"
  ok

  # ---- also where that one does not boot ----
  before=$(names)
  wish 3.1.0 "$soon"
  is_evicted () { names | grep -qvxF "$before"; }
  await 300 is_evicted
  victim=$(get_shop pods | jq -r '.items[] | select(.metadata.deletionTimestamp == null) | [.metadata.name, .metadata.uid] | join(" ")' |
    grep -xF "$before" | head -n 1 | cut -d' ' -f1)
  in_shop delete pod "$victim" --wait=false >/dev/null
  await 400 ready_is RolledBack
  all_run 1.0.0
  [ "$(names | grep -cxF "$before")" = 1 ] || fail "not the third one alone is left: $before, then $(names): $(churn_explain)"
  ok
fi
churn_end
echo "ok: $checks checks"
