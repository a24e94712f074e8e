#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Generated, spoiled and installed terms, read and written by relevo and judged by OTP.
#   tests/differential/terms.sh [N [SEED]]    N: 2000; SEED: the time
#   RELEVO: the program, build/release/relevo otherwise; its helpers are beside it
set -eu
relevo=${RELEVO:-build/release/relevo}
helper=$(dirname "$relevo")/tests/helpers/terms
seed=${2:-${SEED:-$(date +%s)}}

[ -x "$helper" ] || { echo "terms: no $helper (make helpers)" >&2; exit 1; }
exec escript "$(dirname "$0")/terms.escript" "$helper" "${1:-${N:-2000}}" "$seed"
