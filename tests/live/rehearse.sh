#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# relevo rehearse: the example goes up, down, and through both restarts while a load and checks look
# at it; what is wrong with a release is found, each in its own way; nothing is left behind.
# Parts: passes faults refusals interrupted
# shellcheck disable=SC2317 # functions that wait_for calls
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
export RELEVO="$relevo"

meters () { tests/tools/meter "$work/store" "$@" >/dev/null; }
shops () { tests/tools/shop "$work/store" "$@" >/dev/null; }
meter () { echo "$work/store/meter-$1.tar.gz"; }
shop () { echo "$work/store/shop-$1.tar.gz"; }

# Everything is done below TMPDIR, and every process has its path in its arguments.
mkdir "$work/tmp"
export TMPDIR="$work/tmp"
processes () { grep -lzF "$TMPDIR/relevo-rehearse" /proc/[0-9]*/cmdline 2>/dev/null || true; }
nothing_left () {
  wait_for 5 no_process || fail "$1: still there: $(processes)"
  [ -z "$(ls "$TMPDIR")" ] || fail "$1: left behind: $(ls "$TMPDIR")"
}
no_process () { [ -z "$(processes)" ]; }
# of NAME: what stands behind "NAME": in $out, which is JSON.
phase () {
  contains "$(printf %s "$out" | tr -d ' \n')" "\"name\":\"$1\",\"status\":\"$2\""
}
# found CODE PHASES...
found () {
  code=$1
  shift
  list=$(printf '"%s",' "$@")
  printf %s "$out" | tr -d ' \n' | grep -q "\"code\":\"$code\",\"severity\":\"[a-z]*\",\"phases\":\[${list%,}\]" ||
    fail "$code was not found in $*: $out"
}

passes () {
  meters 1.0.0 1.1.0
  shops 1.0.0 1.1.0
  # The example, as a new user would.
  expect 0 "$relevo" rehearse "$(shop 1.0.0)" "$(shop 1.1.0)" --port-env SHOP_PORT
  contains "$out" "shop 1.0.0 to 1.1.0"
  contains "$out" "passed: 1.1.0 goes over 1.0.0 while it runs, and back (0 faults, 0 warnings"
  contains "$out" "restart_old"
  contains "$said" "taking it back while it runs"
  nothing_left "a rehearsal that passed"
  ok

  # With a load, and checks that see every phase and version; JSON and JUnit.
  # shellcheck disable=SC2016
  echo 'while curl -fs "http://127.0.0.1:$REHEARSE_PORT/health" >/dev/null; do sleep 0.05; done; exit 9' >"$work/load"
  # shellcheck disable=SC2016 # for the shell of the rehearsal
  expect 0 "$relevo" rehearse "$(shop 1.0.0)" "$(shop 1.1.0)" --port-env SHOP_PORT --json --watch 300ms \
    --ready 'curl -fs "http://127.0.0.1:$REHEARSE_PORT/health"' --load "sh $work/load" \
    --check 'curl -fs "http://127.0.0.1:$SHOP_PORT/health" | grep -q "\"$REHEARSE_VERSION\""' \
    --check "echo \$REHEARSE_PHASE >>$work/seen" --junit "$work/junit.xml"
  [ "$(tr '\n' ' ' <"$work/seen")" = "boot upgrade downgrade upgrade_again restart_new downgrade_fresh restart_old " ] ||
    fail "the checks saw $(cat "$work/seen")"
  contains "$out" '"outcome": "passed"'
  for name in boot upgrade downgrade upgrade_again restart_new downgrade_fresh restart_old; do
    phase "$name" passed
    contains "$(cat "$work/junit.xml")" "name=\"$name\""
  done
  contains "$out" '"longest_pauses"'
  contains "$(cat "$work/junit.xml")" 'tests="7" failures="0" errors="0" skipped="0"'
  nothing_left "a rehearsal with a load"
  ok

  # A load and a check that are not content.
  # shellcheck disable=SC2016
  expect 4 "$relevo" rehearse "$(meter 1.0.0)" "$(meter 1.1.0)" --json --watch 200ms --load 'sleep 1; exit 3' \
    --check '[ $REHEARSE_PHASE != downgrade ] || { echo not so; exit 1; }' --junit "$work/junit.xml"
  found check_failed downgrade
  contains "$out" "ended with status 1: not so"
  contains "$out" "ended with status 3"
  [ "$(printf %s "$out" | grep -c '^}')" = 1 ] || fail "not one JSON document: $out"
  contains "$said" "the upgrade is not sound"
  contains "$(cat "$work/junit.xml")" '<failure type="check_failed"'
  ok

  # The VM goes down under a check.
  # shellcheck disable=SC2016
  expect 4 "$relevo" rehearse "$(meter 1.0.0)" "$(meter 1.1.0)" --json --watch 200ms \
    --check '[ $REHEARSE_PHASE != upgrade ] || $REHEARSE_ROOT/bin/meter rpc "erlang:halt(3)"'
  found node_lost upgrade
  found check_failed upgrade
  nothing_left "a VM that went down"
  ok
}

faults () {
  meters 1.0.0 1.2.0 1.3.0 1.4.0 1.5.0 2.1.0 2.2.0 2.3.0 2.4.0
  # Each is wrong in its own way.
  rehearse () { expect "$1" "$relevo" rehearse "$(meter 1.0.0)" "$(meter "$2")" --json --watch "${3:-300ms}"; }
  rehearse 4 1.2.0
  found code_change_failed upgrade
  phase restart_new skipped
  rehearse 4 1.3.0
  found upgrade_refused upgrade
  rehearse 4 1.4.0 1200ms
  found process_crashed upgrade upgrade_again
  rehearse 4 1.5.0
  found upgrade_refused upgrade
  contains "$out" "no way back"
  rehearse 4 2.1.0
  found old_code downgrade
  found process_killed upgrade_again
  contains "$out" "meter:linger/0 was killed"
  rehearse 4 2.2.0
  found child_not_started upgrade upgrade_again
  contains "$out" "meter / second does not run"
  phase restart_new passed
  rehearse 4 2.3.0
  found downgrade_failed downgrade
  contains "$out" "the state of all processes is lost"
  rehearse 4 2.4.0
  found process_suspended upgrade
  contains "$out" "meter"
  nothing_left "rehearsals that failed"
  ok
}

refusals () {
  meters 1.0.0 1.1.0 1.5.0
  shops 1.1.0 1.2.0
  # One way; the plan says restart; the same release twice; what is none; what does not start.
  expect 0 "$relevo" rehearse "$(meter 1.0.0)" "$(meter 1.5.0)" --one-way --watch 200ms
  contains "$out" "downgrade_fresh  skipped"
  expect 4 "$relevo" rehearse "$(shop 1.1.0)" "$(shop 1.2.0)" --port-env SHOP_PORT --watch 200ms
  contains "$out" "nif_changed"
  expect 4 "$relevo" rehearse "$(shop 1.1.0)" "$(shop 1.2.0)" --port-env SHOP_PORT --watch 200ms --allow nif_changed \
    --allow state_shape_changed
  contains "$out" "on_load_failure"
  expect 4 "$relevo" rehearse "$(meter 1.0.0)" "$(meter 1.0.0)"
  expect 4 "$relevo" rehearse "$(meter 1.0.0)" "$(shop 1.1.0)"
  expect 3 "$relevo" rehearse "$work/none.tar.gz" "$(meter 1.1.0)"
  # A busy machine may not have it up by then.
  for limit in 5s 60s; do
    expect 1 "$relevo" rehearse "$(meter 1.0.0)" "$(meter 1.1.0)" --ready 'echo no; false' --boot-timeout "$limit"
    case $said in *"not up in time"*) ;; *) break ;; esac
  done
  contains "$said" "not ready in time"
  mkdir "$work/broken"
  tar -xzf "$(meter 1.0.0)" -C "$work/broken"
  echo '-no_such_flag_of_erl +Xyz' >"$work/broken/releases/1.0.0/vm.args"
  expect 1 "$relevo" rehearse "$work/broken" "$(meter 1.1.0)"
  contains "$said" "while it started"
  contains "$said" "It said:"
  nothing_left "rehearsals that could not be"
  ok
}

interrupted () {
  meters 1.0.0 1.1.0
  # Interrupted at any moment: SIGNAL, and how many phases are over by then.
  over () { [ "$(grep -c '^ok ' "$work/out")" -ge "$1" ]; }
  begun () { [ -n "$(ls "$TMPDIR")" ]; }
  for at in 'TERM 0' 'HUP 0' 'TERM 1' 'HUP 2' 'TERM 3' 'TERM 4' 'HUP 5'; do
    signal=${at% *} phases=${at#* }
    "$relevo" rehearse "$(meter 1.0.0)" "$(meter 1.1.0)" --watch 200ms >"$work/out" 2>&1 &
    victim=$!
    wait_for 60 begun || fail "SIG$signal after $phases phases: does not begin"
    wait_for 60 over "$phases" || fail "SIG$signal after $phases phases: $(cat "$work/out")"
    kill "-$signal" "$victim"
    status=0
    wait "$victim" 2>/dev/null || status=$?
    [ "$status" -gt 128 ] || fail "SIG$signal after $phases phases: ended with $status: $(cat "$work/out")"
    nothing_left "SIG$signal after $phases phases"
  done
  : >"$work/out"
  "$relevo" rehearse "$(meter 1.0.0)" "$(meter 1.1.0)" >"$work/out" 2>&1 &
  victim=$!
  wait_for 60 over 1 || fail "SIGKILL: $(cat "$work/out")"
  kill -9 "$victim"
  wait_for 5 no_process || fail "SIGKILL: still there: $(processes)"
  rm -rf "$TMPDIR"/relevo-rehearse*
  ok

  expect 0 "$relevo" rehearse "$(meter 1.0.0)" "$(meter 1.1.0)" --keep --watch 100ms
  kept=$(echo "$TMPDIR"/relevo-rehearse*)
  [ -s "$kept/release/releases/RELEASES" ] || fail "nothing was kept"
  contains "$said" "kept: $kept"
  no_process || fail "kept, and still there: $(processes)"
  ok
}

for name in passes faults refusals interrupted; do
  if in_part $name; then $name; fi
done
echo "ok: $checks groups of checks"
