# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# A node that is started again whenever it dies, and what it is: by OTP's own means, and by relevo's.
# Sourced behind live.sh, when $work/run and $work/store are there.
# shellcheck disable=SC2154 # of live.sh

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
supervise 2>/dev/null &
supervisor=$!
stop_all () {
  kill -9 "$supervisor" 2>/dev/null || true
  pids="$(cat "$work/pid") $pids"
  for pid in $pids; do end "$pid"; done
  [ -z "${small:-}" ] || umount -l "$work/run"
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
# What it was told, the node may still be doing.  Asked once more, it might not answer.
must_be_whole () { wait_for "${patience_s:-30}" is_whole || fail "$row: the node is $now"; }

# A relevo whose connection broke is gone for the node a moment later, and what it began ends then.
is_alone () { ! "$relevo" node releases "$node" 2>&1 | grep -qE "is at work there|A change is under way"; }
# relevo says the same, and what comes next.  What the node was told may end between two questions,
# so OTP is asked before and after: only what both say counts.
told () {
  wait_for 90 is_alone || fail "$row: another relevo is at work, or a change is under way"
  before=
  while [ "$now" != "$before" ]; do
    before=$now
    expect 0 "$relevo" node info "$node" --timeout 60s
    info=$out
    expect 0 "$relevo" node releases "$node" --timeout 60s
    must_be_whole
  done
  contains "$info" "runs meter ${now% *}"
  contains "$(echo "$out" | tr -s ' ')" "meter $now running"
  case $now in
    *current) contains "$said" "relevo node commit" ;;
  esac
}
