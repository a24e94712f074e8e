#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every command of bin/NAME, for a release with Elixir and for one without: with short names, full
# names and none, in a folder that cannot be written to, and with the VM of the host.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
start_epmd
chmod 755 "$work"
mkdir -m 777 "$work/tmp"
# Made by the application when it starts.
export STARTED="$work/tmp/started"

# ---- what is tried ----

project=$work/project
mkdir -p "$project/lib/tick/ebin" "$project/config"
cat >"$project/tick.erl" <<'ERL'
-module(tick).
-behaviour(application).
-export([start/2, stop/1, init/1]).
start(_, _) ->
    _ = file:write_file(os:getenv("STARTED", "/dev/null"), <<>>),
    supervisor:start_link({local, tick}, ?MODULE, []).
stop(_) -> ok.
init([]) -> {ok, {#{}, []}}.
ERL
erlc -o "$project/lib/tick/ebin" "$project/tick.erl"
cat >"$project/lib/tick/ebin/tick.app" <<'APP'
{application, tick, [{description, ""}, {vsn, "0.1.0"}, {modules, [tick]}, {registered, [tick]},
  {applications, [kernel, stdlib]}, {mod, {tick, []}}, {env, [{from, app}]}]}.
APP
echo '[{tick, [{from, config}]}].' >"$project/config/sys.config"
yaml () { printf '%s\n' "$@" >"$project/relevo.yaml"; }

yaml 'release: tick' 'applications: {tick: permanent}' 'libs: [lib]'
expect 0 "$relevo" build -q -C "$project" -o "$work/store"
# The same with Elixir, which evaluates configuration when it boots, and boots again.
yaml 'release: tock' 'version: "0.2.0"' 'applications: {tick: permanent, elixir: permanent}' 'libs: [lib]' \
  'config: {sys: config/config.exs, runtime: config/runtime.exs, reboot_system_after_config: true}'
echo 'import Config; config :tick, from: :exs' >"$project/config/config.exs"
echo 'import Config; config :tick, at: String.to_atom(System.get_env("TICK_AT", "nowhere"))' >"$project/config/runtime.exs"
expect 0 "$relevo" build -q -C "$project" -o "$work/store"
for name in tick tock; do
  mkdir "$work/$name ü"
  tar -xzf "$work/store/$name-"*.tar.gz -C "$work/$name ü"
done
ok

# running BIN: its pid in $pid once it answers.  The file is cheaper to ask than a VM.
running () {
  wait_for 30 test -e "$STARTED" || true
  rm -f "$STARTED"
  wait_for 30 "$1" pid || fail "$1 does not answer: $(tail -n 20 "$work/log" 2>/dev/null)"
  pid=$("$1" pid)
  pids="$pids $pid"
}
# The expression, for the release that is tried.
say_from () {
  case $kind in
    tick) expect 0 "$bin" "$1" 'application:load(tick), io:format("~p ~s", [application:get_env(tick, from), os:getenv("RELEASE_NODE")]).' ;;
    tock) expect 0 "$bin" "$1" 'Application.load(:tick); IO.write(inspect(Application.get_env(:tick, :from)) <> " " <> System.get_env("RELEASE_NODE"))' ;;
  esac
}
begin () {
  # shellcheck disable=SC2034 # `fail` shows it
  "$bin" "$1" >"$work/log" 2>&1 &
  pids="$pids $!"
  running "$bin"
}
end_it () {
  expect 0 "$bin" stop
  gone "$pid" || fail "$kind: stop returned, but process $pid still runs"
}

# type LINE: into what `terminal` runs; see LINE PATTERN until its screen shows it.
terminal () {
  rm -f "$work/keys" "$work/screen"
  mkfifo "$work/keys"
  script -qefc "'$bin' $1" "$work/screen" <"$work/keys" >/dev/null 2>&1 &
  terminal=$!
  pids="$pids $terminal"
  exec 3>"$work/keys"
}
see () { wait_for 20 grep -aq "$1" "$work/screen" || fail "$kind: no \"$1\" on the screen: $(cat "$work/screen")"; }
type () { printf '%s\r' "$1" >&3; }
leave () {
  exec 3>&-
  wait_for 20 gone "$terminal" || fail "$kind: the terminal's program still runs"
}

try_all () {
  export RELEASE_DISTRIBUTION="$1" RELEASE_NODE="$2"
  expect 0 "$bin" version
  contains "$out" "$kind 0."
  begin start
  say_from rpc
  contains "$out" "$from"
  contains "$out" " $RELEASE_NODE"
  expect 1 "$bin" rpc ''
  contains "$said" "rpc wants an expression"
  expect 1 "$bin" rpc 'nonsense('
  case $kind in tick) bad='exit(made_up)' ;; *) bad='exit(:made_up)' ;; esac
  expect 1 "$bin" rpc "$bad"
  contains "$said" made_up
  first=$pid
  expect 0 "$bin" restart
  wait_for 30 test -e "$STARTED" || fail "$kind: does not come back from a restart"
  running "$bin"
  [ "$pid" = "$first" ] || fail "$kind: restart is inside the VM, but $first became $pid"
  end_it
  expect 1 "$bin" stop
  expect 1 "$bin" pid
}

for kind in tick tock; do
  bin="$work/$kind ü/bin/$kind"
  from=exs prompt='iex(.*> ' quit='System.stop()' question='IO.puts("sum#{20 + 22}")' ask='IO.puts("remote")'
  [ "$kind" = tock ] || from=config prompt='[0-9]> ' quit='init:stop().' \
    question='io:format("sum~p~n", [20 + 22]).' ask='io:format("remote~n").'

  say_from eval
  contains "$out" "$from"
  expect 1 "$bin" eval ''
  expect 1 "$bin" eval 'error('
  expect 1 "$bin" pid
  [ "$(stat -c %a "$(dirname "$bin")/../releases/COOKIE")" = 600 ] || fail "the cookie can be read by others"
  try_all sname "$kind"
  ok
  try_all name "$kind@127.0.0.1"
  ok

  # A shell of one's own, and one in the running system.
  terminal start_iex
  see "$prompt"
  type "$question"
  see sum42
  type "$quit"
  leave
  rm "$STARTED"
  expect 0 "$bin" daemon_iex
  running "$bin"
  terminal remote
  see "$prompt"
  type "$ask"
  see remote
  say_from rpc
  # Ctrl+\ ends the shell here and leaves the system.
  printf '\034' >&3
  leave
  kill -0 "$pid" || fail "$kind: the system ended with its remote shell"
  wait_for 5 grep -aq "$prompt" "$work/$kind ü/tmp/log/erlang.log.1" || fail "$kind: daemon_iex has no shell"
  end_it
  expect 0 "$bin" daemon
  running "$bin"
  end_it
  ok

  # No distribution: nothing but the process itself can be asked.
  export RELEASE_DISTRIBUTION=none
  "$bin" start >"$work/log" 2>&1 &
  pid=$!
  pids="$pids $pid"
  # A signal that comes while OTP boots is lost.
  wait_for 30 test -e "$STARTED" || fail "$kind: does not start"
  rm "$STARTED"
  for command in stop pid remote restart 'rpc 1'; do
    # shellcheck disable=SC2086 # a command and its argument
    expect 1 "$bin" $command
    contains "$said" "RELEASE_DISTRIBUTION is none"
  done
  say_from eval
  kill "$pid"
  wait_for 20 gone "$pid" || fail "$kind: does not end on SIGTERM"
  RELEASE_DISTRIBUTION=longname expect 1 "$bin" start
  contains "$said" 'must be name, sname or none, not "longname"'
  unset RELEASE_DISTRIBUTION RELEASE_NODE
  ok
done

# ---- what providers configure ----

yaml 'release: tock' 'version: "0.2.1"' 'applications: {tick: permanent, elixir: permanent}' 'libs: [lib]' \
  'config:' '  sys: config/config.exs' '  runtime: config/runtime.exs' \
  '  reboot_system_after_config: true' '  prune_runtime_sys_config_after_boot: true'
expect 0 "$relevo" build -q -C "$project" -o "$work/store"
kind=tock bin="$work/store/tock-0.2.1/bin/tock"
export TICK_AT=here RELEASE_NODE=tock@127.0.0.1 RELEASE_DISTRIBUTION=name
begin start
expect 0 "$bin" rpc 'IO.inspect({Application.get_env(:tick, :at), :code.get_mode()})'
contains "$out" '{:here, :embedded}'
ls "$work/store/tock-0.2.1/tmp"/*.runtime.config >/dev/null 2>&1 && fail "the configuration was not pruned"
end_it
unset TICK_AT RELEASE_NODE RELEASE_DISTRIBUTION
ok

# ---- a folder that cannot be written to ----

as=''
[ "$(id -u)" != 0 ] || as='setpriv --reuid=65534 --regid=65534 --clear-groups'
reader () {
  # shellcheck disable=SC2086 # words
  $as env HOME="$work/tmp" "$@"
}
for kind in tick tock; do
  bin="$work/$kind ü/bin/$kind"
  rm -rf "$work/$kind ü/tmp" "$work/$kind ü/releases/COOKIE"
  chmod -R a-w,a+rX "$work/$kind ü"
  expect 0 reader "$bin" version
  expect 1 reader "$bin" start
  contains "$said" "COOKIE: set RELEASE_COOKIE"
  expect 1 reader RELEASE_COOKIE=crumb "$bin" daemon
  contains "$said" "/tmp: set RELEASE_TMP to a folder that can be written"
  export RELEASE_TMP="$work/tmp" RELEASE_COOKIE=crumb
  expect 0 reader "$bin" daemon
  running "$bin"
  expect 0 reader "$bin" stop
  gone "$pid" || fail "$kind: still runs"
  unset RELEASE_TMP RELEASE_COOKIE
  chmod -R u+w "$work/$kind ü"
  ok
done

# ---- the VM of the host ----

mkdir "$work/bin"
for tool in sh env readlink dirname basename sed od tr cat date grep mkdir; do
  ln -s "$(command -v $tool)" "$work/bin/$tool"
done

for kind in tick tock; do
  case $kind in
    tick) yaml 'release: tick' 'version: "0.3.0"' 'applications: {tick: permanent}' 'libs: [lib]' 'erts: none' \
      'config: {sys: config/sys.config, runtime: false}' ;;
    tock) yaml 'release: tock' 'version: "0.3.0"' 'applications: {tick: permanent, elixir: permanent}' 'libs: [lib]' \
      'erts: none' 'config: {sys: config/config.exs, runtime: false}' ;;
  esac
  expect 0 "$relevo" build -q -C "$project" -o "$work/store"
  tree=$work/store/$kind-0.3.0
  packed=$(cd "$tree" && find . -maxdepth 2 -name 'erts-*' -o -name 'kernel-*')
  [ -z "$packed" ] || fail "erts: none packs $packed"
  bin=$tree/bin/$kind from=config
  [ "$kind" = tick ] || from=exs
  say_from eval
  contains "$out" "$from"
  expect 1 env PATH="$work/bin" "$bin" eval 1
  contains "$said" "this release packs no Erlang/OTP, and there is no erl in PATH (wanted: erts "
done
begin start
say_from rpc
contains "$out" exs
end_it
ok

echo "ok: $checks groups of checks"
