#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Only what a node lacks goes over the wire, an interrupted transfer is gone on with, and a disk
# without room is found before anything is sent.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
# What a killed relevo leaves lies in the folder that this test removes.
export TMPDIR="$work"
harm=$PWD/$(dirname "${RELEVO:-build/release/relevo}")/tests/helpers/harm
[ -x "$harm" ] || fail "no $harm: make helpers"

# A release with four megabytes that stay and, from 1.1.0 on, three that are new.
mkdir -p "$work/blob/lib" "$work/blob/appups/1.0.0-1.1.0"
head -c 4000000 /dev/urandom >"$work/stays"
head -c 3000000 /dev/urandom >"$work/new"
for version in 1.0.0 1.1.0; do
  app=$work/blob/lib/blob-$version
  mkdir -p "$app/ebin" "$app/priv/deep"
  cp "$work/stays" "$app/priv/deep/stays"
  printf '#!/bin/sh\necho here\n' >"$app/priv/tool"
  chmod 755 "$app/priv/tool"
  [ "$version" = 1.0.0 ] || cp "$work/new" "$app/priv/new"
  echo "-module(blob). -export([vsn/0]). vsn() -> \"$version\"." >"$work/blob.erl"
  erlc -o "$app/ebin" "$work/blob.erl"
  cat >"$app/ebin/blob.app" <<APP
{application,blob,[{description,"heavy"},{vsn,"$version"},{modules,[blob]},{registered,[]},
  {applications,[kernel,stdlib]}]}.
APP
  cat >"$work/blob/relevo.yaml" <<YAML
release: blob
version: "$version"
applications: {blob: permanent}
libs: ["lib/blob-$version"]
upgrade: {from: [previous], appups: appups}
YAML
  echo '{"1.1.0",[{"1.0.0",[{load_module,blob}]}],[{"1.0.0",[{load_module,blob}]}]}.' \
    >"$work/blob/appups/1.0.0-1.1.0/blob.appup"
  "$relevo" build -q -C "$work/blob" --out "$work/store" || fail "no $version is built"
done
new=$work/store/blob-1.1.0.tar.gz

# A df that says what is in a file, once there is one.
mkdir "$work/bin"
cat >"$work/bin/df" <<SH
#!/bin/sh
[ -e "$work/free" ] || exec $(command -v df) "\$@"
echo "Filesystem 1024-blocks Used Available Capacity Mounted on"
echo "/dev/any 99999999 1 \$(cat "$work/free") 1% /"
SH
chmod 755 "$work/bin/df"

mkdir "$work/run"
tar -xzf "$work/store/blob-1.0.0.tar.gz" -C "$work/run"
start_epmd
export RELEASE_DISTRIBUTION=name RELEASE_NODE=blob@127.0.0.1 RELEASE_COOKIE=c
node=$RELEASE_NODE
PATH="$work/bin:$PATH" "$work/run/bin/blob" start >"$work/log" 2>&1 &
pids="$pids $!"
wait_for 30 "$relevo" node ping "$node" || fail "does not start: $(cat "$work/log")"
field () { echo "$out" | sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p"; }
part () { ls "$work/run/releases/"*.part 2>/dev/null; }

# No room: refused before a byte is sent.
echo 4000 >"$work/free"
expect 4 "$relevo" node install "$node" "$new"
contains "$said" "no room on the disk"
contains "$said" "still runs blob 1.0.0"
[ -z "$(part)" ] || fail "something was written: $(part)"
rm "$work/free"
ok

# Killed again and again while the pieces go over: each attempt goes on where the one before was.
calls=0 kept=0
while [ "$kept" -lt 2 ]; do
  calls=$((calls + 5))
  [ "$calls" -lt 2000 ] || fail "it is never caught while it sends"
  status=0
  "$harm" kill "stage:+$calls" "$relevo" node install -v "$node" "$new" >"$work/out" 2>"$work/said" || status=$?
  [ "$status" = 137 ] || fail "was not killed: $(cat "$work/said")"
  sleep 0.2
  if [ -n "$(part)" ] && [ "$(wc -c <"$(part)")" -gt 0 ]; then kept=$((kept + 1)); fi
done
name=$(part)
before=$(wc -c <"$(part)")
[ "$(part | wc -l)" = 1 ] || fail "several pieces: $(part)"
expect 0 "$relevo" node install "$node" "$new" --json
[ "$(field sent_bytes)" = $(($(field lacked_bytes) - before)) ] || fail "did not go on at $before: $out"
[ "$(field lacked_bytes)" -lt 3100000 ] || fail "more is sent than is new: $out"
[ "$(field lacked_bytes)" -gt 3000000 ] || fail "less is sent than is new: $out"
[ -z "$(part)" ] || fail "a piece is left: $(part)"
ok

# What was copied on the node, and what was sent, is what was built.
diff -r "$work/blob/lib/blob-1.1.0/priv" "$work/run/lib/blob-1.1.0/priv" || fail "another priv"
[ "$("$work/run/lib/blob-1.1.0/priv/tool")" = here ] || fail "the mode was lost"
expect 0 "$relevo" node eval "$node" 'blob:vsn()'
[ "$out" = '"1.1.0"' ] || fail "runs $out"
expect 0 "$relevo" node revert "$node"
expect 0 "$relevo" node remove "$node" 1.1.0
[ -e "$work/run/lib/blob-1.0.0/priv/deep/stays" ] || fail "the old files went with the copies"
ok

# Rights that nobody should have do not arrive; what is not as the manifest says is not sent.
mkdir "$work/odd" "$work/odd.d"
tar -xzf "$new" -C "$work/odd.d"
chmod 6777 "$work/odd.d/lib/blob-1.1.0/priv/new"
tar -czf "$work/odd/blob-1.1.0.tar.gz" -C "$work/odd.d" .
expect 0 "$relevo" node install "$node" "$work/odd/blob-1.1.0.tar.gz"
[ "$(stat -c %a "$work/run/lib/blob-1.1.0/priv/new")" = 755 ] || fail "its mode: $(stat -c %a "$work/run/lib/blob-1.1.0/priv/new")"
expect 0 "$relevo" node revert "$node"
expect 0 "$relevo" node remove "$node" 1.1.0
echo >>"$work/odd.d/lib/blob-1.1.0/priv/new"
tar -czf "$work/odd/blob-1.1.0.tar.gz" -C "$work/odd.d" .
expect 2 "$relevo" node install "$node" "$work/odd/blob-1.1.0.tar.gz"
contains "$said" "lib/blob-1.1.0/priv/new is not what its manifest says"
[ ! -e "$work/run/lib/blob-1.1.0" ] || fail "something of it arrived"
ok

# Pieces that are not what they should be are not gone on with for ever.
head -c 1000000 /dev/zero >"$name"
expect 0 "$relevo" node install "$node" "$new"
expect 0 "$relevo" node eval "$node" 'blob:vsn()'
[ "$out" = '"1.1.0"' ] || fail "runs $out"
ok

echo "ok: $checks checks"
