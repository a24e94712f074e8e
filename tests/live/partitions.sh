#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Half of a fleet cannot be reached any more, in each stage of a rollout (PARTITIONS=all, or its name;
# in one of them without).  Each node has a network of its own, with an address of its own, and is cut off by taking
# its cable out.  What is not heard of is neither promoted nor taken back, and nothing is done twice.
set -eu
cd "$(dirname "$0")/../.."
if ! unshare -n sh -c 'ip link add probe0 type bridge && ip link add probe1 type veth peer name probe2' 2>/dev/null; then
  echo "skip: networks cannot be made here"
  exit 77
fi
[ -n "${PARTITIONS_NET:-}" ] || exec env PARTITIONS_NET=yes unshare -n "$0" "$@"
. tests/tools/live.sh
. tests/tools/fleet.sh

# ---- networks ----

size=4
space () { echo "relevo-$$-$1"; }
address () { echo "10.77.0.$1"; }
clean_networks () {
  for n in $(seq "$size"); do ip netns del "$(space "$n")" 2>/dev/null || true; done
}
trap 'clean_up; clean_networks' EXIT
ip link set lo up
ip link add fleet type bridge
ip addr add 10.77.0.254/24 dev fleet
ip link set fleet up
for n in $(seq "$size"); do
  ip netns add "$(space "$n")"
  ip link add "node$n" type veth peer name eth0 netns "$(space "$n")"
  ip link set "node$n" master fleet up
  ip -n "$(space "$n")" link set lo up
  ip -n "$(space "$n")" addr add "$(address "$n")/24" dev eth0
  ip -n "$(space "$n")" link set eth0 up
done
# The second half of the nodes.
cut () { for n in 3 4; do ip link set "node$n" down; done; }
heal () { for n in 3 4; do ip link set "node$n" up; done; }

# ---- the fleet ----

fleet_node () { echo "meter$1@$(address "$1")"; }
boot_node () {
  epmd=$(command -v epmd || echo /usr/lib/erlang/erts-*/bin/epmd)
  # shellcheck disable=SC2086 # a glob
  ip netns exec "$(space "$1")" $epmd -port "$ERL_EPMD_PORT" >/dev/null 2>&1 &
  pids="$pids $!"
  RELEASE_NODE=$(fleet_node "$1") ERL_ZFLAGS="-kernel inet_dist_use_interface {10,77,0,$1}" \
    ip netns exec "$(space "$1")" "$work/node$1/bin/meter" start >>"$work/node$1.log" 2>&1 &
  pids="$pids $!"
  wait_for 180 fleet_node_up "$1" || fail "node $1 does not start: $(cat "$work/node$1.log")"
}
count_installs () {
  for n in $(seq "$size"); do
    "$relevo" node eval "$(fleet_node "$n")" \
      "erlang:trace_pattern({release_handler, install_release, 2}, true, [call_count])" >/dev/null
  done
}
installs () {
  for n in $(seq "$size"); do
    "$relevo" node eval "$(fleet_node "$n")" \
      "element(2, erlang:trace_info({release_handler, install_release, 2}, call_count))"
  done | tr '\n' ' '
}
# policy BAKE [WAVES [PATIENCE]]: half of the nodes are a wave.
policy () {
  fleet_yaml "$(printf '%s\n      ' "$1" "${2:-waves: [2]}" 'max_unavailable: 2' "node_timeout: ${3:-40s}")"
}
# begin VERSION: as begin_deploy, with all that it does.
begin () {
  rm -f "$work/deploy.said" # what the last one said
  (cd "$fleet" && exec "$relevo" deploy "$1" -t production -v) >"$work/deploy.out" 2>"$work/deploy.said" </dev/null &
  deploy=$!
  pids="$pids $deploy"
}
lost () { (cd "$fleet" && "$relevo" status --json) | jq -e '[.nodes[] | select(.lost)] | length == 2'; }
# cut_at TEXT: when the deploy says so; until it has seen that they are lost.
cut_at () {
  wait_said "$1"
  cut
  wait_for 120 lost || gone "$deploy" || fail "it does not see that nodes are lost: $(cat "$work/deploy.said")"
}
# again: to the end, from whatever it is.
again () {
  in_fleet "$1" resume
  all_run "$2"
}
back () {
  in_fleet 0 rollback
  all_run 1.0.0/1.0.0
}
once () {
  [ "$(installs)" = "1 1 1 1 " ] || fail "installed $(installs) times"
}
in_stage () {
  case ${PARTITIONS:-install} in
    all | "$1") ;;
    *) false ;;
  esac
}

tests/tools/meter "$work/store" 1.0.0 1.1.0 >/dev/null
start_fleet "$size"
policy 'bake: 3s'

if in_stage look; then
  cut
  in_fleet 3 deploy 1.1.0
  heal
  wait_for 60 fleet_node_up 3
  all_run 1.0.0/1.0.0
  ok
fi

if in_stage stage; then
  begin 1.1.0
  cut_at ': stage 1.1.0'
  end_deploy 3
  heal
  all_run 1.0.0/1.0.0
  ok
fi

# Healed in time it goes on; else it waits for a person.  That they are lost is seen long before the time for an
# installation is over: a connection that nothing comes through is gone after a minute.
if in_stage install; then
  policy 'bake: 3s' 'waves: [2]' 5m
  count_installs
  begin 1.1.0
  cut_at 'meter3.*: install 1.1.0'
  heal
  end_deploy 0
  all_run 1.1.0/1.1.0
  once
  back
  ok
fi

if in_stage long; then
  policy 'bake: 3s'
  count_installs
  begin 1.1.0
  cut_at 'meter3.*: install 1.1.0'
  end_deploy 8
  contains "$(cat "$work/deploy.said")" "nothing is heard of"
  [ "$(node_state 1) $(node_state 2)" = "1.1.0/1.0.0 1.1.0/1.0.0" ] || fail "the others are $(fleet_states)"
  heal
  again 0 1.1.0/1.1.0
  once
  back
  ok
fi

if in_stage bake; then
  policy 'bake: 60s'
  count_installs
  begin 1.1.0
  wait_said 'wave 2 of 2'
  wait_said 'meter4.*: runs 1.1.0'
  cut
  end_deploy 8
  contains "$(cat "$work/deploy.said")" "nothing is heard of"
  heal
  again 0 1.1.0/1.1.0
  once
  back
  policy 'bake: 3s'
  ok
fi

if in_stage commit; then
  policy 'bake: 3s' 'waves: [2]' 5m
  count_installs
  begin 1.1.0
  cut_at ': commit 1.1.0'
  heal
  end_deploy 0
  all_run 1.1.0/1.1.0
  once
  back
  ok
fi

if in_stage back; then
  policy 'bake: 3s' 'canary: 4'
  fleet_unwell 1.1.0
  begin 1.1.0
  cut_at 'going back'
  heal
  end_deploy 5
  all_run 1.0.0/1.0.0
  ok
fi

echo "ok: $checks checks"
