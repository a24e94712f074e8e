#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Both examples without the appups that somebody wrote by hand: the generated ones carry the running
# systems there and back, under load, the new child of the shop's supervisor included.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tree=$work/tree
mkdir -p "$tree/build"
cp -r examples tests "$tree"
ln -s "$relevo" "$tree/build/relevo"
cp "${LOAD:-build/release/tests/live/load}" "$tree/build/load"
find "$tree/examples" \( -name '*.appup' -o -name '*.appup.src' \) -exec rm {} +

expect 0 env RELEVO=build/relevo CONNECTIONS=50 COUNTERS=10 sh "$tree/tests/live/otp.sh"
echo "$out"
ok
expect 0 env RELEVO=build/relevo LOAD=build/load CONNECTIONS=50 CARTS=200 BAKE=1s ROUNDS=1 "$tree/examples/demo"
contains "$out" "start the child Shop.Promotions of Shop.Supervisor"
contains "$out" "0 failed, 0 connections dropped, 0 states lost"
ok

echo "ok: $checks groups of checks"
