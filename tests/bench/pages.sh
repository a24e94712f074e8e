#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What an upgrade costs a node with PAGES=10,000 open pages (examples/desk, as LiveView has them): the
# longest that one stands still, how fast they are rendered anew, and the memory that takes.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/live.sh
pages=${PAGES:-10000}

tests/tools/desk "$work/store" 1.0.0 1.1.0 >/dev/null
mkdir "$work/run"
tar -xzf "$work/store/desk-1.0.0.tar.gz" -C "$work/run"
start_epmd
node=desk@127.0.0.1
export DESK_PORT=$((port + 1)) RELEASE_DISTRIBUTION=name RELEASE_NODE=$node RELEASE_COOKIE=desk
"$work/run/bin/desk" start >"$work/log" 2>&1 &
pids="$pids $!"
wait_for 60 curl -fs "http://127.0.0.1:$DESK_PORT/version" || fail "does not start: $(cat "$work/log")"
eval_there () { "$relevo" node eval "$node" "$1" --timeout 60s; }

# Whoever has the pages open: notes when the first and the last of them was rendered, and the most
# memory that was seen meanwhile.
eval_there "spawn(fun() ->
  register(visitors, self()),
  Socket = 'Elixir.Phoenix.Socket':'__struct__'(
    #{endpoint => 'Elixir.Desk.Endpoint', handler => 'Elixir.Phoenix.LiveView.Socket', transport_pid => self()}),
  Join = fun(I) ->
    {ok, _, _} = 'Elixir.Phoenix.Channel.Server':join(Socket, 'Elixir.Phoenix.LiveView.Channel',
      'Elixir.Phoenix.Socket.Message':'__struct__'(#{topic => <<\"lv:\", (integer_to_binary(I))/binary>>, payload => <<\"/notes\">>}))
  end,
  lists:foreach(Join, lists:seq(1, $pages)),
  Loop = fun Loop(N, First, Last, Memory) ->
    Most = max(Memory, erlang:memory(total)),
    receive
      {socket_push, _, _} ->
        Now = erlang:monotonic_time(millisecond),
        Loop(N + 1, case N of 0 -> Now; _ -> First end, Now, Most);
      {tell, P} -> P ! {visitors, N, Last - First, Most}, Loop(N, First, Last, Most);
      _ -> Loop(N, First, Last, Most)
    after 20 -> Loop(N, First, Last, Most)
    end
  end,
  Loop(0, 0, 0, erlang:memory(total))
end)" >/dev/null
ask="visitors ! {tell, self()}, receive {visitors, N, Ms, Memory} -> [N, Ms, Memory div 1048576] after 60000 -> late end"
opened () { eval_there "$ask" | grep -q '^\[0,'; }
wait_for 120 opened || fail "the pages do not open"
before=$(eval_there "erlang:memory(total) div 1048576")
expect 0 "$relevo" node install "$node" "$work/store/desk-1.1.0.tar.gz" --json
pause=$(echo "$out" | sed -n 's/^  "longest_pause_ms": \([0-9.]*\).*/\1/p')
rendered () { [ "$(eval_there "$ask" | tr -d '[]' | cut -d, -f1)" -ge "$pages" ]; }
wait_for 120 rendered || fail "not every page was rendered anew: $(eval_there "$ask")"
answer=$(eval_there "$ask" | tr -d '[]')
ms=$(echo "$answer" | cut -d, -f2)
echo "open pages                       $pages"
echo "longest that one stood still     ${pause%%.*} ms"
echo "all rendered anew within         $ms ms, $((pages * 1000 / (ms + 1))) a second"
echo "memory before, and at most       $before MiB, $(echo "$answer" | cut -d, -f3) MiB"
