#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A node whose tables of open files, ports or processes are nearly full: `check` and `install` refuse,
# the VM lives, and nothing has changed; with room again, the same command works.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tests/tools/meter "$work/store" 1.0.0 1.1.0 >/dev/null
new=$work/store/meter-1.1.0.tar.gz
mkdir "$work/run"
tar -xzf "$work/store/meter-1.0.0.tar.gz" -C "$work/run"
printf '%s\n' '+Q 1024' '+P 1024' >>"$work/run/releases/1.0.0/vm.args"
start_epmd
export RELEASE_DISTRIBUTION=name RELEASE_NODE=meter@127.0.0.1 RELEASE_COOKIE=c
node=$RELEASE_NODE
# shellcheck disable=SC3045 # every shell of Debian has ulimit -n
(ulimit -n 4096 && exec "$work/run/bin/meter" start) >"$work/log" 2>&1 &
pids="$pids $!"
wait_for 60 "$relevo" node rpc "$node" meter count || fail "does not start: $(cat "$work/log")"
vm=$("$relevo" node rpc "$node" os getpid | tr -d '"')

# full WHAT SAYS TEXT: an expression of the node that takes all of them but some, and holds them.
full () {
  expect 0 "$relevo" node eval "$node" "Self = self(),
    spawn(fun() -> register(holder, self()), _ = $3, Self ! held, receive stop -> exit(shutdown) end end),
    receive held -> ok after 20000 -> exit(late) end"
  for command in check install; do
    expect 4 "$relevo" node "$command" "$node" "$new" --json
    contains "$out" '"table_full"'
    contains "$out" "$2"
  done
  [ "$("$relevo" node rpc "$node" os getpid | tr -d '"')" = "$vm" ] || fail "$1: the VM ended: $(cat "$work/log")"
  [ ! -e "$work/run/releases/1.1.0" ] || fail "$1: something was brought"
  expect 0 "$relevo" node eval "$node" 'Monitor = monitor(process, holder), holder ! stop,
    receive {_, Monitor, _, _, _} -> timer:sleep(200) end'
  expect 0 "$relevo" node check "$node" "$new"
  ok
}

full ports "table of ports: " 'lists:append([begin {ok, S} = gen_udp:open(0), [S] end
  || _ <- lists:seq(1, erlang:system_info(port_limit) - erlang:system_info(port_count) - 15)])'
full processes "table of processes: " '[spawn_link(fun() -> receive never -> ok end end)
  || _ <- lists:seq(1, erlang:system_info(process_limit) - erlang:system_info(process_count) - 150)]'
# As many files as it has may be few from now on.
prlimit --pid "$vm" --nofile=256:4096
full files "table of open files is full (emfile)" '(fun Take(Fds) ->
    case file:open("/dev/null", [read, raw]) of
        {ok, Fd} -> Take([Fd | Fds]);
        {error, emfile} -> {Few, Rest} = lists:split(8, Fds), lists:foreach(fun file:close/1, Few), Rest
    end end)([])'

expect 0 "$relevo" node install "$node" "$new"
expect 0 "$relevo" node eval "$node" 'element(3, meter:kind())'
contains "$out" "'1.1.0'"
ok

echo "ok: $checks groups of checks"
