#!/usr/bin/env escript
%% SPDX-License-Identifier: Apache-2.0
%% load.escript PORT CONNECTIONS COUNTERS FILE - clients of the counters that notice every hiccup.
%%
%% Opens its connections once and keeps them.  Every connection owns COUNTERS counters, adds to them
%% one after the other and knows what each must answer, so one that lost its state is found out by
%% its next answer.  Makes FILE when every counter has answered; when FILE is removed, each counter is
%% asked once more, and that is the end.
-mode(compile).

-define(TIMEOUT_MS, 10000).
-define(REQUESTS_PER_SECOND, 2000).

-record(client, {socket, rest, requests = 0, failed = 0, dropped = 0, lost = 0, longest = 0}).

main([Port, Connections, Counters, File]) ->
    Count = list_to_integer(Connections),
    Rest = 1000 * Count div ?REQUESTS_PER_SECOND,
    Pids = [start(list_to_integer(Port), Nr, list_to_integer(Counters), Rest)
            || Nr <- lists:seq(1, Count)],
    [receive {begun, Pid} -> ok end || Pid <- Pids],
    ok = file:write_file(File, ""),
    wait_until_gone(File),
    [Pid ! stop || Pid <- Pids],
    report([receive {ended, Pid, Client} -> Client end || Pid <- Pids]);
main(_) ->
    io:put_chars(standard_error, "usage: load.escript PORT CONNECTIONS COUNTERS FILE\n"),
    halt(2).

wait_until_gone(File) ->
    case filelib:is_file(File) of
        true -> timer:sleep(50), wait_until_gone(File);
        false -> ok
    end.

start(Port, Nr, Counters, Rest) ->
    Main = self(),
    spawn_link(fun() ->
        {ok, Socket} = gen_tcp:connect({127,0,0,1}, Port,
                                       [binary, {packet, line}, {active, false}, {nodelay, true}]),
        Names = [["c", integer_to_list(Nr), $-, integer_to_list(N)] || N <- lists:seq(1, Counters)],
        Client = round(Names, 1, #client{socket = Socket, rest = Rest}),
        Main ! {begun, self()},
        Main ! {ended, self(), rounds(Names, 2, Client)}
    end).

rounds(_Names, _Total, #client{dropped = 1} = Client) ->
    Client;
rounds(Names, Total, Client) ->
    receive
        stop -> round(Names, Total, Client#client{rest = 0})
    after 0 ->
        rounds(Names, Total + 1, round(Names, Total, Client))
    end.

%% Every counter is added to once.
round(Names, Total, Client) ->
    lists:foldl(fun(Name, C) -> add(Name, Total, C) end, Client, Names).

add(_Name, _Total, #client{dropped = 1} = Client) ->
    Client;
add(Name, Total, #client{socket = Socket, requests = Requests} = Client) ->
    Begin = erlang:monotonic_time(millisecond),
    gen_tcp:send(Socket, ["ADD ", Name, $\n]),
    Answer = gen_tcp:recv(Socket, 0, ?TIMEOUT_MS),
    Took = erlang:monotonic_time(millisecond) - Begin,
    timer:sleep(Client#client.rest),
    judge(Answer, <<"OK ", (integer_to_binary(Total))/binary, "\n">>,
          Client#client{requests = Requests + 1, longest = max(Took, Client#client.longest)}).

judge({ok, Right}, Right, Client) -> Client;
judge({ok, <<"OK ", _/binary>>}, _, Client) -> Client#client{lost = Client#client.lost + 1};
judge({ok, _Error}, _, Client) -> Client#client{failed = Client#client.failed + 1};
judge({error, _Reason}, _, Client) -> Client#client{dropped = 1}.

report(Clients) ->
    Sum = fun(Field) -> lists:sum([element(Field, Client) || Client <- Clients]) end,
    Bad = [Sum(#client.failed), Sum(#client.dropped), Sum(#client.lost)],
    io:format("~b requests: ~b failed, ~b connections dropped, ~b states lost; longest pause ~b ms~n",
              [Sum(#client.requests)] ++ Bad ++ [lists:max([C#client.longest || C <- Clients])]),
    halt(case lists:sum(Bad) of 0 -> 0; _ -> 1 end).
