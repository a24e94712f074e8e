#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Generated, spoiled and installed terms, read and written by relevo and judged by OTP.
#   tests/differential/terms.sh [N [SEED]]    N: 2000; SEED: the time
#   RELEVO: the program, build/release/relevo otherwise; its helpers are beside it
set -eu
relevo=${RELEVO:-build/release/relevo}
helpers=$(dirname "$relevo")/tests/helpers
seed=${2:-${SEED:-$(date +%s)}}

for helper in terms ei_terms; do
  [ -x "$helpers/$helper" ] || { echo "terms: no $helpers/$helper (make helpers)" >&2; exit 1; }
done
exec escript "$(dirname "$0")/terms.escript" "$helpers/terms" "$helpers/ei_terms" "${1:-${N:-2000}}" "$seed"
