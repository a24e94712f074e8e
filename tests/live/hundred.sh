#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# One node is taken to the newer release and back again and again: nothing is left behind on it, and
# relevo itself needs no more memory in the end.  Then its 10,000 processes are at work meanwhile, and
# none of them notices.
#
# ROUNDS=100 (make hundred); CARTS=10000
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

rounds=${ROUNDS:-8}
measure=${MEASURE:-build/release/tests/bench/measure}
load=${LOAD:-build/release/tests/live/load}
tests/tools/shop "$work/store" 1.0.0 1.1.0 >/dev/null
new=$work/store/shop-1.1.0.tar.gz
mkdir "$work/run" "$work/tmp"
tar -xzf "$work/store/shop-1.0.0.tar.gz" -C "$work/run"
start_epmd
node=shop@127.0.0.1
export SHOP_PORT=$((port + 1)) RELEASE_DISTRIBUTION=name RELEASE_NODE=$node RELEASE_COOKIE=shop TMPDIR="$work/tmp"
"$work/run/bin/shop" start >"$work/log" 2>&1 &
pids="$pids $!"
wait_for 60 curl -fs "http://127.0.0.1:$SHOP_PORT/health" || fail "does not start: $(cat "$work/log")"

# Every fifth time the release has to be brought anew.
round () {
  expect 0 "$measure" "$relevo" node install "$node" "$new" --commit
  peak=$(cut -d ' ' -f 2 "$work/out")
  expect 0 "$relevo" node revert "$node" 1.0.0
  [ $(($1 % 5)) != 0 ] || expect 0 "$relevo" node remove "$node" 1.1.0
}

# look NAME: what there is on the node, a line each: into NAME.same what must be the same again, into
# NAME.much what may differ a little.
look () {
  "$relevo" node eval "$node" "
    Sum = fun(Key) -> lists:sum([length(List) || P <- processes(), {_, List} <- [process_info(P, Key)]]) end,
    Modules = lists:sort([M || {M, _} <- code:all_loaded()]),
    Settled = fun() -> [erlang:garbage_collect(P) || P <- processes()], timer:sleep(300), erlang:memory() end,
    [Memory | _] = lists:sort([Settled() || _ <- lists:seq(1, 3)]),
    Same = [{ports, length(erlang:ports())}, {tables, length(ets:all())}, {path, code:get_path()},
            {terms, maps:get(count, persistent_term:info())},
            {old_code, [M || M <- Modules, erlang:check_old_code(M)]},
            {code, [{M, M:module_info(md5)} || M <- Modules]},
            {registered, lists:sort(registered())},
            {environment, [{A, lists:sort(application:get_all_env(A))} || {A, _, _} <- application:loaded_applications()]}],
    Much = [{total, 3000000, proplists:get_value(total, Memory)}, {code, 100000, proplists:get_value(code, Memory)},
            {ets, 100000, proplists:get_value(ets, Memory)}, {processes, 5, length(processes())},
            {monitors, 5, Sum(monitors)}, {links, 10, Sum(links)},
            {atoms, 256, erlang:system_info(atom_count)}],
    Atoms = [atom_to_binary(binary_to_term(<<131, 75, I:24>>)) || I <- lists:seq(0, erlang:system_info(atom_count) - 1)],
    ok = file:write_file(\"$work/$1.same\", [io_lib:format(\"~0p~n\", [S]) || S <- Same]),
    ok = file:write_file(\"$work/$1.much\", [io_lib:format(\"~p ~p ~p~n\", tuple_to_list(M)) || M <- Much]),
    ok = file:write_file(\"$work/$1.atoms\", [[A, 10] || A <- Atoms])" >"$work/looked" || fail "no look at the node"
  # The configuration that was put together for what runs has a name that nobody can guess.
  (cd "$work/run" && find . -type f -exec cksum {} + |
    sed 's/-[0-9A-Z]*\.runtime\.config$/-NAME.runtime.config/' | sort -k 3) >"$work/$1.files"
  find "$work/tmp" -mindepth 1 >>"$work/$1.files"
  sort -o "$work/$1.atoms" "$work/$1.atoms"
}

round 1
round 5
round 1
first=$peak
look before
for nr in $(seq "$rounds"); do round "$nr"; done
round 5
round 1
look after

for kind in same files; do
  diff "$work/before.$kind" "$work/after.$kind" >"$work/diff" || fail "not as before: $(cut -c 1-300 "$work/diff")"
done
comm -13 "$work/before.atoms" "$work/after.atoms" >"$work/atoms"
others=$(grep -Ev '^relevo-[0-9]+@127\.0\.0\.1$' "$work/atoms" || true)
[ -z "$others" ] || fail "new atoms: $others"
paste -d ' ' "$work/before.much" "$work/after.much" | awk '
  { printf "%s%s %d -> %d", (NR > 1 ? ", " : ""), $1, $3, $6 }
  $6 - $3 > $2 { bad = bad " " $1 }
  END { print ""; if (bad) { print "too much:" bad; exit 1 } }' >"$work/much" || fail "$(cat "$work/much")"
sed "s/^/$rounds rounds: /" "$work/much"
echo "relevo's peak: $first kB, then $peak kB"
[ "$peak" -lt $((first + 4096)) ] || fail "relevo needs more and more memory"
ok

"$load" --port "$SHOP_PORT" --connections 200 --carts "${CARTS:-10000}" --ready "$work/ready" >"$work/load.json" &
client=$!
pids="$pids $client"
wait_for 60 test -f "$work/ready" || fail "not every cart has answered"
for _ in 1 2; do
  expect 0 "$relevo" node install "$node" "$new" --bake 1s
  expect 0 "$relevo" node commit "$node" 1.1.0
  expect 0 "$relevo" node revert "$node" 1.0.0
done
kill -TERM "$client"
wait "$client" || fail "the clients noticed: $(cat "$work/load.json")"
cat "$work/load.json"
ok

# As many relevos at once, each by a name of its own, find the node.
for nr in $(seq 40); do
  "$relevo" node eval "$node" "timer:sleep(500)" >/dev/null 2>"$work/at-once.$nr" &
  waiting="${waiting:-} $!"
done
for pid in $waiting; do wait "$pid" || fail "$(cat "$work"/at-once.*)"; done
ok

echo "ok: $checks groups of checks"
