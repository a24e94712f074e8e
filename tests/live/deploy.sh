#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A fleet of three nodes: hot with a canary, back by itself when the release is not well, every kind
# of end and its exit status, people who pause, promote and abort.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
. tests/tools/fleet.sh

tests/tools/meter "$work/store" 1.0.0 1.1.0 1.2.0 1.4.0 1.5.0 >/dev/null
start_fleet 3
# described NAME STATUS WORD...: in_fleet, and what it says as JSON is that document.
described () {
  name=$1
  shift
  in_fleet "$@" --json
  check_document "$name" "$*"
}

# ---- what is refused changes nothing ----

fleet_yaml
in_fleet 2 deploy
in_fleet 2 deploy 1.1.0 -t
in_fleet 3 deploy 1.1.0 -t elsewhere
contains "$said" "There is: production"
described error 2 deploy -t production
described error 3 deploy 9.9.9 -t production
in_fleet 3 status -t production
contains "$said" "nothing was ever deployed"
described error 3 status -t production
in_fleet 3 resume -t production
in_fleet 3 rollback -t production
ok

described rollout 0 deploy 1.1.0 -t production --dry-run
[ "$(jq -r '[.nodes[].way] | unique | join(",")' "$work/out")" = hot ] || fail "not hot: $out"
[ "$(jq '.waves' "$work/out")" = 2 ] || fail "not two waves: $out"
in_fleet 3 status -t production
all_run 1.0.0/1.0.0
ok

# ---- up, with a canary ----

in_fleet 0 deploy 1.1.0 -t production
contains "$said" "wave 1 of 2"
contains "$said" "wave 2 of 2"
contains "$out" "done"
all_run 1.1.0/1.1.0
described rollout 0 status -t production
[ "$(jq -r '[.nodes[].stage] | unique | join(",")' "$work/out")" = committed ] || fail "$out"
in_fleet 0 deploy 1.1.0 -t production
in_fleet 0 history -t production -v
contains "$out" "install 1.1.0"
described history 0 history -t production
described history 0 history -t production -v
ok

# ---- and back ----

in_fleet 4 rollback -t production
contains "$said" "--to VERSION"
described error 4 rollback -t production
described rollout 0 rollback -t production --to 1.0.0
all_run 1.0.0/1.0.0
ok

# ---- a release that is not well: only the canary ever has it ----

# (What numbers say of a node: tests/live/probes.sh.)
fleet_unwell 1.4.0
in_fleet 5 deploy 1.4.0 -t production
contains "$said" "taken back"
all_run 1.0.0/1.0.0
[ "$(grep -c 'runs 1.4.0' "$work/said")" = 1 ] || fail "more than the canary had it: $said"
described rollout 5 status -t production
[ "$(jq -r .result "$work/out")" = rolled_back ] || fail "$out"
in_fleet 4 rollback -t production
ok

# ---- one whose code_change fails, and one that knows no way back ----

described rollout 5 deploy 1.2.0 -t production
wait_for 180 fleet_runs 1.0.0/1.0.0 || fail "not back: $(fleet_states)"
fleet_yaml "mode: hot"
in_fleet 4 deploy 1.5.0 -t production
contains "$said" "not hot"
all_run 1.0.0/1.0.0
ok

# ---- a node that is not there ----

fleet_yaml "" "meter9@127.0.0.1"
in_fleet 3 deploy 1.1.0 -t production
contains "$said" "meter9@127.0.0.1 cannot be reached"
all_run 1.0.0/1.0.0
ok

# ---- people ----

fleet_yaml "pause: manual"
in_fleet 8 deploy 1.1.0 -t production
contains "$said" "relevo promote -t production"
fleet_is 1.1.0/1.0.0 1.0.0/1.0.0 1.0.0/1.0.0
in_fleet 4 deploy 1.4.0 -t production
contains "$said" "is not over"
described rollout 8 status -t production
[ "$(jq -r .paused "$work/out")" = wave ] || fail "$out"
described rollout 8 resume -t production
fleet_is 1.1.0/1.0.0 1.0.0/1.0.0 1.0.0/1.0.0
described rollout 0 promote -t production
all_run 1.1.0/1.1.0
in_fleet 0 rollback -t production
all_run 1.0.0/1.0.0
described rollout 8 deploy 1.1.0 -t production
described rollout 0 abort -t production
all_run 1.0.0/1.0.0
described error 4 abort -t production
in_fleet 4 promote -t production
ok

# Of a rollout that is driven: it is told, and obeys; another one is not let in.
fleet_yaml "bake: 1h"
begin_deploy 1.1.0
wait_for 180 said_so 'watching for 3600 s' || fail "does not come to bake: $(cat "$work/deploy.said")"
in_fleet 7 deploy 1.4.0 -t production
contains "$said" "is at work on it"
described error 7 deploy 1.4.0 -t production
in_fleet 7 resume -t production
in_fleet 0 status -t production
contains "$out" "driven by process"
in_fleet 0 pause -t production
end_deploy 8
in_fleet 8 status -t production
in_fleet 0 abort -t production
all_run 1.0.0/1.0.0
begin_deploy 1.1.0
wait_for 180 said_so 'watching for 3600 s' || fail "does not come to bake: $(cat "$work/deploy.said")"
in_fleet 0 abort -t production
end_deploy 5
all_run 1.0.0/1.0.0
ok

# Ctrl-C: what is under way ends, and it says how to go on.
begin_deploy 1.1.0
wait_for 180 said_so 'watching for 3600 s' || fail "does not come to bake: $(cat "$work/deploy.said")"
kill -INT "$deploy"
end_deploy 8
contains "$(cat "$work/deploy.said")" "relevo resume -t production"
fleet_is 1.1.0/1.0.0 1.0.0/1.0.0 1.0.0/1.0.0
in_fleet 0 abort -t production
all_run 1.0.0/1.0.0
ok

echo "ok: $checks checks"
