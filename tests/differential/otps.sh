#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two Erlangs: the one that is installed, and that of another Debian.  relevo builds the same release
# over each, reads what the other compiler wrote as OTP does, and plans from one to the other.  Then
# two builds of the same Erlang, as a security update brings them.
#   tests/differential/otps.sh        RELEVO: the program, build/relevo otherwise; SUITE: trixie otherwise
set -eu
LC_ALL=C.UTF-8
export LC_ALL
relevo=$(realpath "${RELEVO:-build/relevo}")
here=$(realpath "$(dirname "$0")")
suite=${SUITE:-trixie}
other=$("$here/../tools/debian" "$suite" libs)/usr/lib
work=$(mktemp -d "${TMPDIR:-/tmp}/otps.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
fail () {
  echo "FAIL: $*" >&2
  exit 1
}

find "$other/erlang" "$other/elixir" -name '*.beam' | sort >"$work/list"
count=$(wc -l <"$work/list")
xargs -a "$work/list" "$relevo" beam --md5 >"$work/md5.relevo"
escript "$here/beams.escript" md5 "$work/list" >"$work/md5.otp"
cmp "$work/md5.relevo" "$work/md5.otp"
xargs -a "$work/list" "$relevo" beam --json >"$work/facts"
[ "$(jq length "$work/facts")" = "$count" ]

# tree VERSION LIB: the same applications out of LIB, the release unpacked in work/VERSION.
tree () {
  mkdir -p "$work/$1.project"
  cat >"$work/$1.project/relevo.yaml" <<YAML
release: two
version: "$1"
applications: {sasl: permanent, ssl: permanent, inets: permanent, mnesia: permanent, runtime_tools: permanent,
  os_mon: permanent, compiler: permanent, tools: permanent, xmerl: permanent, logger: permanent}
libs: ["$2/erlang/lib", "$2/elixir/lib"]
erts: "$2/erlang"
YAML
  "$relevo" build -q -C "$work/$1.project" --out "$work/store"
  mkdir "$work/$1"
  tar -xzf "$work/store/two-$1.tar.gz" -C "$work/$1"
}
tree 1 /usr/lib
tree 2 "$other"

# judged FROM TO: a restart, for reasons of the whole; nothing about processes that do not live
# through it; and the relup that systools makes of the same appups.
judged () {
  "$relevo" plan --json --out "$work/plan-$2" "$work/$1" "$work/$2" >"$work/plan.json"
  verdict=$(jq -r .verdict "$work/plan.json")
  [ "$verdict" = restart ] || fail "$1 to $2: $verdict"
  # Elixir's shell for every OTP calls what only some of them have.
  codes=$(jq -r '[.reasons[] | select(.severity != "info" and .code != "function_missing") | .code] |
    unique | join(" ")' "$work/plan.json")
  [ "$codes" = "elixir_changed erts_changed otp_changed" ] || fail "$1 to $2: $codes"
  [ "$(jq -r '.steps.up[0]' "$work/plan.json")" = restart_new_emulator ] || fail "$1 to $2: no restart first"
  cp -r "$work/$2" "$work/judged"
  for appup in "$work/plan-$2"/*.appup; do
    app=$(basename "$appup" .appup)
    cp "$appup" "$(dirname "$(find "$work/judged/lib" -name "$app.app")")"
  done
  cp "$work/plan-$2/relup" "$work/judged/releases/$2/"
  escript "$here/relup_judge.escript" trees "$work/$1" "$work/judged" >"$work/log" 2>&1 ||
    fail "$1 to $2: $(cat "$work/log")"
  rm -r "$work/judged"
}
judged 1 2
judged 2 1

home=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)-security
if security=$("$here/../tools/debian" "$home" libs) && tree 3 "$security/usr/lib" &&
   [ -d "$work/3/lib/$(basename "$work"/1/lib/stdlib-*)" ] &&
   ! diff -rq "$work/1/lib" "$work/3/lib" >"$work/differ"; then
  "$relevo" plan --json "$work/3" "$work/1" >"$work/plan.json"
  [ "$(jq -r .verdict "$work/plan.json")" = impossible ] || fail "another build: $(jq . "$work/plan.json")"
  jq -r '.reasons[] | select(.severity == "impossible") | .message' "$work/plan.json" >"$work/told"
  grep -q '^Erlang/OTP is another build under the same versions: ' "$work/told" || fail "$(cat "$work/told")"
  [ "$(wc -l <"$work/told")" = 1 ] || fail "told more than once: $(cat "$work/told")"
else
  echo "no other build of this Erlang"
fi
echo "ok: $count modules of $suite read alike; a restart either way, as systools would do it"
