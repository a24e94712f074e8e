#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The longest that a client waits while 100,000 processes get a new version of their code, and keep their
# state: with relevo's relup, which suspends nobody, and with the usual one.  COUNT=10000: fewer of them.
set -eu
cd "$(dirname "$0")/../.."
relevo=$(realpath "${RELEVO:-build/relevo}")
work=$(mktemp -d "${TMPDIR:-/tmp}/pause.XXXXXX")
trap 'rm -rf "$work"' EXIT
export ERL_CRASH_DUMP=/dev/null
echo "pause: ${COUNT:-100000} processes whose callbacks change"
erlc -o "$work" tests/differential/lived/pairs.erl tests/differential/lived/units.erl tests/bench/pause.erl
erl -noshell -pa "$work" -run pause main "$relevo" "$work" "${COUNT:-100000}"
