#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Random releases, right and wrong ones, as systools:make_script and as `relevo script` see
# them: the same boot file, or a refusal under the same name.  Then real releases.
#   tests/differential/scripts.sh [N] [SEED] [CASE]     CASE: only that one, and keep its folder
# RELEVO: the program, build/relevo otherwise
set -eu
LC_ALL=C.UTF-8
export LC_ALL
here=$(dirname "$0")
relevo=$(realpath "${RELEVO:-build/relevo}")
# Thousands of small synced files: in memory where there is such a place.
base=${TMPDIR:-/tmp}
[ -w /dev/shm ] && base=/dev/shm
work=$(mktemp -d "$base/scripts.XXXXXX")
status=0
escript "$here/scripts.escript" "$relevo" "$work" "${1:-${N:-200}}" "${2:-${SEED:-$(date +%s)}}" "${3:-all}" || status=$?
# What failed is left there for a look; the message names it.
rmdir "$work" 2> /dev/null || true
exit $status
