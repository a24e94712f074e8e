#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A store that is not to be trusted: whatever is changed in it, what is pulled is what was signed, or nothing
# (status 4), and nothing of it lies anywhere.
# shellcheck disable=SC2016,SC2094 # filters of jq; a function reads one file and writes another
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tests/tools/tally "$work/store" >/dev/null
export XDG_CACHE_HOME="$work/cache"
cd "$work"
for key in key other; do "$relevo" keygen $key --no-passphrase >/dev/null; done
one=store/tally-1.0.0.tar.gz two=store/tally-1.1.0.tar.gz
cp $two unsigned.tar.gz
cp $two others.tar.gz
"$relevo" sign others.tar.gz --key other >/dev/null
for release in $one $two; do "$relevo" sign "$release" --key key >/dev/null; done
for release in $one $two; do "$relevo" push "$release" --store good >/dev/null; done
rm -rf cache

blob () { echo "bad/blobs/sha256/${1#sha256:}"; }
digest_of () { jq -r --arg name "tally:$1" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $name).digest' good/index.json; }
cp -R good bad
manifest=$(digest_of 1.1.0)
older=$(digest_of 1.0.0)
config=$(jq -r .config.digest "$(blob "$manifest")")
# The parts by size: a small one, and the largest.
small=$(jq -r '.layers | sort_by(.size)[0].digest' "$(blob "$manifest")")
large=$(jq -r '.layers | sort_by(.size)[-1].digest' "$(blob "$manifest")")

rows=0
# refused NAME [OPTION...]: by pull, in words, and nothing is left.
refused () {
  name=$1
  shift
  rm -rf pulled cache
  mkdir pulled
  status=0
  "$relevo" pull tally@1.1.0 --store bad --out pulled "$@" >out 2>said || status=$?
  [ $status = 4 ] || fail "$name: ended with $status: $(cat out said)"
  [ -s said ] || fail "$name: not said why"
  [ -z "$(ls -A pulled)" ] || fail "$name: left behind: $(ls -A pulled)"
  rows=$((rows + 1))
}
# tamper NAME COMMAND...: in a copy of the store.
tamper () {
  name=$1
  shift
  rm -rf bad
  cp -R good bad
  "$@" || fail "$name: cannot be done"
  refused "$name" --trust key.pub
}
one_byte () { printf '\377' | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null; }
index () { jq -c "$@" good/index.json >bad/index.json; }
# put FILE: as a blob; its digest.
put () {
  sum=$(sha256sum <"$1" | cut -d' ' -f1)
  cp "$1" "bad/blobs/sha256/$sum"
  echo "sha256:$sum"
}
# point: 1.1.0 to the manifest in the file "manifest".
point () {
  digest=$(put manifest)
  index --arg d "$digest" --argjson s "$(stat -c %s manifest)" '(.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "tally:1.1.0")) |= (.digest = $d | .size = $s)'
}
# remade FILTER...: the manifest, with all digests above it put right.
remade () { jq -c "$@" "$(blob "$manifest")" >manifest && point; }
# configured FILTER: the configuration, the same way.
configured () {
  jq -c "$1" "$(blob "$config")" >config
  digest=$(put config)
  remade --arg d "$digest" --argjson s "$(stat -c %s config)" '.config.digest = $d | .config.size = $s'
}
# parted FILE: the largest part is this file.
parted () {
  digest=$(put "$1")
  remade --arg o "$large" --arg d "$digest" --argjson s "$(stat -c %s "$1")" '(.layers[] | select(.digest == $o)) |= (.digest = $d | .size = $s)'
}

# As it is, it is good.
expect 0 "$relevo" pull tally@1.1.0 --store good --out fine --trust key.pub
cmp fine/tally-1.1.0.tar.gz $two || fail "something else came"
ok

# ---- the index ----

tamper "an index that is no JSON" sh -c 'echo x >bad/index.json'
tamper "an empty index" sh -c ': >bad/index.json'
tamper "half of an index" truncate -s 100 bad/index.json
tamper "an index without a list" index '.manifests = {}'
tamper "a key twice" sh -c "sed -i 's/{/{\"schemaVersion\":2,/' bad/index.json"
tamper "another version" index --arg d "$older" '.manifests[].digest = $d'
tamper "a digest that is a path" index '.manifests[].digest = "sha256:../../../../../../../../etc/passwd"'
tamper "a digest in capitals" index '.manifests[].digest |= ascii_upcase'
tamper "a digest of another kind" index '.manifests[].digest |= sub("sha256"; "md5")'
tamper "a digest that is a number" index '.manifests[].digest = 1'
tamper "another size" index '.manifests[].size += 1'
tamper "a size below zero" index '.manifests[].size = -1'
tamper "a huge size" index '.manifests[].size = 1e18'
tamper "no size" index 'del(.manifests[].size)'
tamper "a manifest that is too large" index '.manifests[].size = 100000000'

# ---- the manifest ----

tamper "a byte of the manifest" one_byte "$(blob "$manifest")" 100
tamper "a manifest longer" sh -c "echo >>$(blob "$manifest")"
tamper "an empty manifest" sh -c ": >$(blob "$manifest")"
garbled () { head -c 50 "$(blob "$manifest")" >manifest && point; }
tamper "a manifest that is no JSON" garbled
for filter in '.schemaVersion = 1' 'del(.config)' '.config.mediaType = "application/vnd.oci.image.config.v1+json"' '.layers = "x"' \
  '.layers = []' '.layers |= .[1:]' '.layers |= .[:-1]' '.layers |= reverse' '.layers += [.layers[0]]' '.layers[0] = .layers[1]' \
  '.layers[0].digest = "sha256:../../index.json"' '.layers[0].size += 1' '.layers[0].size = -5' '.layers[].size = 1000000000' \
  '.config.size = 5000000' '.layers[0] = .config' '.layers[0] = null'; do
  tamper "remade: $filter" remade "$filter"
done
tamper "parts of two versions" remade --slurpfile o "good/blobs/sha256/${older#sha256:}" '.layers[-1] = $o[0].layers[-1]'
tamper "all parts of the other version" remade --slurpfile o "good/blobs/sha256/${older#sha256:}" '.layers = $o[0].layers'
tamper "the other version whole" remade --slurpfile o "good/blobs/sha256/${older#sha256:}" '$o[0]'

# ---- the configuration ----

tamper "a byte of the configuration" one_byte "$(blob "$config")" 20
for filter in '.name = "other"' '.name = "../../etc/tally"' '.version = "1.0.0"' '.version = "1.1.0/../../x"' '.version = "1.1.1"' \
  'del(.name)' '.tarball.digest |= sub("...$"; "000")' '.tarball.size = 0' 'del(.tarball)' '[.]'; do
  tamper "configured: $filter" configured "$filter"
done

# ---- the parts ----

for part in "$small" "$large"; do
  tamper "a byte of a part" one_byte "$(blob "$part")" 15
  tamper "a part longer" sh -c "echo >>$(blob "$part")"
  tamper "a part shorter" truncate -s 10 "$(blob "$part")"
  tamper "an empty part" truncate -s 0 "$(blob "$part")"
done
tamper "a part in place of another" cp "$(blob "$small")" "$(blob "$large")"
head -c 100000000 /dev/zero | gzip -9n >bomb
tamper "nothing but zeros" parted bomb
tamper "no part at all" parted "$work/key.pub"
echo x | gzip -n >no-part
tamper "a part of another tool's" parted no-part

# ---- who vouches for it, which version ----

# shown NAME FILE [OPTION...]: a store that has this file as 1.1.0.
shown () {
  name=$1 file=$2
  shift 2
  rm -rf bad
  "$relevo" push "$file" --store bad >/dev/null
  refused "$name" "$@"
}
shown "not signed" unsigned.tar.gz --trust key.pub
shown "signed by another" others.tar.gz --trust key.pub
mkdir t
tar -xzf $two -C t
rm t/releases/1.1.0/relevo.manifest.*
tar -czf bare.tar.gz -C t .
shown "no manifest" bare.tar.gz --trust key.pub
printf '%s\n' 'release: tally' 'version: "1.1.0"' 'applications: {tally: permanent}' 'trust: {keys: [key.pub], minimum: "1.2.0"}' >relevo.yaml
rm -rf bad
cp -R good bad
refused "older than is allowed"
printf '%s\n' 'release: tally' 'version: "1.1.0"' 'applications: {tally: permanent}' 'trust: {require_signature: true}' >relevo.yaml
refused "nobody is trusted"
rm relevo.yaml

# Whoever changes what was pulled before gets no other thing past it, nor does the cache.
expect 0 "$relevo" pull tally@1.1.0 --store good --out fine --trust key.pub
for file in cache/relevo/blob-*; do one_byte "$file" 30; done
rm fine/*
expect 0 "$relevo" pull tally@1.1.0 --store good --out fine --trust key.pub
cmp fine/tally-1.1.0.tar.gz $two || fail "a cache that was changed is believed"
ok

echo "ok: $rows rows"
