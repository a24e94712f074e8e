#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Processes whose state changes are started without a pause, by a supervisor of each kind, while
# release_handler takes a node up and down: it misses none of those that are born meanwhile.
# WAYS=50: more of it; CONTROL=1: with the relup as systools makes it, which does miss some.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
elixir=$(elixir -e 'IO.puts(:code.lib_dir(:elixir))')
erlc -o "$work" tests/differential/lived/*.erl
expect 0 erl -noshell -pa "$work" -pa "$elixir/ebin" -run storm main "$(realpath "$relevo")" "$work" "${WAYS:-4}"
echo "$out"
ok
