#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# examples/otp: built in both versions, started from its tarball, taken to the newer one and back
# while clients talk to it; every process keeps what it knows, in the shape of the version.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh

tests/tools/tally "$work/store" >/dev/null
old=$work/store/tally-1.0.0.tar.gz new=$work/store/tally-1.1.0.tar.gz
expect 0 "$relevo" plan "$old" "$new" --require hot
ok

mkdir "$work/run"
tar -xzf "$old" -C "$work/run"
start_epmd
node=tally@127.0.0.1 tcp=$((port + 1))
export RELEASE_DISTRIBUTION=name RELEASE_NODE=$node RELEASE_COOKIE=tally
ERL_FLAGS="-tally_tcp port $tcp" "$work/run/bin/tally" start >"$work/log" 2>&1 &
pids="$pids $!"

# One connection for all that is asked, through two pipes.
mkfifo "$work/to" "$work/from"
cat >"$work/ask.escript" <<'ERL'
#!/usr/bin/env escript
main([Port]) ->
    {ok, Socket} = gen_tcp:connect({127,0,0,1}, list_to_integer(Port), [binary, {packet, line}, {active, false}]),
    loop(Socket).
loop(Socket) ->
    case io:get_line("") of
        eof -> ok;
        Line ->
            ok = gen_tcp:send(Socket, Line),
            {ok, Answer} = gen_tcp:recv(Socket, 0, 10000),
            io:put_chars(Answer),
            loop(Socket)
    end.
ERL
wait_for 30 grep -q listening "$work/log" || fail "does not start: $(cat "$work/log")"
escript "$work/ask.escript" "$tcp" <"$work/to" >"$work/from" 2>"$work/asked" &
pids="$pids $!"
exec 3>"$work/to" 4<"$work/from"
# answers COMMAND ANSWER
answers () {
  echo "$1" >&3
  read -r answer <&4 || fail "$1: no answer: $(cat "$work/asked")"
  [ "$answer" = "$2" ] || fail "$1: $answer, not $2"
}
answers VERSION "OK 1.0.0"
answers "ADD a" "OK 1"
answers "ADD a" "OK 2"
answers "ADD b" "OK 1"
answers RECENT "OK b a"
answers "STAT a" "ERROR what?"
answers CLOSE "OK"
answers "ADD a" "ERROR closed"
ok

install () { expect 0 "$relevo" node install "$node" "$new" --commit; }
revert () {
  expect 0 "$relevo" node revert "$node" 1.0.0
  expect 0 "$relevo" node commit "$node" 1.0.0
}

# Every state is another one, and means the same.
install
answers VERSION "OK 1.1.0"
answers "ADD a" "ERROR closed nobody said why"
answers "GET a" "OK 2"
answers OPEN "OK 2"
answers "ADD a" "OK 3"
answers "STAT a" "OK 3 1 1"
answers MADE "OK 2"
answers LINES "OK 8"
answers "CLOSE gone for lunch" "OK"
answers "ADD a" "ERROR closed gone for lunch"
revert
answers VERSION "OK 1.0.0"
answers "ADD a" "ERROR closed"
answers OPEN "OK 2"
answers "ADD a" "OK 4"
answers RECENT "OK b a"
answers "STAT a" "ERROR what?"
ok

# The same again and again under load.
examples/otp/load.escript "$tcp" "${CONNECTIONS:-200}" "${COUNTERS:-50}" "$work/ready" >"$work/load" 2>&1 &
load=$!
pids="$pids $load"
wait_for 60 test -f "$work/ready" || fail "the clients do not start: $(cat "$work/load")"
for total in 5 6; do
  install
  sleep 1
  revert
  sleep 1
  answers "ADD a" "OK $total"
done
rm "$work/ready"
status=0
wait "$load" || status=$?
[ "$status" = 0 ] || fail "the clients noticed: $(cat "$work/load")"
cat "$work/load"
ok

grep -i -e error -e crash "$work/log" && fail "the node complains"
echo "ok: $checks groups of checks"
