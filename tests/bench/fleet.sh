#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a rollout costs the machine that drives it, for fleets of up to a thousand nodes: simulated ones,
# that speak the real protocols (tests/helpers/many_nodes.c).  Fails when the largest process of relevo
# has 64 MiB or more, when a node of a thousand costs half as much again as one of 250, or when 200 nodes
# in parallel are less than 50 times as fast as one after the other.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
. tests/tools/many.sh
measure=$(realpath "${MEASURE:-build/release/tests/bench/measure}")

tests/tools/meter "$work/store" 1.0.0 1.1.0 >/dev/null
many_answers >"$work/answers"

# take COUNT ARGUMENT...: relevo in the project; MILLISECONDS KILOBYTES CPU_MILLISECONDS
take () {
  (cd "$work/project" && "$measure" "$relevo" deploy 1.1.0 -t production -q "$@") 2>"$work/said" ||
    fail "deploy: $(tail -n 5 "$work/said") $(sort "$work/many.said" | uniq -c | head -n 5)"
}

echo "a rollout: nodes, seconds, memory of the largest process, CPU for each node"
per_250=0
for count in 50 250 1000; do
  start_many "$count" 20
  many_yaml "$count" 'bake: 1s' 'parallel: 64' 'max_unavailable: 50%' 'probe: 1m'
  taken=$(take)
  end_many
  echo "$count $taken" | awk '{ printf "%6d %8.1f s %8.1f MiB %8.1f ms\n", $1, $2 / 1000, $3 / 1024, $4 / $1 }'
  each=$(echo "$count $taken" | awk '{ print int(1000 * $4 / $1) }')
  [ "$(echo "$taken" | cut -d' ' -f2)" -lt 65536 ] || fail "$count nodes: $taken"
  [ "$count" != 250 ] || per_250=$each
  [ "$count" != 1000 ] || [ "$each" -lt $((per_250 * 3 / 2)) ] ||
    fail "each of a thousand costs $each us, each of 250 $per_250 us"
done

# One after the other for a twentieth of them, as that takes its time.
latency=1000
start_many 200 $latency
many_yaml 10 'parallel: 1' 'node_timeout: 1h'
one=$(take --dry-run | cut -d. -f1)
many_yaml 200 'parallel: 200' 'node_timeout: 1h'
all=$(take --dry-run | cut -d. -f1)
end_many
times=$((one * 20 / all))
echo "200 nodes that answer after $latency ms are looked at in $all ms, one after the other in $((one * 20)): $times times as fast"
[ "$times" -ge 50 ] || fail "not 50 times as fast"
