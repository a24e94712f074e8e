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
    (umask 077 && random 24 >"$RELDIR/COOKIE.$$") 2>/dev/null ||
      fail "no cookie, and none can be written to $RELDIR/COOKIE: set RELEASE_COOKIE"
    # Of several first commands at once, all take the cookie of the first.
    ln "$RELDIR/COOKIE.$$" "$RELDIR/COOKIE" 2>/dev/null || [ -f "$RELDIR/COOKIE" ] ||
      mv "$RELDIR/COOKIE.$$" "$RELDIR/COOKIE"
    rm -f "$RELDIR/COOKIE.$$"
  fi
  cat "$RELDIR/COOKIE"
}

# What every VM needs to know.
prepare () {
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
  find_erl
}

# The VM that is packed; in a release without one, that of the host.
find_erl () {
  erts=$(sed -n 's/.*{erts,"\([^"]*\)"}.*/\1/p' "$REL_VSN_DIR/@NAME@.rel")
  ERTS_BIN="$RELEASE_ROOT/erts-$erts/bin"
  [ ! -x "$ERTS_BIN/erl" ] || return 0
  erl=$(command -v erl) || fail "this release packs no Erlang/OTP, and there is no erl in PATH (wanted: erts $erts)"
  ERTS_BIN=$(dirname "$erl")
}

is_elixir () {
  [ -x "$REL_VSN_DIR/elixir" ]
}

need_tmp () {
  mkdir -p "$RELEASE_TMP" 2>/dev/null || true
  [ -w "$RELEASE_TMP" ] || fail "cannot write to $RELEASE_TMP: set RELEASE_TMP to a folder that can be written"
}

# A configuration that is completed at boot and then read again needs a copy it may write to.
choose_sys_config () {
  RELEASE_SYS_CONFIG="${RELEASE_SYS_CONFIG:-"$REL_VSN_DIR/sys"}"
  mode_flag=-mode
  if grep -q "RUNTIME_CONFIG=true" "$RELEASE_SYS_CONFIG.config"; then
    need_tmp
    copy="$RELEASE_TMP/$RELEASE_NAME-$RELEASE_VSN-$(date +%Y%m%d%H%M%S)-$(random 2).runtime"
    (umask 077 && cat "$RELEASE_SYS_CONFIG.config" >"$copy.config")
    RELEASE_SYS_CONFIG="$copy"
    mode_flag='-elixir config_provider_reboot_mode'
  fi
  export RELEASE_SYS_CONFIG
}

# elixir PROGRAM NODE OPTION...: the release's elixir or iex; no NODE, no distribution.
elixir () {
  program=$1 node=$2
  shift 2
  [ -x "$REL_VSN_DIR/$program" ] || fail "this release has no $program, which \"$RELEASE_COMMAND\" needs"
  if [ -n "$node" ] && [ "$RELEASE_DISTRIBUTION" != none ]; then
    set -- "--$RELEASE_DISTRIBUTION" "$node" "$@"
  fi
  exec "$REL_VSN_DIR/$program" --cookie "$RELEASE_COOKIE" \
    --boot-var RELEASE_LIB "$RELEASE_ROOT/lib" "$@"
}

# erlang NODE OPTION...: the same in a release without Elixir.
erlang () {
  node=$1
  shift
  if [ -n "$node" ] && [ "$RELEASE_DISTRIBUTION" != none ]; then
    set -- "-$RELEASE_DISTRIBUTION" "$node" "$@"
  fi
  set -- "$ERTS_BIN/erl" -setcookie "$RELEASE_COOKIE" \
    -boot_var RELEASE_LIB "$RELEASE_ROOT/lib" "$@"
  [ -n "$in_background" ] || exec "$@"
  mkdir -p "$RELEASE_TMP/pipe" "$RELEASE_TMP/log"
  line='exec'
  for word in "$@"; do
    line="$line '$(printf %s "$word" | sed "s/'/'\\\\''/g")'"
  done
  exec "$ERTS_BIN/run_erl" -daemon "$RELEASE_TMP/pipe/" "$RELEASE_TMP/log/" "$line"
}

# start shell|plain [background]
start () {
  in_background=${2:-}
  [ -z "$in_background" ] || need_tmp
  choose_sys_config
  if ! is_elixir; then
    set -- "$1" -mode "$RELEASE_MODE" -config "$RELEASE_SYS_CONFIG" \
      -boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT" -args_file "$RELEASE_VM_ARGS"
    [ "$1" = shell ] || set -- "$@" -noshell
    shift
    erlang "$RELEASE_NODE" "$@"
  fi
  case $1 in
    shell) program=iex flag=--werl ;;
    *) program=elixir flag=--no-halt ;;
  esac
  set -- --erl "$mode_flag $RELEASE_MODE" --erl-config "$RELEASE_SYS_CONFIG" \
    --boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT" --vm-args "$RELEASE_VM_ARGS" "$flag"
  [ -z "$in_background" ] || set -- "$@" --pipe-to "$RELEASE_TMP/pipe" "$RELEASE_TMP/log"
  elixir "$program" "$RELEASE_NODE" "$@"
}

# Evaluates the first plain argument, on the node that the second one names.
evaluate='
  Fail = fun(Format, Arguments) ->
    io:format(standard_error, Format ++ "~n", Arguments),
    erlang:halt(1)
  end,
  [Given, Name] = init:get_plain_arguments(),
  Node = case lists:member($@, Name) of
    true -> Name;
    false -> Name ++ "@" ++ lists:last(string:split(atom_to_list(node()), "@"))
  end,
  Parsed = case erl_scan:string(string:trim(Given, trailing, " \t\n.") ++ ".") of
    {ok, Tokens, _} -> erl_parse:parse_exprs(Tokens);
    {error, What, _} -> {error, What}
  end,
  case Parsed of
    {ok, Expressions} ->
      try
        case Name of
          [] -> erl_eval:exprs(Expressions, []);
          _ -> erpc:call(list_to_atom(Node), erl_eval, exprs, [Expressions, []])
        end
      of
        _ -> erlang:halt(0)
      catch
        error:{erpc, Reason} -> Fail("~ts: ~tp", [Node, Reason]);
        _:{exception, Reason, _} -> Fail("** ~tp", [Reason]);
        _:{exception, Reason} -> Fail("** ~tp", [Reason]);
        _:Reason -> Fail("** ~tp", [Reason])
      end;
    {error, {_, Module, Reason}} ->
      Fail("~ts", [Module:format_error(Reason)])
  end'

# eval EXPRESSION: in a new VM, where no application of the release is started.
eval_locally () {
  choose_sys_config
  if is_elixir; then
    elixir elixir '' --erl-config "$RELEASE_SYS_CONFIG" \
      --boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT_CLEAN" --vm-args "$RELEASE_VM_ARGS" --eval "$1"
  fi
  erlang '' -noshell -config "$RELEASE_SYS_CONFIG" \
    -boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT_CLEAN" -args_file "$RELEASE_VM_ARGS" \
    -eval "$evaluate" -extra "$1" ''
}

need_distribution () {
  [ "$RELEASE_DISTRIBUTION" != none ] ||
    fail "$RELEASE_COMMAND cannot reach the system: RELEASE_DISTRIBUTION is none"
}

# rpc ELIXIR ERLANG: in the running system; what it prints is printed here.
rpc () {
  need_distribution
  node="rpc-$(random 4)-$RELEASE_NODE"
  if is_elixir; then
    elixir elixir "$node" --hidden --boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT_CLEAN" \
      --vm-args "$RELEASE_REMOTE_VM_ARGS" --rpc-eval "$RELEASE_NODE" "$1"
  fi
  erlang "$node" -hidden -noshell -boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT_CLEAN" \
    -args_file "$RELEASE_REMOTE_VM_ARGS" -eval "$evaluate" -extra "$2" "$RELEASE_NODE"
}

remote () {
  need_distribution
  node="rem-$(random 4)-$RELEASE_NODE"
  if is_elixir; then
    elixir iex "$node" --werl --hidden --boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT_CLEAN" \
      --vm-args "$RELEASE_REMOTE_VM_ARGS" --remsh "$RELEASE_NODE"
  fi
  erlang "$node" -hidden -boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT_CLEAN" \
    -args_file "$RELEASE_REMOTE_VM_ARGS" -remsh "$RELEASE_NODE"
}

# Waits until the VM is gone, not only until it has said that it will go.
stop () {
  pid=$(rpc 'IO.puts(System.pid()); System.stop()' 'io:put_chars([os:getpid(), 10]), init:stop()') || exit
  end=$(($(date +%s) + ${RELEASE_STOP_TIMEOUT:-60}))
  while kill -0 "$pid" 2>/dev/null; do
    [ "$(date +%s)" -lt "$end" ] ||
      fail "process $pid still runs; it was told to stop ${RELEASE_STOP_TIMEOUT:-60} s ago"
    sleep 0.1 2>/dev/null || sleep 1
  done
}

need_expression () {
  [ -n "$1" ] || fail "$RELEASE_COMMAND wants an expression"
}

usage () {
  cat >&2 <<USAGE
Usage: $RELEASE_PROG COMMAND [ARGUMENT]

    start          Starts the system
    start_iex      Starts the system with a shell attached (IEx, or Erlang's)
    daemon         Starts the system in the background
    daemon_iex     Starts the system in the background with a shell attached
    eval "EXPR"    Evaluates an expression in a new VM that starts no application
    rpc "EXPR"     Evaluates an expression in the running system
    remote         Opens a shell in the running system
    restart        Restarts the running system inside its VM
    stop           Stops the running system, and waits until it is gone
    pid            Prints the process id of the running system
    version        Prints the name and the version that would be booted
USAGE
}

in_background=''
case $RELEASE_COMMAND in
  start|start_iex|daemon|daemon_iex|remote|restart|stop|pid) prepare ;;
  eval|rpc)
    need_expression "${2:-}"
    prepare
    ;;
esac

case $RELEASE_COMMAND in
  start) start plain ;;
  start_iex) start shell ;;
  daemon) start plain background ;;
  daemon_iex) start shell background ;;
  eval) eval_locally "$2" ;;
  rpc) rpc "$2" "$2" ;;
  remote) remote ;;
  restart) rpc 'System.restart()' 'init:restart()' ;;
  stop) stop ;;
  pid) rpc 'IO.puts(System.pid())' 'io:put_chars([os:getpid(), 10])' ;;
  version) echo "$RELEASE_NAME $RELEASE_VSN" ;;
  *)
    usage
    [ -z "$RELEASE_COMMAND" ] || fail "there is no command \"$RELEASE_COMMAND\""
    ;;
esac
