#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `relevo build` into a file system of its own, whose device is copied all the while, as a power cut
# would leave it: each copy has the old release or the new one, whole; and the new one is there as
# soon as the build says so.  Needs loop devices; elsewhere durable.sh shows the order of the calls.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
# Where the sanitizers watch: leaks cannot be looked for under strace.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
unset XDG_CACHE_HOME HOME

mounts=''
unmount_all () { for dir in $mounts; do umount "$dir" 2>/dev/null || true; done; }
trap 'unmount_all; clean_up' EXIT

mkdir "$work/disk" "$work/copy"
truncate -s 48M "$work/image"
if ! mkfs.ext4 -q "$work/image" 2>/dev/null || ! mount -o loop "$work/image" "$work/disk" 2>/dev/null; then
  echo "skip: no loop devices"
  exit 77
fi
mounts=$work/disk
if ! strace -o /dev/null true 2>/dev/null; then
  echo "skip: no strace"
  exit 77
fi

p=$work/p store=$work/disk/store
mkdir -p "$p/lib/one/ebin" "$p/lib/one/priv"
printf -- '-module(one).\n-export([f/0]).\nf() -> 1.\n' >"$work/one.erl"
erlc -o "$p/lib/one/ebin" "$work/one.erl"
cat >"$p/lib/one/ebin/one.app" <<'APP'
{application, one, [{description, ""}, {vsn, "1.0.0"}, {modules, [one]}, {registered, []},
  {applications, [kernel, stdlib]}]}.
APP
printf '%s\n' "release: one" "libs: [lib]" "erts: none" 'applications: {one: permanent}' >"$p/relevo.yaml"

mark=lib/one-1.0.0/priv/mark
in_tree () { if [ -e "$1/$mark" ]; then cat "$1/$mark"; else echo none; fi; }
in_tarball () { if [ -e "$1" ]; then tar -xzOf "$1" "$mark" || echo broken; else echo none; fi; }

# sound COPY WANTED...: what a copy of the device holds, and what the next build makes of it.
sound () {
  copy=$1
  shift
  mount -o loop "$copy" "$work/copy"
  mounts="$work/copy $work/disk"
  found=$work/copy/store/one-1.0.0
  state="$(in_tree "$found") $(in_tarball "$found.tar.gz")"
  right=no
  for wanted in "$@"; do [ "$state" != "$wanted" ] || right=yes; done
  [ $right = yes ] || fail "$(basename "$copy") holds: $state, not one of: $*"
  for release in "$found" "$found.tar.gz"; do
    [ ! -e "$release" ] || expect 0 "$relevo" inspect --verify "$release"
  done
  status=0
  "$relevo" build -q -C "$p" -o "$work/copy/store" >"$work/out" 2>&1 || status=$?
  case "$status $(in_tree "$found") $(in_tarball "$found.tar.gz")" in
    "4 old old" | "4 new new" | "0 new new") ;;
    *) fail "$(basename "$copy"), $state: the next build ends with $status: $(cat "$work/out")" ;;
  esac
  umount "$work/copy"
  mounts=$work/disk
}

echo old >"$p/lib/one/priv/mark"
expect 0 "$relevo" build -C "$p" -o "$store"
cp --sparse=always "$work/image" "$work/done-old"
echo new >"$p/lib/one/priv/mark"
sound "$work/done-old" "old old"
ok

# Each step is held up, so that there is a copy of what the disk has then.
(
  nr=0
  until [ -e "$work/stop" ]; do
    cp --sparse=always "$work/image" "$work/cut-$nr"
    nr=$((nr + 1))
    sleep 0.1
  done
) &
copier=$!
expect 0 strace -f -o /dev/null -e trace=rename,renameat2,fsync,syncfs,unlink \
  -e inject=rename,renameat2,fsync,syncfs:delay_enter=200000:delay_exit=200000 \
  "$relevo" build -C "$p" -o "$store" --overwrite
cp --sparse=always "$work/image" "$work/done-new"
touch "$work/stop"
wait $copier
sound "$work/done-new" "new new"
ok
cuts=0
for copy in "$work"/cut-*; do
  sound "$copy" "old old" "old none" "new none" "new new"
  cuts=$((cuts + 1))
done
[ "$cuts" -gt 10 ] || fail "only $cuts copies"
ok

echo "ok: $checks groups of checks, $cuts copies"
