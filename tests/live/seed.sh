#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# relevo seed: the release that a pod is to boot comes onto its volume, by its digest.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
. tests/tools/pod.sh
export TMPDIR="$work" XDG_CACHE_HOME="$work/cache"

root=$work/root
meters 1.0.0 1.1.0
seed () { expect "$1" "$relevo" seed --root "$root" --desired "$desired" --json; }
# boots VERSION: what the start script would start, all its files being those of the manifest.
boots () {
  [ "$(cut -d' ' -f2 "$root/releases/start_erl.data")" = "$1" ] || fail "boots $(cat "$root/releases/start_erl.data"), not $1"
  mkdir -p "$work/alone"
  cp -a "$root/." "$work/alone/"
  rm -rf "$work/alone/.relevo"
  expect 0 "$relevo" inspect "$work/alone" --verify
  rm -rf "$work/alone"
}

# The first time, and once more: then the store is not asked.
meter_release 1.0.0 >"$desired/stable"
echo 7 >"$desired/token"
seed 0
check_document seed "relevo seed"
[ "$(echo "$out" | jq -r .was_there)" = false ] || fail "it was there: $out"
boots 1.0.0
[ "$(jq .token "$root/.relevo/agent.json")" = 7 ] || fail "the token is not remembered: $(cat "$root/.relevo/agent.json")"
mv "$store" "$store.away"
seed 0
[ "$(echo "$out" | jq -r .was_there)" = true ] || fail "it was done again: $out"
mv "$store.away" "$store"
ok

# A lower token than the one that was seen changes nothing.
echo 3 >"$desired/token"
seed 0
[ "$(jq .token "$root/.relevo/agent.json")" = 7 ] || fail "the token went back"
ok

# It starts, as what it is.
start_epmd
export RELEASE_DISTRIBUTION=name RELEASE_COOKIE=c RELEASE_NODE=meter@127.0.0.1
"$root/bin/meter" start >"$work/log" 2>&1 &
vm=$!
pids="$pids $vm"
wait_for 60 "$relevo" node eval "$RELEASE_NODE" '{started, _} = init:get_status()' || fail "it does not start: $(cat "$work/log")"
expect 0 "$relevo" node info "$RELEASE_NODE"
contains "$out" "runs meter 1.0.0"
end "$vm"
wait "$vm" 2>/dev/null || true
ok

# Another stable on a volume that was kept, what this pod alone is to have, and what is left over of the former.
meter_release 1.1.0 >"$desired/stable"
seed 0
boots 1.1.0
[ -z "$(find "$root" -name '*1.0.0*')" ] || fail "1.0.0 is still there"
printf '{"meter-2": %s}' "$(meter_release 1.0.0)" >"$desired/pods"
seed 0
boots 1.1.0
POD_NAME=meter-2 seed 0
boots 1.0.0
rm "$desired/pods"
ok

# What is not what was asked for, cannot be had or is nonsense: nothing is changed.
unchanged () {
  seed "$1"
  contains "$out$said" "$2"
  boots 1.0.0
}
meter_release 1.1.0 | sed 's/"version":"1.1.0"/"version":"1.2.0"/' >"$desired/stable"
unchanged 4 "is meter 1.1.0, not 1.2.0"
meter_release 1.1.0 | sed 's/sha256:..../sha256:0000/' >"$desired/stable"
unchanged 3 "sha256:0000"
echo '{"release": "../x"}' >"$desired/stable"
unchanged 2 '\"release\" is not the name of one'
echo 'release: meter' >"$desired/stable"
unchanged 2 "is no JSON object"
ok

# Only what the keys vouch for.
expect 0 "$relevo" keygen "$work/release.key" --no-passphrase
mkdir "$work/keys"
cp "$work/release.key.pub" "$work/keys/"
meter_release 1.1.0 >"$desired/stable"
expect 4 "$relevo" seed --root "$root" --desired "$desired" --keys "$work/keys"
boots 1.0.0
expect 0 "$relevo" sign "$work/built/meter-1.1.0.tar.gz" --key "$work/release.key"
expect 0 "$relevo" push "$work/built/meter-1.1.0.tar.gz" --store "$store" --overwrite --json
note_digest 1.1.0
meter_release 1.1.0 >"$desired/stable"
expect 0 "$relevo" seed --root "$root" --desired "$desired" --keys "$work/keys"
boots 1.1.0
ok

# Killed at each of its renames and syncs, and as it removes what was there: the next call makes it whole.
kills=0
# killed_at CALL N
killed_at () {
  other=$([ "$(jq -r .version "$desired/stable")" = 1.0.0 ] && echo 1.1.0 || echo 1.0.0)
  meter_release "$other" >"$desired/stable"
  status=0
  strace -f -o "$work/trace" -e trace="$1" -e inject="$1:signal=KILL:when=$2" \
    "$relevo" seed --root "$root" --desired "$desired" >"$work/out" 2>&1 || status=$?
  [ "$status" = 137 ] || return 1
  kills=$((kills + 1))
  seed 0
  boots "$(jq -r .version "$desired/stable")"
  [ ! -e "$root/.relevo/tree" ] || fail "$1 $2: a tree was left"
}
if strace -o /dev/null true 2>/dev/null; then
  for call in rename syncfs fsync; do
    for nr in 1 2 3 4 5 6 7 8 9 10 11 12; do
      killed_at $call $nr || break
    done
  done
  for nr in 1 20 400 1000; do
    killed_at unlinkat,unlink $nr || break
  done
  [ $kills -ge 12 ] || fail "only $kills kills"
  ok
fi
echo "ok: $checks"
