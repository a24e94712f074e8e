%% SPDX-License-Identifier: Apache-2.0
%% Supervisors that are suspended or do not answer.  release_handler asks every one of the node which
%% children it has, and takes an answer that does not come for a reason to restart the VM.
%% Bound: Steps (of a relup; any: not known), Wait (milliseconds).
%% Answers [{Supervisor, suspended | silent}] as texts, the first five.
Asks = Steps =:= any orelse
    lists:any(fun(S) -> is_tuple(S) andalso lists:member(element(1, S), [suspend, stop, start]) end,
              Steps),
Began = fun(P) ->
                case process_info(P, dictionary) of
                    {dictionary, Dictionary} -> proplists:get_value('$initial_call', Dictionary);
                    undefined -> undefined
                end
        end,
Text = fun(P) ->
               Called = case {process_info(P, registered_name), Began(P)} of
                            {{_, Registered}, _} -> io_lib:format(" ~tp", [Registered]);
                            {_, {supervisor, M, _}} -> io_lib:format(" of ~tp", [M]);
                            _ -> ""
                        end,
               lists:flatten([io_lib:format("~p", [P]), Called])
       end,
Status = fun(P) ->
                 try sys:get_status(P, Wait) of
                     {status, _, _, [_, suspended | _]} -> suspended;
                     _ -> running
                 catch exit:{timeout, _} -> silent;
                       _:_ -> gone
                 end
         end,
Children = fun(P) ->
                   try gen_server:call(P, which_children, Wait) of
                       List when is_list(List) -> [C || {_, C, supervisor, _} <- List, is_pid(C)];
                       _ -> []
                   catch exit:{timeout, _} -> silent;
                         _:_ -> []
                   end
           end,
Walk = fun Walk(_, Found) when length(Found) >= 5 -> Found;
           Walk([], Found) -> Found;
           Walk([{P, IsSupervisor} | Rest], Found) ->
               case Status(P) of
                   running when IsSupervisor ->
                       case Children(P) of
                           silent -> Walk(Rest, [{Text(P), silent} | Found]);
                           Cs -> Walk([{C, true} || C <- Cs] ++ Rest, Found)
                       end;
                   Odd when Odd =:= suspended; Odd =:= silent -> Walk(Rest, [{Text(P), Odd} | Found]);
                   _ -> Walk(Rest, Found)
               end
       end,
Tops = fun() ->
               [{P, element(1, Call) =:= supervisor}
                || {App, _, _} <- application:which_applications(5000),
                   Master <- [application_controller:get_master(App)], is_pid(Master),
                   {P, _} <- [application_master:get_child(Master)], is_pid(P),
                   Call <- [Began(P)], is_tuple(Call)]
       end,
case Asks of
    true -> lists:reverse(Walk(Tops(), []));
    false -> []
end
