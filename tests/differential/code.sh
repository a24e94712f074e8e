#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every function of the compiled modules of the installed OTP and Elixir (or of the folders
# given), as relevo and as OTP's disassembler see it.
#   tests/differential/code.sh [DIR…]        HELPER: tests/helpers/code, beside the program otherwise
set -eu
helper=${HELPER:-$(dirname "${RELEVO:-build/release/relevo}")/tests/helpers/code}
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
LC_ALL=C.UTF-8
export LC_ALL

# Newer versions of beam_disasm take instructions apart that this tells whole.
otp=$(erl -noshell -eval 'io:put_chars(erlang:system_info(otp_release)), halt().')
if [ "$otp" -gt 25 ]; then
  echo "skip: the disassembler of OTP $otp tells matching in other words"
  exit 77
fi

[ $# -gt 0 ] || set -- /usr/lib/erlang /usr/lib/elixir
find "$@" -name '*.beam' | sort > "$work/list"

"$helper" "$work/list" > "$work/code.relevo"
escript "$here/code.escript" "$work/list" > "$work/code.otp"
cmp "$work/code.relevo" "$work/code.otp"
awk -v modules="$(wc -l < "$work/list")" \
	'{ n += $2 } END { print "code: " modules " modules, " NR " functions, " n " instructions, all equal" }' \
	"$work/code.otp"
