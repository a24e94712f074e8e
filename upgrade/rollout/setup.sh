#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The far side of relevo setup.  In front of it relevo sets: step, dir, name, vsn, node, sha256,
# systemd, and how long each part of the input is: cookie_len, list_len; the tarball is what follows.
# Says "is WORD VALUE" for what it finds and "did WHAT" for what it does.
# shellcheck disable=SC2154 # those
set -u
umask 022

refuse () { echo "$*" >&2; exit 4; }
# A path below the home folder needs no /.
case $dir in
  /*) ;;
  *) dir=$HOME/$dir ;;
esac
new=$dir/.setup
have () { command -v "$1" >/dev/null 2>&1; }

# digests: of the files whose names come in, "DIGEST  NAME".
if have sha256sum; then digests () { tr '\n' '\0' | xargs -0 sha256sum 2>/dev/null; }
elif have shasum; then digests () { tr '\n' '\0' | xargs -0 shasum -a 256 2>/dev/null; }
elif have openssl; then digests () { tr '\n' '\0' | xargs -0 openssl dgst -sha256 -r 2>/dev/null | sed 's/ \*/  /'; }
else refuse "there is no sha256sum, shasum or openssl, to verify with what is brought"
fi
# part COUNT: of the input; small ones, as dd takes them byte by byte.
part () { dd bs=1 count="$1" 2>/dev/null; }
# Root, where this is to be done as root.
as_root () { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
has_systemd () { [ "$systemd" = yes ] && [ -d /run/systemd/system ] && have systemctl; }
unit=/etc/systemd/system/$name.service

# What is wrong of the release that lies there, one name a line.
damaged () {
  cut -c67- "$1" | (cd "$dir" && digests) >"$2.have"
  # Without a line to look for, grep would take every line for one.
  echo ' ' >>"$2.have"
  grep -vxFf "$2.have" "$1" | cut -c67- >"$2"
  rm -f "$2.have"
}

installed () { read -r _ version <"$dir/releases/start_erl.data" || :; echo "$version"; }

look () {
  echo "is dir $dir"
  if [ -f "$dir/releases/start_erl.data" ]; then
    echo "is release $(installed)"
    temp=$(mktemp -d) || exit 1
    # shellcheck disable=SC2064 # now
    trap "rm -rf '$temp'" EXIT
    (umask 077; part "$cookie_len" >"$temp/cookie")
    part "$list_len" >"$temp/list"
    if [ "$(installed)" = "$vsn" ]; then
      damaged "$temp/list" "$temp/damaged"
      echo "is damaged $(wc -l <"$temp/damaged")"
    fi
    cmp -s "$temp/cookie" "$dir/releases/COOKIE" && echo "is cookie right"
    [ "$(cat "$dir/releases/NODE" 2>/dev/null)" = "$node" ] && echo "is name right"
    has_systemd && [ -f "$unit" ] && systemctl is-enabled --quiet "$name" && echo "is unit right"
  elif [ -e "$dir" ] && [ ! -d "$new" ] && [ -n "$(ls -A "$dir" 2>/dev/null)" ]; then
    refuse "$dir holds something else, and no release; nothing was changed"
  fi
  has_systemd && echo "is systemd there"
  return 0
}

fetch () {
  cat >"$new/release.tar.gz"
  [ "$(cd "$new" && echo release.tar.gz | digests | cut -c-64)" = "$sha256" ] ||
    refuse "the tarball arrived damaged, or there is no room for it in $dir: $(df -Pk "$dir" | tail -n 1)"
  mkdir "$new/tree" || exit 1
  (cd "$new/tree" && gzip -dc ../release.tar.gz | tar -xof -) || refuse "the tarball cannot be unpacked in $dir"
  rm -f "$new/release.tar.gz"
}

# All that counts is there when releases/ is, which comes last.
unpack () {
  for entry in "$new"/tree/*; do
    entry=${entry##*/}
    [ "$entry" = releases ] && continue
    rm -rf "${dir:?}/$entry" && mv "$new/tree/$entry" "$dir/$entry" || exit 1
  done
  rm -rf "$dir/releases"
  sync
  mv "$new/tree/releases" "$dir/releases" || exit 1
  echo "did unpacked $name $vsn in $dir"
}

mend () {
  damaged "$new/list" "$new/damaged"
  while read -r file; do
    mkdir -p "$dir/$(dirname "$file")" && mv -f "$new/tree/$file" "$dir/$file" || exit 1
  done <"$new/damaged"
  echo "did mended $(wc -l <"$new/damaged") files of $name $vsn"
}

# settle FILE MODE WHAT: new content for a file of ours, from the input.
settle () {
  chmod "$2" "$new/file" && mv -f "$new/file" "$1" || exit 1
  echo "did $3"
}

place () {
  mkdir -p "$dir" 2>/dev/null
  [ -w "$dir" ] ||
    refuse "$(id -un) cannot write to $dir: make it theirs, as root: install -d -o $(id -un) $dir"
  rm -rf "$new"
  mkdir "$new" || exit 1
  (umask 077; part "$cookie_len" >"$new/cookie")
  part "$list_len" >"$new/list"
  case $bring in
    all) fetch; unpack ;;
    some) fetch; mend ;;
  esac
  cmp -s "$new/cookie" "$dir/releases/COOKIE" || {
    mv "$new/cookie" "$new/file"
    settle "$dir/releases/COOKIE" 600 "placed the cookie"
  }
  chmod 600 "$dir/releases/COOKIE"
  [ "$(cat "$dir/releases/NODE" 2>/dev/null)" = "$node" ] || {
    echo "$node" >"$new/file"
    settle "$dir/releases/NODE" 644 "named it $node"
  }
  rm -rf "$new"
  sync
  if has_systemd && ! { [ -f "$unit" ] && systemctl is-enabled --quiet "$name"; }; then
    "$dir/bin/$name" service | as_root tee "$unit" >/dev/null || refuse "$(id -un) cannot write $unit: run sudo -n there"
    as_root systemctl daemon-reload || exit 1
    as_root systemctl enable --quiet "$name" || exit 1
    echo "did installed $unit"
  fi
}

start () {
  if has_systemd; then
    as_root systemctl restart "$name" || refuse "systemctl restart $name failed: $(systemctl status "$name" 2>&1 | tail -n 5)"
    echo "did started by systemd"
  else
    said=$("$dir/bin/$name" daemon 2>&1 </dev/null >/dev/null) || refuse "$dir/bin/$name daemon failed: $said"
    echo "did started"
  fi
}

# What it said last, when it does not come up.
log () {
  if has_systemd; then
    as_root journalctl -n 20 -o cat -u "$name" 2>&1
  else
    # shellcheck disable=SC2012 # names that run_erl gives
    tail -n 20 "$(ls -t "$dir"/tmp/log/erlang.log.* 2>/dev/null | head -n 1)" 2>&1
  fi
  return 0
}

$step
