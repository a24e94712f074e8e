#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# relevo rehearse over systems that are odd: what is sound is not called a fault, what is none of the
# upgrade's doing is not put down to it, and a VM that goes down for good is reported.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

# basin VERSION KIND
basin () {
  ebin=$work/$1/lib/basin/ebin
  mkdir -p "$ebin" "$work/$1/appups/1.0.0-$1"
  erlc -DKIND="$2" -o "$ebin" tests/live/basin/*.erl
  echo "{application,basin,[{description,\"\"},{vsn,\"$1\"},{modules,[basin,basin_sup]},{registered,[]}," \
    "{applications,[kernel,stdlib]},{mod,{basin_sup,[]}}]}." >"$ebin/basin.app"
  moves='[{load_module,basin},{apply,{basin,renew,[]}}]'
  echo "{\"$1\",[{\"1.0.0\",$moves}],[{\"1.0.0\",$moves}]}." >"$work/$1/appups/1.0.0-$1/basin.appup"
  printf '%s\n' 'release: basin' "version: \"$1\"" 'applications: {basin: permanent}' 'libs: [lib]' >"$work/$1/relevo.yaml"
  [ "$1" = 1.0.0 ] || echo 'upgrade: {from: ["1.0.0"], appups: appups}' >>"$work/$1/relevo.yaml"
  "$relevo" build -q -C "$work/$1" --out "$work/store" || fail "basin $1 does not build"
}
basin 1.0.0 old
basin 1.1.0 new
basin 1.2.0 crashing
basin 1.3.0 halting
# rehearse STATUS NEW OPTION...: also a busy machine has seen what crashes always when it has warmed up.
rehearse () {
  want=$1 new=$2
  shift 2
  expect "$want" "$relevo" rehearse "$work/store/basin-1.0.0.tar.gz" "$work/store/basin-$new.tar.gz" --json \
    --watch 300ms --warm-up 3s "$@"
}
outcome () { printf %s "$out" | jq -r "$1"; }
codes () { outcome '.findings[] | select(.severity == "fault") | .code'; }

rehearse 0 1.1.0 --junit "$work/junit.xml"
[ -z "$(codes)" ] || fail "faults in what is sound: $out"
contains "$(outcome '.findings[].message')" 'errors were logged'
contains "$(cat "$work/junit.xml")" 'failures="0"'
ok

# What is a warning fails a strict rehearsal, in all that it says.
rehearse 4 1.1.0 --strict --junit "$work/junit.xml"
[ "$(outcome .outcome)" = failed ] || fail "strict: $out"
[ "$(outcome '.phases[] | select(.name == "upgrade") | .status')" = failed ] || fail "strict: $out"
contains "$(cat "$work/junit.xml")" '<failure type="errors_logged"'
ok

# Who was born since the upgrade counts, who always crashes does not.
rehearse 4 1.2.0
[ "$(codes | sort -u)" = process_crashed ] || fail "crashing jobs: $out"
contains "$(outcome '.findings[].message')" 'basin:job/0'
case $(outcome '.findings[] | select(.severity == "fault") | .message') in
  *failing*) fail "what crashes always is put down to the upgrade: $out" ;;
esac
ok

rehearse 4 1.3.0
contains "$(codes)" node_lost
contains "$said" "the upgrade is not sound"
ok

echo "ok: $checks groups of checks"
