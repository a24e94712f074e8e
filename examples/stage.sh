# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# What the demonstrations share: a folder and ports of their own, what is started is ended by its
# process id, titles.  Sourced from the root of the sources.

relevo=$PWD/${RELEVO:-build/relevo}
# shellcheck disable=SC2034 # used by those who source this
load=$PWD/${LOAD:-build/release/tests/live/load}

work=$(mktemp -d "${TMPDIR:-/tmp}/relevo-demo.XXXXXX")
pids=''

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$(printf '\033[1m') plain=$(printf '\033[0m'); else bold='' plain=''; fi
title () { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
fail () {
  echo "demo: $*" >&2
  for log in "$work"/*.log; do
    [ ! -f "$log" ] || { echo "-- ${log##*/}:" >&2; tail -n 30 "$log" >&2; }
  done
  exit 1
}

# By process id: only what was started here.
end () {
  kill "$1" 2>/dev/null || return 0
  i=0
  while kill -0 "$1" 2>/dev/null && [ "$i" -lt 50 ]; do
    sleep 0.1
    i=$((i + 1))
  done
  kill -9 "$1" 2>/dev/null || true
}
clean_up () {
  trap - EXIT
  for pid in $pids; do end "$pid"; done
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# begin LOG COMMAND...: beside us, until we end; the last one begun ends first.
begin () {
  log=$1
  shift
  "$@" >"$work/$log" 2>&1 &
  begun=$!
  pids="$begun $pids"
}

# finish PID: waits for its end; the status is its.
finish () {
  left=" $pids " status=0
  wait "$1" || status=$?
  pids=${left%% "$1" *}' '${left#* "$1" }
  return $status
}

# wait_for SECONDS WHAT COMMAND...
wait_for () {
  left=$(($1 * 10)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || fail "$what did not happen in time"
    sleep 0.1
  done
}

# A place of our own: no other epmd, node or server is touched.
port=$((20000 + $$ % 600 * 20))
export ERL_EPMD_PORT=$port ERL_CRASH_DUMP=/dev/null SHOP_PORT=$((port + 1)) SHOP_SECRET=not-shown
export RELEASE_DISTRIBUTION=name
RELEASE_COOKIE=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
export RELEASE_COOKIE
unset RELEASE_ROOT RELEASE_VSN

# compile VERSION [WITHOUT FROM]: of the shop; its release is put into $work/store.
compile () {
  # shellcheck disable=SC2086 # two words or none
  examples/shop/checkout ${2:+--without $2} "$1" "$work/$1"
  (cd "$work/$1" && MIX_ENV=prod mix compile >"$work/mix.out" 2>&1) ||
    { cat "$work/mix.out"; fail "mix compile failed"; }
  # shellcheck disable=SC2086
  "$relevo" build -C "$work/$1" --out "$work/store" ${3:+--from $3}
}

# number KEY: of what the clients said in the end.
number () { sed -n "s/.*\"$1\": *\\([0-9.]*\\).*/\\1/p" "$work/load.json"; }
