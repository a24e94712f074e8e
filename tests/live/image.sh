#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Parts: layout registry boot
# Images without a daemon: other tools read them, whoever makes one makes the same, only what changed is
# packed and sent; a base that lacks something is told; the example boots in one, as its first process.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

[ "$(id -u)" = 0 ] || { echo "skip: no root, who alone unpacks images"; exit 77; }
if in_part layout || in_part registry; then
  tests/tools/tally "$work/store" >/dev/null
  tests/tools/root "$work/root" "$work/store/tally-1.1.0.tar.gz"
fi
if in_part boot; then
  tests/tools/shop "$work/store" 1.0.0
  tests/tools/root "$work/root" "$work/store/shop-1.0.0.tar.gz"
fi
one=$work/store/tally-1.0.0.tar.gz two=$work/store/tally-1.1.0.tar.gz
export HOME="$work/home" XDG_CACHE_HOME="$work/cache" DOCKER_CONFIG="$work/docker"
unset REGISTRY_AUTH_FILE XDG_RUNTIME_DIR http_proxy https_proxy SSL_CERT_FILE
mkdir -p "$HOME" "$DOCKER_CONFIG"
tools=$PWD/tests/tools
cd "$work"
jq_is () { [ "$(jq -r "$1" out)" = "$2" ] || fail "$1 is not $2: $(cat out)"; }

# ---- in a folder ----

if in_part layout; then
  expect 0 "$relevo" image build "$two" --base root --out images --port 4000 --label 'team=red' --env A=b --json
  digest=$(jq -r .digest out)
  expect 0 skopeo inspect oci:images:tally:1.1.0
  jq_is .Digest "$digest"
  jq_is '.Labels["org.opencontainers.image.version"]' 1.1.0
  jq_is .Labels.team red
  expect 0 skopeo inspect --config oci:images:tally:1.1.0
  jq_is '.config.User' 65532:65532
  jq_is '.config.Entrypoint[0]' /app/bin/tally
  jq_is '.config.ExposedPorts | keys[0]' 4000/tcp
  jq_is '.config.Env | index("A=b") != null and index("HOME=/app") != null' true
  jq_is '(.history | length) == (.rootfs.diff_ids | length)' true
  umoci unpack --image images:tally:1.1.0 bundle >/dev/null 2>&1 || fail "umoci does not unpack it"
  mkdir plain
  tar -xzf "$two" -C plain
  rmdir bundle/rootfs/app/tmp
  diff -r plain bundle/rootfs/app || fail "other files than in the tarball"
  [ "$(stat -c %u:%g bundle/rootfs/app/releases)" = 65532:65532 ] || fail "the files are not those of the user"
  [ -L bundle/rootfs/bin/sh ] || fail "a link of the base came out as something else"
  [ "$(stat -c %a bundle/rootfs/tmp)" = 1777 ] || fail "a folder of the base has another mode"
  ok

  # Another user, on another clock, with another folder and no cache.
  mkdir other
  cp -a root other/elsewhere
  find other -exec touch -h -d 2001-01-01 {} +
  cp "$two" other/
  chmod 711 "$work"
  chown -R 65534:65534 other
  expect 0 setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/nonexistent XDG_CACHE_HOME="$work/other/c" TZ=Asia/Tokyo LC_ALL=C \
    sh -c 'cd other && umask 077 && exec "$@"' sh "$relevo" image build tally-1.1.0.tar.gz --base elsewhere --out o --port 4000 --label team=red --env A=b --json
  jq_is .digest "$digest"
  # What is there already is not made again, and of the next version only what changed.
  expect 0 "$relevo" image build "$two" --base root --out images --port 4000 --label 'team=red' --env A=b --json
  jq_is .sent 0
  expect 0 "$relevo" image build "$one" --base root --out images --json
  jq_is '.sent_bytes * 100 < .size * 3 and .sent > 0' true
  ok

  # A base that lacks something: a library, a version of one, the loader.
  lacks () { expect 4 "$relevo" image build "$two" --base "$1" --out lacking; contains "$said" "$2"; [ ! -e lacking ] || fail "an image was made"; }
  cp -R root poor
  rm "$(find poor -name 'libtinfo.so*')"
  lacks poor 'beam.smp needs libtinfo.so'
  cp -R root older
  libc=$(find older -name libc.so.6)
  sed -i 's/GLIBC_2\.3[4-9]/GLIBC_2.00/g' "$libc"
  lacks older 'of libc.so.6; the base has GLIBC_2.'
  cp -R root bare
  rm "$(find bare -name 'ld-linux*')"
  lacks bare 'needs /lib'
  mkdir empty
  lacks empty libc.so.6
  expect 0 "$relevo" image build "$two" --base empty --out lacking --unchecked
  ok

  # A base whose layer is compressed with zstd: what it has is found, all of it is kept; cut off, it is told.
  # zstd_base DIR: an OCI layout around the file layer.zst.
  blob () { digest=$(sha256sum <"$1" | cut -d' ' -f1) && cp "$1" "$2/blobs/sha256/$digest"; }
  zstd_base () {
    mkdir -p "$1/blobs/sha256"
    blob layer.zst "$1"
    layer=$digest
    printf '{"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": ["sha256:%s"]}}' \
      "$(sha256sum <layer | cut -d' ' -f1)" >config.json
    blob config.json "$1"
    printf '{"schemaVersion": 2, "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:%s", "size": %s},
      "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+zstd", "digest": "sha256:%s", "size": %s}]}' \
      "$digest" "$(stat -c %s config.json)" "$layer" "$(stat -c %s layer.zst)" >manifest.json
    blob manifest.json "$1"
    printf '{"schemaVersion": 2, "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "sha256:%s", "size": %s}]}' \
      "$digest" "$(stat -c %s manifest.json)" >"$1/index.json"
    echo '{"imageLayoutVersion": "1.0.0"}' >"$1/oci-layout"
  }
  # In two frames, the second with nothing in it that tar wants.
  tar -C root -cf layer .
  { zstd -qc layer; head -c 9999 /dev/zero | zstd -qc; } >layer.zst
  head -c 9999 /dev/zero >>layer
  zstd_base squeezed
  expect 0 "$relevo" image build "$two" --base squeezed --out upon_zstd
  expect 0 skopeo inspect --raw oci:upon_zstd:tally:1.1.0
  jq_is '.layers[0].mediaType' application/vnd.oci.image.layer.v1.tar+zstd
  tar -C poor -cf layer .
  zstd -qfc layer >layer.zst
  zstd_base squeezed_poor
  rm -r lacking
  lacks squeezed_poor 'beam.smp needs libtinfo.so'
  truncate -s -1000 layer.zst
  zstd_base squeezed_cut
  expect 2 "$relevo" image build "$two" --base squeezed_cut --out lacking
  contains "$said" "cut off"
  ok

  # For two machines: the other one is this one with other words in its programs.
  rm plain/releases/1.1.0/relevo.manifest.json
  for file in $(cd plain && find erts-*/bin -type f); do
    [ "$(head -c 4 "plain/$file" | tail -c 3)" != ELF ] || printf '\267\000' | dd of="plain/$file" bs=1 seek=18 conv=notrunc 2>/dev/null
  done
  tar -czf arm.tar.gz -C plain .
  expect 4 "$relevo" image build arm.tar.gz --base root --out both
  contains "$said" "needs libc.so.6"
  expect 0 "$relevo" image build "$two" arm.tar.gz --base root --out both --unchecked --json
  jq_is '.images | map(.architecture) | join(" ")' "amd64 arm64"
  for arch in amd64 arm64; do
    expect 0 skopeo --override-arch $arch inspect --config oci:both:tally:1.1.0
    jq_is .architecture $arch
  done
  expect 2 "$relevo" image build "$two" "$two" --base root --out both
  expect 2 "$relevo" image build "$two" "$one" --base root --out both
  # What is made on an image has its layers, whatever it was for.
  expect 0 "$relevo" image build "$one" --base oci:images:tally:1.1.0 --out images --tag on-itself
  expect 0 skopeo inspect oci:images:tally:on-itself
  expect 3 "$relevo" image build "$one" --base oci:images:nobody:1 --out images
  expect 2 "$relevo" image build "$one" --base nowhere --out images
  expect 2 "$relevo" image build "$one" --out images
  expect 2 "$relevo" image build "$one" --base root
  expect 2 "$relevo" image build "$one" --base root --out images --port 0
  expect 2 "$relevo" image build "$one" --base root --out images --env x
  expect 2 "$relevo" image build "$work/store/tally-1.0.0" --base root --out images
  # Nothing is made of what nobody vouches for.
  "$relevo" keygen key --no-passphrase >/dev/null
  expect 4 "$relevo" image build "$one" --base root --out images --trust key.pub
  ok
fi

# ---- in a registry ----

if in_part registry; then
  cat >registry.yml <<END
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: "$work/data"}, delete: {enabled: true}}
http: {addr: "127.0.0.1:$port", secret: s}
END
  docker-registry serve registry.yml >registry.log 2>&1 &
  pids="$pids $!"
  wait_for 30 curl -s "http://127.0.0.1:$port/v2/" || fail "no registry: $(cat registry.log)"
  there=127.0.0.1:$port/acme
  expect 3 "$relevo" image push "$one" --base root --to "oci+http://127.0.0.1:$((port + 9))/tally"
  contains "$said" "The tag 1.0.0 is as it was"
  expect 0 "$relevo" image push "$one" --base root --to "oci+http://$there/tally" --json
  digest=$(jq -r .digest out)
  expect 0 skopeo inspect --tls-verify=false "docker://$there/tally:1.0.0"
  jq_is .Digest "$digest"
  expect 0 "$relevo" image push "$two" --base root --to "oci+http://$there/tally:latest" --json
  jq_is '.sent_bytes * 100 < .size * 3 and .sent > 0' true
  expect 0 skopeo copy --src-tls-verify=false "docker://$there/tally:latest" oci:copied:latest
  umoci unpack --image copied:latest bundle >/dev/null 2>&1 || fail "umoci does not unpack it"
  # The storage that podman and buildah share takes it, too.
  if command -v buildah >/dev/null; then
    stored () { env -u DOCKER_CONFIG buildah --root "$work/images" --runroot "$work/running" "$@"; }
    expect 0 stored pull -q --tls-verify=false "docker://$there/tally:latest"
    expect 0 stored from --pull-never --name boat "$there/tally:latest"
    expect 0 stored run --isolation chroot boat -- /app/bin/tally version
    contains "$out" 1.1.0
    expect 0 stored rm -a
  fi
  if command -v podman >/dev/null; then
    podman () { env -u DOCKER_CONFIG "$tools/podman" "$work/podman" "$@"; }
    expect 0 podman pull -q --tls-verify=false "docker://$there/tally:latest"
    expect 0 podman run --rm "$there/tally:latest" version
    contains "$out" 1.1.0
    expect 0 podman image inspect "$there/tally:latest"
    jq_is '.[0].Digest' "$(skopeo inspect --tls-verify=false "docker://$there/tally:latest" | jq -r .Digest)"
  fi
  ok

  # On a base of that registry: nothing of it comes here to go back, but to be looked at, once.
  expect 0 skopeo copy --dest-tls-verify=false --format v2s2 oci:copied:latest "docker://$there/base:1"
  expect 0 "$relevo" image push "$two" --base "oci+http://$there/base:1" --to "oci+http://$there/upon" --json
  jq_is '.mounted >= 3 and .sent_bytes * 100 < .size * 3' true
  expect 0 skopeo copy --src-tls-verify=false "docker://$there/upon:1.1.0" oci:upon:1
  umoci unpack --image upon:1 upon.bundle >/dev/null 2>&1 || fail "umoci does not unpack what lies on another's image"
  base=$(skopeo inspect --tls-verify=false "docker://$there/base:1" | jq -r .Digest)
  expect 0 "$relevo" image push "$two" --base "oci+http://$there/base@$base" --to "oci+http://$there/upon:2"
  expect 3 "$relevo" image push "$two" --base "oci+http://$there/base:2" --to "oci+http://$there/upon:3"
  # A base that is not what it was.
  rm -rf cache
  layer=$(skopeo inspect --tls-verify=false "docker://$there/base:1" | jq -r '.Layers[0]' | cut -d: -f2)
  printf X | dd of="data/docker/registry/v2/blobs/sha256/$(echo "$layer" | cut -c1-2)/$layer/data" bs=1 seek=3000 conv=notrunc 2>/dev/null
  expect 4 "$relevo" image push "$two" --base "oci+http://$there/base:1" --to "oci+http://$there/upon:4"
  contains "$said" "something else"
  ok
fi

# ---- the example in it ----

if in_part boot; then
  # --pid: the start script is the first process, as in a container.
  unshare --mount --pid --fork true 2>/dev/null || { echo "skip: no namespaces here"; exit 77; }
  expect 0 "$relevo" image build store/shop-1.0.0.tar.gz --base root --out images --port 4000
  umoci unpack --image images:shop:1.0.0 bundle >/dev/null 2>&1 || fail "umoci does not unpack it"
  start_epmd
  cat >contain <<'END'
mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" && shift
exec chroot --userspec=65532:65532 "$@"
END
  # contained COMMAND...: with what the image's configuration sets, and a node's name and ports of ours.
  contained () {
    jq -r '.process.env[]' bundle/config.json | grep -v ^TERM= >./set
    # shellcheck disable=SC2046 # one word a line
    exec env -i $(cat set) RELEVO_TEST="$RELEVO_TEST" ERL_EPMD_PORT="$ERL_EPMD_PORT" RELEASE_NODE=shop@127.0.0.1 RELEASE_DISTRIBUTION=name \
      SHOP_PORT=$((port + 1)) unshare --mount --pid --fork --kill-child=SIGKILL sh contain bundle/rootfs bundle/rootfs "$@"
  }
  # shellcheck disable=SC2046 # one word a line
  (contained $(jq -r '.process.args[]' bundle/config.json)) >shop.log 2>&1 &
  container=$!
  pids="$pids $container"
  wait_for 60 curl -sf -o answer "http://127.0.0.1:$((port + 1))/health" || fail "the shop does not answer: $(cat shop.log)"
  jq -e . answer >/dev/null || fail "no health: $(cat answer)"
  ok
  # Its health check, and its end: the first process hands TERM on, and waits for the VM.
  (contained /app/bin/shop pid) >health.log 2>&1 || fail "its health check fails: $(cat health.log)"
  first=$(pgrep -P "$container" | head -n 1)
  kill -TERM "$first"
  wait_for 60 gone "$container" || fail "it does not end by TERM: $(cat shop.log)"
  wait "$container" || fail "it ended with $?: $(cat shop.log)"
  ok

  # The same by podman: from the layout, with what the image says, ended as `podman stop` does.
  if command -v podman >/dev/null; then
    podman () { env -u DOCKER_CONFIG "$tools/podman" "$work/podman" "$@"; }
    expect 0 podman pull -q oci:images:shop:1.0.0
    image=$(tail -n 1 out)
    podman run --name shop --env RELEVO_TEST --env ERL_EPMD_PORT --env RELEASE_NODE=shop@127.0.0.1 --env RELEASE_DISTRIBUTION=name \
      --env SHOP_PORT=$((port + 2)) "$image" >podman.log 2>&1 &
    container=$!
    pids="$pids $container"
    wait_for 60 curl -sf -o answer "http://127.0.0.1:$((port + 2))/health" || fail "in podman the shop does not answer: $(cat podman.log)"
    expect 0 podman exec shop /app/bin/shop pid
    expect 0 podman exec shop id -u
    contains "$out" 65532
    expect 0 podman stop --time 60 shop
    wait "$container" || fail "in podman it ended with $?: $(cat podman.log)"
    expect 0 podman rm shop
    ok
  fi
fi

echo "ok: $checks groups of checks"
