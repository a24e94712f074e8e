#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A release that systools made, unpacked by hand, run by OTP's own run_erl and start_erl: taken to a
# release of relevo's and back, started again by start_erl.data, all of that by a fixed port without
# epmd.  One that `erl -boot` runs within
# the installed Erlang is told what it lacks.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tests/tools/tally "$work/store" >/dev/null
new=$work/store/tally-1.1.0.tar.gz

project=$work/project run=$work/run
examples/otp/checkout 1.0.0 "$project"
make -s -C "$project"
mkdir "$work/made" "$run"
cp "$project/config/sys.config" "$work/made/"
cat >"$work/make.escript" <<'ERL'
%% One that is passed over.
main([Dir, Ebins]) ->
    file:set_cwd(Dir),
    Erts = erlang:system_info(version),
    Vsn = fun(App) -> application:load(App), {ok, V} = application:get_key(App, vsn), V end,
    Path = filelib:wildcard(Ebins),
    code:add_paths(Path),
    Rel = {release, {"tally", "1.0.0"}, {erts, Erts},
           [{App, Vsn(App)} || App <- [kernel, stdlib, sasl, tally, tally_tcp]]},
    ok = file:write_file("tally.rel", io_lib:format("~p.~n", [Rel])),
    ok = systools:make_script("tally", [{path, Path}, {outdir, "."}]),
    ok = systools:make_tar("tally", [{path, Path}, {outdir, "."}, {erts, code:root_dir()}]),
    file:write_file("start_erl.data", Erts ++ " 1.0.0\n").
ERL
escript "$work/make.escript" "$work/made" "$project/_build/default/lib/*/ebin" >"$work/log" 2>&1 ||
  fail "systools: $(cat "$work/log")"
tar -xzf "$work/made/tally.tar.gz" -C "$run"
mv "$work/made/start_erl.data" "$run/releases/"
erl -noinput -eval 'ok = release_handler:create_RELEASES("'"$run"'", "'"$run/releases"'",
  "'"$run/releases/tally.rel"'", []), halt().' || fail "create_RELEASES"

node=tally@127.0.0.1 tcp=$((port + 1)) fixed=$((port + 2))
export RELEASE_COOKIE=otp HOME="$work" ERL_FLAGS="-tally_tcp port $tcp"
node () {
  command=$1
  shift
  "$relevo" node "$command" "$node" --port "$fixed" "$@"
}
serves () { node rpc tally recent; }
# Of the VM that run_erl has started: the oldest, as what it forks looks like it until it is another program.
vm () { pgrep -o -f "^$run/erts-[^ ]*/beam"; }
start () {
  mkdir -p "$work/pipe"
  bin=$(echo "$run"/erts-*/bin)
  "$bin/run_erl" -daemon "$work/pipe/" "$work" \
    "exec $bin/start_erl $run $run/releases $run/releases/start_erl.data -name $node -setcookie otp \
      -start_epmd false -erl_epmd_port $fixed -eval 'timer:sleep(infinity)'"
  wait_for 10 vm || fail "no VM: $(cat "$work"/erlang.log.*)"
  pid=$(vm)
  pids="$pids $pid"
  wait_for 30 serves || fail "does not start: $(cat "$work"/erlang.log.*)"
}
stop () {
  kill "$pid"
  wait_for 20 gone "$pid" || fail "still there after SIGTERM"
}
runs () {
  expect 0 node rpc tally version
  [ "$out" = "\"$1\"" ] || fail "runs $out, not $1"
}
adds () {
  expect 0 node rpc tally add '<<"a">>' 1
  [ "$out" = "{ok,$1}" ] || fail "adds up to $out, not $1"
}

start
expect 0 node info
contains "$out" "1.0.0"
expect 0 node adopt
contains "$out" "needs nothing"
expect 0 node check "$new"
adds 1
expect 0 node install "$new"
runs 1.1.0
adds 2
expect 0 node revert
runs 1.0.0
adds 3
expect 0 node install "$new" --commit
ok
stop
start
runs 1.1.0
expect 0 node revert 1.0.0
stop
start
runs 1.0.0
# What was committed before is brought again, as it was built.
expect 0 node install "$new"
runs 1.1.0
expect 0 node revert
stop
ok

# ---- within the installed Erlang ----

erl -boot "$run/releases/1.0.0/start" -config "$run/releases/1.0.0/sys" -name "$node" -setcookie otp \
  -start_epmd false -erl_epmd_port "$fixed" -noinput -pa "$run"/lib/tally*/ebin >"$work/log" 2>&1 &
pid=$!
pids="$pids $pid"
wait_for 30 serves || fail "does not start: $(cat "$work/log")"
expect 0 node releases
contains "$said" "RELEASES is"
expect 4 node install "$new"
contains "$said" "RELEASES is that of another release"
expect 4 node adopt
contains "$said" "a folder of releases that is not its own"
stop
ok

echo "ok: $checks groups of checks"
