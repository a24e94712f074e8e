#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# An image of the shop with one changed file, made and pushed, beside buildah (which makes it from the
# unpacked tree, in one layer, and in three that it keeps); and a release with 80 MB of OTP in it verified, beside
# sha256sum: of the tarball, which looks at none of the files in it, and of its files.  By turns; medians of
# BENCH_RUNS=5, and how many times as long each takes as relevo; in parentheses the same of the time on all cores.
# shellcheck disable=SC2016 # shells in a shell
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
[ "$(id -u)" = 0 ] || { echo "skip: no root"; exit 77; }
runs=${BENCH_RUNS:-5}
measure=$(realpath "${MEASURE:-build/release/tests/bench/measure}")
root=$PWD
export XDG_CACHE_HOME="$work/cache" HOME="$work"
unset DOCKER_CONFIG REGISTRY_AUTH_FILE

# took WHAT COMMAND...
took () {
  what=$1
  shift
  "$measure" "$@" >"$work/measured" 2>"$work/said" || fail "$*: $(cat "$work/said")"
  cat "$work/measured" >>"$work/took.$what"
}
median () { sort -n -k "$2,$2" "$work/took.$1" | awk -v k="$2" '{ v[NR] = $k } END { print v[int((NR + 1) / 2)] }'; }
# row WHAT WORDS BASE: beside what relevo takes.
row () {
  awk -v what="$2" -v t="$(median "$1" 1)" -v c="$(median "$1" 3)" -v rt="$(median "$3" 1)" -v rc="$(median "$3" 3)" \
    'BEGIN { printf "  %-52s %8.1f ms %6.2f x (%.2f x)\n", what, t, t / rt, c / rc }'
}

tests/tools/shop "$work/store" 1.0.0
cd "$work"

# ---- verification ----

cp -R "$root/build/shop/1.0.0" project
mkdir -p project/extra
cp -RL /usr/lib/erlang/lib project/extra/otp 2>/dev/null || true
echo 'overlays: [extra]' >>project/relevo.yaml
expect 0 "$relevo" build -q -C project --out heavy
heavy=$work/heavy/shop-1.0.0.tar.gz
"$relevo" keygen key --no-passphrase >/dev/null
expect 0 "$relevo" sign "$heavy" --key key
mkdir unpacked
tar -xzf "$heavy" -C unpacked
echo "load $(cut -d ' ' -f 1 /proc/loadavg), $runs runs; a tarball of $(($(stat -c %s "$heavy") / 1000000)) MB, $(($(du -sb unpacked | cut -f 1) / 1000000)) MB unpacked:"
for _ in $(seq "$runs"); do
  took verify "$relevo" verify "$heavy" --trust key.pub
  took sha256sum sha256sum "$heavy"
  took unpacked sh -c 'gzip -dc "$1" | sha256sum' sh "$heavy"
  took files sh -c 'find "$1" -type f -exec sha256sum {} +' sh unpacked
done
row verify "relevo verify" verify
row sha256sum "sha256sum of the tarball" verify
row files "sha256sum of all files, unpacked" verify
row unpacked "gzip -dc | sha256sum" verify

# ---- images ----

command -v buildah >/dev/null || { echo "no buildah: no image beside its"; exit; }
cat >registry.yml <<END
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: "$work/data"}}
http: {addr: "127.0.0.1:$port", secret: s}
END
docker-registry serve registry.yml >registry.log 2>&1 &
pids="$pids $!"
wait_for 30 curl -s "http://127.0.0.1:$port/v2/" || fail "no registry: $(cat registry.log)"
there=127.0.0.1:$port/bench

"$root/tests/tools/root" root store/shop-1.0.0.tar.gz
{ umoci init --layout base && umoci new --image base:1 && umoci unpack --image base:1 bundle && cp -a root/. bundle/rootfs &&
  umoci repack --image base:1 bundle && skopeo copy --dest-tls-verify=false oci:base:1 "docker://$there/base:1"; } >base.log 2>&1 ||
  fail "no base: $(cat base.log)"
mkdir tree
tar -xzf store/shop-1.0.0.tar.gz -C tree
rm tree/releases/1.0.0/relevo.manifest.json
buildah () { command buildah --root "$work/images" --runroot "$work/running" "$@"; }
buildah pull -q --tls-verify=false "docker://$there/base:1" >/dev/null || fail "buildah pulls nothing"
own='shop-* shop_web-*'
cat >one.file <<END
FROM $there/base:1
COPY --chown=65532:65532 tree /app
USER 65532
ENTRYPOINT ["/app/bin/shop", "start"]
END
{
  echo "FROM $there/base:1"
  echo 'COPY --chown=65532:65532 erts /app'
  echo 'COPY --chown=65532:65532 lib /app/lib'
  echo 'COPY --chown=65532:65532 rest /app'
  echo 'USER 65532'
  echo 'ENTRYPOINT ["/app/bin/shop", "start"]'
} >three.file
split_tree () {
  rm -rf rest/lib
  mkdir -p erts lib rest/lib
  cp -R tree/erts-* erts/
  cp -R tree/lib/. lib/
  for app in $own; do
    # shellcheck disable=SC2086 # a glob
    rm -rf lib/$app && cp -R tree/lib/$app rest/lib/
  done
  cp -R tree/bin tree/releases rest/
}
cat >by_buildah <<END
set -e
buildah --root "$work/images" --runroot "$work/running" bud -q --tls-verify=false --isolation chroot \$1 -t "$there/\$3" .
buildah --root "$work/images" --runroot "$work/running" push -q --tls-verify=false "$there/\$3"
END
# one ROUND: the same change for all of them.
one () {
  echo "$1" >"$(echo tree/lib/shop-*)/ebin/changed"
  tar -czf tree.tar.gz -C tree .
  split_tree
  took "relevo$2" "$relevo" image push -q tree.tar.gz --base "oci+http://$there/base:1" --to "oci+http://$there/relevo:$1" --port 4000
  took "one$2" sh by_buildah '--layers=false -f one.file' - "one:$1"
  took "three$2" sh by_buildah '--layers=true -f three.file' - "three:$1"
}
one 0 .first
for nr in $(seq "$runs"); do one "$nr" ''; done
echo "an image, built and pushed; the release has $(($(stat -c %s tree.tar.gz) / 1000)) KB:"
for when in '' .first; do
  [ -z "$when" ] && echo "  with one changed file" || echo "  the first time, on a base that is there"
  row "relevo$when" "relevo image push" "relevo$when"
  row "one$when" "buildah, one layer" "relevo$when"
  row "three$when" "buildah, three layers, those it has kept" "relevo$when"
done
