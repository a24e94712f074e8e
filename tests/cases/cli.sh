#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a user meets first: help, misspelt words, exit statuses, JSON errors, completions, manual
# pages.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

expect 0 "$relevo"
contains "$out" "Usage: relevo COMMAND"
expect 0 "$relevo" --version
contains "$out" "relevo 0."
expect 2 "$relevo" buidl
contains "$said" 'Did you mean "build"?'
expect 2 "$relevo" build --ouput x
contains "$said" "Did you mean --out?"
expect 2 "$relevo" plan one
contains "$said" "too few arguments, want: OLD NEW"
expect 2 "$relevo" build one two
contains "$said" '"two" is one argument too many'
expect 2 "$relevo" build --out
contains "$said" "--out wants a value"
expect 2 "$relevo" node install x@y z --bake soon
contains "$said" 'want a time such as 30s'
ok

# Every command has help, a manual page that groff understands, and a place in the completions.
for name in $("$relevo" help --names); do
  expect 0 "$relevo" help "$name"
  contains "$out" "Usage: relevo $name"
  expect 0 "$relevo" help --man "$name"
  contains "$out" ".SH NAME"
done
expect 0 "$relevo" help config
contains "$out" "config.runtime"
expect 0 "$relevo" help exit
contains "$out" "refused, nothing was changed"
for shell in bash zsh fish; do
  expect 0 "$relevo" completion "$shell"
  contains "$out" plan
done
"$relevo" completion bash | bash -n || fail "the bash completion is no bash"
ok

expect 3 "$relevo" plan --json "$work/none.tar.gz" "$work/none"
contains "$out" '"reason": "NotFound"'
contains "$out" '"exit": 3'
ok

# No colour and no progress where nobody looks.
"$relevo" help | grep -q "$(printf '\033')" && fail "colour in a pipe"
ok

# relevo.yaml: the place and the nearest key.
mkdir -p "$work/p/_build/prod/lib"
yaml () { printf '%b' "$1" >"$work/p/relevo.yaml"; }
while IFS='|' read -r text message; do
  yaml "$text"
  expect 2 "$relevo" build -C "$work/p"
  contains "$said" "$message"
done <<'ROWS'
relase: x\n|relevo.yaml:1:1: there is no key "relase"
relase: x\n|Did you mean "release"?
release: x\n|the key "applications" is missing
applications: {a: permanent}\n|the key "release" is missing
release: [x]\n|relevo.yaml:1:1: release: want a text
release: x\nstrip: maybe\n|relevo.yaml:2:1: strip: want true or false
release: x\nconfig:\n  syss: x\n|relevo.yaml:3:3: there is no key "config.syss"
release: x\nconfig: x\n|relevo.yaml:2:1: config: want keys below it
release: x\nversion: {from: moon}\n|want a version such as "1.4.0", or {from: app}
release: x\nversion: 1.4\n|version: want a text (in quotes, if it looks like a number)
release: x\napplications: {a: always}\n|want permanent, transient, temporary, load or none
release: "a b"\napplications: {a: permanent}\n|"a b" cannot be a name
release: x\nlibs: lib\n|libs: want a list
release: x\nrelease: y\n|relevo.yaml:2:1: this key is here already
release: x\n\tbad\n|relevo.yaml:2:1:
- x\n|want keys and values
ROWS
ok

yaml 'release: x\napplications: {nowhere: permanent}\n'
expect 3 "$relevo" build -C "$work/p"
contains "$said" "no application nowhere"
expect 3 "$relevo" build -C "$work"
contains "$said" "no $work/relevo.yaml here"
[ ! -d "$work/p/releases" ] || [ -z "$(ls -A "$work/p/releases")" ] || fail "a failed build left something behind"
ok

echo "ok: $checks groups of checks"
