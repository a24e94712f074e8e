#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/tutorial.md as it is written: ```sh blocks are run, one after the other in one shell; blocks
# with a path become that file; each line of a ```text block (up to " …") must have been printed since
# the block of text before.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

command -v mix >/dev/null || { echo "skip: no mix"; exit 77; }
mkdir "$work/bin" "$work/home"
ln -s "$relevo" "$work/bin/relevo"
start_epmd

awk '
  function quoted(text) { gsub(/\047/, "\047\\\047\047", text); return "\047" text "\047" }
  /^```/ && kind == "" {
    kind = substr($1, 4); file = $2
    if (file) print "cat >" quoted(file) " <<\047END OF FILE\047"
    blocks++
    next
  }
  /^```/ { if (file) print "END OF FILE"; if (kind == "text") print "said_all"; kind = file = ""; next }
  file { print; next }
  kind == "sh" { print "run " quoted($0); print $0 " >>\"$said\" 2>&1 || failed " quoted($0); next }
  kind == "text" { sub(/ …$/, ""); print "wants " quoted($0) }
  END { if (blocks < 20 || kind != "") print "failed \"" blocks " blocks in docs/tutorial.md\"" }
' docs/tutorial.md >"$work/steps"

cat >"$work/tutorial" <<'SH'
said=$1/said
: >"$said"
run () { echo "$ $1" >>"$said"; }
failed () { echo "FAIL: $1: $(tail -n 30 "$said")" >&2; exit 1; }
wants () { grep -qF -- "$1" "$said" || failed "no \"$1\""; }
said_all () { : >"$said"; }
SH
cat "$work/steps" >>"$work/tutorial"

# Also when it fails half-way nothing runs on.
end_all () {
  for pid in $("$work/server/bin/visits" pid 2>/dev/null) $(pgrep -f "$work/server/" || true); do end "$pid"; done
  clean_up
}
trap end_all EXIT
(cd "$work" && HOME="$work/home" PATH="$work/bin:$PATH" sh "$work/tutorial" "$work" </dev/null) || exit 1
grep -c '^run ' "$work/steps" >"$work/count"
nothing_runs () { ! pgrep -f "$work/server/"; }
wait_for 10 nothing_runs || fail "something still runs: $(pgrep -af "$work/server/")"
echo "ok: $(cat "$work/count") commands"
