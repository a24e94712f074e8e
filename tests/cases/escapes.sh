#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What others wrote (names, versions, YAML, file names, terms) never reaches a terminal as a control
# character: neither in results, nor in talk, nor in errors.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

esc=$(printf '\033') bell=$(printf '\007') csi=$(printf '\302\233') turn=$(printf '\342\200\256')
# The way it is written in a term.
evil='x\e[31mred\x{7}\x{9b}'

# clean WHAT: no byte in what was printed but text, line breaks and tabs.
clean () {
  for file in "$work/out" "$work/said"; do
    if LC_ALL=C tr -d '\n\t\040-\176\200-\377' <"$file" | grep -q . || grep -qe "$csi" -e "$turn" "$file"; then
      fail "$1: $(cat -v "$file")"
    fi
  done
}
# tried WHAT TEXT STATUS COMMAND...: it ends so, says the text, and is clean.
tried () {
  what=$1 text=$2
  shift 2
  expect "$@"
  clean "$what"
  contains "$out$said" "$text"
}

mkdir -p "$work/rel/releases/1" "$work/rel/lib/kernel-8.5/ebin" "$work/rel/lib/stdlib-4.2/ebin"
for app in kernel-8.5 stdlib-4.2; do
  echo "{application,${app%-*},[{vsn,\"${app#*-}\"},{description,\"\"},{modules,[]},{registered,[]},{applications,[]}]}." \
    >"$work/rel/lib/$app/ebin/${app%-*}.app"
done
printf '{release,{"%s","1\\n2"},{erts,"13.1.5%s"},[{kernel,"8.5"},{stdlib,"4.2"}]}.\n' "$evil" "$evil" \
  >"$work/rel/releases/1/site.rel"
cp -R "$work/rel" "$work/rel2"
sed -i 's/1\\n2/3/' "$work/rel2/releases/1/site.rel"
tried "a release's name" 'x\u001b[31mred\u0007\u009b' 0 "$relevo" inspect "$work/rel"
contains "$out" '1\u000a2'
tried "a release's name, JSON" '\u001B' 0 "$relevo" inspect "$work/rel" --json
[ "$(jq -r .name "$work/out")" = "x${esc}[31mred${bell}${csi}" ] || fail "JSON holds another name: $out"
tried "two names" '\u001b[31m' 0 "$relevo" diff "$work/rel" "$work/rel2"
tried "a plan" '\u001b[31m' 0 "$relevo" plan "$work/rel" "$work/rel2"
tried "a plan for a review" '\u001b\[' 0 "$relevo" plan "$work/rel" "$work/rel2" --format markdown
ok

# Errors: arguments, YAML, terms, files in tarballs.
tried "an argument" '\u001b[2J' 2 "$relevo" "${esc}[2J"
tried "an option" '\u001b[2J' 2 "$relevo" plan "--${esc}[2J" a b
tried "a path" '\u001b]0;title\u0007' 3 "$relevo" inspect "$work/${esc}]0;title${bell}"
tried "a turn" '\u202e' 3 "$relevo" inspect "$work/${turn}txt"
mkdir "$work/project"
printf 'release: site\n"%s[31m": 1\n' '\e' >"$work/project/relevo.yaml"
tried "YAML" '\u001b[31m' 2 "$relevo" build -C "$work/project"
printf '{a, "\033[31m", '\''\033b'\''}. {' >"$work/terms"
tried "a term" ':' 2 "$relevo" term "$work/terms"
printf '{a, "\033[31m", '\''\033b'\'', <<"\033\177">>, [$\033]}.' >"$work/terms"
tried "terms" 'a' 0 "$relevo" term "$work/terms"
tried "terms as JSON" 'a' 0 "$relevo" term --json "$work/terms"
ok

# On a terminal our own colours stay.
if command -v script >/dev/null; then
  TERM=xterm script -qec "env -u NO_COLOR $relevo inspect $work/rel" /dev/null </dev/null >"$work/typed"
  contains "$(cat -v "$work/typed")" '^[[1mx\u001b[31mred\u0007\u009b 1\u000a2^[[0m'
  ok
fi

echo "ok: $checks groups of checks"
