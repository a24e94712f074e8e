%% SPDX-License-Identifier: Apache-2.0
%% Who is being served: connections of Bandit (or another server on ThousandIsland) and of Cowboy, and
%% requests that run now, which the commit of an upgrade waits for.  Asked in a process of its own, for
%% a supervisor that does not answer is no reason to wait.
%% Answers [{connections, HowMany}, {requests, HowMany}]; [] where there is none of them.
HasBandit = erlang:function_exported('Elixir.ThousandIsland', connection_pids, 1),
HasCowboy = erlang:function_exported(ranch, info, 0),
Bandits = fun() ->
                  Servers = [P || HasBandit, E <- Endpoints(), {{_, S}, P, _, _} <- ChildrenOf(E), is_pid(P),
                                  S =:= http orelse S =:= https],
                  lists:append([case 'Elixir.ThousandIsland':connection_pids(P) of
                                    {ok, Ps} -> Ps;
                                    _ -> []
                                end || P <- Servers])
          end,
%% Between requests, and with a WebSocket between messages, they wait for a message.
Waits = fun({gen_server, loop, _}) -> true; ({erlang, hibernate, 3}) -> true; ({gen_server, loop_hibernate, _}) -> true;
           (_) -> false
        end,
Busy = fun(Ps) -> length([P || {{_, F}, P} <- InfosOf(Ps, current_function), not Waits(F)]) end,
%% Each stream of HTTP/2 is a process that is linked to its connection.
Begun = fun(P, Calls) ->
                case process_info(P, dictionary) of
                    {_, D} -> lists:member(proplists:get_value('$initial_call', D), Calls);
                    undefined -> false
                end
        end,
Linked = fun(Ps, Call) -> length([L || {{_, Ls}, _} <- InfosOf(Ps, links), L <- Ls, is_pid(L), Begun(L, [Call])]) end,
Cowboys = fun() ->
                  lists:append([ranch:procs(Ref, connections)
                                || HasCowboy, Listener <- case ranch:info() of
                                                              Map when is_map(Map) -> maps:to_list(Map);
                                                              List -> List
                                                          end,
                                   Ref <- [element(1, Listener)]])
          end,
Count = fun() ->
                Ours = Bandits(),
                Others = Cowboys(),
                Requests = Busy(Ours) + Linked(Ours, {'Elixir.Bandit.HTTP2.StreamProcess', init, 1})
                    + Linked(Others, {cowboy_stream_h, request_process, 3}),
                exit({counted, [{connections, length(Ours) + length(Others)}, {requests, Requests}]})
        end,
case HasBandit orelse HasCowboy of
    false -> [];
    true ->
        {Counter, Monitor} = spawn_monitor(Count),
        receive
            {'DOWN', Monitor, _, _, {counted, Counts}} -> Counts;
            {'DOWN', Monitor, _, _, _} -> []
        after 3000 -> exit(Counter, kill), []
        end
end
