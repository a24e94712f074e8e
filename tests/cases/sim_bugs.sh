#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The simulator finds faults: the engine of rollouts is built with each of those in tests/sim/bugs,
# and each must break an invariant.  Without any of them nothing breaks.
set -eu
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cc=${CC:-gcc}

# build FOLDER: the simulator with the engine that lies in there.
build () {
  # shellcheck disable=SC2046 # options
  $cc -std=gnu17 -O1 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I"$1" -I. -o "$1/sim" tests/sim/*.c \
    "$1"/upgrade/rollout/engine.c "$1"/upgrade/rollout/phases.c "$1"/upgrade/rollout/schedule.c \
    "$1"/upgrade/rollout/sights.c "$1"/upgrade/rollout/waves.c "$1"/upgrade/rollout/state_json.c \
    base/arena.c base/error.c base/str.c $(pkg-config --cflags --libs jansson)
}

found=0
for bug in tests/sim/bugs/*.patch; do
  name=$(basename "$bug" .patch)
  mkdir -p "$work/$name/upgrade"
  cp -r upgrade/rollout "$work/$name/upgrade/"
  patch -s -d "$work/$name" -p1 <"$bug"
  build "$work/$name"
  if "$work/$name/sim" 1 20000 >"$work/out"; then
    echo "FAIL: $name is not found: $(cat "$work/out")" >&2
    exit 1
  fi
  grep -q '^seed [0-9]*: invariant [1-7]: ' "$work/out" || {
    echo "FAIL: $name: no seed, no invariant: $(head -n 3 "$work/out")" >&2
    exit 1
  }
  echo "$name: $(head -n 1 "$work/out")"
  found=$((found + 1))
done
[ "$found" -ge 10 ]
echo "ok: $found planted faults found"
