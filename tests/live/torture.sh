#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whatever breaks, and whenever, the node runs the old release or the new one, whole; relevo says
# which, and the same command again finishes the job.  Each row of the table below is one command
# that something happens to at one exact moment (tests/helpers/harm.c); after each, OTP's own
# erl_call asks the node what it is.
#   TORTURE=all  walks every row and kills relevo at each of the first 40 system calls of every step (many minutes)
# Each part takes its share of the rows, "releases" and "others" what is no row.
# Parts: 1 2 3 4 releases others
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
export TMPDIR="$work"
harm=$PWD/$(dirname "${RELEVO:-build/release/relevo}")/tests/helpers/harm
case ${RELEVO:-} in /*) harm=$(dirname "$RELEVO")/tests/helpers/harm ;; esac
[ -x "$harm" ] || fail "no $harm: make helpers"

tests/tools/meter "$work/store" 1.0.0 1.1.0 >/dev/null
if in_part releases || in_part others; then
  tests/tools/meter "$work/store" 1.2.0 1.3.0 1.7.0 2.3.0 2.5.0 2.6.0 2.7.0 2.8.0 2.9.0 >/dev/null
fi
package () { echo "$work/store/meter-$1.tar.gz"; }
mkdir "$work/run"
# A disk of its own, which can be full.
small=
if mount -t tmpfs -o size=48m relevo "$work/run" 2>/dev/null; then small=yes; fi
tar -xzf "$(package 1.0.0)" -C "$work/run"
. tests/tools/whole.sh
. tests/tools/linger.sh

# ---- one row ----

new=$(package 1.1.0)
relevo_node () {
  case $1 in
    bring|install) echo node install "$node" "$new" --bake "$bake" ;;
    commit) echo node commit "$node" ;;
    revert) echo node revert "$node" 1.0.0 ;;
    remove) echo node remove "$node" 1.1.0 ;;
  esac
}
# again COMMAND: the same once more, which must work.
again () {
  row_before=$row row="$row, again"
  # shellcheck disable=SC2046 # words
  case $1 in
    # It may be gone already: that is what was wanted.
    remove) status=0
      "$relevo" $(relevo_node remove) >"$work/out" 2>"$work/said" </dev/null || status=$?
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
    # The node died before: what was not committed does not come back.
    commit,'1.0.0 permanent') [ "$then" = "$now" ] || fail "$row: the node is $now" ;;
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

# fill KB: leaves that much of the node's disk.
cat >"$work/fill" <<SH
free=\$(df -Pk "$work/run" | awk 'NR == 2 { print \$4 }')
head -c \$(((free - \$1) * 1024)) /dev/zero >"$work/run/ballast"
SH

points=0 skipped=0 row_nr=0 bake=100ms
mine () {
  row_nr=$((row_nr + 1))
  in_part $((row_nr % 4 + 1))
}
# torture DEED MOMENT COMMAND STATUS [SAYS...]
torture () {
  deed=$1 moment=$2 command=$3 statuses=$4
  shift 4
  says=$* row="$deed $moment $command"
  if [ "$deed" = disk-full ] && [ -z "$small" ]; then
    skipped=$((skipped + 1))
    return
  fi
  got=99
  # On a busy machine relevo may give up, or be done, before the moment comes.
  for seconds in 1 8; do
    [ "$got" = 99 ] || break
    from "$command"
    bake=${seconds}00ms
    case $deed in
      node-dies) do="kill -9 $(cat "$work/pid")" ;;
      disk-full) do="sh $work/fill 4" ;;
      node-hangs) do="kill -STOP $(cat "$work/pid")" ;;
      *) do=$deed ;;
    esac
    got=0
    case $deed in
      mute|node-hangs) patience="--timeout ${seconds}s --patience $((seconds * 2))s" ;;
      *) patience='' ;;
    esac
    # shellcheck disable=SC2046,SC2086 # words
    timeout -k 1 120 "$harm" "$do" "$moment" "$relevo" $(relevo_node "$command") -v $patience >"$work/out" 2>"$work/said" || got=$?
  done
  case ",$statuses," in
    *",$got,"*) ;;
    *) fail "$row: ended with $got, not $statuses: $(cat "$work/out" "$work/said")" ;;
  esac
  [ -z "$says" ] || contains "$(cat "$work/said")" "$says"
  rm -f "$work/run/ballast"
  [ "$deed" != node-hangs ] || kill -CONT "$(cat "$work/pid")"
  must_be_whole
  told
  then=$now
  again "$command"
  [ "$got" = 99 ] || points=$((points + 1))
  [ -z "${TORTURE_VERBOSE:-}" ] || echo "$row: $got, $then, $now"
}

wait_for 30 is_whole || fail "the meter does not start: $(cat "$work/log")"

# ---- the table: DEED MOMENT COMMAND STATUS SAYS; with a +, only for TORTURE=all ----

while read -r deed moment command statuses says; do
  case $deed in
    ''|'#'*) continue ;;
    +*) [ "${TORTURE:-}" = all ] || continue ;;
  esac
  mine || continue
  # shellcheck disable=SC2086 # words
  torture "${deed#+}" "$moment" "$command" "$statuses" $says </dev/null
done <<'TABLE'
# relevo is killed as it announces a step, and a few system calls into it.
kill look:+0            bring   137
+kill look:+6            bring   137
kill recover:+0         bring   137
kill preflight:+0       bring   137
+kill preflight:+6       bring   137
+kill stage:+0           bring   137
kill stage:@run@run bring   137
+kill stage:@finish      bring   137
kill stage:@finish+1    bring   137
kill clean:+0           bring   137
kill clean:@run+1     bring   137
kill unpack:+0          bring   137
kill unpack:@run+1    bring   137
+kill files:+0           bring   137
kill files:+6           bring   137
+kill check:+0           install 137
kill check:@run+1     install 137
+kill install:+0         install 137
kill install:@run     install 137
kill install:@run+1   install 137
+kill verify:+0          install 137
+kill bake:+0            install 137
kill bake:@run+1      install 137
+kill commit:+0          commit  137
kill commit:@run      commit  137
kill commit:@run+1    commit  137
+kill revert:+0          revert  137
kill revert:@run      revert  137
kill revert:@run+1    revert  137
kill verify:+0          revert  137
kill commit:@run+1    revert  137
+kill remove:+0          remove  137
kill remove:@run      remove  137
kill remove:@run+1    remove  137

# The connection is cut: before a request went out, half-way through it, after it; in a parcel too.
+cut  look:@run           bring   3 same command again
cut  look:@run+1         bring   3 same command again
half look:@run           bring   3 same command again
+cut  recover:@run        bring   3 same command again
cut  preflight:@run+1    bring   3 same command again
+cut  stage:@run          bring   3 same command again
cut  stage:@run@run@   bring   3 same command again
half stage:@run@run@   bring   3 same command again
cut  stage:@finish+1       bring   3 same command again
+cut  clean:@run          bring   3 same command again
cut  clean:@run+1        bring   3 same command again
half unpack:@run         bring   3 same command again
cut  unpack:@run+1       bring   3 same command again
+cut  files:@run          bring   3 same command again
cut  check:@run+1        install 3 same command again
cut  install:@run        install 3 was not installed
half install:@run        install 3 same command again
cut  install:@run+1      install 0,3
+cut  verify:@run         install 3 same command again
cut  bake:@run           install 3,5
cut  commit:@run         commit  3 same command again
cut  commit:@run+1       commit  3 same command again
+half revert:@run         revert  3 same command again
cut  revert:@run+1       revert  0,3
+cut  commit:@run         revert  3 same command again
+cut  remove:@run         remove  3 same command again
cut  remove:@run+1       remove  3 same command again

# Nothing comes back any more, until relevo gives up.
mute stage:@run@run    bring   3 same command again
+mute unpack:@run         bring   3 same command again
mute install:@run        install 3 same command again
mute commit:@run         commit  3 same command again
+mute revert:@run         revert  3 same command again

# The BEAM is killed; a supervisor starts it again.
+node-dies look:@run      bring   3 same command again
node-dies stage:@run@run@ bring 3 same command again
+node-dies clean:@run+1   bring   3 same command again
node-dies unpack:@run+1  bring   3 same command again
+node-dies files:@run     bring   3 same command again
node-dies check:@run     install 3 same command again
node-dies install:@run   install 5 waiting:
node-dies install:@run+1 install 5
+node-dies verify:@run    install 3 same command again
node-dies bake:@run      install 5
+node-dies commit:@run    commit  3 same command again
node-dies commit:@run+1  commit  3 same command again
+node-dies revert:@run    revert  0,5
node-dies revert:@run+1  revert  0,5
node-dies commit:@run    revert  3 same command again
+node-dies remove:@run    remove  3 same command again

# It hangs, and goes on when relevo has given up: what it was told may still happen.
+node-hangs look:@run     bring   3 same command again
node-hangs stage:@run@run@ bring 3 same command again
+node-hangs unpack:@run+1 bring   3 same command again
node-hangs install:@run+1 install 3 same command again
node-hangs commit:@run+1 commit  3 same command again
+node-hangs revert:@run+1 revert  3 same command again
node-hangs remove:@run+1 remove  3 same command again

# The disk is full from then on.
+disk-full look:+0           bring   4 no room on the disk
disk-full stage:@run@run@ bring 1 enospc
disk-full clean:+0          bring   1,4
disk-full unpack:@run     bring   1,4
disk-full install:@run    install 0
disk-full commit:@run     commit  1,6
disk-full commit:@run     revert  1,6
+disk-full remove:@run     remove  0,1,4

# Processes in replaced code are looked for, and those that do not answer.
+kill drain:+0            install 137
kill drain:@run           install 137
+kill drain:@run+1        install 137
+kill drain:@run@run      install 137
+kill drain:@run@run+1    install 137
+half drain:@run          install 3 same command again
cut  drain:@run+1         install 3 same command again
+cut  drain:@run@run+1    install 3 same command again
+mute drain:@run          install 3 same command again
+mute drain:@run@run      install 3 same command again
node-dies drain:@run      install 3 same command again
+node-dies drain:@run@run+1 install 3 same command again
+node-hangs drain:@run+1  install 3 same command again
+kill drain:@run          commit  137
+kill drain:@run+1        commit  137
+half drain:@run          commit  3 same command again
+cut  drain:@run+1        commit  3 same command again
+mute drain:@run          commit  3 same command again
+node-dies drain:@run+1   commit  3 same command again
+kill drain:@run          revert  137
+cut  drain:@run+1        revert  3 same command again
+mute drain:@run          revert  3 same command again
+node-dies drain:@run     revert  3 same command again

# A text goes over once on a connection: before one, half-way through it, and after it.
kill recover:@keep        bring   137
+half recover:@keep       bring   3 same command again
+cut  recover:@keep+1     bring   3 same command again
+mute look:@keep          bring   3 same command again
half preflight:@keep      bring   3 same command again
+cut  preflight:@keep@keep bring  3 same command again
+node-dies preflight:@keep bring  3 same command again
+kill stage:@keep         bring   137
+half stage:@keep         bring   3 same command again
+node-dies stage:@keep@keep bring 3 same command again
+cut  check:@keep         install 3 same command again
+half check:@keep@keep    install 3 same command again
+kill drain:@keep         install 137
+half drain:@keep@keep    install 3 same command again
kill install:@keep        install 137
half install:@keep        install 3 was not installed
+mute install:@keep       install 3 same command again
+node-dies install:@keep  install 5 waiting:
+kill commit:@keep        commit  137
+half commit:@keep        commit  3 same command again
+kill revert:@keep        revert  137
+half revert:@keep        revert  3 same command again
+mute remove:@keep        remove  3 same command again

# While it bakes, its processes and what crashes of them are counted.
kill bake:@run@run        install 137
+kill bake:@run@run+1     install 137
cut  bake:@run@run        install 3,5
+half bake:@run@run       install 3,5
# The connection that went mute has the lock until the node notices.
+mute bake:@run@run       install 3,5,7
+node-dies bake:@run@run  install 5
+node-hangs bake:@run@run install 3,5
+cut  bake:@run@run@run   install 3,5
+node-dies bake:@run@run@run install 5

# What was planned from what runs there is obeyed: its manifest, its code, its tables are asked for.
+kill preflight:@run      bring   137
kill preflight:@run@run   bring   137
+kill preflight:@run@run@run bring 137
+kill preflight:@run@run@run@run bring 137
+kill preflight:@run@run@run@run@run bring 137
+half preflight:@run      bring   3 same command again
+half preflight:@run@run@run bring 3 same command again
+cut  preflight:@run@run@run@run+1 bring 3 same command again
+mute preflight:@run@run@run bring 3 same command again
+node-dies preflight:@run@run bring 3 same command again
+node-dies preflight:@run@run@run@run+1 bring 3 same command again
+node-hangs preflight:@run@run@run bring 3 same command again
+disk-full preflight:+0   bring   1,4

# And the other ways at the other steps.
+half recover:@run        bring   3 same command again
+mute recover:@run        bring   3 same command again
+node-dies recover:@run+1 bring   3 same command again
+half clean:@run          bring   3 same command again
+mute clean:@run          bring   3 same command again
+node-hangs clean:@run    bring   3 same command again
+half files:@run          bring   3 same command again
+mute files:@run          bring   3 same command again
+node-hangs files:@run    bring   3 same command again
+disk-full files:+0       bring   0,1,4
+half check:@run          install 3 same command again
+mute check:@run          install 3 same command again
+node-hangs check:@run    install 3 same command again
+half verify:@run         install 3 same command again
+mute verify:@run         install 3 same command again
+cut  verify:@run+1       install 3 same command again
+node-hangs verify:@run   install 3 same command again
+half commit:@run         commit  3 same command again
# Its answer may have come by then.
+node-dies commit:+6      commit  0,3
+half remove:@run         remove  3 same command again
+mute remove:@run         remove  3 same command again
+node-dies remove:@run+1  remove  3 same command again
+cut  look:@run           commit  3 same command again
+cut  look:@run           revert  3 same command again
+cut  look:@run           remove  3 same command again
TABLE

# sweep STEP COMMAND: killed at each of its first system calls; a command that has ended before is none.
sweep () {
  for calls in $(seq 1 "${TORTURE_CALLS:-40}"); do
    ends=137,0
    [ "$calls" -le 10 ] || ends=137,0,99
    ! mine || torture kill "$1:+$calls" "$2" "$ends"
  done
}
if [ "${TORTURE:-}" = all ]; then
  for step in look recover preflight stage clean unpack files check install verify bake; do sweep "$step" bring; done
  for command in commit revert remove; do sweep "$command" "$command"; done
fi

# ---- releases that are wrong ----

# begin NAME...: a row of another kind, from 1.0.0.
begin () {
  row=$*
  must_be_whole
  from bring
}
end_row () {
  must_be_whole
  told
  then=$now
  again bring
  points=$((points + 1))
  [ -z "${TORTURE_VERBOSE:-}" ] || echo "$row: $then, $now"
}

# VERSION STATUS WHAT
wrong_releases () {
  while read -r version status what; do
    begin "$what"
    expect "$status" "$relevo" node install "$node" "$(package "$version")" --code-change-timeout 500ms --patience 30s --bake 3s </dev/null
    contains "$said" "1.0.0"
    end_row
    "$relevo" node revert -q "$node" >/dev/null
    [ ! -e "$work/run/releases/$version" ] || "$relevo" node remove -q "$node" "$version" >/dev/null
  done <<'TABLE'
1.2.0 5 code_change exits
1.3.0 4 an instruction before the point of no return fails
1.7.0 4 the plan that it carries refuses
2.5.0 5 code_change raises
2.6.0 5 code_change hangs
2.7.0 5 code_change returns nonsense
2.8.0 5 a child that the relup starts does not start
2.9.0 5 processes that nobody supervises crash
TABLE

  # Who installs is killed before it looks what came of it: the next one looks.
  killed_unseen () { # VERSION
    status=0
    "$harm" kill verify:+0 "$relevo" node install "$node" "$(package "$1")" -v >"$work/out" 2>"$work/said" || status=$?
    [ "$status" = 137 ] || fail "$row: ended with $status: $(cat "$work/said")"
    wait_for 30 is_alone || fail "$row: another relevo is at work"
    expect 0 "$relevo" node releases "$node"
    contains "$said" "$1 is not committed, and nobody has verified it"
    contains "$("$relevo" node releases "$node" --json | tr -d ' \n')" '"verified":false'
  }
  for way in revert install; do
    begin "relevo is killed before it sees that a child does not start; $way"
    killed_unseen 2.8.0
    expect 4 "$relevo" node commit "$node"
    contains "$said" "2.8.0 is not well: the child second of meter_sup does not run"
    contains "$said" "relevo node revert $node 1.0.0"
    case $way in
      revert) expect 0 "$relevo" node revert "$node" ;;
      install) expect 5 "$relevo" node install "$node" "$(package 2.8.0)" ;;
    esac
    must_be_whole
    contains "$("$relevo" node releases "$node" --json | tr -d ' \n')" '"verified":true'
    end_row
    "$relevo" node revert -q "$node" >/dev/null
    "$relevo" node remove -q "$node" 2.8.0 >/dev/null
  done
  begin "relevo is killed before it sees that all is well"
  killed_unseen 1.1.0
  expect 0 "$relevo" node commit "$node"
  contains "$("$relevo" node releases "$node" --json | tr -d ' \n')" '"verified":true'
  end_row
  expect 0 "$relevo" node revert "$node" 1.0.0

  begin "the downgrade fails"
  expect 0 "$relevo" node install "$node" "$(package 2.3.0)"
  expect 0 "$relevo" node revert "$node" --patience 30s
  "$relevo" node remove -q "$node" 2.3.0 >/dev/null
  end_row
}
! in_part releases || wrong_releases

if ! in_part others; then
  echo "ok: $points points, $skipped skipped"
  exit
fi

# ---- nodes that are other ones ----

begin "a node that no release was started on"
erl -noinput -name foreign@127.0.0.1 -setcookie c >/dev/null 2>&1 &
foreign=$!
pids="$pids $foreign"
wait_for 30 "$relevo" node ping foreign@127.0.0.1 || fail "$row: does not start"
expect 4 "$relevo" node install foreign@127.0.0.1 "$new"
contains "$said" "sasl does not run"
end "$foreign"
end_row

begin "a node that runs another version"
expect 0 "$relevo" node install "$node" "$new" --commit
expect 4 "$relevo" node install "$node" "$(package 1.2.0)"
contains "$said" "knows no way from 1.1.0"
end_row
"$relevo" node revert -q "$node" >/dev/null

begin "the machine dies as RELEASES and start_erl.data are written anew"
for record in RELEASES start_erl.data; do
  cp "$work/run/releases/$record" "$work/run/releases/$record.relevo"
  : >"$work/run/releases/$record"
done
kill -9 "$(cat "$work/pid")"
wait_for 30 is_whole || fail "$row: the node is $(whole)"
end_row
[ ! -e "$work/run/releases/RELEASES.relevo" ] || fail "$row: copies are left"

# The VM dies at each call with which release_handler and relevo write down what is permanent.
if command -v strace >/dev/null; then
  for moment in writev:RELEASES unlink:RELEASES.relevo writev:start_erl.data unlink:start_erl.data.relevo rename:start_erl.data.new; do
    row="the VM dies at $moment in a commit"
    from commit
    strace -f -o "$work/calls" -P "$work/run/releases/${moment#*:}" -e "trace=${moment%:*}" \
      -e "inject=${moment%:*}:signal=KILL:when=1" -p "$(cat "$work/pid")" 2>"$work/strace" &
    tracer=$!
    pids="$pids $tracer"
    attached () { grep -q attached "$work/strace"; }
    wait_for 20 attached || fail "strace: $(cat "$work/strace")"
    vm=$(cat "$work/pid")
    status=0
    "$relevo" node commit "$node" --patience 30s >"$work/out" 2>"$work/said" || status=$?
    [ "$status" = 3 ] || fail "$row: ended with $status: $(cat "$work/said")"
    wait_for 20 gone "$vm" || fail "$row: it lives"
    wait_for 20 gone "$tracer" || fail "$row: strace is still there"
    # Between two records, relevo says what truly runs; a command that changes the node puts it right.
    wait_for 30 ask || fail "$row: the node is silent"
    expect 0 "$relevo" node info "$node"
    runs=$(sed -n "1s/.*{ok,'\([0-9.]*\)'}.*/\1/p" "$ASKED")
    contains "$out" "runs meter $runs"
    end_row
  done
fi

# What lies behind links is not followed when something is removed.
begin "a folder of the release is a link"
mkdir "$work/elsewhere"
echo kept >"$work/elsewhere/file"
ln -s "$work/elsewhere" "$work/run/lib/meter-1.1.0"
expect 0 "$relevo" node install "$node" "$new"
expect 0 "$relevo" node revert "$node"
expect 0 "$relevo" node remove "$node" 1.1.0
[ "$(cat "$work/elsewhere/file")" = kept ] || fail "$row: what is behind it is gone"
end_row

begin "a process in replaced code"
linger infinity
expect 4 "$relevo" node install "$node" "$new" --drain 300ms
contains "$said" "in old code would be killed"
lingers || fail "$row: it was killed"
stop_lingerer
end_row

begin "a process that does not answer"
"$relevo" node eval "$node" 'spawn(fun() -> register(holder, self()), erlang:suspend_process(whereis(meter)),
  receive stop -> ok end end), ok' >/dev/null
expect 4 "$relevo" node install "$node" "$new" --suspend-timeout 300ms
contains "$said" "does not answer"
"$relevo" node rpc "$node" erlang send holder stop >/dev/null
end_row

begin "another cookie"
echo wrong >"$work/cookie"
chmod 600 "$work/cookie"
expect 4 "$relevo" node install "$node" "$new" --cookie-file "$work/cookie"
contains "$said" "cookie"
end_row

begin "two at once"
"$harm" "sleep 2" stage:+0 "$relevo" node install "$node" "$new" -v >"$work/first" 2>&1 &
first=$!
staging () { grep -q ^stage: "$work/first"; }
wait_for 30 staging || true
expect 7 "$relevo" node install "$node" "$(package 1.2.0)" --patience 300ms
contains "$said" "another relevo"
expect 0 "$relevo" node install "$node" "$new"
wait "$first" || fail "the first of two: $(cat "$work/first")"
end_row

begin "another name from now on"
echo other@127.0.0.1 >"$work/name"
status=0
"$harm" "kill -9 $(cat "$work/pid")" clean:@run "$relevo" node install -v "$node" "$new" --patience 3s >"$work/out" 2>"$work/said" || status=$?
[ "$status" = 3 ] || fail "$row: ended with $status: $(cat "$work/said")"
must_be_whole
expect 3 "$relevo" node install "$node" "$new"
contains "$said" "knows no node"
expect 0 "$relevo" node install other@127.0.0.1 "$new"
must_be_whole
[ "$now" = '1.1.0 current' ] || fail "$row: the node is $now"
"$relevo" node revert -q other@127.0.0.1 >/dev/null
echo "$node" >"$work/name"
kill -9 "$(cat "$work/pid")"
end_row

echo "ok: $points points, $skipped skipped"
