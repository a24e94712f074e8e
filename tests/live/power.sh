#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is reported done survives a power cut.  The node lies on a block device of its own, which is
# copied as an upgrade goes on, as if the power had gone then: from each copy the old release or the
# new one boots, whole, and what was said to be permanent is.  Where there are no loop devices, and
# besides, the order of the system calls tells.
# Parts: calls ext4 xfs
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tests/tools/meter "$work/store" 1.0.0 1.1.0 >/dev/null
new=$work/store/meter-1.1.0.tar.gz
start_epmd
export RELEASE_DISTRIBUTION=name RELEASE_NODE=meter@127.0.0.1 RELEASE_COOKIE=c
node=$RELEASE_NODE vm=''
kind () { "$relevo" node eval "$node" 'element(3, meter:kind())'; }
boot () {
  "$1/bin/meter" start >"$work/log" 2>&1 &
  vm=$!
  pids="$pids $vm"
  wait_for 30 kind
}
halt () {
  kill -9 "$vm" 2>/dev/null || true
  wait_for 10 gone "$vm"
}
mounted=''
finish () {
  trap - EXIT
  for pid in $pids; do end "$pid"; done
  for dir in $mounted; do umount -l "$dir" 2>/dev/null || true; done
  rm -rf "$work"
}
trap finish EXIT

# ---- the order of the system calls ----

if in_part calls && command -v strace >/dev/null; then
  run=$work/run
  mkdir "$run"
  tar -xzf "$work/store/meter-1.0.0.tar.gz" -C "$run"
  boot "$run" || fail "does not start: $(cat "$work/log")"
  strace -f -y -o "$work/calls" -e trace=openat,fsync,fdatasync,unlink,unlinkat,rename,renameat,renameat2 -p "$vm" 2>"$work/strace" &
  tracer=$!
  pids="$pids $tracer"
  attached () { grep -q attached "$work/strace"; }
  wait_for 20 attached || fail "strace: $(cat "$work/strace")"
  expect 0 "$relevo" node install "$node" "$new" --commit
  kill -INT "$tracer"
  wait_for 20 gone "$tracer"
  # line CALL PATH: the first line of such a call that succeeded, 0 without one.  last: the last.
  line () { grep -nE "$1\(.*$2" "$work/calls" | grep -v ' = -1 ' | sed -n '1s/:.*//p' | grep . || echo 0; }
  last () { grep -nE "$1\(.*$2" "$work/calls" | grep -v ' = -1 ' | sed -n '$s/:.*//p' | grep . || echo 0; }
  # before A B: both were done, in that order.
  before () { [ "$1" -gt 0 ] && [ "$1" -lt "$2" ]; }
  counted=$(line openat 'releases/start_erl\.data", O_WRONLY.O_CREAT.O_TRUNC')
  [ "$counted" -gt 0 ] || fail "start_erl.data is not written"
  (cd "$run" && find lib/meter-1.1.0 releases/1.1.0) >"$work/files"
  while read -r file; do
    before "$(line 'f(data)?sync' "/$file>")" "$counted" || fail "$file is not safe before it is permanent"
  done <"$work/files"
  for dir in releases lib; do
    before "$(line fsync "$run/$dir>")" "$counted" || fail "$dir/ is not safe before it is permanent"
  done
  for record in start_erl.data RELEASES; do
    gone=$(last unlink "releases/$record\.relevo")
    before "$(last openat "releases/$record\", O_WRONLY.O_CREAT.O_TRUNC")" "$(last fsync "releases/$record>")" ||
      fail "$record is not safe as it is written"
    before "$(last fsync "releases/$record>")" "$gone" || fail "the copy of $record goes before $record is safe"
  done
  halt
  ok
fi

# ---- copies of the device ----

# cut FILE_SYSTEM
cut_power () {
  fs=$1
  disk=$work/disk run=$work/mnt/run
  mkdir -p "$work/mnt" "$work/then"
  rm -f "$disk"
  truncate -s 400M "$disk"
  if "mkfs.$fs" -q "$disk" 2>/dev/null && mount -o loop "$disk" "$work/mnt" 2>/dev/null; then
    mounted="$work/mnt $work/then"
    mkdir "$run"
    tar -xzf "$work/store/meter-1.0.0.tar.gz" -C "$run"
    sync
    boot "$run" || fail "does not start: $(cat "$work/log")"
    "$relevo" node install "$node" "$new" --bake 2s --commit >"$work/out" 2>&1 &
    upgrade=$!
    copies=0
    # At any moment of it, and when it is done: the last copies must hold the new one.
    take () {
      copies=$((copies + 1))
      cp --sparse=always "$disk" "$work/copy-$copies"
    }
    while ! gone "$upgrade" && [ "$copies" -lt 8 ]; do take; done
    wait "$upgrade" || fail "install: $(cat "$work/out")"
    cuts=$copies
    take
    halt
    for n in $(seq 1 "$copies"); do
      option=loop
      [ "$fs" != xfs ] || option=loop,nouuid
      mount -o "$option" "$work/copy-$n" "$work/then" || fail "copy $n does not mount"
      boot "$work/then/run" || fail "cut $n of $cuts: nothing boots: $(cat "$work/log")"
      runs=$(kind)
      case $n,$runs in
        *"'1.1.0'") ;;
        *"'1.0.0'") [ "$n" -le "$cuts" ] || fail "what was said to be permanent is not: $runs runs" ;;
        *) fail "cut $n of $cuts: $runs" ;;
      esac
      # And whatever it is, the same command finishes the job.
      expect 0 "$relevo" node install "$node" "$new" --commit
      halt
      wait_for 20 umount "$work/then" || fail "copy $n is still in use"
      rm "$work/copy-$n"
    done
    ok
  fi
}
for fs in ext4 xfs; do
  ! in_part $fs || ! command -v mkfs.$fs >/dev/null || cut_power $fs
done

echo "ok: $checks checks"
