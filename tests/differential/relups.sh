#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Relups of made-up releases, as relevo and as systools make them.
#   tests/differential/relups.sh [COUNT] [SEED]        RELEVO: the program, build/relevo otherwise
# Cases that differ are kept; the same seed makes the same cases.
set -eu
count=${1:-${N:-200}}
seed=${2:-${SEED:-$(date +%s)}}
relevo=$(realpath "${RELEVO:-build/relevo}")
here=$(dirname "$0")
work=$(mktemp -d "${TMPDIR:-/tmp}/relups.XXXXXX")
LC_ALL=C.UTF-8
export LC_ALL

echo "relups: $count cases, seed $seed"
if escript "$here/relup_judge.escript" "$relevo" "$count" "$seed" "$work"; then
	rm -rf "$work"
	echo "relups: all equal"
else
	echo "relups: differences (seed $seed) are kept in $work" >&2
	exit 1
fi
