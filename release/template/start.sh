#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Starts, stops and talks to the release @NAME@.
set -e

SELF=$(readlink "$0" || true)
RELEASE_ROOT="$(CDPATH='' cd "$(dirname "${SELF:-$0}")/.." && pwd -P)"
RELEASE_NAME="${RELEASE_NAME:-"@NAME@"}"
RELEASE_PROG="${RELEASE_PROG:-"$(basename "$0")"}"
RELEASE_COMMAND="${1:-}"
# Where OTP's release_handler keeps its records.
RELDIR="$RELEASE_ROOT/releases"
export RELEASE_ROOT RELEASE_NAME RELEASE_PROG RELEASE_COMMAND RELDIR

fail () {
  echo "$RELEASE_PROG: $*" >&2
  exit 1
}

# "ERTS VSN" of the release to boot.  An upgrade that restarts the VM leaves the name of its
# release in new_start_erl.data: that one is booted once, so that when it does not come up, or
# is never made permanent, the next start is the permanent release again.
choose_version () {
  data="$RELDIR/start_erl.data"
  case $RELEASE_COMMAND in
    start|start_iex|daemon|daemon_iex)
      if [ -f "$RELDIR/new_start_erl.data" ] &&
         mv "$RELDIR/new_start_erl.data" "$RELDIR/trial_start_erl.data" 2>/dev/null; then
        data="$RELDIR/trial_start_erl.data"
      fi
      ;;
  esac
  [ -f "$data" ] || fail "no $data: is $RELEASE_ROOT a whole release?"
  read -r _ version <"$data" || true
  [ -n "$version" ] || fail "$data does not say which version to boot"
  echo "$version"
}

RELEASE_VSN="${RELEASE_VSN:-"$(choose_version)"}"
export RELEASE_VSN
REL_VSN_DIR="$RELDIR/$RELEASE_VSN"
[ -d "$REL_VSN_DIR" ] || fail "no release $RELEASE_VSN in $RELDIR"

# shellcheck source=/dev/null
. "$REL_VSN_DIR/env.sh"

random () {
  od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'
}

# The cookie is not part of the tarball: the first start makes one, for this installation only.
read_cookie () {
  if [ ! -f "$RELDIR/COOKIE" ]; then
    (umask 077 && random 24 >"$RELDIR/COOKIE.$$" && mv "$RELDIR/COOKIE.$$" "$RELDIR/COOKIE") ||
      fail "no cookie, and none can be written to $RELDIR/COOKIE: set RELEASE_COOKIE"
  fi
  cat "$RELDIR/COOKIE"
}

RELEASE_COOKIE="${RELEASE_COOKIE:-"$(read_cookie)"}"
RELEASE_MODE="${RELEASE_MODE:-"embedded"}"
RELEASE_NODE="${RELEASE_NODE:-"$RELEASE_NAME"}"
RELEASE_TMP="${RELEASE_TMP:-"$RELEASE_ROOT/tmp"}"
RELEASE_VM_ARGS="${RELEASE_VM_ARGS:-"$REL_VSN_DIR/vm.args"}"
RELEASE_REMOTE_VM_ARGS="${RELEASE_REMOTE_VM_ARGS:-"$REL_VSN_DIR/remote.vm.args"}"
RELEASE_DISTRIBUTION="${RELEASE_DISTRIBUTION:-"sname"}"
RELEASE_BOOT_SCRIPT="${RELEASE_BOOT_SCRIPT:-"start"}"
RELEASE_BOOT_SCRIPT_CLEAN="${RELEASE_BOOT_SCRIPT_CLEAN:-"start_clean"}"
export RELEASE_COOKIE RELEASE_MODE RELEASE_NODE RELEASE_TMP RELEASE_VM_ARGS \
  RELEASE_REMOTE_VM_ARGS RELEASE_DISTRIBUTION RELEASE_BOOT_SCRIPT RELEASE_BOOT_SCRIPT_CLEAN

case $RELEASE_DISTRIBUTION in
  none|name|sname) ;;
  *) fail "RELEASE_DISTRIBUTION must be name, sname or none, not \"$RELEASE_DISTRIBUTION\"" ;;
esac

# A configuration that is completed at boot and then read again needs a copy it may write to.
choose_sys_config () {
  RELEASE_SYS_CONFIG="${RELEASE_SYS_CONFIG:-"$REL_VSN_DIR/sys"}"
  if grep -q "RUNTIME_CONFIG=true" "$RELEASE_SYS_CONFIG.config"; then
    copy="$RELEASE_TMP/$RELEASE_NAME-$RELEASE_VSN-$(date +%Y%m%d%H%M%S)-$(random 2).runtime"
    (umask 077 && mkdir -p "$RELEASE_TMP" && cat "$RELEASE_SYS_CONFIG.config" >"$copy.config") ||
      fail "cannot write $copy.config: set RELEASE_TMP to a folder that can be written"
    RELEASE_SYS_CONFIG="$copy"
  fi
  export RELEASE_SYS_CONFIG
}

# run PROGRAM ARGS...: the release's elixir or iex, with what every one of them needs.
run () {
  program="$REL_VSN_DIR/$1"
  shift
  [ -x "$program" ] || fail "this release has no $(basename "$program"): \"$RELEASE_COMMAND\" needs Elixir"
  exec "$program" --cookie "$RELEASE_COOKIE" --boot-var RELEASE_LIB "$RELEASE_ROOT/lib" "$@"
}

# with_name NAME COMMAND...: runs it with the options that name the node.
with_name () {
  node=$1 function=$2 program=$3
  shift 3
  if [ "$RELEASE_DISTRIBUTION" = none ]; then
    "$function" "$program" "$@"
  else
    "$function" "$program" "--$RELEASE_DISTRIBUTION" "$node" "$@"
  fi
}

start () {
  choose_sys_config
  if [ "$1" = elixir ] && [ ! -x "$REL_VSN_DIR/elixir" ]; then
    shift 2
    start_erlang "$@"
  fi
  program=$1
  shift
  with_name "$RELEASE_NODE" run "$program" \
    --erl "-mode $RELEASE_MODE" \
    --erl-config "$RELEASE_SYS_CONFIG" \
    --boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT" \
    --vm-args "$RELEASE_VM_ARGS" "$@"
}

# start_erlang [--pipe-to PIPE LOG]: a release without Elixir.
start_erlang () {
  bin="$RELEASE_ROOT/erts-$(cut -d' ' -f1 "$RELDIR/start_erl.data")/bin"
  [ -x "$bin/erl" ] || bin=$(dirname "$(command -v erl)")
  pipe=${2:-} log=${3:-}
  set -- "$bin/erl" -noshell -setcookie "$RELEASE_COOKIE" -mode "$RELEASE_MODE" \
    -config "$RELEASE_SYS_CONFIG" -boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT" \
    -boot_var RELEASE_LIB "$RELEASE_ROOT/lib" -args_file "$RELEASE_VM_ARGS"
  [ "$RELEASE_DISTRIBUTION" = none ] || set -- "$@" "-$RELEASE_DISTRIBUTION" "$RELEASE_NODE"
  [ -n "$pipe" ] || exec "$@"
  mkdir -p "$pipe" "$log"
  line="exec"
  for word in "$@"; do
    line="$line '$(printf %s "$word" | sed "s/'/'\\\\''/g")'"
  done
  exec "$bin/run_erl" -daemon "$pipe/" "$log/" "$line"
}

rpc () {
  with_name "rpc-$(random 4)-$RELEASE_NODE" run elixir --hidden \
    --boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT_CLEAN" \
    --vm-args "$RELEASE_REMOTE_VM_ARGS" \
    --rpc-eval "$RELEASE_NODE" "$1"
}

# Waits until the VM is gone, not only until it has said that it will go.
stop () {
  pid=$(rpc "IO.puts(System.pid())") || exit
  (rpc "System.stop()") || exit
  left=${RELEASE_STOP_TIMEOUT:-60}
  while kill -0 "$pid" 2>/dev/null; do
    [ "$left" -gt 0 ] || fail "process $pid still runs; it was told to stop $((${RELEASE_STOP_TIMEOUT:-60})) s ago"
    left=$((left - 1))
    sleep 1
  done
}

need_expression () {
  [ -n "$1" ] || fail "$RELEASE_COMMAND wants an expression"
}

usage () {
  cat >&2 <<USAGE
Usage: $RELEASE_PROG COMMAND [ARGUMENT]

    start          Starts the system
    start_iex      Starts the system with IEx attached
    daemon         Starts the system in the background
    daemon_iex     Starts the system in the background with IEx attached
    eval "EXPR"    Evaluates an expression in a new VM that starts no application
    rpc "EXPR"     Evaluates an expression in the running system
    remote         Opens a shell in the running system
    restart        Restarts the running system inside its VM
    stop           Stops the running system, and waits until it is gone
    pid            Prints the process id of the running system
    version        Prints the name and the version that would be booted
USAGE
}

case $RELEASE_COMMAND in
  start) start elixir --no-halt ;;
  start_iex) start iex --werl ;;
  daemon) start elixir --no-halt --pipe-to "$RELEASE_TMP/pipe" "$RELEASE_TMP/log" ;;
  daemon_iex) start iex --pipe-to "$RELEASE_TMP/pipe" "$RELEASE_TMP/log" ;;
  eval)
    need_expression "${2:-}"
    choose_sys_config
    run elixir --erl-config "$RELEASE_SYS_CONFIG" \
      --boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT_CLEAN" \
      --vm-args "$RELEASE_VM_ARGS" --eval "$2"
    ;;
  rpc)
    need_expression "${2:-}"
    rpc "$2"
    ;;
  remote)
    with_name "rem-$(random 4)-$RELEASE_NODE" run iex --werl --hidden \
      --boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT_CLEAN" \
      --vm-args "$RELEASE_REMOTE_VM_ARGS" \
      --remsh "$RELEASE_NODE"
    ;;
  restart) rpc "System.restart()" ;;
  stop) stop ;;
  pid) rpc "IO.puts(System.pid())" ;;
  version) echo "$RELEASE_NAME $RELEASE_VSN" ;;
  *)
    usage
    [ -z "$RELEASE_COMMAND" ] || fail "there is no command \"$RELEASE_COMMAND\""
    ;;
esac
