#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The same compiled project gives the same bytes: in another folder, for another user, at another
# time, with another umask and locale, from another file system, on one core, with a full cache,
# a damaged one and none.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tests/tools/shop "$work/first" 1.0.0
compiled=$PWD/build/shop/1.0.0
chmod 755 "$work"

# copy FOLDER ORDER WHEN: the project, its files made in that order, of that time.
copy () {
  mkdir -p "$1"
  (cd "$compiled" && find . -type d) | while read -r folder; do mkdir -p "$1/$folder"; done
  # shellcheck disable=SC2086 # an option or none
  (cd "$compiled" && find . -type f) | sort $2 | while read -r file; do
    cp "$compiled/$file" "$1/$file"
    touch -d "$3" "$1/$file"
  done
}

sums=''
# same WHAT: what build made in $store, beside the first.
same () {
  sum=$(sha256sum <"$store/shop-1.0.0.tar.gz")
  [ -n "$sums" ] || sums=$sum
  [ "$sum" = "$sums" ] || fail "$1: other bytes"
  ok
}

# build WHAT PROJECT [COMMAND...]: builds into $store, through the command.
nr=0
build () {
  what=$1 project=$2
  shift 2
  nr=$((nr + 1)) store=$work/store$nr
  mkdir -m 777 "$store"
  chmod 777 "$store"
  "$@" "$relevo" build -q -C "$project" --out "$store" >"$work/out" 2>&1 || fail "$what: $(cat "$work/out")"
  same "$what"
}

umask 022
copy "$work/a" '' '2001-02-03 04:05:06'
build 'no cache' "$work/a" env -u HOME -u XDG_CACHE_HOME
build 'a new cache' "$work/a" env XDG_CACHE_HOME="$work/cache"
[ -n "$(ls "$work/cache/relevo")" ] || fail 'nothing was kept'
build 'the cache' "$work/a" env XDG_CACHE_HOME="$work/cache"
for file in "$work"/cache/relevo/*; do echo damage >>"$file"; done
build 'a damaged cache' "$work/a" env XDG_CACHE_HOME="$work/cache"

(umask 077 && copy "$work/b é" -r '2030-01-02 03:04:05')
umask 077
build 'another folder, umask, locale, zone' "$work/b é" \
  env -i PATH="$PATH" LC_ALL=C.UTF-8 TZ=Asia/Tokyo SOURCE_DATE_EPOCH=1
umask 022
build 'one core' "$work/a" taskset -c 0 env -u HOME -u XDG_CACHE_HOME LC_ALL=C TZ=UTC

if [ -w /dev/shm ]; then
  shm=$(mktemp -d /dev/shm/relevo.XXXXXX)
  trap 'rm -rf "$shm"; clean_up' EXIT
  copy "$shm/c" -r '2010-01-01'
  nr=$((nr + 1)) store=$shm/store
  "$relevo" build -q -C "$shm/c" --out "$store" >"$work/out" 2>&1 || fail "$(cat "$work/out")"
  same 'another file system'
fi

others='one user (not root)'
if [ "$(id -u)" = 0 ]; then
  others='two users'
  chmod -R a+rX "$work/a"
  # A checkout that the other user may not enter is no reason to fail.
  cp "$relevo" "$work/relevo"
  relevo=$work/relevo
  build 'another user' "$work/a" setpriv --reuid=65534 --regid=65534 --clear-groups \
    env -u XDG_CACHE_HOME HOME=/nonexistent
fi

# Something else gives something else.
echo '# changed' >>"$work/a/config/runtime.exs"
nr=$((nr + 1)) store=$work/store$nr
"$relevo" build -q -C "$work/a" --out "$store" >/dev/null
[ "$(sha256sum <"$store/shop-1.0.0.tar.gz")" != "$sums" ] || fail 'a change changed nothing'
ok

echo "ok: $checks builds, $others: ${sums%% *}"
