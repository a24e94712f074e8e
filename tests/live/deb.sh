#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Parts: bookworm trixie
# What `make deb` and `make tarball` made, in a bare Debian: the program of the tarball wants nothing but libc;
# the package installs, does its work, and leaves nothing when it goes.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

[ "$(id -u)" = 0 ] || { echo "skip: no root, who alone installs packages"; exit 77; }
suite=${this_part:-bookworm}
deb=$(find "$PWD/build/deb" -name "*.deb" 2>/dev/null || true) tarball=$(find build -maxdepth 1 -name "relevo-*-linux-$(uname -m).tar.gz")
[ -n "$deb$tarball" ] || fail "nothing to install: make deb tarball"
bare=$(tests/tools/bare "$suite")
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
