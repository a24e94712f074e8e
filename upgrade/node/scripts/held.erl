%% SPDX-License-Identifier: Apache-2.0
%% Stands before what looks at the processes that a relup suspends, as release_handler finds them.
%% Bound: Suspended, modules of the relup's steps (names, packed).  Binds Owned = [{Module, Processes}],
%% of all of them Held, Answered and Unanswering; and Wait (milliseconds) that one of them may take.
Wait = 2000,
Suspends = Atoms(Suspended),
%% By the modules of their child specifications.  A process on top that is no supervisor is not asked,
%% for it may die of the question.
Began = fun(P) ->
                case process_info(P, dictionary) of
                    {dictionary, Dictionary} -> proplists:get_value('$initial_call', Dictionary);
                    undefined -> undefined
                end
        end,
Handlers = fun(P) ->
                   try gen:call(P, self(), which_handlers, Wait) of
                       {ok, Hs} -> [case H of {M, _} -> M; M -> M end || H <- Hs]
                   catch _:_ -> []
                   end
           end,
%% {Pid, Modules} of all that a supervisor has below it; {Pid, silent} for one that does not answer.
Below = fun Below(Sup) ->
                try gen_server:call(Sup, which_children, Wait) of
                    Children ->
                        Sups = Pick(Children, {{'_', '$1', supervisor, '_'}, [{is_pid, '$1'}], ['$1']}),
                        Pick(Children, {{'_', '$1', '_', '$2'}, [{is_pid, '$1'}], [{{'$1', '$2'}}]}) ++
                            lists:append(lists:map(Below, Sups))
                catch _:_ -> [{Sup, silent}]
                end
        end,
Top = fun(App) ->
              try application_master:get_child(application_controller:get_master(App)) of
                  {P, _} when is_pid(P) ->
                      case Began(P) of
                          {supervisor, M, _} -> [{P, [M]} | Below(P)];
                          _ -> []
                      end;
                  _ -> []
              catch _:_ -> []
              end
      end,
All = case Suspends of
          [] -> [];
          _ -> lists:append([Top(App) || {App, _, _} <- application:which_applications(5000)])
      end,
%% [{Module, Processes}]: of the modules of each, the first that is suspended.
{_, Mss} = lists:unzip(All),
First = fun(Ms) -> [M || M <- Ms, lists:member(M, Suspends)] end,
Plain = [{M, Pick(All, {{'$1', '$2'}, [{'=:=', '$2', {const, Ms}}], ['$1']})}
         || Ms <- lists:usort(Mss), is_list(Ms), [M | _] <- [First(Ms)]],
Dynamic = [{M, [P]} || P <- Pick(All, {{'$1', dynamic}, [], ['$1']}),
                       {gen_event, _, _} <- [Began(P)], [M | _] <- [First(Handlers(P))]],
Owned = maps:to_list(lists:foldl(fun({M, Ps}, Sums) -> Sums#{M => Ps ++ maps:get(M, Sums, [])} end,
                                 #{}, Plain ++ Dynamic)),
Held = lists:usort(lists:append([Ps || {_, Ps} <- Owned])),
%% All at once, as sys:log(P, get) would.
{Answering, _} = lists:unzip(AskAll(Held, {log, get}, Wait)),
Answered = lists:usort(Answering),
Unanswering = ordsets:subtract(Held, Answered) ++ Pick(All, {{'$1', silent}, [], ['$1']})
