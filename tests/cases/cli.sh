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

echo "ok: $checks groups of checks"
