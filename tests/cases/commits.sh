#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The plan tells the commits between two releases, where the project's repository is; elsewhere, or where it
# lacks them, it says nothing of them, and is the same plan.
# shellcheck disable=SC2016 # Markdown
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

root=$PWD
export HOME="$work"
commit () { git add -A && git -c user.name=n -c user.email=e -c commit.gpgsign=false commit -q --allow-empty -m "$1"; }
expect 0 examples/otp/checkout 1.0.0 "$work/project"
expect 0 examples/otp/checkout 1.1.0 "$work/newer"
cd "$work/project"
git init -q -b main .
commit one
make -s
expect 0 "$relevo" build -q --out "$work/store"
commit "$(printf 'Count *events*, \033[31mtoo\n\nand more words')"
cp -R "$work/newer/." .
commit 'One gate for all'
make -s
expect 0 "$relevo" build -q --out "$work/store"
old=$work/store/tally-1.0.0.tar.gz new=$work/store/tally-1.1.0.tar.gz

expect 0 "$relevo" plan "$old" "$new"
contains "$out" "One gate for all"
contains "$out" "Count *events*, "
case $out in *"$(printf '\033')"*|*"and more words"*|*'  one'*) fail "too much is told: $out" ;; esac
expect 0 "$relevo" plan "$old" "$new" --format markdown
contains "$out" 'Count \*events\*'
expect 0 "$relevo" plan "$old" "$new" --json
(cd "$root" && check_document plan plan)
[ "$(jq -r '.commits.added | map(.subject) | first' "$work/out")" = 'One gate for all' ] || fail "no commits: $out"
[ "$(jq -r '.commits | [.added, .removed] | map(length) | join(" ")' "$work/out")" = '2 0' ] || fail "other commits: $out"
[ "$(jq -r '.commits.to' "$work/out")" = "$(git rev-parse HEAD)" ] || fail "another commit: $out"
ok

# The way back, and the same release.
expect 0 "$relevo" plan "$new" "$old" --json
[ "$(jq -r '.commits | [.added, .removed] | map(length) | join(" ")' "$work/out")" = '0 2' ] || fail "other commits: $out"
expect 0 "$relevo" plan "$new" "$old"
contains "$out" 'commits that are gone'
expect 0 "$relevo" plan "$new" "$new" --json
[ "$(jq -r '.commits' "$work/out")" = null ] || fail "commits of one release: $out"
ok

# More than anybody reads.
for nr in $(seq 12); do commit "change $nr"; done
expect 0 "$relevo" build -q --out "$work/many"
expect 0 "$relevo" plan "$old" "$work/many/tally-1.1.0.tar.gz"
contains "$out" 'and 4 more'
expect 0 "$relevo" plan "$old" "$work/many/tally-1.1.0.tar.gz" -v
contains "$out" 'One gate for all'
ok

# Elsewhere, in another repository, and in a shallow clone.
nothing () {
  expect 0 "$relevo" plan "$old" "$new" --json
  [ "$(jq -r '.commits' "$work/out")" = null ] || fail "commits from nowhere: $out"
}
cd "$work"
nothing
git init -q -b main other
cd other
nothing
commit else
nothing
cd "$work"
git clone -q --depth 1 "file://$work/project" shallow 2>/dev/null
cd shallow
nothing
ok

echo "ok: $checks groups of checks"
