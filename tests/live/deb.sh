#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Parts: version bookworm trixie docker
# What `make deb` and `make tarball` made, in a bare Debian: the program of the tarball wants nothing but libc;
# the package installs, does its work, and leaves nothing when it goes.  And the Dockerfiles of examples/ci and of docker/,
# built by buildah: the shop that comes out of the second answers, relevo alone brings a release.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

# The version of a package is the tag's.
if in_part version; then
  mkdir -p "$work/sources/cmd" "$work/sources/tests/tools"
  cp tests/tools/version "$work/sources/tests/tools/"
  echo '#define RELEVO_VERSION "0.2.0"' >"$work/sources/cmd/version.h"
  cd "$work/sources"
  commit () { git add -A && git -c user.name=n -c user.email=e -c commit.gpgsign=false commit -q --allow-empty -m "$1"; }
  told () { expect 0 tests/tools/version; [ "$out" = "$1" ] || fail "$out is not $1"; }
  told 0.2.0
  git init -q -b main .
  commit one
  told "0.2.0~1.g$(git rev-parse --short HEAD)"
  git tag v0.2.0
  told 0.2.0
  commit two
  told "0.2.0+1.g$(git rev-parse --short HEAD)"
  git tag v0.3.0
  expect 1 tests/tools/version
  cd "$OLDPWD"
  ok
  [ -z "$this_part" ] || { echo "ok: $checks groups of checks"; exit; }
fi

[ "$(id -u)" = 0 ] || { echo "skip: no root, who alone installs packages"; exit 77; }
suite=${this_part:-bookworm}
[ "$suite" != docker ] || suite=bookworm
deb=$(find "$PWD/build/deb" -name "*.deb" 2>/dev/null || true) tarball=$(find build -maxdepth 1 -name "relevo-*-linux-$(uname -m).tar.gz")
[ -n "$deb$tarball" ] || fail "nothing to install: make deb tarball"
bare=$(tests/tools/bare "$suite")

# ---- by Dockerfiles ----

if in_part docker; then
  command -v buildah >/dev/null || { echo "skip: no buildah"; exit 77; }
  made () { buildah --root "$work/images" --runroot "$work/running" "$@"; }
  by_file () { made bud --isolation chroot "$@" >bud.log 2>&1 || fail "buildah bud $*: $(tail -n 20 bud.log)"; }
  root=$PWD
  cd "$work"
  plain=$(made from scratch)
  made add -q "$plain" "$bare" / >/dev/null
  made commit -q "$plain" plain >/dev/null
  by_file -f "$root/examples/ci/relevo.Dockerfile" --build-arg BASE=localhost/plain -t relevo "$root/build/deb"
  "$root/examples/shop/checkout" 1.0.0 project
  by_file -f "$root/examples/ci/Dockerfile" --build-arg BASE=localhost/plain --build-arg RELEVO=localhost/relevo -t shop project
  shop=$(made from localhost/shop)
  (made run --isolation chroot -e SHOP_PORT=$((port + 1)) -e RELEASE_DISTRIBUTION=none -e RELEASE_COOKIE=c -e RELEVO_TEST="$RELEVO_TEST" \
    "$shop" /entrypoint start) >shop.log 2>&1 &
  container=$!
  pids="$pids $container"
  wait_for 60 curl -sf -o answer "http://127.0.0.1:$((port + 1))/health" || fail "the shop does not answer: $(cat shop.log)"
  jq -e . answer >/dev/null || fail "no health: $(cat answer)"
  # Whatever of it is ours: other tests have containers, too.
  for pid in $(pgrep -u 65532 -f /app/ || true); do end "$pid"; done
  wait_for 60 gone "$container" || fail "it does not end"
  made rm -a >/dev/null
  ok

  # The base for releases: an image on it is made without a word on what it lacks.
  by_file -f "$root/docker/base.Dockerfile" --build-arg BASE=localhost/plain -t base "$root/docker"
  made push -q localhost/base oci:layout:base >/dev/null
  cd "$root"
  tests/tools/tally "$work/store" >/dev/null
  cd "$work"
  expect 0 "$relevo" image build store/tally-1.1.0.tar.gz --base oci:layout:base --out images
  ok

  # relevo itself, who is not root there: brings a release from a store, whose signature it looks at.
  by_file -f "$root/docker/relevo.Dockerfile" --build-arg BASE=localhost/plain -t relevo-alone "$root/build"
  "$relevo" keygen key --no-passphrase >/dev/null
  "$relevo" sign store/tally-1.1.0.tar.gz --key key >/dev/null
  mkdir volume
  "$relevo" push store/tally-1.1.0.tar.gz --store volume/shared --trust key.pub >/dev/null
  cp key.pub volume/
  chown -R 65532:65532 volume
  alone=$(made from localhost/relevo-alone)
  [ "$(made inspect --type image --format '{{.OCIv1.Config.User}} {{.OCIv1.Config.Entrypoint}}' localhost/relevo-alone)" = "65532:65532 [relevo]" ] ||
    fail "it does not run as nobody in particular"
  for tool in gcc erl mix; do
    ! made run --isolation chroot "$alone" sh -c "command -v $tool" || fail "it has $tool"
  done
  there () { expect 0 made run --isolation chroot --volume "$work/volume:/releases" "$alone" "$@"; }
  there relevo --version
  contains "$out" "relevo $(sed -n 's/^#define RELEVO_VERSION "\(.*\)"$/\1/p' "$root/cmd/version.h")"
  there relevo pull tally@1.1.0 --store /releases/shared --out /releases --trust /releases/key.pub
  cmp volume/tally-1.1.0.tar.gz store/tally-1.1.0.tar.gz || fail "another file came"
  [ "$(stat -c %u volume/tally-1.1.0.tar.gz)" = 65532 ] || fail "it is not that user's"
  # What is loaded only when it is wanted is there: a registry that is none is looked for.
  expect 3 made run --isolation chroot "$alone" relevo list tally --store oci://127.0.0.1:1/x
  openssl req -x509 -newkey ed25519 -nodes -subj /CN=agent -days 2 -keyout volume/agent.key -out volume/agent.crt 2>/dev/null
  printf 'a cookie' >volume/cookie
  chown 65532:65532 volume/agent.* volume/cookie
  chmod 600 volume/cookie volume/agent.key
  # An address that is none of this machine's: libmicrohttpd is there, and cannot serve at it.
  made run --isolation chroot --volume "$work/volume:/releases" "$alone" relevo agent --root /releases --node shop@127.0.0.1 \
    --cookie-file /releases/cookie --cert /releases/agent.crt --key /releases/agent.key --ca /releases/agent.crt \
    --listen 192.0.2.1:9443 >agent.log 2>&1 && fail "it serves at an address of another machine"
  contains "$(cat agent.log)" "cannot serve at"
  made rm -a >/dev/null
  ok
  echo "ok: $checks groups of checks"
  exit
fi

# ---- installed ----

root=$work/root
cp -a "$bare" "$root"
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
cp "$deb" "$root/relevo.deb"
tests/tools/tally "$work/store" >/dev/null
cp "$work/store/tally-1.1.0.tar.gz" "$root/"

inside () {
  expect 0 chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive \
    ${http_proxy:+"http_proxy=$http_proxy"} "$@"
}
version=$(sed -n 's/^#define RELEVO_VERSION "\(.*\)"$/\1/p' cmd/version.h)

# used PROGRAM: signs a release, verifies it, keeps it, compares it, makes an image of it.
used () {
  inside "$1" --version
  [ "$out" = "relevo $version" ] || fail "it is $out"
  inside sh -c 'cp tally-1.1.0.tar.gz signed.tar.gz'
  inside "$1" keygen key --no-passphrase
  inside "$1" sign signed.tar.gz --key key
  inside "$1" verify signed.tar.gz --trust key.pub
  inside "$1" push signed.tar.gz --store /srv/store --trust key.pub
  inside "$1" pull tally@1.1.0 --store /srv/store --out pulled --trust key.pub
  inside cmp signed.tar.gz pulled/tally-1.1.0.tar.gz
  inside "$1" plan signed.tar.gz tally-1.1.0.tar.gz
  inside "$1" image build signed.tar.gz --base /srv --out images --unchecked
  inside rm -r signed.tar.gz key key.pub pulled images /srv/store /root/.cache
}

tar -xzf "$tarball" -C "$root/opt"
static=$(cd "$root" && ls -d opt/relevo-*/bin/relevo)
for library in $(ldd "$root/$static" | awk '{ print $1 }'); do
  case $library in
    linux-vdso.so.*|libc.so.6|libm.so.6|*/ld-linux*) ;;
    *) fail "it wants $library" ;;
  esac
done
used "/$static"
inside rm -r /opt
ok

inside apt-get update -q
inside apt-get install -qy --no-install-recommends /relevo.deb
used relevo
for page in man1/relevo.1 man1/relevo-build.1 man5/relevo.yaml.5; do
  inside test -s "/usr/share/man/$page.gz"
done
inside grep -q Apache-2.0 /usr/share/doc/relevo/copyright
inside dpkg --verify relevo
[ -z "$out" ] || fail "not as it was packed: $out"
inside dpkg --purge relevo
inside find / -xdev -path /proc -prune -o -name '*relevo*' -print
[ "$out" = /relevo.deb ] || fail "left behind: $out"
ok

echo "ok: $checks groups of checks in $suite"
