#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The texts that nodes evaluate stand behind one another: what one of those in front binds, none of the
# others may bind again, for that would be a match.
set -eu
cd "$(dirname "$0")/../../upgrade/node/scripts"
binds () { sed -n 's/^\([A-Z][A-Za-z0-9]*\) = .*/\1/p' "$1"; }
twice=''
check () { # SCRIPT WHAT-STANDS-BEFORE...
  file=$1.erl
  shift
  for shared in "$@"; do
    for name in $(binds "$shared.erl"); do
      [ "$shared.erl" = "$file" ] || ! binds "$file" | grep -qx "$name" || twice="$twice $file:$name"
    done
  done
}
check change common
check config common change
check redact common change config
check vm common change config redact
# X(name, changes, behind)
sed -n 's/^\tX(\([a-z_]*\), *\([a-z]*\), \([A-Z]*\)).*/\1 \2 \3/p' scripts.h >"${TMPDIR:-/tmp}/relevo-scripts.$$"
trap 'rm -f "${TMPDIR:-/tmp}/relevo-scripts.$$"' EXIT
count=0
while read -r script changes behind; do
  before=common
  [ "$changes" = false ] || before="$before change"
  case $behind in
    CONFIG) before="$before config" ;;
    VM) before="$before config redact vm" ;;
  esac
  # shellcheck disable=SC2086 # names
  check "$script" $before
  count=$((count + 1))
done <"${TMPDIR:-/tmp}/relevo-scripts.$$"
[ -z "$twice" ] || { echo "FAIL: bound again:$twice"; exit 1; }
[ "$count" -gt 20 ] || { echo "FAIL: $count scripts are listed"; exit 1; }
echo "ok: $count scripts"
