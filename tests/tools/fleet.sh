# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# A fleet of meters for live tests (tests/tools/live.sh comes first): meter1@127.0.0.1 and so on,
# each with a folder of its own, and a project with the target `production`.

export TMPDIR="$work" XDG_STATE_HOME="$work/state"
fleet=$work/fleet
fleet_size=0
mkdir -p "$fleet"
# The fleet's own processes listen on loopback alone.
export ERL_ZFLAGS='-kernel inet_dist_use_interface {127,0,0,1}'
export RELEASE_COOKIE=c RELEASE_DISTRIBUTION=name

fleet_node () { echo "meter$1@127.0.0.1"; }
fleet_node_up () { "$relevo" node eval "$(fleet_node "$1")" '{started, _} = init:get_status()'; }
# boot_node N
boot_node () {
  RELEASE_NODE=$(fleet_node "$1") "$work/node$1/bin/meter" start >>"$work/node$1.log" 2>&1 &
  eval "node$1=$!"
  pids="$pids $!"
  wait_for 180 fleet_node_up "$1" || fail "node $1 does not start: $(cat "$work/node$1.log")"
}
# start_fleet N: N nodes that run 1.0.0.
start_fleet () {
  fleet_size=$1
  start_epmd
  for n in $(seq "$fleet_size"); do
    mkdir "$work/node$n"
    tar -xzf "$work/store/meter-1.0.0.tar.gz" -C "$work/node$n"
    boot_node "$n"
  done
}

# fleet_yaml [STRATEGY [NODE]]: a line of the strategy instead of the usual, one more node.  With
# $fleet_state, where rollouts are written down.
fleet_yaml () {
  { printf 'release: meter\napplications: {meter: permanent}\nstore: %s\n' "$work/store"
    printf 'targets:\n  production:\n    nodes:\n'
    for n in $(seq "$fleet_size"); do printf '      - %s\n' "$(fleet_node "$n")"; done
    [ -z "${2:-}" ] || printf '      - %s\n' "$2"
    printf '    health: [{vitals: {restarts: 0}}]\n    strategy:\n      probe: 300ms\n      failures: 2\n'
    case ${1:-} in bake:*) ;; *) printf '      bake: 3s\n' ;; esac
    [ -z "${1:-}" ] || printf '      %s\n' "$1"
    [ -z "${fleet_state:-}" ] || printf '%s\n' "$fleet_state"
  } >"$fleet/relevo.yaml"
}

# fleet_unwell VERSION: it is not well anywhere.
fleet_unwell () {
  sed -i "s|^    health: .*|    health: [{rpc: 'application:get_key(meter, vsn) =/= {ok, \"$1\"}'}]|" "$fleet/relevo.yaml"
}

# in_fleet STATUS WORD...: relevo, in the folder of the project.
in_fleet () {
  want=$1
  shift
  status=0
  (cd "$fleet" && exec "$relevo" "$@") >"$work/out" 2>"$work/said" </dev/null || status=$?
  out=$(cat "$work/out") said=$(cat "$work/said")
  [ "$status" = "$want" ] || fail "relevo $* ended with $status, not $want: $out $said"
}

# Another machine has another home and another folder; what is there is what git has, and the store.
elsewhere=$work/elsewhere
# in_other STATUS WORD...
in_other () {
  want=$1
  shift
  rm -rf "$elsewhere"
  mkdir -p "$elsewhere/home" "$elsewhere/project"
  sed "s|^store: .*|store: $elsewhere/store|" "$fleet/relevo.yaml" >"$elsewhere/project/relevo.yaml"
  cp -r "$work/store" "$elsewhere/store"
  status=0
  (cd "$elsewhere/project" && exec env -u XDG_STATE_HOME HOME="$elsewhere/home" "$relevo" "$@") \
    >"$work/out" 2>"$work/said" </dev/null || status=$?
  out=$(cat "$work/out") said=$(cat "$work/said")
  [ "$status" = "$want" ] || fail "elsewhere relevo $* ended with $status, not $want: $out $said"
  [ -z "$(find "$elsewhere/home" -type f)" ] || fail "relevo left files at home: $(find "$elsewhere/home" -type f)"
}

# begin_deploy VERSION: beside us; its process is $deploy.
begin_deploy () {
  rm -f "$work/deploy.said"
  (cd "$fleet" && exec "$relevo" deploy "$1" -t production) >"$work/deploy.out" 2>"$work/deploy.said" </dev/null &
  deploy=$!
  pids="$pids $deploy"
}
said_so () { grep -q "$1" "$work/deploy.said"; }
# wait_said TEXT: until the deploy says so; it has failed when it ends before.
wait_said () {
  wait_for 300 said_or_gone "$1" || true
  said_so "$1" || fail "deploy does not say \"$1\": $(cat "$work/deploy.said")"
}
said_or_gone () { said_so "$1" || gone "$deploy"; }
end_deploy () {
  status=0
  wait "$deploy" || status=$?
  [ "$status" = "$1" ] || fail "deploy ended with $status, not $1: $(cat "$work/deploy.said")"
}

# "RUNS/BOOTS" of each node, in a line.
node_state () {
  "$relevo" node releases "$(fleet_node "$1")" 2>&1 |
    awk '$4 == "running" { runs = $2 } $3 == "permanent" { boots = $2 } END { print runs "/" boots }'
}
fleet_states () { for n in $(seq "$fleet_size"); do node_state "$n"; done | tr '\n' ' '; }
fleet_is () {
  wanted="$* "
  [ "$(fleet_states)" = "$wanted" ] || fail "the fleet is $(fleet_states), not $wanted"
}
fleet_runs () { [ "$(fleet_states | tr ' ' '\n' | sort -u | grep .)" = "$1" ]; }
all_run () { fleet_runs "$1" || fail "the fleet is $(fleet_states), not $1"; }
