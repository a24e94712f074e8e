#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every compiled module of the installed OTP and Elixir and of ejabberd (or of the folders given), as
# relevo and as OTP see it: the md5, and the facts that decide about upgrades.
#   tests/differential/beams.sh [DIR…]        RELEVO: the program, build/relevo otherwise
set -eu
relevo=${RELEVO:-build/relevo}
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
LC_ALL=C.UTF-8
export LC_ALL

if [ $# = 0 ]; then
  set -- /usr/lib/erlang /usr/lib/elixir
  # Not everywhere can it be had.
  if ejabberd=$("$here/../tools/ejabberd"); then set -- "$@" "$ejabberd"; fi
fi
# Native records, where they are known: since OTP 29.
cat >"$work/native.erl" <<'ERL'
-module(native).
-export([made/0, of/1]).
-export_record([pair]).
-record #pair{a = 1, b = [x]}.
-record #own{'a field' = #{}}.
made() -> {#pair{b = 2}, #own{}}.
of(#pair{a = A} = P) -> {A, P#pair{b = 3}};
of(#own{'a field' = F}) -> F.
ERL
mkdir "$work/native"
erlc -o "$work/native" "$work/native.erl" >/dev/null 2>&1 || true
find "$@" "$work/native" -name '*.beam' | sort > "$work/list"
count=$(wc -l < "$work/list")

xargs -a "$work/list" "$relevo" beam --md5 > "$work/md5.relevo"
escript "$here/beams.escript" md5 "$work/list" > "$work/md5.otp"
cmp "$work/md5.relevo" "$work/md5.otp"
echo "md5: $count modules, all equal"

xargs -a "$work/list" "$relevo" beam --json | jq -r '.[] | "\(.module) exports=\(.exports | length)" +
	" imports=\(.imports | length) behaviours=\(.behaviours | join(",")) on_load=\(.on_load)" +
	" records=\([.records | to_entries[] | .key as $tag | .value[] | "\($tag)/\(.)"] | sort | join(",")) vsn=\(.vsn)"' \
	> "$work/facts.relevo"
escript "$here/beams.escript" facts "$work/list" > "$work/facts.otp"
cmp "$work/facts.relevo" "$work/facts.otp"
echo "facts: $count modules, all equal"
