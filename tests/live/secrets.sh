#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The cookie, and a secret that the configuration reads from the environment when the system starts:
# whoever may look at arguments, output, errors, logs, tarballs and other people's files sees neither.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
# The worst that can be meant well.
umask 0

tests/tools/shop "$work/store" 1.0.0 1.1.0 >/dev/null
new=$work/store/shop-1.1.0.tar.gz
node=shop@127.0.0.1
mkdir "$work/run" "$work/tmp" "$work/home"
tar -xzf "$work/store/shop-1.0.0.tar.gz" -C "$work/run"
find "$work/run" ! -type l -perm -002 | sort >"$work/open"
start_epmd
secret=s3cret-$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
unset RELEASE_COOKIE
export SHOP_PORT=$((port + 1)) RELEASE_DISTRIBUTION=name RELEASE_NODE=$node TMPDIR="$work/tmp" HOME="$work/home"
export XDG_CACHE_HOME="$work/cache" XDG_STATE_HOME="$work/state"
SHOP_SECRET=$secret ERL_CRASH_DUMP=$work/run/erl_crash.dump "$work/run/bin/shop" start >"$work/log" 2>&1 &
shop=$!
pids="$pids $shop"
wait_for 60 curl -fs "http://127.0.0.1:$SHOP_PORT/health" || fail "does not start: $(cat "$work/log")"
cookie_file=$work/run/releases/COOKIE
cookie=$(cat "$cookie_file")

# Each command's programs are looked at as they begin; all that is said is kept.
run () { # STATUS COMMAND...
  want=$1 status=0
  shift
  LOOKOUT=$cookie build/release/tests/helpers/lookout "$@" >"$work/out" 2>&1 </dev/null || status=$?
  cat "$work/out" >>"$work/said"
  [ "$status" = "$want" ] || fail "$* ended with $status, not $want: $(cat "$work/out")"
}
# By all the ways to give the cookie.
cp -p "$cookie_file" "$work/home/.erlang.cookie"
run 0 "$relevo" node ping "$node" -v
export MY_COOKIE="$cookie"
run 0 "$relevo" node info "$node" -v --json --cookie-env MY_COOKIE
(export RELEASE_COOKIE="$cookie" && run 0 "$relevo" node vitals "$node")
run 0 "$relevo" node releases "$node" -v --cookie-file "$cookie_file"
run 0 "$relevo" node check "$node" "$new" -v
run 0 "$relevo" node check "$node" "$new" --json
run 0 "$relevo" node eval "$node" 'node()' -v
run 0 "$relevo" plan "$work/store/shop-1.0.0.tar.gz" "$new" --json
run 0 "$relevo" build -C build/shop/1.1.0 -o "$work/store" --overwrite -v
ok

# While it watches, it knows the cookie, and would leave no core file.
# shellcheck disable=SC3045 # every shell of Debian has ulimit -c
(ulimit -c unlimited && exec "$relevo" node install "$node" "$new" -v --bake 2s) >>"$work/said" 2>&1 &
installs=$!
pids="$pids $installs"
no_core () { grep -q '^Max core file size  *0 ' "/proc/$installs/limits"; }
wait_for 20 no_core || fail "would leave a core file"
wait "$installs" || fail "$(cat "$work/said")"
run 0 "$relevo" node commit "$node" -v
run 0 "$relevo" node revert "$node" -v --json
run 0 "$relevo" node remove "$node" 1.1.0 -v
run 0 "$relevo" node install "$node" "$new" --commit --json -v
ok

# What fails says why, and no secret.
echo another-cookie >"$work/another"
run 4 "$relevo" node ping "$node" -v --cookie-file "$work/another"
run 3 "$relevo" node ping nobody@127.0.0.1 -v
run 3 "$relevo" node ping "$node" -v --port 1
run 1 "$relevo" node eval "$node" 'exit(because)' -v
run 4 "$relevo" node install "$node" "$work/store/shop-1.0.0.tar.gz" -v
contains "$(cat "$work/said")" "refuses our cookie"
none () { # FILE...
  grep -aF -e "$cookie" -e "$secret" -e another-cookie "$@" >"$work/found" || return 0
  fail "seen in $*: $(cut -c 1-300 "$work/found")"
}
none "$work/said" "$work/log"
ok

# Nobody else has it in the arguments: but the VM, to whom its start script says it as mix's does.
grep -lzF -e "$cookie" -e "$secret" /proc/[0-9]*/cmdline >"$work/processes" 2>/dev/null || true
[ "$(cat "$work/processes")" = "/proc/$shop/cmdline" ] || fail "seen in: $(cat "$work/processes")"
ok

# The files that hold one are for their owner alone, and they are these; no tarball is among them.
find "$work" -name '*.gz' -exec gzip -dc {} + >"$work/tarballs"
none "$work/tarballs"
grep -raFl -e "$cookie" -e "$secret" "$work" | grep -v -e "^$work/found$" >"$work/holders"
contains "$(cat "$work/holders")" /releases/COOKIE
while read -r file; do
  [ "$(stat -c %a "$file")" = 600 ] || fail "$file holds a secret and is $(stat -c %a "$file")"
  case ${file#"$work/"} in
    run/releases/COOKIE|home/.erlang.cookie|run/tmp/*.runtime.config) ;;
    *) fail "$file holds a secret" ;;
  esac
done <"$work/holders"
open_to_all () { find "$work/run" ! -type l -perm -002 | sort; }
open=$(open_to_all | comm -13 "$work/open" - | head -n 5)
[ -z "$open" ] || fail "everybody may write to: $open"
[ -z "$(find "$work/tmp" -mindepth 1)" ] || fail "left in TMPDIR: $(find "$work/tmp")"
ok

echo "ok: $checks groups of checks"
