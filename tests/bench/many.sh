#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Nodes that have very many of something: `node check` where 200,000 processes would be suspended, and
# an installation of a release with 20,000 files more than the one that runs.  RELEVOS="A B" compares
# programs, by turns, with releases that the first of them builds.
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
    seq "$files" | awk -v dir="$dir/priv" '{ f = dir "/" int($1 / 100) ".d"; if ($1 % 100 == 1 || $1 == 1) system("mkdir -p " f); print $1 >(f "/" $1); close(f "/" $1) }'
  fi
  cat >"$work/pond/appups/1.0.0-1.1.0/pond.appup" <<'APPUP'
{"1.1.0", [{"1.0.0",[{update,fish,{advanced,[]}}]}], [{"1.0.0",[{update,fish,{advanced,[]}}]}]}.
APPUP
  printf '%s\n' 'release: pond' "version: \"$1\"" 'applications: {pond: permanent}' 'libs: [lib]' "store: $work/store" \
    'vm: {args: vm.args}' "$2" >"$work/pond/relevo.yaml"
  echo '+P 1000000' >"$work/pond/vm.args"
  expect 0 "$relevo" build -C "$work/pond" --out "$work/store"
}
