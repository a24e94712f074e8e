#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Up to four relevos at once do this and that with one node, and whoever is met is killed, relevo and
# VM, at moments that nobody chose.  After each round the node is one release, whole, by OTP's own
# means; relevo says which; one more command leads to where somebody wanted it; and it boots what it
# calls permanent.
#   ROUNDS=200 SEED=7   how many rounds, and which; what was done is printed when a round fails
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
export TMPDIR="$work"
rounds=${ROUNDS:-3} seed=${SEED:-$(($(date +%s) % 1000000))}
echo "SEED=$seed ROUNDS=$rounds"

tests/tools/meter "$work/store" 1.0.0 1.1.0 1.2.0 2.8.0 >/dev/null
package () { echo "$work/store/meter-$1.tar.gz"; }
mkdir "$work/run" "$work/relevos"
tar -xzf "$(package 1.0.0)" -C "$work/run"
. tests/tools/whole.sh

# pick N: *picked is a number below N; the same ones for the same seed.
state=$seed
pick () {
  state=$(((state * 1103515245 + 12345) % 2147483648))
  picked=$((state / 65536 % $1))
}

# What a relevo may be told, in words; the more often in the list, the likelier.
commands=14
words () {
  case $1 in
    0|1|2) echo "install $node $(package 1.1.0) --bake 200ms" ;;
    3|4|5) echo "install $node $(package 1.1.0) --commit" ;;
    6|7) echo "commit $node" ;;
    8) echo "revert $node" ;;
    9|10) echo "revert $node 1.0.0" ;;
    11) echo "remove $node 1.1.0" ;;
    12) echo "install $node $(package 1.2.0) --code-change-timeout 500ms" ;;
    13) echo "install $node $(package 2.8.0)" ;;
  esac
}

# One that works for some while, beside others.
begin () {
  # shellcheck disable=SC2046 # words
  "$relevo" node $(words "$1") --timeout 5s --patience 20s >"$work/relevos/$2" 2>&1 </dev/null &
  relevos="$relevos $!"
}
kill_relevo () {
  # shellcheck disable=SC2086 # one for each relevo
  set -- "$1" $relevos
  shift "$1"
  kill -9 "$2" 2>/dev/null || true
}
sleep_ms () { sleep "$(($1 / 1000)).$(printf '%03d' $(($1 % 1000)))"; }

# However a command ends, it is in one of the ways that are meant.
check_statuses () {
  nr=0
  for pid in $relevos; do
    status=0
    wait "$pid" || status=$?
    statuses="$statuses $status"
    case $status in
      0|1|3|4|5|6|7|137) ;;
      *) fail "$row: ended with $status: $(cat "$work/relevos/$nr")" ;;
    esac
    nr=$((nr + 1))
  done 2>/dev/null
}
# A VM that died in a commit, between its files: relevo has a name for that, and any command that
# changes the node puts it right.
settle () {
  wait_for 90 is_alone || fail "$row: another relevo is at work"
  wait_for 60 ask || fail "$row: the node is silent: $(cat "$work/answer" "$work/log")"
  wait_for 30 "$relevo" node releases "$node" --json || fail "$row: $("$relevo" node releases "$node" 2>&1)"
  case $("$relevo" node releases "$node" --json | jq -r '.trouble.name // "none"') in
    none) ;;
    records_behind|records_cut|boots_nothing)
      troubles=$((troubles + 1))
      expect 0 "$relevo" node commit "$node" ;;
    *) fail "$row: $("$relevo" node releases "$node" 2>&1)" ;;
  esac
  # Whose child does not start is taken back by the relevo that brought it.  Where that one was killed first, the
  # node runs it, unverified, until it is told to go back or boots; nobody commits it.
  case $(whole) in
    *"'2.8.0'},[{current,\"2.8.0\"},{permanent,\"1.0.0\"}],0,true}"*)
      unverified=$((unverified + 1))
      expect 0 "$relevo" node releases "$node"
      contains "$said" "2.8.0 is not committed, and nobody has verified it"
      expect 4 "$relevo" node commit "$node"
      contains "$said" "2.8.0 is not well: the child second of meter_sup does not run"
      expect 0 "$relevo" node revert "$node" ;;
  esac
}
# What is undisturbed works: the node gets to where it is wanted.
lead_on () {
  pick 3
  case $picked,$now in
    # What a way back has not come to its end from.
    [01],'1.0.0 current') expect 0 "$relevo" node revert "$node" 1.1.0 ;;
    0,*) expect 0 "$relevo" node install "$node" "$(package 1.1.0)" ;;
    1,*) expect 0 "$relevo" node install "$node" "$(package 1.1.0)" --commit ;;
    2,1.0.0*) expect 0 "$relevo" node commit "$node" ;;
    2,*) expect 0 "$relevo" node revert "$node" 1.0.0 ;;
  esac
  did="$did; then $picked on $now"
  must_be_whole
  case $picked,$now in
    0,1.1.0*|1,'1.1.0 permanent'|2,'1.0.0 permanent') ;;
    *) fail "$row: the node is $now" ;;
  esac
}
boots () {
  permanent=$(cut -d' ' -f2 "$work/run/releases/start_erl.data")
  vm=$(cat "$work/pid")
  kill -9 "$vm" 2>/dev/null || true
  wait_for 10 gone "$vm" || fail "$row: the VM does not go"
  wait_for 60 is_whole || fail "$row: the node is $now"
  [ "$now" = "$permanent permanent" ] || fail "$row: $permanent was permanent, and $now boots"
}

patience_s=60 statuses='' troubles=0 unverified=0 row='at first'
wait_for 60 is_whole || fail "the meter does not start: $(cat "$work/log")"
for round in $(seq 1 "$rounds"); do
  row="round $round of seed $seed" did='' relevos=''
  rm -f "$work"/relevos/*
  pick 4
  for nr in $(seq 0 "$picked"); do
    pick $commands
    did="$did; $nr: $(words "$picked" | sed "s,$work/store/meter-,,; s,$node *,,; s,.tar.gz,,")"
    begin "$picked" "$nr"
    last=$nr
  done
  pick 4
  for _ in $(seq 1 "$picked"); do
    pick 900
    sleep_ms "$picked"
    pick $((last + 2))
    did="$did; kill $picked"
    if [ "$picked" -gt "$last" ]; then kill -9 "$(cat "$work/pid")" 2>/dev/null || true; else kill_relevo "$picked"; fi
  done
  row="$row (${did#; })"
  check_statuses
  settle
  must_be_whole
  told
  then=$now
  lead_on
  told
  boots
  told
  [ -z "${CHAOS_VERBOSE:-}" ] || echo "$row: $then"
done
echo "$statuses" | tr ' ' '\n' | sort -n | uniq -c | awk 'NF == 2 { printf "%s%s: %d", sep, $2, $1; sep = ", " } END { print "" }' >"$work/ends"
echo "ok: $rounds rounds of seed $seed, commands ended with $(cat "$work/ends"); $troubles records put right, $unverified taken back by hand"
