#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Nodes that have very many of something: `node check` where 200,000 processes would be suspended, and
# an installation of a release with 20,000 files more than the one that runs.  RELEVOS="A B" compares
# programs, by turns, with releases that the first of them builds.  In parentheses: milliseconds of CPU of
# the node, which other load changes less.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
processes=${PROCESSES:-200000}
files=${FILES:-20000}
runs=${BENCH_RUNS:-3}
relevos=${RELEVOS:-$relevo}
for relevo in $relevos; do break; done

# A pond of that many fish, and in 1.1.0 of that many files.
release () { # VERSION LINE
  dir=$work/pond/lib/pond-$1
  rm -rf "$work/pond/lib"
  mkdir -p "$dir/ebin" "$dir/priv" "$work/pond/appups/1.0.0-1.1.0"
  cat >"$work/fish.erl" <<ERL
-module(fish).
-behaviour(gen_server).
-export([start_link/0, init/1, handle_call/3, handle_cast/2, code_change/3, vsn/0]).
vsn() -> "$1".
start_link() -> gen_server:start_link(?MODULE, [], []).
init([]) -> {ok, {fish, 0}, hibernate}.
handle_call(_, _, State) -> {reply, ok, State}.
handle_cast(_, State) -> {noreply, State}.
code_change(_, State, _) -> {ok, State}.
ERL
  cat >"$work/pond_sup.erl" <<ERL
-module(pond_sup).
-behaviour(supervisor).
-behaviour(application).
-export([start/2, stop/1, init/1, fill/1]).
start(_, _) -> supervisor:start_link({local, ?MODULE}, ?MODULE, []).
stop(_) -> ok.
init([]) ->
    {ok, {#{strategy => simple_one_for_one}, [#{id => fish, start => {fish, start_link, []}, modules => [fish]}]}}.
fill(N) -> [{ok, _} = supervisor:start_child(?MODULE, []) || _ <- lists:seq(1, N)], ok.
ERL
  erlc -o "$dir/ebin" "$work/fish.erl" "$work/pond_sup.erl"
  cat >"$dir/ebin/pond.app" <<APP
{application,pond,[{description,""},{vsn,"$1"},{modules,[fish,pond_sup]},{registered,[pond_sup]},
  {applications,[kernel,stdlib]},{mod,{pond_sup,[]}}]}.
APP
  if [ "$1" != 1.0.0 ]; then
    seq "$files" | awk -v dir="$dir/priv" '{ f = dir "/" int($1 / 100) ".d"; if ($1 % 100 == 0 || $1 == 1) system("mkdir -p " f); print $1 >(f "/" $1); close(f "/" $1) }'
  fi
  cat >"$work/pond/appups/1.0.0-1.1.0/pond.appup" <<'APPUP'
{"1.1.0", [{"1.0.0",[{update,fish,{advanced,[]}}]}], [{"1.0.0",[{update,fish,{advanced,[]}}]}]}.
APPUP
  printf '%s\n' 'release: pond' "version: \"$1\"" 'applications: {pond: permanent}' 'libs: [lib]' "store: $work/store" \
    "$2" >"$work/pond/relevo.yaml"
  expect 0 "$relevo" build -C "$work/pond" --out "$work/store"
}
release 1.0.0 ''
release 1.1.0 'upgrade: {from: ["1.0.0"], appups: appups}'
new=$work/store/pond-1.1.0.tar.gz

start_epmd
node=pond@127.0.0.1
export RELEASE_DISTRIBUTION=name RELEASE_NODE=$node RELEASE_COOKIE=c
mkdir "$work/run"
tar -xzf "$work/store/pond-1.0.0.tar.gz" -C "$work/run"
echo '+P 1000000' >>"$work/run/releases/1.0.0/vm.args"
"$work/run/bin/pond" start >"$work/log" 2>&1 &
vm=$!
pids="$pids $vm"
wait_for 60 "$relevo" node eval "$node" 'fish:vsn()' || fail "does not start: $(cat "$work/log")"

# took WHAT COMMAND...: milliseconds that passed, and those that the VM worked, a line in $work/WHAT
worked () { awk '{ print ($14 + $15) * 10 }' "/proc/$vm/stat"; }
took () {
  what=$1 worked=$(worked) begin=$(date +%s%N)
  shift
  expect 0 "$@"
  echo "$((($(date +%s%N) - begin) / 1000000)) ($(($(worked) - worked)))" >>"$work/$what"
}
row () { # WHAT FILE
  printf '  %-44s %s: %sms\n' "$1" "$relevo" "$(sort -n "$work/$2" | tr '\n' ' ')"
}
each () { # WHAT COMMAND...
  nr=0
  for relevo in $relevos; do
    nr=$((nr + 1)) file=$1-$nr
    (shift && "$@")
  done
}
install () {
  took "$file" "$relevo" node install "$node" "$new"
  expect 0 "$relevo" node revert -q "$node"
  expect 0 "$relevo" node remove -q "$node" 1.1.0
}
check () { took "$file" "$relevo" node check "$node" "$new" --timeout 300s; }
for _ in $(seq "$runs"); do each files install; done
"$relevo" node eval "$node" --timeout 300s "pond_sup:fill($processes)" >/dev/null || fail "not that many processes"
for _ in $(seq "$runs"); do each processes check; done
echo "all runs, load $(cut -d ' ' -f 1 /proc/loadavg)"
nr=0
for relevo in $relevos; do
  nr=$((nr + 1))
  row "installed with $files files more" files-$nr
  row "check, $processes processes are suspended" processes-$nr
done
