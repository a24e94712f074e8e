#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Appups that relevo generates, for releases made of installed applications with changes at
# random, go into systools: it must accept them, and make the very relup that relevo makes.
#   tests/differential/appups.sh [COUNT] [SEED]        RELEVO: the program, build/relevo otherwise
set -eu
count=${1:-5}
seed=${2:-$(date +%s)}
relevo=$(realpath "${RELEVO:-build/relevo}")
here=$(dirname "$0")
work=$(mktemp -d "${TMPDIR:-/tmp}/appups.XXXXXX")
LC_ALL=C.UTF-8
export LC_ALL

echo "appups: $count cases, seed $seed"
total=0
for nr in $(seq "$count"); do
	case=$work/$nr
	escript "$here/appups.escript" $((seed + nr)) "$case"
	"$relevo" plan --json --out "$case/plan" "$case/1" "$case/2" >"$case/plan.json"
	changed=$(jq '[.applications[].modules | length] | add' "$case/plan.json")
	for appup in "$case"/plan/*.appup; do
		[ -e "$appup" ] && cp "$appup" "$case/2/lib/$(basename "$appup" .appup)-2/ebin/"
	done
	if ! { cp "$case/plan/relup" "$case/2/releases/2/" &&
		escript "$here/relup_judge.escript" trees "$case/1" "$case/2" >"$case/log" 2>&1; }; then
		cat "$case/log" || true
		echo "appups: differences (seed $seed, case $nr) are kept in $case" >&2
		exit 1
	fi
	total=$((total + changed))
	rm -rf "$case"
done
rm -rf "$work"
echo "ok: $count relups from generated appups are systools', $total modules in all"
