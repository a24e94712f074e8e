#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Everything at once, for MINUTES (2): releases are wished for in the middle of rollouts of others, pods are deleted, more
# and fewer of them are wanted, VMs and agents are killed, the API server dies and comes back, watches break.  What the operator does meanwhile is
# watched from outside (tests/tools/churn.sh); when all that is over, all pods run what is wished, and nothing has leaked.
# What happens is chosen by SEED, which is told.
# Parts: StatefulSet Deployment
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/churn.sh
. tests/tools/churn.sh
workload_kind=${this_part:-StatefulSet}

seed=${SEED:-$(($(date +%s) % 100000))}
echo "seed $seed"
churn_begin 3
await 200 pods_ready 3
await 200 is_settled

# Once to each release, so that all that is kept in memory is there.  The first that is written of each attempt meets
# somebody else's write, or its answer is lost.
for version in $churn_versions; do
  echo "PUT beamupgrades 0 1 ${odd:=status 409}" >"$work/rules"
  wish "$version"
  await 300 is_settled
  odd=lose
done
: >"$work/rules"
note_size before

# ---- the churn ----
# roll N: $rolled is one of 0 … N-1
random=$seed
roll () {
  random=$(((random * 1103515245 + 12345) % 2147483648))
  rolled=$((random / 65536 % $1))
}
# pick: $picked is one of the pods
pick () {
  roll "$replicas"
  picked=$(names 2>/dev/null | sed -n "$((rolled + 1))s/ .*//p")
}
do_delete () {
  pick
  say "$picked is deleted"
  in_shop delete pod "$picked" --wait=false >/dev/null 2>&1
}
# do_kill CONTAINER: the process in it
do_kill () {
  pick
  say "$1 of $picked dies"
  pid=$(process_of "$picked" "$1" 2>/dev/null)
  [ "${pid:-0}" = 0 ] || ! is_ours "$pid" || kill -9 "$pid" 2>/dev/null
}
do_scale () {
  roll 3
  scale $((rolled + 2))
}
do_wish () {
  # shellcheck disable=SC2086 # words
  set -- $churn_versions
  roll $#
  shift "$rolled"
  wish "$1"
}
# In the middle of a rollout: what comes next befalls that.
is_under_way () { is_settled || [ "$("$kube" ask GET "${bd_path%/*/*}/beamupgrades" 2>/dev/null | jq '[.items[] | select(.status.result == "Running")] | length')" = 1 ]; }
# at_most SECONDS COMMAND
at_most () {
  by=$(($(date +%s) + $1))
  shift
  until "$@" || [ "$(date +%s)" -ge "$by" ] || ! lives; do sleep 0.5; done
}
do_server () {
  say "the API server dies"
  stop_apiserver
  roll 4
  sleep "$rolled"
  start_apiserver
  say "the API server is back"
}
# Watches end in each of the ways in which they can, writes meet others.
do_cut () {
  say "what the server answers is cut, late or an error"
  roll 900
  cat >"$work/rules" <<RULES
GET pods?watch 0 1 cut $rolled
GET beamdeployments?watch 0 2 gone
GET beamupgrades?watch 0 1 status 410
GET /statefulsets?watch 0 1 status 500
GET /deployments?watch 0 1 status 500
PUT beamupgrades $((rolled % 5)) 1 status 409
PUT beamupgrades $((rolled % 3)) 1 lose
PATCH beamdeployments 0 1 lose
PATCH configmaps 0 1 status 409
GET pods?labelSelector $((rolled % 7)) 1 status 503
POST pods 0 1 lose
RULES
}
do_calm () {
  say "calm"
  at_most 60 is_settled
}
until_s=$(($(date +%s) + ${MINUTES:-2} * 60)) token_at=$(date +%s)
done_things=0
while [ "$(date +%s)" -lt "$until_s" ]; do
  roll 16
  case $rolled in
    0 | 1 | 2) do_delete ;;
    3 | 4) do_scale ;;
    5 | 6 | 7) do_wish && at_most 30 is_under_way ;;
    8) do_server ;;
    9 | 10) do_cut ;;
    11) do_kill app ;;
    12) do_kill relevo-agent ;;
    *) do_calm ;;
  esac
  if [ $(($(date +%s) - token_at)) -gt 900 ] && account_token shop relevo-operator "$work/operator.config"; then token_at=$(date +%s); fi
  done_things=$((done_things + 1))
  roll 5
  sleep "$rolled"
  lives || fail "the operator has ended: $(churn_explain)"
done

# ---- and after it ----
: >"$work/rules"
do_wish
scale 3
await 400 is_settled
churn_end
no_violation
all_run "$wished"
ok
installed_once
ok
budget_kept
ok
note_size after
no_leak
ok
echo "ok: $checks checks, $done_things things befell, $(attempts) attempts, seed $seed"
