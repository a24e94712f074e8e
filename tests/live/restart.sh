#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Restart upgrades: the new release boots once, on trial; what does not come up, hangs, is not well
# or is not committed is followed by the permanent one, whoever keeps the VM: the start script, the
# first process of a container, heart, or a supervisor as systemd.
# shellcheck disable=SC2317 # functions that wait_for calls
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
export TMPDIR="$work"
harm=$PWD/$(dirname "${RELEVO:-build/release/relevo}")/tests/helpers/harm
[ -x "$harm" ] || fail "no $harm: make helpers"
export RELEASE_DISTRIBUTION=name RELEASE_NODE=meter@127.0.0.1 RELEASE_COOKIE=c
export ERL_ZFLAGS='-kernel inet_dist_use_interface {127,0,0,1}'
node=$RELEASE_NODE run=$work/run meter=$work/run/bin/meter

# The same ERTS under another name: only the VM itself would tell that it is the old one.
OTHER_OTP=$work/otp
export OTHER_OTP
otp=$(erl -noshell -eval 'io:put_chars(code:root_dir()), halt().')
read -r erts otp_release <"$otp/releases/start_erl.data"
mkdir -p "$OTHER_OTP/releases"
cp -rL "$otp/erts-$erts" "$OTHER_OTP/erts-$erts.1"
ln -s "$otp/lib" "$otp/bin" "$OTHER_OTP"
echo "$erts.1 $otp_release" >"$OTHER_OTP/releases/start_erl.data"

tests/tools/meter "$work/store" 1.0.0 1.1.0 3.1.0 3.2.0 3.3.0 3.4.0 >/dev/null
release () { echo "$work/store/meter-$1.tar.gz"; }
start_epmd
mkdir "$run"
tar -xzf "$(release 1.0.0)" -C "$run"

is_up () { "$relevo" node eval "$node" '{started, _} = init:get_status()'; }
# "RUNNING/PERMANENT"
state () {
  "$relevo" node releases "$node" |
    awk '$4 == "running" { runs = $2 } $3 == "permanent" { boots = $2 } END { print runs "/" boots }'
}
is_state () { is_up && [ "$(state)" = "$1" ]; }
runs () { wait_for 60 is_state "$1" || fail "not $1 but $(state): $(cat "$work/log")"; }
vm_pid () { "$meter" pid; }

# start_meter [VARIABLE=VALUE...]: the start script's process is $script.
start_meter () {
  env "$@" "$meter" start >"$work/log" 2>&1 &
  script=$!
  pids="$pids $script"
  wait_for 60 is_up || fail "the meter does not start: $(cat "$work/log")"
}
stop_meter () {
  expect 0 "$meter" stop
  wait_for 10 gone "$script" || fail "the start script outlives its VM"
}
# Ends the VM without a word.
shoot () {
  shot=$(vm_pid)
  kill -9 "$shot"
  wait_for 10 gone "$shot"
}

# Who would start it again?  Nobody, when the script became the VM.
start_meter
[ "$(vm_pid)" = "$script" ] || fail "the script did not become the VM"
expect 4 "$relevo" node install "$node" "$(release 1.1.0)" --restart
contains "$said" "nobody is known to start"
expect 4 "$relevo" node install "$node" "$(release 3.4.0)"
contains "$said" "--restart"
[ "$(state)" = 1.0.0/1.0.0 ] || fail "after refusals: $(state)"
stop_meter
ok

# Comes up, with another ERTS; not committed, a VM that dies is followed by the old release.
start_meter RELEASE_KEEPER=start RELEASE_TRIAL_TIMEOUT=8
expect 0 "$relevo" node install "$node" "$(release 3.4.0)" --restart
runs 3.4.0/1.0.0
expect 0 "$relevo" node eval "$node" 'os:getenv("BINDIR")'
contains "$out" "erts-$erts.1/bin"
shoot
runs 1.0.0/1.0.0
contains "$(cat "$work/log")" "3.4.0, which is not permanent, has ended (137)"
ok

# Comes up and is committed: boots from now on.  And back.
expect 0 "$relevo" node install "$node" "$(release 3.4.0)" --restart --commit
stop_meter
start_meter RELEASE_KEEPER=start RELEASE_TRIAL_TIMEOUT=8
runs 3.4.0/3.4.0
expect 4 "$relevo" node revert "$node"
contains "$said" "--restart"
expect 0 "$relevo" node revert "$node" --restart
runs 1.0.0/1.0.0
# Back is never forward again.
expect 4 "$relevo" node revert "$node" --restart
contains "$said" "no older release than 1.0.0"
expect 0 "$relevo" node remove "$node" 3.4.0
[ ! -e "$run/erts-$erts.1" ] || fail "the other ERTS is still there"
ok

# What is not well: crashes, hangs, ails.
fails () {
  expect 5 "$relevo" node install "$node" "$(release "$1")" --restart --bake 3s
  contains "$said" "$2"
  [ "$(state)" = 1.0.0/1.0.0 ] || fail "after $1: $(state)"
}
fails 3.1.0 "did not come up"
fails 3.2.0 "did not come up"
contains "$(cat "$work/log")" "3.2.0 is not up after 8 s"
expect 0 "$relevo" node releases "$node"
contains "$out" "3.2.0    unpacked   failed on trial"
fails 3.3.0 "by a restart"
ok

# The machine goes down in the middle of a trial: the next start is the permanent release.
"$relevo" node install -q "$node" "$(release 3.2.0)" --restart --patience 20s >"$work/out" 2>&1 &
pids="$pids $!"
wait_for 60 test -e "$run/releases/trial_start_erl.data" || fail "no trial: $(cat "$work/out")"
has_vm () { hanging=$(ps -o pid= --ppid "$script"); }
wait_for 20 has_vm || fail "no VM on trial: $(cat "$work/log")"
# shellcheck disable=SC2086 # the VM, and the one who watches it
kill -9 "$script" $hanging
start_meter RELEASE_KEEPER=start RELEASE_TRIAL_TIMEOUT=8
runs 1.0.0/1.0.0
ok

# relevo is killed: the node goes on by itself, the same command finishes.
status=0
"$harm" kill 'restart:+6' "$relevo" node install -v "$node" "$(release 1.1.0)" --restart >"$work/out" 2>&1 || status=$?
[ "$status" = 137 ] || fail "was not killed ($status): $(cat "$work/out")"
wait_for 60 is_up || fail "after relevo was killed: $(cat "$work/log")"
case $(state) in 1.1.0/1.0.0|1.0.0/1.0.0) ;; *) fail "after relevo was killed: $(state)" ;; esac
# The node may be restarting meanwhile, as the killed one asked it to: then it is said again.
finished () {
  status=0
  "$relevo" node install "$node" "$(release 1.1.0)" --restart >"$work/out" 2>"$work/said" </dev/null || status=$?
  [ "$status" != 3 ]
}
wait_for 60 finished || true
[ "$status" = 0 ] || fail "after relevo was killed: ended with $status: $(cat "$work/said")"
runs 1.1.0/1.0.0
expect 0 "$relevo" node revert "$node" --restart
runs 1.0.0/1.0.0
stop_meter
ok

echo "ok: $checks groups of checks"
