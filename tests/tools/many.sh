# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Fleets of many nodes that are not there (tests/helpers/many_nodes.c): tests/tools/live.sh comes first.
# They have the meter of $work/store, 1.0.0, and are deployed 1.1.0.

export TMPDIR="$work" XDG_STATE_HOME="$work/state" RELEASE_COOKIE=c

# What a real node answered, as far as somebody looks at it.
many_answers () {
  manifest=$(tar -xzOf "$work/store/meter-1.0.0.tar.gz" releases/1.0.0/relevo.manifest.json | sha256sum | cut -d' ' -f1)
  here=$(tar -tzf "$work/store/meter-1.1.0.tar.gz" | sed -n 's|^\(\./\)*||; /\/$/d; /^bin\//p; /^erts-/p' |
    sed 's/.*/"&"/' | paste -sd,)
  # of_state STATE RELEASES BOOTED
  of_state () {
    printf '{releases,%s,[{releases,[%s]},{releases_file,[]},{booted_name,"meter"},{booted_version,"%s"},' "$1" "$2" "$3"
    printf '{start_version,"%s"},{start_is_there,true},{copy_is_left,false},{records_differ,false},{reverted,[]},' "$3"
    printf '{releases_dir,"/srv/releases"},{root,"/srv"},{erts,"%s"},{otp,"25"},{mode,embedded},{busy,false},{lock,[]},' \
      "$(tar -tzf "$work/store/meter-1.0.0.tar.gz" | sed -n 's|^\(\./\)*erts-\([^/]*\)/.*|\2|p' | head -n 1)"
    printf '{status,started},{pinned_version,[]},{keeper,[]},{trials,true},{failed_trial,[]},{env_version,"%s"},{crypto,true}]}.\n' "$3"
  }
  # release VERSION STATE
  release () {
    libs=$(tar -tzf "$work/store/meter-1.0.0.tar.gz" | sed -n 's|^\(\./\)*lib/\([^/]*\)/.*|"\2"|p' | sort -u | paste -sd, |
      sed "s/meter-1.0.0/meter-$1/")
    printf '{"meter","%s",[%s],%s}' "$1" "$libs" "$2"
  }
  of_state old "$(release 1.0.0 permanent)" 1.0.0
  of_state unpacked "$(release 1.1.0 unpacked),$(release 1.0.0 permanent)" 1.0.0
  of_state new "$(release 1.1.0 current),$(release 1.0.0 permanent)" 1.0.0
  of_state committed "$(release 1.1.0 permanent),$(release 1.0.0 old)" 1.1.0
  cat <<ANSWERS
{lock,any,mine}.
{digest,any,"$manifest"}.
{recover,any,[]}.
{shared,any,[]}.
{manifest,any,<<131,106>>}.
{modules,any,{0,[]}}.
{digests,old,[true,true,true]}.
{digests,any,[true,true,true,true]}.
{vitals,any,[{run_queue,0},{schedulers,2},{memory,24980552},{processes_memory,8398040},{binary_memory,73784},
 {ets_memory,437696},{processes,57},{process_limit,262144},{ports,6},{port_limit,65536},{atoms,15458},
 {atom_limit,1048576},{queue_len,0},{queue_process,"user"},{suspended,[]},{suspended_count,0}]}.
{writable,any,ok}.
{supervisors,any,[]}.
{silent,any,[]}.
{lacks,any,{[$here],[]}}.
{stage,any,'RECEIVER'}.
{clean,any,[]}.
{unpack,any,{ok,"1.1.0"}}.
{files,any,{0,[]}}.
{check,any,{ok,[]}}.
{census,any,{[],[]}}.
{changes,any,{ok,[]}}.
{foresee,any,[{pages,[]},{suspends,1},{groups,[{meter,1,9,0,2688}]},{us,60},{silent,[]},{lingering,[]},{free,9000000000}]}.
{funs,any,[{found,[]},{looked,57},{left,0}]}.
{drain,any,{0,[]}}.
{'after',any,[{endpoints,0},{called,0},{failed,[]}]}.
{install,any,{installed,{"1.0.0",[{meter,1,1977}]}}}.
{commit,any,ok}.
ANSWERS
}

# start_many COUNT LATENCY_MS: until end_many.
start_many () {
  "$(dirname "$relevo")/tests/helpers/many_nodes" "$1" c "$2" "$work/answers" >"$work/many.out" 2>"$work/many.said" &
  many=$!
  pids="$pids $many"
  wait_for 30 grep -q ready "$work/many.out" || fail "no nodes: $(cat "$work/many.said")"
}
end_many () { end "$many"; wait "$many" 2>/dev/null || true; }

# many_yaml COUNT LINE...: of the strategy.
many_yaml () {
  mkdir -p "$work/project"
  { printf 'release: meter\napplications: {meter: permanent}\nstore: %s\n' "$work/store"
    printf 'targets:\n  production:\n    nodes:\n'
    for n in $(seq "$1"); do printf '      - n%s@127.0.0.1\n' "$n"; done
    shift
    printf '    strategy:\n      batch: 100%%\n'
    printf '      %s\n' "$@"
  } >"$work/project/relevo.yaml"
  rm -rf "$XDG_STATE_HOME"
}
