#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whatever breaks, and whenever, the node runs the old release or the new one, whole; relevo says
# which, and the same command again finishes the job.  Each row of the table below is one command
# that something happens to at one exact moment (tests/helpers/harm.c); after each, OTP's own
# erl_call asks the node what it is.
#   TORTURE=all  also kills relevo at every single system call of every step (many minutes)
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
export TMPDIR="$work"
harm=$PWD/$(dirname "${RELEVO:-build/release/relevo}")/tests/helpers/harm
case ${RELEVO:-} in /*) harm=$(dirname "$RELEVO")/tests/helpers/harm ;; esac
[ -x "$harm" ] || fail "no $harm: make helpers"

tests/tools/meter "$work/store" 1.0.0 1.1.0 >/dev/null
package () { echo "$work/store/meter-$1.tar.gz"; }
mkdir "$work/run"
tar -xzf "$(package 1.0.0)" -C "$work/run"
erl_call=$(echo "$work"/run/erts-*/bin/erl_call)

# ---- a node, and who starts it again when it dies ----

start_epmd
export RELEASE_DISTRIBUTION=name RELEASE_COOKIE=c ASKED="$work/asked"
node=meter@127.0.0.1
echo "$node" >"$work/name"
supervise () {
  while :; do
    RELEASE_NODE=$(cat "$work/name") "$work/run/bin/meter" start >>"$work/log" 2>&1 &
    echo $! >"$work/pid"
    wait $! || true
  done
}
supervise &
supervisor=$!
stop_all () {
  kill -9 "$supervisor" 2>/dev/null || true
  pids="$(cat "$work/pid") $pids"
  clean_up
}
trap stop_all EXIT

# ---- what the node is, by OTP's own means ----

# Modules that are loaded, with their digests, and what else should fit together.
cat >"$work/ask" <<'ERL'
Hex = fun(Bytes) -> [io_lib:format("~2.16.0b", [B]) || <<B>> <= Bytes] end,
Loaded = [[atom_to_list(M), " ", Hex(M:module_info(md5)), "\n"]
          || {M, File} <- lists:sort(code:all_loaded()), File =/= preloaded],
Held = [P || P <- processes(), {current_function, {sys, suspend_loop, _}} <- [process_info(P, current_function)]],
States = [{S, V} || {_, V, _, S} <- release_handler:which_releases(), S =:= current orelse S =:= permanent],
file:write_file(os:getenv("ASKED"),
                [io_lib:format("~0p~n", [{meter:kind(), lists:sort(States), length(Held), meter:count() > 0}]), Loaded]).
ERL
# of the releases as they were built
cat >"$work/want" <<'ERL'
Hex = fun(Bytes) -> [io_lib:format("~2.16.0b", [B]) || <<B>> <= Bytes] end,
Lines = fun(Dir) ->
    Beams = filelib:wildcard(Dir ++ "/lib/*/ebin/*.beam"),
    [[atom_to_list(M), " ", Hex(Md5), "\n"] || B <- Beams, {ok, {M, Md5}} <- [beam_lib:md5(B)]]
end,
Write = fun(Dir) -> ok = file:write_file(Dir ++ ".modules", lists:sort(Lines(Dir))) end,
lists:foreach(Write, init:get_plain_arguments()), halt().
ERL
erl -noinput -boot start_clean -eval "$(cat "$work/want")" -extra "$work/store/meter-1.0.0" "$work/store/meter-1.1.0" ||
  fail "the digests of the modules cannot be had"

ask () { rm -f "$ASKED" && "$erl_call" -c c -name "$(cat "$work/name")" -e <"$work/ask" >"$work/answer" 2>&1 && [ -s "$ASKED" ]; }
# whole: "1.0.0 permanent", "1.1.0 current", ...; what it is instead, otherwise.
whole () {
  ask || { echo "silent: $(cat "$work/answer")"; return; }
  case $(head -n 1 "$ASKED") in
    "{{single,{ok,'1.0.0'},'1.0.0'},[{permanent,\"1.0.0\"}],0,true}") is='1.0.0 permanent' ;;
    "{{single,{ok,'1.0.0'},'1.0.0'},[{current,\"1.0.0\"},{permanent,\"1.1.0\"}],0,true}") is='1.0.0 current' ;;
    "{{pair,{ok,'1.1.0'},'1.1.0'},[{current,\"1.1.0\"},{permanent,\"1.0.0\"}],0,true}") is='1.1.0 current' ;;
    "{{pair,{ok,'1.1.0'},'1.1.0'},[{permanent,\"1.1.0\"}],0,true}") is='1.1.0 permanent' ;;
    *) head -n 1 "$ASKED"; return ;;
  esac
  strange=$(tail -n +2 "$ASKED" | LC_ALL=C sort | LC_ALL=C comm -23 - "$work/store/meter-${is% *}.modules")
  [ -z "$strange" ] && echo "$is" || echo "$is, but with $strange"
}
is_whole () {
  now=$(whole)
  case $now in '1.0.0 permanent'|'1.0.0 current'|'1.1.0 current'|'1.1.0 permanent') ;; *) return 1 ;; esac
}
# What it was told, the node may still be doing.
must_be_whole () { wait_for 30 is_whole || fail "$row: the node is $(whole)"; now=$(whole); }

# relevo says the same, and what comes next.
told () {
  expect 0 "$relevo" node info "$node"
  contains "$out" "runs meter ${now% *}"
  expect 0 "$relevo" node releases "$node"
  contains "$(echo "$out" | tr -s ' ')" "meter $now running"
  case $now in
    *current) contains "$said" "relevo node commit" ;;
  esac
}

# ---- one row ----

new=$(package 1.1.0)
relevo_node () {
  case $1 in
    bring|install) echo node install "$node" "$new" --bake 100ms ;;
    commit) echo node commit "$node" ;;
    revert) echo node revert "$node" 1.0.0 ;;
    remove) echo node remove "$node" 1.1.0 ;;
  esac
}
quick="--timeout 2s"
# again COMMAND: the same once more, which must work.
again () {
  row_before=$row row="$row, again"
  # shellcheck disable=SC2046 # words
  case $1 in
    # It may be gone already: that is what was wanted.
    remove) status=0
      "$relevo" $(relevo_node remove) >"$work/out" 2>"$work/said" || status=$?
      [ "$status" = 0 ] || [ "$status" = 3 ] || fail "$row: ended with $status: $(cat "$work/said")" ;;
    *) expect 0 "$relevo" $(relevo_node "$1") ;;
  esac
  must_be_whole
  case $1 in
    bring|install) wanted='1.1.0 current' ;;
    commit) wanted='1.1.0 permanent' ;;
    *) wanted='1.0.0 permanent' ;;
  esac
  case $1,$now in
    install,'1.1.0 permanent'|bring,'1.1.0 permanent') ;;
    *) [ "$now" = "$wanted" ] || fail "$row: the node is $now, not $wanted" ;;
  esac
  row=$row_before
}
has_new () { [ -e "$work/run/releases/1.1.0" ]; }
# from COMMAND: the node as the command wants to find it.
from () {
  must_be_whole
  case $1,$now in
    bring,1.1.0*|install,1.1.0*|remove,1.1.0*) "$relevo" node revert -q "$node" 1.0.0 >/dev/null ;;
    commit,'1.0.0 permanent') "$relevo" node install -q "$node" "$new" >/dev/null ;;
    commit,'1.1.0 permanent') "$relevo" node revert -q "$node" 1.0.0 >/dev/null && from commit ;;
    revert,'1.0.0 permanent') "$relevo" node install -q "$node" "$new" --commit >/dev/null ;;
    revert,'1.1.0 current') "$relevo" node commit -q "$node" >/dev/null ;;
  esac || fail "$row: the node cannot be prepared"
  case $1 in
    bring) ! has_new || "$relevo" node remove -q "$node" 1.1.0 >/dev/null ;;
    remove|install) has_new || { "$relevo" node install -q "$node" "$new" >/dev/null && "$relevo" node revert -q "$node" >/dev/null; } ;;
  esac || fail "$row: the node cannot be prepared"
}

points=0
# torture DEED MOMENT COMMAND STATUS [SAYS...]
torture () {
  deed=$1 moment=$2 command=$3 statuses=$4
  shift 4
  says=$* row="$deed $moment $command"
  from "$command"
  case $deed in
    node-dies) do="kill -9 $(cat "$work/pid")" ;;
    node-hangs) do="kill -STOP $(cat "$work/pid")" ;;
    *) do=$deed ;;
  esac
  patience=
  case $deed,$command in
    mute,*|node-hangs,*) patience="$quick"; case $command in bring|install|revert) patience="$quick --patience 3s" ;; esac ;;
  esac
  status=0
  # shellcheck disable=SC2046,SC2086 # words
  timeout -k 1 120 "$harm" "$do" "$moment" "$relevo" $(relevo_node "$command") -v $patience >"$work/out" 2>"$work/said" || status=$?
  case ",$statuses," in
    *",$status,"*) ;;
    *) fail "$row: ended with $status, not $statuses: $(cat "$work/out" "$work/said")" ;;
  esac
  [ -z "$says" ] || contains "$(cat "$work/said")" "$says"
  [ "$deed" != node-hangs ] || kill -CONT "$(cat "$work/pid")"
  must_be_whole
  told
  again "$command"
  points=$((points + 1))
  [ -z "${TORTURE_VERBOSE:-}" ] || echo "$row: $status, $now"
}

wait_for 30 is_whole || fail "the meter does not start: $(cat "$work/log")"

# ---- the table: DEED MOMENT COMMAND STATUS SAYS ----

while read -r deed moment command statuses says; do
  case $deed in ''|'#'*) continue ;; esac
  # shellcheck disable=SC2086 # words
  torture "$deed" "$moment" "$command" "$statuses" $says </dev/null
done <<'TABLE'
# relevo is killed as it announces a step, and a few system calls into it.
kill look:+0            bring   137
kill look:+6            bring   137
kill recover:+0         bring   137
kill preflight:+0       bring   137
kill preflight:+6       bring   137
kill stage:+0           bring   137
kill stage:@exprs@exprs bring   137
kill stage:@finish      bring   137
kill stage:@finish+1    bring   137
kill clean:+0           bring   137
kill clean:@exprs+1     bring   137
kill unpack:+0          bring   137
kill unpack:@exprs+1    bring   137
kill files:+0           bring   137
kill files:+6           bring   137
kill check:+0           install 137
kill check:@exprs+1     install 137
kill install:+0         install 137
kill install:@exprs     install 137
kill install:@exprs+1   install 137
kill verify:+0          install 137
kill bake:+0            install 137
kill bake:@exprs+1      install 137
kill commit:+0          commit  137
kill commit:@exprs      commit  137
kill commit:@exprs+1    commit  137
kill revert:+0          revert  137
kill revert:@exprs      revert  137
kill revert:@exprs+1    revert  137
kill verify:+0          revert  137
kill commit:@exprs+1    revert  137
kill remove:+0          remove  137
kill remove:@exprs      remove  137
kill remove:@exprs+1    remove  137
TABLE
echo "ok: $points points"
