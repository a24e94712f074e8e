#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# relevo term: text, the external format, JSON, and what is no term.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

dir=$work

printf '%%%% coding: latin-1\n{shop, "caf\351", [{vsn, <<"1.0">>}, 16#ff]}.\n' >"$dir/a.rel"
expect 0 "$relevo" term "$dir/a.rel"
[ "$out" = '{shop,"café",[{vsn,<<"1.0">>},255]}.' ]
expect 0 "$relevo" term --json "$dir/a.rel"
contains "$(printf '%s' "$out" | tr -d ' \n')" \
  '"term":{"tuple":[{"atom":"shop"},{"string":"café"},[{"tuple":[{"atom":"vsn"},{"binary":"1.0"}]},255]]}'

printf '\203h\002d\000\002ok\153\000\002hi' >"$dir/a.boot"
expect 0 "$relevo" term "$dir/a.boot"
[ "$out" = '{ok,"hi"}.' ]
printf 'a. {b}.' >"$dir/several"
expect 0 "$relevo" term "$dir/several"
[ "$out" = 'a.
{b}.' ]
ok

printf '{a,\n  [b}.\n' >"$dir/bad.app"
expect 2 "$relevo" term "$dir/bad.app"
contains "$said" "bad.app:2:5: unexpected }"
printf '\203l\377\377\377\377' >"$dir/bad.boot"
expect 2 "$relevo" term "$dir/bad.boot"
contains "$said" "bad.boot: byte 6: 4294967295 elements in 0 bytes"
expect 3 "$relevo" term "$dir/none.app"
contains "$said" "none.app"
ok
