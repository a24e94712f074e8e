#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `relevo build` ended at each of its steps, the hard way: the store has the release as it was or the
# new one, never the tree of one beside the tarball of the other, and the next build leaves nothing
# half done.  What counts is on the disk before it counts; two builds do not disturb each other.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
# Where the sanitizers watch: leaks cannot be looked for under strace.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
if ! strace -o /dev/null true 2>/dev/null; then
  echo "skip: no strace"
  exit 77
fi
unset XDG_CACHE_HOME HOME

p=$work/p store=$work/store tree=$work/store/one-1.0.0
mkdir -p "$p/lib/one/ebin" "$p/lib/one/priv" "$store"
printf -- '-module(one).\n-export([f/0]).\nf() -> 1.\n' >"$work/one.erl"
erlc -o "$p/lib/one/ebin" "$work/one.erl"
cat >"$p/lib/one/ebin/one.app" <<'APP'
{application, one, [{description, ""}, {vsn, "1.0.0"}, {modules, [one]}, {registered, []},
  {applications, [kernel, stdlib]}]}.
APP
yaml () { printf '%s\n' "release: one" "libs: [lib]" "erts: none" 'applications: {one: permanent}' "$@" >"$p/relevo.yaml"; }
yaml
build () { "$relevo" build -C "$p" -o "$store"; }

# old, new or none: what the tree and the tarball hold.
mark=lib/one-1.0.0/priv/mark
in_tree () { if [ -e "$tree" ]; then cat "$tree/$mark"; else echo none; fi; }
in_tarball () { if [ -e "$tree.tar.gz" ]; then tar -xzOf "$tree.tar.gz" "$mark"; else echo none; fi; }
left () { find "$store" -maxdepth 1 -name '.*' ! -path "$store"; }

# ---- killed at each step ----

# killed_at CALL N MORE...: a build that is killed when it makes the call for the Nth time, and its
# guard (base/guard.h) before it can clean up.  False once there are not so many calls.
killed_at () {
  call=$1 nr=$2
  shift 2
  status=0
  strace -f -o "$work/trace" -e trace="$call,prctl" -e inject="$call:signal=KILL:when=$nr" \
    -e inject=prctl:signal=KILL:when=2 "$relevo" build -C "$p" -o "$store" "$@" >"$work/out" 2>&1 || status=$?
  grep -q '^[0-9]* *prctl(PR_SET_CHILD_SUBREAPER, 0' "$work/trace" || fail "the guard was not killed: $(cat "$work/trace")"
  [ "$(grep -c 'killed by SIGKILL' "$work/trace")" -ge 2 ]
}

# sound WHEN OLD: the state of the store, right after that.
sound () {
  case "$(in_tree) $(in_tarball)" in
    "$2 $2" | "$2 none" | "new none" | "new new") ;;
    *) fail "$1: the tree is $(in_tree), the tarball $(in_tarball)" ;;
  esac
}

kills=0
for old in none old; do
  for call in rename renameat2 fsync syncfs fchmod symlink; do
    nr=0
    while :; do
      nr=$((nr + 1))
      rm -rf "$store"
      [ "$old" = none ] || { echo old >"$p/lib/one/priv/mark"; expect 0 build; }
      echo new >"$p/lib/one/priv/mark"
      killed_at "$call" "$nr" --overwrite || break
      kills=$((kills + 1))
      sound "killed at $call $nr" "$old"
      # The next build, be it refused, finishes it or takes it back.
      echo next >"$p/lib/one/priv/mark"
      status=0
      build >"$work/out" 2>&1 || status=$?
      [ -z "$(left)" ] || fail "killed at $call $nr: the next build leaves $(left)"
      case "$status $(in_tree) $(in_tarball)" in
        "4 $old $old" | "4 new new" | "0 next next") ;;
        *) fail "killed at $call $nr: the next build ends with $status, the tree is $(in_tree), the tarball $(in_tarball)" ;;
      esac
    done
  done
done
[ "$kills" -gt 30 ] || fail "only $kills kills"
ok

# The guard sees to it at once where it lives.
for nr in 1 2 3 4; do
  rm -rf "$store"
  echo old >"$p/lib/one/priv/mark"
  expect 0 build
  echo new >"$p/lib/one/priv/mark"
  expect 1 strace -f -o "$work/trace" -e trace=rename -e inject=rename:signal=KILL:when=$nr \
    "$relevo" build -C "$p" -o "$store" --overwrite
  contains "$said" 'ended with status 137 (Killed)'
  case "$(in_tree) $(in_tarball) $(left)" in
    "old old " | "new new ") ;;
    *) fail "killed at rename $nr: $(in_tree) $(in_tarball) $(left)" ;;
  esac
done
ok

# ---- a power cut: the order of what reaches the disk ----

# Everything is synced before it gets its name, the name before the next step.
expect 0 strace -f -o "$work/trace" -e trace=rename,renameat2,fsync,syncfs,openat,unlink,rmdir \
  "$relevo" build -C "$p" -o "$store" --overwrite
awk '
  /syncfs\(/ { synced = 1; written = 0 }
  /fsync\(/ { pending = 0 }
  /O_CREAT/ && !/ready/ { written = 1 }
  /rename(at2)?\(/ && /one-1\.0\.0/ {
    if (!synced || written) { print "not synced before: " $0; bad = 1 }
    if (pending) { print "the name before is not: " $0; bad = 1 }
    pending = 1; moves++
  }
  /(unlink|rmdir)\(/ && pending { print "removed too early: " $0; bad = 1 }
  END { if (moves != 3) { print moves " moves"; bad = 1 } exit bad }' "$work/trace" >"$work/why" || fail "$(cat "$work/why")"
ok

# ---- two builds at once ----

# Each waits in its hook for the other, so both find the place free; only one gets it.
rm -rf "$store"
# shellcheck disable=SC2016 # for the hook's shell
yaml 'hooks: {after: "touch ../here.$PPID; until [ $(ls .. | grep -c here) = 2 ]; do sleep 0.01; done"}'
build >"$work/first" 2>&1 &
first=$!
status=0
build >"$work/second" 2>&1 || status=$?
other=0
wait $first || other=$?
rm -f "$work"/here.*
case "$status $other" in
  "0 4" | "4 0") ;;
  *) fail "two builds end with $status and $other" ;;
esac
contains "$(cat "$work/first" "$work/second")" "is there already; nothing was changed"
# A build that is at work is not swept by another.
[ -z "$(left)" ] || fail "two builds leave $(left)"
ok

# ---- Ctrl-C ----

# The hook, what the hook started, and all that was made so far go with it.
# shellcheck disable=SC2016 # for the hook's shell
yaml 'hooks: {after: "sleep 600 & echo $! >../sleeper; setsid sleep 600 & echo $! >>../sleeper; echo $$ >../hook; wait"}'
for signal in INT TERM HUP QUIT; do
  rm -rf "$store" "$work/hook" "$work/sleeper"
  env --default-signal=INT,QUIT "$relevo" build -C "$p" -o "$store" >"$work/out" 2>&1 &
  builder=$!
  wait_for 20 test -s "$work/hook" || fail "the hook does not run: $(cat "$work/out")"
  kill -s "$signal" "$builder"
  status=0
  wait "$builder" || status=$?
  [ "$status" -gt 128 ] || fail "$signal: it ends with $status"
  # shellcheck disable=SC2013 # words
  for pid in $(cat "$work/hook" "$work/sleeper"); do
    ! is_ours "$pid" || fail "$signal: $pid still runs"
  done
  [ -z "$(ls -A "$store")" ] || fail "$signal: it leaves $(ls -A "$store")"
done
ok

# What is ignored when it begins is ignored.
# shellcheck disable=SC2016 # for the hook's shell
yaml 'hooks: {after: "echo $$ >../hook; until [ -e ../go ]; do sleep 0.05; done"}'
for signal in INT HUP; do
  rm -rf "$store" "$work/hook" "$work/go"
  env --default-signal=INT,QUIT --ignore-signal=$signal "$relevo" build -C "$p" -o "$store" >"$work/out" 2>&1 &
  builder=$!
  wait_for 20 test -s "$work/hook" || fail "the hook does not run: $(cat "$work/out")"
  kill -s "$signal" "$builder"
  touch "$work/go"
  wait "$builder" || fail "$signal, ignored, ends it: $(cat "$work/out")"
  [ -e "$tree.tar.gz" ] || fail "nothing was built"
done
ok

# SIGKILL leaves a folder, but no hook, and the next build removes the folder.
# shellcheck disable=SC2016 # for the hook's shell
yaml 'hooks: {after: "echo $$ >../hook; exec sleep 600"}'
rm -rf "$work/hook" "$store"
"$relevo" build -C "$p" -o "$store" >"$work/out" 2>&1 &
builder=$!
wait_for 20 test -s "$work/hook" || fail "the hook does not run: $(cat "$work/out")"
kill -9 "$builder"
wait "$builder" || true
hook_is_gone () { ! is_ours "$(cat "$work/hook")"; }
wait_for 20 hook_is_gone || fail "the hook outlives the build"
[ -n "$(left)" ] || fail "nothing was left to sweep"
yaml
expect 0 build
[ -z "$(left)" ] || fail "not swept: $(left)"
ok

# A file that is being written anywhere leaves no other beside it.
for call in fchmod fsync rename; do
  rm -rf "$work/plan"
  status=0
  strace -o "$work/trace" -e trace=$call -e inject="$call:signal=TERM:when=1" \
    "$relevo" plan "$tree" "$tree.tar.gz" --out "$work/plan" >"$work/out" 2>&1 || status=$?
  [ "$status" = 143 ] || fail "TERM at $call: $status $(cat "$work/trace" "$work/out")"
  [ -z "$(find "$work/plan" -name '*.??????')" ] || fail "TERM at $call leaves $(ls "$work/plan")"
done
ok

echo "ok: $checks groups of checks, $kills kills"
