#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How much goes over the wire when one module of a whole release, Erlang/OTP and Elixir in it, is
# upgraded and committed, and that a slow line is no obstacle.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
slow=$(dirname "$relevo")/tests/helpers/slow
[ -x "$slow" ] || fail "no $slow: make helpers"
# bytes a second; the test asks for no more than it takes to see that a slow line works
rate=${RATE:-100000}

# The shop, and the same with another version and other bytes in one module.
tests/tools/shop "$work/store" 1.0.0 >/dev/null
cp -R build/shop/1.0.0 "$work/project"
"$relevo" build -q -C "$work/project" --out "$work/old"
ebin=$work/project/_build/prod/lib/shop/ebin
cat >"$work/touch.escript" <<'ERL'
#!/usr/bin/env escript
main([File]) ->
    {ok, _, Chunks} = beam_lib:all_chunks(File),
    Text = proplists:get_value("StrT", Chunks, <<>>),
    {ok, Beam} = beam_lib:build_module(lists:keystore("StrT", 1, Chunks, {"StrT", <<Text/binary, "other">>})),
    ok = file:write_file(File, Beam).
ERL
escript "$work/touch.escript" "$ebin/Elixir.Shop.Cart.beam"
sed -i 's/{vsn, *"1.0.0"}/{vsn,"1.0.1"}/' "$ebin/shop.app"
sed -i 's/^version: .*/version: "1.0.1"/' "$work/project/relevo.yaml"
"$relevo" build -q -C "$work/project" --out "$work/old"
new=$work/old/shop-1.0.1.tar.gz

mkdir "$work/run"
tar -xzf "$work/old/shop-1.0.0.tar.gz" -C "$work/run"
start_epmd
node=shop@127.0.0.1
export SHOP_PORT=$((port + 1)) RELEASE_DISTRIBUTION=name RELEASE_NODE=$node RELEASE_COOKIE=c
"$work/run/bin/shop" start >"$work/log" 2>&1 &
pids="$pids $!"
wait_for 60 curl -fs "http://127.0.0.1:$SHOP_PORT/health" || fail "does not start: $(cat "$work/log")"
listens=$(epmd -names | sed -n 's/^name shop at port //p')
"$slow" $((port + 2)) "$listens" "$rate" >"$work/moved" &
pids="$pids $!"

processes () { "$relevo" node rpc "$node" erlang system_info process_count; }
# Some of those that boot it are there a while after it serves.
is_up () { "$relevo" node eval "$node" '{started, _} = init:get_status()'; }
wait_for 60 is_up || fail "does not come up: $(cat "$work/log")"
before=$(processes)
expect 0 "$relevo" node check "$node" "$new"
expect 0 "$relevo" node vitals "$node"
as_before () { [ "$(processes)" -le "$before" ]; }
wait_for 10 as_before || fail "processes are left: $(processes), not $before"
ok

: >"$work/moved"
begin=$(date +%s%N)
expect 0 "$relevo" node install "$node" "$new" --commit --json --port $((port + 2)) --timeout 60s
end=$(date +%s%N)
[ "$("$relevo" node rpc "$node" init get_status)" = '{started,started}' ] || fail "it is not as it was"
wait_for 5 test -s "$work/moved" || fail "nothing went over the slow line"
sent=$(echo "$out" | jq .sent_bytes)
# bytes up and down, in all connections of the command
# shellcheck disable=SC2046 # two words
set -- $(awk '{ up += $1; down += $2 } END { print up + 0, down + 0 }' "$work/moved")
echo "$(((end - begin) / 1000000)) ms at $rate bytes/s: $1 bytes up, of them $sent of the release, $2 down"
[ $(($1 - sent)) -lt 120000 ] || fail "what is not the release takes $(($1 - sent)) bytes up"
[ "$2" -lt 80000 ] || fail "$2 bytes came back"
[ "$sent" -lt 150000 ] || fail "of the release, $sent bytes went over"
ok

echo "ok: $checks checks"
