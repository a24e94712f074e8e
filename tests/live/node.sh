#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Looking at real nodes: what works, and every way in which a node cannot be reached, told apart.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

export HOME="$work" RELEASE_COOKIE=tasty
node=a@127.0.0.1
start_epmd

# start_node NAME [OPTION...]: its pid is in $pid.
start_node () {
  name=$1
  shift
  erl -name "$name" -setcookie tasty -noinput -kernel inet_dist_use_interface '{127,0,0,1}' "$@" \
    >"$work/$name.log" 2>&1 &
  pid=$!
  pids="$pids $pid"
  wait_for 20 "$relevo" node ping "$name" || fail "$name does not start: $(cat "$work/$name.log")"
}

start_node "$node"
first=$pid

expect 0 "$relevo" node ping "$node"
contains "$out" "$node is up"
expect 0 "$relevo" node ping "$node" --json
contains "$out" '"up": true'
expect 0 "$relevo" node info "$node"
contains "$out" "kernel"
expect 0 "$relevo" node vitals "$node" --json
contains "$out" '"run_queue"'
contains "$out" '"utilisation"'
expect 0 "$relevo" node vitals "$node"
contains "$out" "% busy"
expect 0 "$relevo" node vitals "$node" --watch 300ms --count 3
[ "$(wc -l <"$work/out")" = 4 ] || fail "watch: $out"
# A process that comes back under its name, again and again: between whichever two looks.
expect 0 "$relevo" node eval "$node" 'spawn(fun Rise() -> register(phoenix, self()), timer:sleep(200),
  unregister(phoenix), spawn(Rise) end), ok'
expect 0 "$relevo" node vitals "$node" --watch 500ms --count 3 --json
contains "$out" '"last": "phoenix"'
expect 4 "$relevo" node releases "$node"
contains "$said" "sasl does not run"
ok

# Code that runs there.
expect 0 "$relevo" node eval "$node" 'A = 40, {sum, A + 2}.'
[ "$out" = "{sum,42}" ] || fail "eval: $out"
expect 0 "$relevo" node eval "$node" '{"täxt", $.}' --json
contains "$(echo "$out" | tr -d ' \n')" '{"tuple":[{"string":"täxt"},46]}'
expect 1 "$relevo" node eval "$node" 'exit(because)'
contains "$said" "because"
expect 2 "$relevo" node eval "$node" 'A = ,'
contains "$said" "no Erlang text"
expect 3 "$relevo" node eval "$node" 'timer:sleep(5000)' --timeout 500ms
expect 0 "$relevo" node rpc "$node" lists keyfind b 1 '[{a,1},{b,"two"}]'
[ "$out" = '{b,"two"}' ] || fail "rpc: $out"
expect 0 "$relevo" node rpc "$node" erlang node
[ "$out" = "'$node'" ] || fail "rpc: $out"
expect 1 "$relevo" node rpc "$node" lists nothing
contains "$said" "undef"
expect 2 "$relevo" node rpc "$node" lists max '[1,'
contains "$said" "argument 1"
ok

# The cookie: wrong, missing, from a file, from a variable; never in what is said.
expect 4 env RELEASE_COOKIE=notthisone "$relevo" node ping "$node"
contains "$said" "refuses our cookie"
case $said in *notthisone*) fail "the cookie was said" ;; esac
expect 2 env -u RELEASE_COOKIE "$relevo" node ping "$node"
contains "$said" "--cookie-file"
printf 'tasty\n' >"$work/cookie"
expect 0 env -u RELEASE_COOKIE "$relevo" node ping "$node" --cookie-file "$work/cookie"
expect 0 env -u RELEASE_COOKIE CRUMB=tasty "$relevo" node ping "$node" --cookie-env CRUMB
cp "$work/cookie" "$work/.erlang.cookie"
expect 0 env -u RELEASE_COOKIE "$relevo" node ping "$node"
expect 3 "$relevo" node ping "$node" --cookie-file "$work/nothing"
ok

# Who is not there.
expect 3 "$relevo" node ping b@127.0.0.1
contains "$said" "epmd knows no node called b"
expect 3 "$relevo" node ping a@nohost.invalid
contains "$said" "cannot be resolved"
expect 3 env ERL_EPMD_PORT=1 "$relevo" node ping "$node"
contains "$said" "no epmd"
expect 3 "$relevo" node ping "$node" --port 1
contains "$said" "connection refused"
expect 3 "$relevo" node ping "$node" --port "$ERL_EPMD_PORT" --timeout 3s
contains "$said" "no Erlang node"
expect 2 "$relevo" node ping nonsense
contains "$said" "NAME@HOST"
ok

# By port, without epmd; another node's name there is found out.
fixed=$((port + 2))
erl -name c@127.0.0.1 -setcookie tasty -noinput -start_epmd false -erl_epmd_port "$fixed" \
  >"$work/c.log" 2>&1 &
pids="$pids $!"
wait_for 20 "$relevo" node ping c@127.0.0.1 --port "$fixed" || fail "c: $(cat "$work/c.log")"
expect 3 "$relevo" node ping "$node" --port "$fixed"
contains "$said" "is called c@127.0.0.1"
ok

# Short names.
erl -sname d -setcookie tasty -noinput >"$work/d.log" 2>&1 &
pids="$pids $!"
short=d@$(hostname -s)
wait_for 20 "$relevo" node ping "$short" || fail "$short: $(cat "$work/d.log")"
ok

# A node that hangs costs what the time-out says, not more.
kill -STOP "$first"
expect 3 timeout 60 "$relevo" node ping "$node" --timeout 1s
contains "$said" "hang"
kill -CONT "$first"
wait_for 10 "$relevo" node ping "$node" || fail "not back after SIGCONT"
ok

# A node that starts, as one that waits for another, may still lack processes of OTP: it is not there
# yet, rather than at fault.
cat >"$work/waits.config" <<'EOF'
[{kernel, [{distributed, [{nothing, ['f@127.0.0.1', 'absent@127.0.0.1']}]},
           {sync_nodes_mandatory, ['absent@127.0.0.1']}, {sync_nodes_timeout, 600000}]}].
EOF
erl -name f@127.0.0.1 -setcookie tasty -noinput -config "$work/waits" >"$work/f.log" 2>&1 &
pids="$pids $!"
wait_for 20 "$relevo" node ping f@127.0.0.1 || fail "f: $(cat "$work/f.log")"
for each in "3 f" "1 a"; do
  waits=${each#* }@127.0.0.1
  expect 0 "$relevo" node eval "$waits" \
    'F = whereis(file_server_2), unregister(file_server_2), register(files_aside, F)'
  expect "${each% *}" "$relevo" node releases "$waits"
  contains "$said" "the process is not there"
done
case $said in *"starts, stops or restarts"*) fail "of a node that is up: $said" ;; esac
expect 0 "$relevo" node eval "$node" \
  'F = whereis(files_aside), unregister(files_aside), register(file_server_2, F)'
ok

# A node that dies.
kill -9 "$first"
wait_for 5 gone "$first" || fail "cannot be killed"
expect 3 "$relevo" node ping "$node"
ok

# Who may not connect is told so.
start_node e@127.0.0.1
expect 0 "$relevo" node eval e@127.0.0.1 'net_kernel:allow([none@nowhere])'
expect 4 "$relevo" node ping e@127.0.0.1
contains "$said" "does not allow"
ok

echo "ok: $checks checks"
