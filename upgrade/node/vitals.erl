%% SPDX-License-Identifier: Apache-2.0
%% How the node feels.  A process that sys:suspend/1 holds waits in sys:suspend_loop.
Look = fun(P, {Longest, Pid, Held} = Seen) ->
               case process_info(P, [message_queue_len, status, current_function]) of
                   [{_, Len}, {_, Status}, {_, Function}] ->
                       Now = case Function of
                                 {sys, suspend_loop, _} -> [P | Held];
                                 _ when Status =:= suspended -> [P | Held];
                                 _ -> Held
                             end,
                       case Len > Longest of
                           true -> {Len, P, Now};
                           false -> {Longest, Pid, Now}
                       end;
                   undefined -> Seen
               end
       end,
{QueueLen, QueuePid, Suspended} = lists:foldl(Look, {0, none, []}, processes()),
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
