#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# relevo operator on a real API server, with pods that are real nodes with real agents: a release is
# adopted, one is rolled out hot, one that is not well goes back by itself and is not tried again, a pod
# that is deleted comes back on what is stable, and one that needs a restart is evicted, pod by pod.
# shellcheck disable=SC2154 # of those below
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/live.sh
. tests/tools/live.sh
# shellcheck source=tests/tools/pod.sh
. tests/tools/pod.sh
# shellcheck source=tests/tools/kube.sh
. tests/tools/kube.sh
# shellcheck source=tests/tools/workload.sh
. tests/tools/workload.sh
export TMPDIR="$work" XDG_CACHE_HOME="$work/cache"

start_kube
start_epmd
pod_pki
kubectl create namespace test >/dev/null
expect 0 "$relevo" k8s install -n test
meters 1.0.0 1.1.0 2.9.0 3.3.0
for vsn in 1.0.0 1.1.0 2.9.0 3.3.0; do beam_release $vsn; done
start_workload 3
start_operator one

all_run () {
  for nr in 0 1 2; do [ "$(runs $nr)" = "$1" ] || return 1; done
}

# ---- the first release: pods come up on it, and it is stable ----
beam_deployment 1.0.0
is_ready 120
[ "$(bd .status.stableRevision)" = "$digest_1_0_0" ] || fail "stable: $(bd .status.stableRevision)"
all_run 1.0.0 || fail "they run $(runs 0) $(runs 1) $(runs 2)"
ok

# ---- hot: the same pods, the same VMs ----
before=$(uids)
beam_deployment 1.1.0
is_ready 120
[ "$(uids)" = "$before" ] || fail "other pods: $(uids), not $before"
all_run 1.1.0 || fail "they run $(runs 0) $(runs 1) $(runs 2)"
[ -z "$(ls "$work"/restarts.* 2>/dev/null)" ] || fail "restarted"
[ "$(bd .status.stableRevision)" = "$digest_1_1_0" ] || fail "stable: $(bd .status.stableRevision)"
[ "$(bd .status.committedReplicas)" = 3 ] || fail "committed: $(bd .status.committedReplicas)"
ok
echo "ok: $checks checks"
