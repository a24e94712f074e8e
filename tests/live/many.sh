#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A hundred nodes at once: a full rollout, and many that answer late, which are waited for together.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
. tests/tools/many.sh

tests/tools/meter "$work/store" 1.0.0 1.1.0 >/dev/null
many_answers >"$work/answers"

deploy () {
  status=0
  (cd "$work/project" && exec "$relevo" deploy 1.1.0 -t production "$@") >"$work/out" 2>"$work/said" </dev/null || status=$?
  [ "$status" = 0 ] || fail "deploy ended with $status: $(tail -n 5 "$work/said") $(sort "$work/many.said" | uniq -c | head -n 5)"
}

start_many 100 5
many_yaml 100 'bake: 1s' 'parallel: 32' 'max_unavailable: 50%' 'probe: 5s'
deploy --json
[ "$(jq -r '[.nodes[].stage] | unique | join(",")' "$work/out")" = committed ] || fail "not all are committed: $(jq -c .nodes[].stage "$work/out" | sort | uniq -c)"
[ ! -s "$work/many.said" ] || fail "$(sort "$work/many.said" | uniq -c)"
end_many
ok

echo "ok: $checks checks"
