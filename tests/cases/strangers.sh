#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What somebody put into a tarball is refused before a node is asked, and told by inspect --verify.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tests/tools/tally "$work/store" >/dev/null
good=$work/store/tally-1.1.0.tar.gz
bad=$work/tally-1.1.0.tar.gz
export RELEASE_COOKIE=c
# Nobody is there: what is refused is refused before.
expect 3 "$relevo" node check nobody@127.0.0.1 "$good" --port 1
expect 0 "$relevo" inspect --verify "$good"
ok

# with FILE [MODE]: the tarball with one file more.
with () {
  rm -rf "$work/more"
  mkdir -p "$work/more/$(dirname "$1")"
  echo more >"$work/more/$1"
  chmod "${2-644}" "$work/more/$1"
  gzip -dc "$good" >"$work/bad.tar"
  tar -rf "$work/bad.tar" -C "$work/more" "$1"
  gzip -c "$work/bad.tar" >"$bad"
}
for file in releases/1.0.0/sys.config.relevo releases/new_start_erl.data new_start_erl.data COOKIE \
  lib/tally-1.1.0/ebin/more.beam releases/1.1.0/sys.config.ready tmp/relevo-vm-1/x releases/1.0.0/sys.config; do
  with "$file"
  for command in check install; do
    expect 2 "$relevo" node $command nobody@127.0.0.1 "$bad" --port 1
    contains "$said" "$file is in it, but not in its manifest"
  done
  expect 4 "$relevo" inspect --verify "$bad"
  contains "$out" "not in the manifest: $file"
done
with bin/su 4755
expect 2 "$relevo" node check nobody@127.0.0.1 "$bad" --port 1
expect 4 "$relevo" inspect --verify "$bad"
contains "$out" "not in the manifest: bin/su"
ok

# A manifest that lists them does not make them part of a release.
for file in releases/1.0.0/sys.config.relevo releases/new_start_erl.data releases/1.1.0/sys.config.relevo tmp/x; do
  with "$file"
  mkdir -p "$work/more/releases/1.1.0"
  tar -xzf "$good" -C "$work/more" releases/1.1.0/relevo.manifest.json
  jq --arg path "$file" '.files += [.files[0] | .path = $path]' "$work/more/releases/1.1.0/relevo.manifest.json" >"$work/json"
  cp "$work/json" "$work/more/releases/1.1.0/relevo.manifest.json"
  tar -rf "$work/bad.tar" -C "$work/more" releases/1.1.0/relevo.manifest.json
  gzip -c "$work/bad.tar" >"$bad"
  expect 2 "$relevo" node install nobody@127.0.0.1 "$bad" --port 1
  contains "$said" "$file is where a node keeps what is its own"
done
ok

# The rights of the owner for everybody, on a file that is listed.
rm -rf "$work/tree"
cp -a "$work/store/tally-1.1.0" "$work/tree"
chmod 4755 "$work/tree/bin/tally"
expect 4 "$relevo" inspect --verify "$work/tree"
contains "$out" "other mode: bin/tally"
ok

echo "ok: $checks groups of checks"
