%% SPDX-License-Identifier: Apache-2.0
%% Who would be killed by the purge of replaced code.  Bound: To, the version that a relup leads to next
%% ("": none; what was replaced before is purged, by a commit).  That are processes in the code before the
%% present one, of modules that are loaded over; and those in the present code of modules that go, but
%% for processes of applications that are stopped and children that are ended before.
%% Answers {HowMany, [{Module, Process}]}, the first 20.  Old code that nobody runs is purged, as
%% release_handler does of itself every ten seconds: that is the cheapest way to ask.
Steps = case To of
            "" -> [];
            _ -> WayTo(To)
        end,
Removed = [M || {remove, {M, _, _}} <- Steps],
Modules = Removed ++ [M || {load, {M, _, _}} <- Steps],
Stopped = [App || {apply, {application, stop, [App]}} <- Steps],
Where = fun(P, M) ->
                case process_info(P, current_stacktrace) of
                    {_, Stack} ->
                        Own = [Info || {Module, _, _, Info} <- Stack, Module =:= M]
                            ++ [Info || {_, _, _, Info} <- Stack],
                        case [{F, L} || Info <- Own, {file, F} <- Info, {line, L} <- Info] of
                            [{F, L} | _] -> io_lib:format(", at ~ts:~b", [F, L]);
                            [] -> ""
                        end;
                    undefined -> ""
                end
        end,
Who = fun(P, M) ->
              Named = case process_info(P, registered_name) of
                          {_, Registered} -> io_lib:format(" ~tp", [Registered]);
                          _ -> ""
                      end,
              In = case process_info(P, current_function) of
                       {_, {IM, IF, IA}} -> io_lib:format(" in ~tp:~tp/~b", [IM, IF, IA]);
                       _ -> ""
                   end,
              lists:flatten([io_lib:format("~p", [P]), Named, In, Where(P, M)])
      end,
Old = [M || {M, _} <- code:all_loaded(), Steps =:= [] orelse lists:member(M, Modules),
            erlang:check_old_code(M), not code:soft_purge(M)],
InOld = [{M, P} || M <- Old, P <- processes(), erlang:check_process_code(P, M) =:= true],
%% Children that the relup ends before it removes their code, and whoever is below them.
Children = fun(Supervisor) ->
                   try gen_server:call(Supervisor, which_children, 5000)
                   catch _:_ -> []
                   end
           end,
Below = fun Below({_, P, supervisor, _}) when is_pid(P) -> [P | lists:flatmap(Below, Children(P))];
            Below({_, P, _, _}) -> [P]
        end,
Ended = [P || {apply, {supervisor, terminate_child, [Supervisor, Child]}} <- Steps,
              {Id, _, _, _} = Found <- Children(Supervisor), Id =:= Child, P <- Below(Found)],
Goes = fun(P) ->
               lists:member(P, Ended) orelse
               case application:get_application(P) of
                   {ok, App} -> lists:member(App, Stopped);
                   undefined -> false
               end
       end,
Runs = fun(P) ->
               case process_info(P, current_stacktrace) of
                   {_, Stack} -> lists:sublist([M || {M, _, _, _} <- Stack, lists:member(M, Removed)], 1);
                   undefined -> []
               end
       end,
InRemoved = [{M, P} || Removed =/= [], P <- processes(), M <- Runs(P), not Goes(P)],
Held = InOld ++ InRemoved,
{length(Held), [{M, Who(P, M)} || {M, P} <- lists:sublist(Held, 20)]}
