#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Who keeps the process of a release: heart, a supervisor as systemd, the start script as the first
# process of a container; each with a restart upgrade that comes up, and one that does not.
# Parts: heart systemd container
# shellcheck disable=SC2317 # functions that wait_for calls
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
export TMPDIR="$work"
export RELEASE_DISTRIBUTION=name RELEASE_NODE=meter@127.0.0.1 RELEASE_COOKIE=c
export ERL_ZFLAGS='-kernel inet_dist_use_interface {127,0,0,1}'
export NOTIFY="$work/notify"
node=$RELEASE_NODE run=$work/run meter=$work/run/bin/meter

tests/tools/meter "$work/store" 1.0.0 1.1.0 3.1.0 >/dev/null
release () { echo "$work/store/meter-$1.tar.gz"; }
start_epmd
unpack () {
  rm -rf "$run"
  mkdir "$run"
  tar -xzf "$(release 1.0.0)" -C "$run"
}

is_up () { "$relevo" node eval "$node" '{started, _} = init:get_status()'; }
# "RUNNING/PERMANENT"
state () {
  "$relevo" node releases "$node" |
    awk '$4 == "running" { runs = $2 } $3 == "permanent" { boots = $2 } END { print runs "/" boots }'
}
is_state () { is_up && [ "$(state)" = "$1" ]; }
runs () { wait_for 60 is_state "$1" || fail "not $1 but $(state): $(cat "$work"/*log "$run"/tmp/log/* 2>/dev/null)"; }
vm_pid () { "$meter" pid; }
shoot () {
  shot=$(vm_pid)
  kill -9 "$shot"
  wait_for 10 gone "$shot"
}
is_down () { ! "$relevo" node ping "$node"; }
# Whatever goes wrong: what runs in the background, and whoever would start it again, ends.
supervisor=''
end_all () {
  : >"$work/enough"
  end "$supervisor"
  is_down || timeout 30 "$meter" stop >/dev/null 2>&1 || true
  clean_up
}
trap end_all EXIT

# ---- heart ----
heart () {
  unpack
  HEART_COMMAND="$meter daemon" "$meter" daemon
  runs 1.0.0/1.0.0
  expect 0 "$relevo" node install "$node" "$(release 1.1.0)" --restart
  [ "$(state)" = 1.1.0/1.0.0 ] || fail "under heart: $(state)"
  shoot
  runs 1.0.0/1.0.0
  expect 0 "$relevo" node install "$node" "$(release 1.1.0)" --restart --commit
  shoot
  runs 1.1.0/1.1.0
  expect 5 "$relevo" node install "$node" "$(release 3.1.0)" --restart
  contains "$said" "did not come up"
  [ "$(state)" = 1.1.0/1.1.0 ] || fail "under heart, after a crash: $(state)"
  expect 0 "$meter" stop
  # Who would start it again has gone as well.
  hearts () {
    # shellcheck disable=SC2013 # one word a line
    for heart in $(grep -lzx "RELEVO_TEST=$work" /proc/[0-9]*/environ 2>/dev/null); do
      [ "$(cat "${heart%/*}/comm" 2>/dev/null)" != heart ] || return 0
    done
    return 1
  }
  no_heart () { ! hearts; }
  wait_for 10 no_heart || fail "heart outlives what was stopped"
  is_down || fail "heart starts what was stopped"
  ok
}

# ---- a supervisor as systemd: starts what has ended, hears that it is ready ----
systemd () {
  unpack
  "$meter" service >"$work/meter.service"
  if command -v systemd-analyze >/dev/null; then
    expect 0 systemd-analyze verify "$work/meter.service"
    [ -z "$said" ] || fail "systemd-analyze verify: $said"
  fi
  erl -noshell -eval '
    {ok, Socket} = gen_udp:open(0, [local, {ifaddr, {local, os:getenv("NOTIFY")}}, {active, false}]),
    Hear = fun Hear() -> {ok, {_, _, Text}} = gen_udp:recv(Socket, 0), io:put_chars([Text, 10]), Hear() end,
    Hear()' >"$work/heard" &
  pids="$pids $!"
  wait_for 20 test -S "$NOTIFY" || fail "no socket to notify"
  supervise () {
    while [ ! -e "$work/enough" ]; do
      NOTIFY_SOCKET=$NOTIFY RELEASE_KEEPER=systemd "$meter" start &
      echo $! >"$work/main.pid"
      status=0
      wait $! || status=$?
      echo "ended $status"
    done
  }
  ready () { [ "$(grep -c READY=1 "$work/heard")" = "$1" ]; }
  supervise >"$work/log" 2>&1 &
  supervisor=$!
  runs 1.0.0/1.0.0
  [ "$(vm_pid)" = "$(cat "$work/main.pid")" ] || fail "the VM is not the main process"
  wait_for 10 ready 1 || fail "not ready: $(cat "$work/heard")"
  expect 0 "$relevo" node install "$node" "$(release 1.1.0)" --restart
  [ "$(state)" = 1.1.0/1.0.0 ] || fail "supervised: $(state)"
  contains "$(cat "$work/log")" "ended 75"
  wait_for 10 ready 2 || fail "not ready again: $(cat "$work/heard")"
  expect 0 "$relevo" node revert "$node" --restart
  expect 5 "$relevo" node install "$node" "$(release 3.1.0)" --restart
  [ "$(state)" = 1.0.0/1.0.0 ] || fail "supervised, after a crash: $(state)"
  : >"$work/enough"
  kill "$(cat "$work/main.pid")"
  wait_for 20 gone "$supervisor" || fail "SIGTERM does not end it"
  contains "$(tail -n 1 "$work/log")" "ended 0"
  ok
}

# ---- the first process of a container ----
container () {
  alone="unshare --pid --fork --mount-proc --kill-child"
  [ "$(id -u)" = 0 ] || alone="$alone --map-root-user"
  if ! $alone true 2>/dev/null; then
    echo "no namespaces here: nothing was the first process"
    return
  fi
  unpack
  $alone "$meter" start >"$work/log" 2>&1 &
  outer=$!
  pids="$pids $outer"
  runs 1.0.0/1.0.0
  inside () { "$relevo" node eval "$node" "string:trim(os:cmd(\"$1\"))"; }
  [ "$(inside 'grep -c bin/meter /proc/1/cmdline')" = '"1"' ] || fail "the start script is not the first process"
  # Who loses its parent becomes a child of the first process, which must not keep the dead.
  inside '(sleep 0.3 & sleep 0.3 &)' >/dev/null
  none_asleep () { [ "$(inside "cat /proc/[0-9]*/stat | grep -c '(sleep) [^Z] '")" = '"0"' ]; }
  no_dead () { [ "$(inside "cat /proc/[0-9]*/stat | grep -c ') Z '")" = '"0"' ]; }
  wait_for 10 none_asleep || fail "they still sleep"
  wait_for 5 no_dead || fail "zombies: $(inside "cat /proc/[0-9]*/stat | grep ') Z '")"
  expect 0 "$relevo" node install "$node" "$(release 1.1.0)" --restart
  [ "$(state)" = 1.1.0/1.0.0 ] || fail "as the first process: $(state)"
  # Not committed, shot: the container lives on, with the old release.
  "$relevo" node eval "$node" 'os:cmd("kill -9 " ++ os:getpid())' >/dev/null 2>&1 || true
  runs 1.0.0/1.0.0
  kill "$(ps -o pid= --ppid "$outer" | tr -d ' ')"
  wait_for 20 gone "$outer" || fail "SIGTERM does not end the container"
  status=0
  wait "$outer" || status=$?
  [ "$status" = 0 ] || fail "SIGTERM ends the container with $status"
  ok
}

for name in heart systemd container; do
  if in_part $name; then $name; fi
done
echo "ok: $checks groups of checks"
