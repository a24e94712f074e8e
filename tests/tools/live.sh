# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# What live tests share: a folder and ports of their own, nodes that are ended by their process
# ids, checks.  Sourced from the root of the sources.

# shellcheck disable=SC2034 # used by those who source this
relevo=$(realpath "${RELEVO:-build/relevo}")
work=$(mktemp -d "${TMPDIR:-/tmp}/relevo-live.XXXXXX") || exit 1
pids=''

# Twenty ports for each test that runs now, of whichever checkout, below those that connections get.  They are
# its own as long as it, or anything it started, has the lock.
ports=$$
while ports=$(((ports + 1) % 592)) ports_lock=/tmp/relevo-ports.$(id -u).$ports && exec 8>"$ports_lock" && ! flock -n 8; do :; done
port=$((20000 + ports * 20))
export ERL_EPMD_PORT=$port ERL_CRASH_DUMP=/dev/null
unset RELEASE_ROOT RELEASE_VSN RELEASE_NAME RELEASE_SYS_CONFIG RELDIR RELEASE_TMP

# What a test with a line "# Parts:" is called with; without, all of them are its.
this_part=${1:-}
in_part () { [ -z "$this_part" ] || [ "$this_part" = "$1" ]; }

fail () {
  echo "FAIL: $*" >&2
  exit 1
}

# Also when its parent has not asked yet how it ended, or asks just now.
gone () { ! kill -0 "$1" 2>/dev/null || grep -qs '^State:.[ZX]' "/proc/$1/status" || ! kill -0 "$1" 2>/dev/null; }

# wait_for SECONDS COMMAND...: false when it did not come true in time.  What takes longer is asked for
# less often: the asking of several tests at once is most of what a small machine then does.
wait_for () {
  left=$(($1 * 10)) pause=1 asked=0
  shift
  until "$@" >/dev/null 2>&1; do
    left=$((left - pause)) asked=$((asked + 1))
    [ "$left" -gt 0 ] || return 1
    [ "$asked" -lt 30 ] || pause=3
    sleep "0.$pause"
  done
}

# What a test starts carries this; a process id of one that is gone may be another's by now.
export RELEVO_TEST="$work"
is_ours () { grep -qzx "RELEVO_TEST=$work" "/proc/$1/environ" 2>/dev/null; }

# end PID: softly, then hard.
end () {
  [ -n "$1" ] && is_ours "$1" || return 0
  kill "$1" 2>/dev/null || return 0
  kill -CONT "$1" 2>/dev/null || true
  wait_for 5 gone "$1" || kill -9 "$1" 2>/dev/null || true
}

clean_up () {
  trap - EXIT
  for pid in $pids; do end "$pid"; done
  rm -rf "$work" "$ports_lock"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# An epmd of this test's own; dies with it.  A node that came before it would start one that stays.
start_epmd () {
  epmd=$(command -v epmd || echo /usr/lib/erlang/erts-*/bin/epmd)
  # shellcheck disable=SC2086 # a glob
  $epmd -port "$ERL_EPMD_PORT" -address "${epmd_addresses:-127.0.0.1}" >/dev/null 2>&1 &
  pids="$pids $!"
  # shellcheck disable=SC2086
  wait_for 10 $epmd -port "$ERL_EPMD_PORT" -names || fail "no epmd"
}

# expect STATUS COMMAND...: runs it; its output is in $out, what it said in $said.
expect () {
  want=$1 status=0
  shift
  "$@" >"$work/out" 2>"$work/said" </dev/null || status=$?
  out=$(cat "$work/out") said=$(cat "$work/said")
  [ "$status" = "$want" ] || fail "$* ended with $status, not $want: $out $said"
}

contains () {
  case $1 in
    *"$2"*) ;;
    *) fail "no \"$2\" in: $1" ;;
  esac
}

checks=0
ok () {
  checks=$((checks + 1))
}

# check_document NAME WHAT: $out is a document that docs/json-schema.json describes under that name.
schema=$(dirname "$relevo")/tests/helpers/schema
check_document () {
  "$schema" docs/json-schema.json "$1" <"$work/out" 2>"$work/schema" ||
    fail "$2: $(cat "$work/schema"): $out"
}
