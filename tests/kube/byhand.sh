#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A person speaks to the operator with relevo k8s, and with kubectl relevo: paused before it is begun, promoted by its
# digest, taken back; what is meant for another release is refused, and changes nothing.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/operated.sh
. tests/tools/operated.sh

# The plugin is found by its name.
mkdir "$work/bin"
ln -s "$relevo" "$work/bin/kubectl-relevo"
PATH=$work/bin:$PATH

start_workload 2 1.0.0 1.1.0 2.0.0
expect 3 "$relevo" k8s status meter -n test
contains "$said" '"meter" not found'
start_operator one
beam_deployment 1.0.0
is_ready 300
expect 0 "$relevo" k8s status meter -n test --json
check_document "k8s status" "k8s status"
jq -e '.pods == 2 and .committed == 2 and .paused == false and .target == .stable' "$work/out" >/dev/null || fail "$out"
for what in promote abort; do
  expect 4 "$relevo" k8s $what meter -n test
  contains "$said" "nothing is under way"
done
ok

# stands STATUS REASON: how `relevo k8s status` ends, and what it says.
stands () { "$relevo" k8s status meter -n test >"$work/stands" 2>&1; [ $? = "$1" ] && grep -q "$2" "$work/stands"; }

# ---- paused: what is wanted then is not begun ----
expect 0 kubectl relevo pause meter -n test
contains "$out" "meter: will stop"
beam_deployment 1.1.0 '{"strategy": {"waves": [{"name": "canary", "pods": 1, "minHealthySeconds": 1, "pause": {"type": "Manual"}}]}}'
is_seen () { [ "$(bd .metadata.generation)" = "$(bd .status.observedGeneration)" ] && stands 8 Paused; }
wait_for 30 is_seen || fail "not paused: $(cat "$work/stands")"
[ "$(kubectl get bup -n test -o name | wc -l)" = 1 ] || fail "it was begun"
expect 0 kubectl relevo resume meter -n test
wait_for 200 stands 8 WaitingForPromotion || fail "it does not wait for anybody: $(cat "$work/stands") $(explain 2>&1)"
ok

# ---- promoted, by its digest and no other ----
before=$(bd .metadata.resourceVersion)
expect 4 "$relevo" k8s promote meter -n test --revision "$(meter_digest 1.0.0)"
contains "$said" "$(meter_digest 1.1.0) is wanted there, not $(meter_digest 1.0.0); nothing was changed"
expect 4 "$relevo" k8s abort meter -n test --revision sha256:0000
[ "$(bd .spec.promotedRevision)$(bd .spec.abortedRevision)" = "" ] || fail "it was changed: $before, $(bd .spec)"
expect 0 kubectl relevo promote meter -n test --revision "$(meter_digest 1.1.0 | cut -c 8-19)"
contains "$out" "meter: $(meter_digest 1.1.0): is promoted"
is_ready 200
all_run 1.1.0
expect 0 "$relevo" k8s status meter -n test
contains "$out" "pods: 2, available 2, with it 2, permanent 2, drifted 0"
ok

# ---- taken back while it waits ----
beam_deployment 2.0.0 '{"strategy": {"waves": [{"name": "canary", "pods": 1, "minHealthySeconds": 1, "pause": {"type": "Manual"}}]}}'
wait_for 200 stands 8 WaitingForPromotion || fail "it does not wait for anybody: $(cat "$work/stands") $(explain 2>&1)"
expect 0 "$relevo" k8s abort meter -n test
contains "$out" "goes back"
wait_for 200 stands 5 Aborted || fail "it is not taken back: $(cat "$work/stands") $(explain 2>&1)"
all_run 1.1.0
is_bd .status.stableRevision "$(meter_digest 1.1.0)"
ok

# ---- who may not, and what is not there ----
kubeconfig "$work/nobody" '{token: token-of-nobody}'
expect 2 "$relevo" k8s pause meter -n test --kubeconfig "$work/nobody"
contains "$said" 'User "nobody" cannot patch'
expect 3 "$relevo" k8s pause other -n test
expect 2 kubectl relevo pause
ok
echo "ok: $checks checks"
