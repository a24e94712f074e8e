#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Is the verdict true?  Made-up systems and changed next versions of them: where relevo says hot, without
# warnings, a node is taken there, back and there again by release_handler, and nothing may go wrong; some are used all
# the time, some are idle, and of some all that runs is started anew before the way back.
#   tests/differential/lived.sh [COUNT] [SEED]         RELEVO: the program, build/relevo otherwise
# FORCE=4 also takes a node through every fourth pair that is not hot, and counts false alarms by reason.
# Pairs that went wrong are kept; the same seed makes the same pairs.
set -eu
count=${1:-$((${N:-250} / 10))} # a pair takes as long as ten relups
seed=${2:-${SEED:-1}}
relevo=$(realpath "${RELEVO:-build/relevo}")
here=$(dirname "$0")/lived
work=$(mktemp -d "${TMPDIR:-/tmp}/lived.XXXXXX")
LC_ALL=C.UTF-8
export LC_ALL ERL_CRASH_DUMP=/dev/null

echo "lived: $count pairs, seed $seed"
erlc -o "$work" "$here"/*.erl
if erl -noshell -pa "$work" -run lived main "$relevo" "$work" "$count" "$seed" "${FORCE:-0}"; then
	rm -rf "$work"
else
	echo "lived: what went wrong is kept in $work" >&2
	exit 1
fi
