#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is the same is told from the files themselves: not from the manifest of a release that was
# changed, packed and unpacked elsewhere.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tests/tools/tally "$work/store" 1.0.0 1.1.0 >/dev/null
old=$work/store/tally-1.0.0
cp -R "$work/store/tally-1.1.0" "$work/new"
expect 0 "$relevo" diff "$old" "$work/new"
expect 0 "$relevo" plan --require hot "$old" "$work/new"
emulator=$(echo "$work"/new/erts-*/bin/beam.smp)
printf X | dd of="$emulator" bs=1 seek=4096 conv=notrunc 2>/dev/null
mkdir "$work/unpacked"
tar -C "$work/new" -cf "$work/new.tar" .
tar -C "$work/unpacked" -xf "$work/new.tar"
expect 4 "$relevo" plan --require hot "$old" "$work/unpacked"
contains "$out" "erts_changed"

echo "ok: 2 checks"
