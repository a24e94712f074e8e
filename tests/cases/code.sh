#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# relevo beam --code: what modules do, for people and for programs.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

cat >"$work/sup.erl" <<'EOF'
-module(sup). -behaviour(supervisor). -export([init/1]).
init(X) -> {ok, {#{}, [#{id => a, start => {srv, start_link, [1]}}, #{id => b, start => {srv, start_link, [X]}}]}}.
EOF
cat >"$work/srv.erl" <<'EOF'
-module(srv). -behaviour(gen_server). -export([init/1, handle_call/3, handle_cast/2, code_change/3]).
init(X) -> {ok, #{x => X}}. handle_call(_, _, S) -> {reply, ok, S}. handle_cast(_, S) -> {noreply, S}.
code_change(_, S, _) -> {ok, S}.
EOF
erlc -o "$work" "$work/sup.erl" "$work/srv.erl"

expect 0 "$relevo" beam --code "$work/sup.beam" "$work/srv.beam"
contains "$out" "children    one_for_one"
contains "$out" "a: srv:start_link(1) permanent worker 5000"
contains "$out" "b: srv:start_link(…) permanent worker 5000"
contains "$out" "code_change keeps the state"
contains "$out" "state       a map with x"
expect 0 "$relevo" beam --code --json "$work/sup.beam"
[ "$(echo "$out" | jq -c '.[0].children.list | map(.id)')" = '["a","b"]' ] || fail "children as JSON"
[ "$(echo "$out" | jq -r '.[0].functions[0].digest | length')" = 32 ] || fail "digests as JSON"
ok

# A comment is no change of a function; a number is.
"$relevo" beam --code --json "$work/srv.beam" | jq -c '.[0].functions' >"$work/before"
sed -i '1s/^/%% a comment\n/' "$work/srv.erl"
erlc -o "$work" "$work/srv.erl"
"$relevo" beam --code --json "$work/srv.beam" | jq -c '.[0].functions' >"$work/same"
cmp "$work/before" "$work/same" || fail "a comment changed a function"
sed -i 's/x => X/x => X, y => 1/' "$work/srv.erl"
erlc -o "$work" "$work/srv.erl"
"$relevo" beam --code --json "$work/srv.beam" | jq -c '.[0].functions' >"$work/other"
[ "$(jq -n --slurpfile a "$work/before" --slurpfile b "$work/other" -r \
	'[$a[0], $b[0]] | transpose | map(select(.[0].digest != .[1].digest) | .[0].name) | join(" ")')" = init ] ||
	fail "not init alone changed"
ok
