#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Starts, stops and talks to the release @NAME@.
set -e

# A VM hands its environment to its children, heart's command among them: what this script had
# chosen for that VM is chosen anew for the next.
# shellcheck disable=SC2086 # a list of names
unset ${RELEASE_CHOSEN:-} RELEASE_CHOSEN

# Whatever chain of links leads here.
SELF=$0
while link=$(readlink "$SELF"); do
  case $link in
    /*) SELF=$link ;;
    *) SELF=$(dirname "$SELF")/$link ;;
  esac
done
RELEASE_ROOT="$(CDPATH='' cd -P "$(dirname "$SELF")/.." && pwd -P)"
RELEASE_NAME="${RELEASE_NAME:-"@NAME@"}"
RELEASE_PROG="${RELEASE_PROG:-"$(basename "$0")"}"
RELEASE_COMMAND="${1:-}"
RELEASE_SELF="$RELEASE_ROOT/bin/$(basename "$SELF")"
# Where OTP's release_handler keeps its records.
RELDIR="$RELEASE_ROOT/releases"
export RELEASE_ROOT RELEASE_NAME RELEASE_PROG RELEASE_COMMAND RELEASE_SELF RELDIR

fail () {
  echo "$RELEASE_PROG: $*" >&2
  exit 1
}

# choose NAME VALUE: sets and exports it, unless it is set.
choose () {
  eval "[ -z \"\${$1:-}\" ]" || return 0
  eval "$1=\$2"
  # shellcheck disable=SC2163 # the variable it names
  export "$1"
  export RELEASE_CHOSEN="${RELEASE_CHOSEN:-} $1"
}

# ---- which version ----
#
# start_erl.data: "ERTS VSN" of the permanent release, which is booted.  An upgrade that restarts
# the VM leaves new_start_erl.data: that version is booted once, on trial, and its file used up
# before it is used, so that whatever happens the next start is the permanent release again.
# While it boots the file is trial_start_erl.data, which the VM removes when all of its
# applications run; left behind, it becomes failed_start_erl.data.
permanent="$RELDIR/start_erl.data"
new="$RELDIR/new_start_erl.data"
trial="$RELDIR/trial_start_erl.data"
failed="$RELDIR/failed_start_erl.data"

version_in () {
  [ -f "$1" ] || fail "no $1: is $RELEASE_ROOT a whole release?"
  read -r _ version <"$1" || true
  # What died as it wrote the file anew has left the copy that was made before.
  [ -n "$version" ] || [ ! -f "$1.relevo" ] || read -r _ version <"$1.relevo" || true
  [ -n "$version" ] ||
    fail "$1 does not say which version to boot: name one of$(versions) by RELEASE_VSN, or write \"ERTS-VERSION VERSION\" into it"
  echo "$version"
}

# Those that are there, each behind a blank.
versions () {
  for data in "$RELDIR"/*/@NAME@.rel; do
    [ ! -f "$data" ] || printf ' %s' "$(basename "$(dirname "$data")")"
  done
}

# Whether there is such a process; one that has ended is none, though its parent has not asked how.
runs () {
  case $(sed -n 's/^State:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null) in
    [ZX]*) return 1 ;;
    ?*) return 0 ;;
  esac
  kill -0 "$1" 2>/dev/null
}

nap () {
  sleep 0.1 2>/dev/null || sleep 1
}

take_trial () {
  [ -z "${RELEASE_VSN:-}" ] && mv "$new" "$trial" 2>/dev/null && rm -f "$failed"
}

# True for the one that finds a trial that came to nothing.
give_up_trial () {
  mv "$trial" "$failed" 2>/dev/null
}

# Whether the version has OTP's heart start it again.
has_heart () {
  RELEASE_VSN=$1 REL_VSN_DIR="$RELDIR/$1" sh -c '
    . "$REL_VSN_DIR/env.sh" >/dev/null 2>&1
    [ -n "${HEART_COMMAND:-}" ] || grep -qs "^[[:space:]]*-heart" "$REL_VSN_DIR/vm.args"'
}

# ---- keeping the VM ----
#
# A VM that does not come up cannot fall back by itself.  So this script stays, as its parent, in
# a trial; and where nobody else would start it again after an upgrade that restarts it: in the
# background, and as the first process of a container, whose orphans it reaps besides.

# Ends a trial that does not come up in time; the VM has served nobody.
watch_trial () {
  end=$(($(date +%s) + ${RELEASE_TRIAL_TIMEOUT:-120}))
  while [ -f "$trial" ] && runs "$1"; do
    if [ "$(date +%s)" -ge "$end" ]; then
      echo "$RELEASE_PROG: release $2 is not up after ${RELEASE_TRIAL_TIMEOUT:-120} s" >&2
      kill -9 "$1"
    fi
    sleep 1
  done
}

# Sets $status; a signal that is handed on interrupts the wait.
await_vm () {
  while kill -0 "$vm" 2>/dev/null; do
    status=0
    wait "$vm" || status=$?
  done
}

died_on_trial () {
  [ $boot = trial ] && [ "$status" != 0 ] && [ "$(version_in "$permanent")" != "$version" ] ||
    return 1
  echo "- $version" >"$failed" || true
  echo "$RELEASE_PROG: release $version, which is not permanent, has ended ($status)" >&2
}

# keep COMMAND...: runs this script as a child that becomes the VM, again and again while that
# is asked for: by a new version to try, by the exit status 75, or by the end of one on trial.
keep () {
  vm='' told='' status=1
  trap 'told=yes; [ -z "$vm" ] || kill "$vm" 2>/dev/null' TERM INT HUP
  exec 3<&0
  while :; do
    boot=permanent data=$permanent version=${RELEASE_VSN:-}
    if take_trial; then
      boot=trial data=$trial
      # Also a machine that dies of it boots it only once.
      sync
    else
      give_up_trial || true
    fi
    [ -n "$version" ] || version=$(version_in "$data")
    RELEASE_BOOT=$boot "$RELEASE_SELF" "$@" <&3 3<&- &
    vm=$!
    [ -z "$told" ] || kill "$vm"
    [ $boot = permanent ] || watch_trial "$vm" "$version" 3<&- &
    await_vm
    [ -z "$told" ] || exit "$status"
    heart=''
    ! has_heart "$version" || heart=yes
    if [ $boot = trial ] && [ -f "$trial" ]; then
      # A heart that was already running starts the permanent release itself.
      [ -z "$heart" ] || sleep 10
      give_up_trial || exit "$status"
      echo "$RELEASE_PROG: release $version did not come up" >&2
      continue
    fi
    [ -z "$heart" ] || exit "$status"
    [ "$status" = 75 ] || [ -f "$new" ] || died_on_trial || exit "$status"
  done
}

boot=${RELEASE_BOOT:-}
unset RELEASE_BOOT
case $RELEASE_COMMAND${RELEASE_IN_BACKGROUND:-} in
  start|start_iex|daemonyes|daemon_iexyes)
    if [ -n "$boot" ]; then
      RELEASE_KEEPER=start
    elif [ $$ = 1 ] || [ -f "$new" ] || [ -n "${RELEASE_IN_BACKGROUND:-}" ] ||
         [ "${RELEASE_KEEPER:-}" = start ]; then
      keep "$@"
    else
      give_up_trial || true
    fi
    ;;
esac
# Who starts the release again when its VM ends: "start", this script; "none", nobody.
RELEASE_KEEPER="${RELEASE_KEEPER:-none}"
# Tells those who look at the VM that it can be restarted into a version on trial.
RELEASE_TRIALS=yes
export RELEASE_KEEPER RELEASE_TRIALS

[ "$boot" != trial ] || permanent=$trial
version=${RELEASE_VSN:-}
[ -n "$version" ] || version=$(version_in "$permanent")
choose RELEASE_VSN "$version"
REL_VSN_DIR="$RELDIR/$RELEASE_VSN"
[ -d "$REL_VSN_DIR" ] || fail "no release $RELEASE_VSN in $RELDIR"

# The name that relevo setup gave this installation; env.sh sees it, and has the last word.
if [ -f "$RELDIR/NODE" ] && read -r node <"$RELDIR/NODE" && [ -n "$node" ]; then
  choose RELEASE_NODE "$node"
  case ${RELEASE_NODE#*@} in
    *.*|*:*) choose RELEASE_DISTRIBUTION name ;;
  esac
fi

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
  cat "$RELDIR/COOKIE" || fail "cannot read $RELDIR/COOKIE: set RELEASE_COOKIE"
}

# Without distribution none is needed; one that is there may still be asked for.
choose_cookie () {
  if [ -z "${RELEASE_COOKIE:-}" ]; then
    if [ "$RELEASE_COMMAND" != eval ] && [ "$RELEASE_DISTRIBUTION" != none ]; then
      RELEASE_COOKIE=$(read_cookie)
      [ -n "$RELEASE_COOKIE" ] || fail "$RELDIR/COOKIE is empty: remove it, or set RELEASE_COOKIE"
    elif [ -r "$RELDIR/COOKIE" ]; then
      RELEASE_COOKIE=$(cat "$RELDIR/COOKIE")
    fi
  fi
  # The VM would take it for a flag, and the cookie of somebody's home instead.
  case ${RELEASE_COOKIE:-} in
    [-+]*) fail "a cookie cannot begin with - or +: that of RELEASE_COOKIE or $RELDIR/COOKIE does" ;;
  esac
}

# has_flag NAME FILE: among the VM's arguments in the file.
has_flag () {
  sed 's/#.*//' "$2" | grep -Eq "(^|[[:space:]])-$1([[:space:]]|\$)"
}

# The VM takes the first of two names, and neither of two cookies.
check_flags () {
  [ "$RELEASE_DISTRIBUTION" != none ] || return 0
  for flag in name sname setcookie; do
    case $flag in
      setcookie) instead=RELEASE_COOKIE ;;
      *) instead="RELEASE_NODE and RELEASE_DISTRIBUTION=$flag" ;;
    esac
    ! has_flag $flag "$1" || fail "take -$flag out of $1, and set $instead (env.sh can)"
  done
}

# What every VM needs to know.
prepare () {
  RELEASE_MODE="${RELEASE_MODE:-"embedded"}"
  RELEASE_NODE="${RELEASE_NODE:-"$RELEASE_NAME"}"
  RELEASE_TMP="${RELEASE_TMP:-"$RELEASE_ROOT/tmp"}"
  # Where vm.args has the node's name and cookie, which this script gives, for other start scripts.
  args="$REL_VSN_DIR/relevo.vm.args"
  [ -f "$args" ] || args="$REL_VSN_DIR/vm.args"
  choose RELEASE_VM_ARGS "$args"
  choose RELEASE_REMOTE_VM_ARGS "$REL_VSN_DIR/remote.vm.args"
  RELEASE_DISTRIBUTION="${RELEASE_DISTRIBUTION:-"sname"}"
  RELEASE_BOOT_SCRIPT="${RELEASE_BOOT_SCRIPT:-"start"}"
  RELEASE_BOOT_SCRIPT_CLEAN="${RELEASE_BOOT_SCRIPT_CLEAN:-"start_clean"}"
  export RELEASE_COOKIE RELEASE_MODE RELEASE_NODE RELEASE_TMP RELEASE_DISTRIBUTION \
    RELEASE_BOOT_SCRIPT RELEASE_BOOT_SCRIPT_CLEAN
  case $RELEASE_DISTRIBUTION in
    none|name|sname) ;;
    *) fail "RELEASE_DISTRIBUTION must be name, sname or none, not \"$RELEASE_DISTRIBUTION\"" ;;
  esac
  choose_cookie
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
  [ -d "$RELEASE_TMP" ] || { mkdir -p "$RELEASE_TMP" && chmod go-w "$RELEASE_TMP"; } 2>/dev/null || true
  [ -w "$RELEASE_TMP" ] || fail "cannot write to $RELEASE_TMP: set RELEASE_TMP to a folder that can be written"
}

# A configuration that is completed at boot and then read again needs a copy it may write to.
choose_sys_config () {
  choose RELEASE_SYS_CONFIG "$REL_VSN_DIR/sys"
  mode_flag=-mode
  if [ -f "$RELEASE_SYS_CONFIG.config.src" ]; then
    fill "$RELEASE_SYS_CONFIG.config.src" config
    RELEASE_SYS_CONFIG="$copy"
  fi
  if grep -q "RUNTIME_CONFIG=true" "$RELEASE_SYS_CONFIG.config"; then
    name_copy
    (umask 077 && set -C && cat "$RELEASE_SYS_CONFIG.config" >"$copy.config")
    RELEASE_SYS_CONFIG="$copy"
    mode_flag='-elixir config_provider_reboot_mode'
  fi
  export RELEASE_SYS_CONFIG
}

choose_vm_args () {
  if [ -f "$RELEASE_VM_ARGS.src" ]; then
    fill "$RELEASE_VM_ARGS.src" args
    RELEASE_VM_ARGS="$copy.args"
  fi
  check_flags "$RELEASE_VM_ARGS"
}

# Nobody else can read it, and nothing that was there before is written to.
name_copy () {
  need_tmp
  copy="$RELEASE_TMP/$RELEASE_NAME-$RELEASE_VSN-$(date +%Y%m%d%H%M%S)-$(random 4).runtime"
}

# fill FILE ENDING: $copy.ENDING is the file with the values of the environment.
fill () {
  name_copy
  (umask 077 && set -C && sh "$REL_VSN_DIR/fill.sh" "$1" >"$copy.$2") || {
    rm -f "$copy.$2"
    exit 1
  }
}

# What an upgrade that was cut short has set aside; what lies in its place was for that upgrade.
restore_config () {
  [ ! -f "$REL_VSN_DIR/sys.config.relevo" ] ||
    mv -f "$REL_VSN_DIR/sys.config.relevo" "$REL_VSN_DIR/sys.config"
}

# elixir PROGRAM NODE OPTION...: the release's elixir or iex; no NODE, no distribution.
elixir () {
  program=$1 node=$2
  shift 2
  [ -x "$REL_VSN_DIR/$program" ] || fail "this release has no $program, which \"$RELEASE_COMMAND\" needs"
  if [ -n "$node" ] && [ "$RELEASE_DISTRIBUTION" != none ]; then
    set -- "--$RELEASE_DISTRIBUTION" "$node" "$@"
  fi
  [ -z "${RELEASE_COOKIE:-}" ] || set -- --cookie "$RELEASE_COOKIE" "$@"
  exec "$REL_VSN_DIR/$program" \
    --boot-var RELEASE_LIB "$RELEASE_ROOT/lib" "$@"
}

# erlang NODE OPTION...: the same in a release without Elixir.
erlang () {
  node=$1
  shift
  if [ -n "$node" ] && [ "$RELEASE_DISTRIBUTION" != none ]; then
    set -- "-$RELEASE_DISTRIBUTION" "$node" "$@"
  fi
  [ -z "${RELEASE_COOKIE:-}" ] || set -- -setcookie "$RELEASE_COOKIE" "$@"
  exec "$ERTS_BIN/erl" -boot_var RELEASE_LIB "$RELEASE_ROOT/lib" "$@"
}

# What the VM does beside running the release: $heart, the flag for it, where env.sh sets its
# command; $ready, a file of arguments, where somebody waits until all applications run.
choose_extras () {
  heart='' ready=''
  case " ${ELIXIR_ERL_OPTIONS:-} ${ERL_AFLAGS:-} ${ERL_FLAGS:-} ${ERL_ZFLAGS:-} " in
    *" -heart "*) ;;
    *)
      [ -z "${HEART_COMMAND:-}" ] || grep -q '^[[:space:]]*-heart' "$RELEASE_VM_ARGS" ||
        heart='-heart'
      ;;
  esac
  if [ "$boot" = trial ] || [ -n "${NOTIFY_SOCKET:-}" ]; then
    ready="$REL_VSN_DIR/ready.args"
  fi
}

# Whether epmd knows a node of this name that no longer listens.
is_stale () {
  at=$("$ERTS_BIN/epmd" -names 2>/dev/null | sed -n "s/^name ${RELEASE_NODE%%@*} at port //p")
  [ -n "$at" ] &&
    ! grep -qs "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$at") [0-9A-F]*:0000 0A" /proc/net/tcp /proc/net/tcp6
}

# A VM whose name epmd still knows does not boot, and epmd may learn a while after others that the
# last one is gone.
await_name () {
  [ "$RELEASE_DISTRIBUTION" != none ] && [ -r /proc/net/tcp ] || return 0
  end=$(($(date +%s) + 10))
  while is_stale && [ "$(date +%s)" -lt "$end" ]; do
    nap
  done
}

# start shell|plain
start () {
  restore_config
  choose_sys_config
  choose_vm_args
  choose_extras
  await_name
  if ! is_elixir; then
    set -- "$1" -mode "$RELEASE_MODE" -config "$RELEASE_SYS_CONFIG" \
      -boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT" -args_file "$RELEASE_VM_ARGS"
    [ "$1" = shell ] || set -- "$@" -noshell
    [ -z "$heart" ] || set -- "$@" "$heart"
    [ -z "$ready" ] || set -- "$@" -args_file "$ready"
    shift
    erlang "$RELEASE_NODE" "$@"
  fi
  case $1 in
    shell) program=iex ;;
    *) program=elixir ;;
  esac
  set -- --erl "$mode_flag $RELEASE_MODE $heart" --erl-config "$RELEASE_SYS_CONFIG" \
    --boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT" --vm-args "$RELEASE_VM_ARGS"
  [ -z "$ready" ] || set -- "$@" --vm-args "$ready"
  elixir "$program" "$RELEASE_NODE" "$@" --no-halt
}

# This script once more, behind a terminal that to_erl can be attached to.
daemon () {
  need_tmp
  mkdir -p "$RELEASE_TMP/pipe" "$RELEASE_TMP/log"
  chmod go-w "$RELEASE_TMP/pipe" "$RELEASE_TMP/log"
  exec "$ERTS_BIN/run_erl" -daemon "$RELEASE_TMP/pipe/" "$RELEASE_TMP/log/" \
    "RELEASE_IN_BACKGROUND=yes exec \"\$RELEASE_SELF\" $RELEASE_COMMAND"
}

# Evaluates what RELEASE_EXPRESSION says, on the node that RELEASE_EXPRESSION_NODE names.
evaluate='
  Fail = fun(Format, Arguments) ->
    io:format(standard_error, Format ++ "~n", Arguments),
    erlang:halt(1)
  end,
  [Given, Name] = [os:getenv(V, "") || V <- ["RELEASE_EXPRESSION", "RELEASE_EXPRESSION_NODE"]],
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

# eval EXPRESSION ARGUMENT...: in a new VM, where no application of the release is started.  The
# arguments are System.argv/0 there, or init:get_plain_arguments/0.
eval_locally () {
  choose_sys_config
  choose_vm_args
  expression=$1
  shift
  if is_elixir; then
    elixir elixir '' --erl-config "$RELEASE_SYS_CONFIG" \
      --boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT_CLEAN" --vm-args "$RELEASE_VM_ARGS" \
      --eval "$expression" -- "$@"
  fi
  export RELEASE_EXPRESSION="$expression" RELEASE_EXPRESSION_NODE=''
  erlang '' -noshell -config "$RELEASE_SYS_CONFIG" \
    -boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT_CLEAN" -args_file "$RELEASE_VM_ARGS" \
    -eval "$evaluate" -extra "$@"
}

need_distribution () {
  [ "$RELEASE_DISTRIBUTION" != none ] ||
    fail "$RELEASE_COMMAND cannot reach the system: RELEASE_DISTRIBUTION is none"
}

# rpc ELIXIR ERLANG: in the running system; what it prints is printed here.
rpc () {
  need_distribution
  check_flags "$RELEASE_REMOTE_VM_ARGS"
  node="rpc-$(random 4)-$RELEASE_NODE"
  if is_elixir; then
    elixir elixir "$node" --hidden --boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT_CLEAN" \
      --vm-args "$RELEASE_REMOTE_VM_ARGS" --rpc-eval "$RELEASE_NODE" "$1"
  fi
  export RELEASE_EXPRESSION="$2" RELEASE_EXPRESSION_NODE="$RELEASE_NODE"
  erlang "$node" -hidden -noshell -boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT_CLEAN" \
    -args_file "$RELEASE_REMOTE_VM_ARGS" -eval "$evaluate"
}

remote () {
  need_distribution
  check_flags "$RELEASE_REMOTE_VM_ARGS"
  node="rem-$(random 4)-$RELEASE_NODE"
  if is_elixir; then
    elixir iex "$node" --hidden --boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT_CLEAN" \
      --vm-args "$RELEASE_REMOTE_VM_ARGS" --remsh "$RELEASE_NODE"
  fi
  erlang "$node" -hidden -boot "$REL_VSN_DIR/$RELEASE_BOOT_SCRIPT_CLEAN" \
    -args_file "$RELEASE_REMOTE_VM_ARGS" -remsh "$RELEASE_NODE"
}

# The process id of the running system.  A VM that ends at once, as the one that asks does, may lose
# what it was to print.
system_pid () {
  for _ in 1 2 3; do
    answer=$(rpc 'IO.puts(System.pid())' 'io:put_chars([os:getpid(), 10])') || exit
    case $answer in
      ''|*[!0-9]*) ;;
      *) echo "$answer" && return ;;
    esac
  done
  fail "$RELEASE_NODE does not say its process id, but \"$answer\": it was not told to stop"
}

# Waits until the VM is gone, not only until it has said that it will go.
stop () {
  pid=$(system_pid) || exit
  (rpc 'System.stop()' 'init:stop()') || exit
  end=$(($(date +%s) + ${RELEASE_STOP_TIMEOUT:-60}))
  while runs "$pid"; do
    [ "$(date +%s)" -lt "$end" ] ||
      fail "process $pid still runs; it was told to stop ${RELEASE_STOP_TIMEOUT:-60} s ago"
    nap
  done
}

need_expression () {
  [ -n "$1" ] || fail "$RELEASE_COMMAND wants an expression"
}

# As systemd reads the path of a program in quotes.
unit_path () {
  printf '%s' "$1" | sed 's/[\\"]/\\&/g; s/%/&&/g'
}

# A unit of systemd for this installation.
service () {
  cat <<UNIT
# $RELEASE_PROG service | sudo tee /etc/systemd/system/$RELEASE_NAME.service
[Unit]
Description=$RELEASE_NAME
Wants=network-online.target epmd.service
After=network-online.target epmd.service

[Service]
Type=notify
NotifyAccess=all
User=$(id -un 2>/dev/null || true)
Environment=RELEASE_KEEPER=systemd
ExecStart="$(unit_path "$RELEASE_SELF")" start
Restart=always
RestartSec=1
SuccessExitStatus=75
TimeoutStartSec=5min
TimeoutStopSec=1min
KillMode=mixed
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
UNIT
}

usage () {
  cat >&2 <<USAGE
Usage: $RELEASE_PROG COMMAND [ARGUMENT]

    start          Starts the system
    start_iex      Starts the system with a shell attached (IEx, or Erlang's)
    daemon         Starts the system in the background
    daemon_iex     Starts the system in the background with a shell attached
    eval "EXPR" …  Evaluates an expression in a new VM that starts no application;
                   what follows it are System.argv() or init:get_plain_arguments()
    rpc "EXPR"     Evaluates an expression in the running system
    remote         Opens a shell in the running system
    restart        Restarts the running system inside its VM
    stop           Stops the running system, and waits until it is gone
    pid            Prints the process id of the running system
    version        Prints the name and the version that would be booted
    service        Prints a unit with which systemd runs the system
USAGE
}

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
  daemon*)
    [ -n "$boot" ] || daemon
    [ "$RELEASE_COMMAND" = daemon ] || start shell
    start plain
    ;;
  eval)
    shift
    eval_locally "$@"
    ;;
  rpc) rpc "$2" "$2" ;;
  remote) remote ;;
  restart) rpc 'System.restart()' 'init:restart()' ;;
  stop) stop ;;
  pid) rpc 'IO.puts(System.pid())' 'io:put_chars([os:getpid(), 10])' ;;
  service) service ;;
  version) echo "$RELEASE_NAME $RELEASE_VSN" ;;
  *)
    usage
    [ -z "$RELEASE_COMMAND" ] || fail "there is no command \"$RELEASE_COMMAND\""
    ;;
esac
