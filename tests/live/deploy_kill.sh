#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# relevo deploy is killed when it writes its journal, before and after, at each of its writes in turn
# (KILLS=all; some of them without): `relevo resume` always comes to a clean end, and no node installs
# anything twice; with a journal in etcd from another machine.  One that is stopped, and wakes when
# another has gone on, does nothing any more.
# Parts: file
# Long: etcd
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
. tests/tools/fleet.sh
. tests/tools/etcd.sh
killer=$(dirname "$relevo")/tests/helpers/kill_at.so
[ -x "$killer" ] || fail "no $killer: make helpers"

tests/tools/meter "$work/store" 1.0.0 1.1.0 >/dev/null
start_fleet 3
in_etcd=
if [ "${this_part:-file}" = etcd ]; then
  in_etcd=yes
  start_etcd
  use_etcd 2s
fi
fleet_yaml "bake: 1s"

# next STATUS WORD...: what another relevo does then, from elsewhere where that can be.
next () {
  if [ "$in_etcd" ]; then
    wait_for 120 lock_is_free || fail "the lock of a dead relevo stays"
    in_other "$@"
  else
    in_fleet "$@"
  fi
}

# The VM itself counts how often release_handler was asked to install something.
count_installs () {
  for n in $(seq 3); do
    "$relevo" node eval "$(fleet_node "$n")" \
      "erlang:trace_pattern({release_handler, install_release, 2}, true, [call_count])" >/dev/null
  done
}
installs () {
  for n in $(seq 3); do
    "$relevo" node eval "$(fleet_node "$n")" \
      "element(2, erlang:trace_info({release_handler, install_release, 2}, call_count))"
  done | tr '\n' ' '
}

# killed COUNT [VARIABLE=VALUE...]: true when it was, and not over before.
killed () {
  at=$1
  shift
  status=0
  (cd "$fleet" && exec env "$@" KILL_AT="$at" LD_PRELOAD="$killer" "$relevo" deploy 1.1.0 -t production) \
    >"$work/out" 2>"$work/said" </dev/null || status=$?
  [ "$status" != 0 ] || return 1
  [ "$status" = 137 ] || fail "deploy ended with $status at write $at: $(cat "$work/said")"
}

# How many writes there are, of one that nobody disturbs; the first ones make the file.
killed 100000 KILL_COUNT="$work/writes" && fail "killed at no write"
writes=$(cat "$work/writes")
all_run 1.1.0/1.1.0
in_fleet 0 rollback -t production
count_installs
[ "$writes" -gt 10 ] || fail "only $writes writes"
ok

step=$((writes / 8 + 1))
[ "${KILLS:-}" != all ] || step=1
after=''
at=1
while [ "$at" -le "$writes" ]; do
  # shellcheck disable=SC2086 # none or one
  if killed "$at" $after; then
    if [ -n "$(cd "$fleet" && "$relevo" history -t production -n 1 --json | jq -r '.rollouts[] | select(.ended == 0) | .id')" ]; then
      next 0 resume -t production
    elif fleet_runs 1.0.0/1.0.0; then # it was killed before it wrote that there is one
      next 0 deploy 1.1.0 -t production
    fi # else all was done
  fi
  all_run 1.1.0/1.1.0
  counted=$(installs)
  [ "$counted" = "1 1 1 " ] || fail "killed at write $at: installed $counted times"
  next 0 rollback -t production
  all_run 1.0.0/1.0.0
  count_installs
  at=$((at + step))
  if [ -n "$after" ]; then after=''; else after=KILL_AFTER=1; fi
done
ok

# Stopped after it wrote down what it is about to do.  It is alive, so it has the lock of a file: another
# file is another machine.  A lease runs out.  Whoever goes on then has a later token.  On a busy machine there
# are more writes, and this deploy may be a quicker one: it must not be over by then.
early=$((writes / 3))
(cd "$fleet" && exec env KILL_STOP=1 KILL_AT="$early" LD_PRELOAD="$killer" "$relevo" deploy 1.1.0 -t production) \
  >"$work/deploy.out" 2>"$work/deploy.said" </dev/null &
deploy=$!
pids="$pids $deploy"
stopped () { grep -q '^State:[[:space:]]*T' "/proc/$deploy/status"; }
wait_for 180 stopped || fail "does not stop: $(cat "$work/deploy.said")"
if [ "$in_etcd" ]; then
  next 0 resume -t production
else
  in_fleet 7 deploy 1.1.0 -t production
  in_fleet 7 resume -t production
  in_fleet 0 deploy 1.1.0 -t production --state "$work/other/relevo.db"
fi
all_run 1.1.0/1.1.0
kill -CONT "$deploy"
end_deploy 7
contains "$(cat "$work/deploy.said")" "taken over"
all_run 1.1.0/1.1.0
ok

echo "ok: $checks checks, $writes writes"
