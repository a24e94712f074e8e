#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every version of both examples starts from its tarball in an empty folder, says which it is, and
# stops.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tests/tools/shop "$work/store" 1.0.0 1.1.0 1.2.0 1.3.0 >/dev/null
tests/tools/tally "$work/store" 1.0.0 1.1.0 >/dev/null
start_epmd
export RELEASE_DISTRIBUTION=name RELEASE_COOKIE=c SHOP_PORT=$((port + 1))
export ERL_FLAGS="-tally_tcp port $((port + 2))"

runs () { "$relevo" node info "$RELEASE_NODE" | grep -q "runs $1 $2"; }
for tarball in "$work"/store/*.tar.gz; do
  base=$(basename "$tarball" .tar.gz)
  name=${base%-*} version=${base#*-}
  export RELEASE_NODE="$name@127.0.0.1"
  mkdir "$work/run"
  tar -xzf "$tarball" -C "$work/run"
  "$work/run/bin/$name" start >"$work/log" 2>&1 &
  pid=$!
  pids="$pids $pid"
  wait_for 30 runs "$name" "$version" || fail "$base does not start: $(cat "$work/log")"
  expect 0 "$work/run/bin/$name" stop
  gone "$pid" || fail "$base: still there after stop"
  rm -rf "$work/run"
  ok
done

[ "$checks" = 6 ] || fail "only $checks versions"
echo "ok: $checks versions"
