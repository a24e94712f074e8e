#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Releases that rebar3 (relx) built: one that runs under relx's own start script is adopted, taken
# to a release of relevo's and back, and started again by that script; and relevo's relup between
# two of relx's own is installed by relx's own script.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

# release VERSION: by rebar3, in the one folder of the project, as its owner would.
project=$work/project
release () {
  examples/otp/checkout "$1" "$work/source"
  cp -Rp "$work/source/." "$project"
  printf -- '-name tally@127.0.0.1\n-setcookie relx\n' >>"$project/config/vm.args"
  (cd "$project" && HOME=$work rebar3 tar >"$work/rebar3.log" 2>&1) || fail "rebar3: $(cat "$work/rebar3.log")"
  rm -r "$work/source"
}
mkdir "$project"
built=$project/_build/default/rel/tally
release 1.0.0
"$relevo" build -q -C "$project" --out "$work/store" >/dev/null
release 1.1.0
"$relevo" build -q -C "$project" --out "$work/store" >/dev/null
new=$work/store/tally-1.1.0.tar.gz

start_epmd
node=tally@127.0.0.1 tcp=$((port + 1))
export RELEASE_COOKIE=relx ERL_FLAGS="-tally_tcp port $tcp"
# start [COMMAND]: the pid of the node is in $pid.
start () {
  : >"$work/log" # what the last one wrote is not what this one does
  "$work/run/bin/tally" foreground >"$work/log" 2>&1 &
  pid=$!
  pids="$pids $pid"
  wait_for 30 grep -q listening "$work/log" || fail "does not start: $(cat "$work/log")"
}
stop () {
  kill "$pid"
  wait_for 20 gone "$pid" || fail "still there after SIGTERM"
}
runs () {
  expect 0 "$relevo" node rpc "$node" tally version
  [ "$out" = "\"$1\"" ] || fail "runs $out, not $1"
}
unpack () {
  rm -rf "$work/run"
  mkdir "$work/run"
  tar -xzf "$built/tally-1.0.0.tar.gz" -C "$work/run"
}

# ---- by relevo, under relx's start script ----

unpack
start
runs 1.0.0
expect 0 "$relevo" node releases "$node"
contains "$out" "permanent"
contains "$said" "boots 1.0.0, whatever is permanent"
expect 4 "$relevo" node check "$node" "$new"
contains "$out" "always boots 1.0.0"
expect 4 "$relevo" node install "$node" "$new"
contains "$said" "relevo node adopt"
contains "$said" "Nothing was changed"
ok

expect 0 "$relevo" node adopt "$node"
contains "$out" "start script"
expect 0 "$relevo" node adopt "$node" --json
contains "$out" '"already": true'
adds () {
  expect 0 "$relevo" node rpc "$node" tally add '<<"a">>' 1
  [ "$out" = "{ok,$1}" ] || fail "adds up to $out, not $1"
}
adds 1
expect 0 "$relevo" node check "$node" "$new"
expect 0 "$relevo" node install "$node" "$new"
runs 1.1.0
adds 2
expect 0 "$relevo" node revert "$node"
runs 1.0.0
adds 3
expect 0 "$relevo" node install "$node" "$new"
ok

# Not committed: the next start is the old release.
stop
start
runs 1.0.0
expect 0 "$relevo" node install "$node" "$new" --commit
stop
start
runs 1.1.0
expect 0 "$relevo" node revert "$node" 1.0.0
runs 1.0.0
stop
start
runs 1.0.0
expect 0 "$relevo" node remove "$node" 1.1.0
stop
ok

# ---- between two releases of relx, by relx ----

expect 0 "$relevo" plan "$built/tally-1.0.0.tar.gz" "$built/tally-1.1.0.tar.gz" --require hot --out "$work/plan"
cp "$work/plan/relup" "$built/releases/1.1.0/"
(cd "$project" && HOME=$work rebar3 tar >"$work/rebar3.log" 2>&1) || fail "rebar3: $(cat "$work/rebar3.log")"
unpack
start
adds 1
cp "$built/tally-1.1.0.tar.gz" "$work/run/releases/"
expect 0 "$work/run/bin/tally" upgrade 1.1.0
contains "$out" 'Made release permanent: "1.1.0"'
runs 1.1.0
adds 2
expect 0 "$work/run/bin/tally" downgrade 1.0.0
runs 1.0.0
adds 3
stop
ok

echo "ok: $checks groups of checks"
