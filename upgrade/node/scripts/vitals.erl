%% SPDX-License-Identifier: Apache-2.0
%% How the node feels.  A process that sys:suspend/1 holds waits in sys:suspend_loop.
%% What is done for each process is done by compiled functions: evaluated ones are slow, and
%% there may be a hundred thousand of them.
Pids = processes(),
Infos = lists:zipwith(fun erlang:process_info/2, Pids,
                      lists:duplicate(length(Pids), [message_queue_len, status, current_function])),
Looks = lists:zip(Infos, Pids),
%% Of lists the one with the longest queue is the last; `undefined` is before all of them.
{[{_, QueueLen} | _], QueuePid} = lists:keyfind(lists:max(Infos), 1, Looks),
IsHeld = fun([_, {_, Status}, {_, Function}]) ->
                 Status =:= suspended orelse
                     (is_tuple(Function) andalso element(1, Function) =:= sys
                      andalso element(2, Function) =:= suspend_loop);
            (undefined) -> false
         end,
Suspended = case lists:filter(IsHeld, lists:usort(Infos)) of
                [] -> [];
                Held -> [P || {Info, P} <- Looks, lists:member(Info, Held)]
            end,
%% A registered name says more than a pid; else what the process began with.
Name = fun(none) -> "";
          (P) ->
               case process_info(P, [registered_name, initial_call, dictionary]) of
                   [{_, Registered}, _, _] when is_atom(Registered), Registered =/= '' ->
                       lists:flatten(io_lib:format("~tp ~p", [Registered, P]));
                   [_, {_, Call}, {_, Dictionary}] ->
                       {M, F, A} = proplists:get_value('$initial_call', Dictionary, Call),
                       lists:flatten(io_lib:format("~tp:~tp/~p ~p", [M, F, A, P]));
                   _ -> lists:flatten(io_lib:format("~p", [P]))
               end
       end,
Memory = erlang:memory(),
[{run_queue, erlang:statistics(total_run_queue_lengths)},
 {schedulers, erlang:system_info(schedulers_online)},
 {memory, proplists:get_value(total, Memory)},
 {processes_memory, proplists:get_value(processes, Memory)},
 {binary_memory, proplists:get_value(binary, Memory)},
 {ets_memory, proplists:get_value(ets, Memory)},
 {processes, erlang:system_info(process_count)},
 {process_limit, erlang:system_info(process_limit)},
 {ports, erlang:system_info(port_count)},
 {port_limit, erlang:system_info(port_limit)},
 {atoms, erlang:system_info(atom_count)},
 {atom_limit, erlang:system_info(atom_limit)},
 {queue_len, QueueLen},
 {queue_process, Name(QueuePid)},
 {suspended, [Name(P) || P <- lists:sublist(Suspended, 20)]},
 {suspended_count, length(Suspended)}]
