%% SPDX-License-Identifier: Apache-2.0
%% What an installation would do to the processes of this node; nothing is changed.
%% Bound: Steps (of the relup), Config (the new sys.config).
%% Answers [{suspends, HowMany}, {silent, Texts}, {lingering, Texts}, {config, Texts},
%% {free, Bytes | infinity}]; of long lists the first 50.
Wait = 2000,
Loads = lists:usort([M || {Verb, {M, _, _}} <- Steps, Verb =:= load orelse Verb =:= remove]),
Suspends = lists:usort([case S of {M, _} -> M; M -> M end
                        || {suspend, Ms} <- Steps, S <- Ms]),
Text = fun(Format, Args) -> lists:flatten(io_lib:format(Format, Args)) end,
Who = fun(P) ->
              case process_info(P, [registered_name, initial_call, current_function, dictionary]) of
                  [{_, Name}, {_, Call}, {_, {CM, CF, CA}}, {_, Dictionary}] ->
                      {M, F, A} = proplists:get_value('$initial_call', Dictionary, Call),
                      Known = case Name of
                                  [] -> "";
                                  _ -> Text("~tp, ", [Name])
                              end,
                      Text("~p (~tsbegan in ~tp:~tp/~p, is in ~tp:~tp/~p)",
                           [P, Known, M, F, A, CM, CF, CA]);
                  undefined -> Text("~p", [P])
              end
      end,
Lingering = [Text("~tp: ~ts", [M, Who(P)])
             || M <- Loads, erlang:check_old_code(M),
                P <- processes(), erlang:check_process_code(P, M) =:= true],
%% Processes by the modules of their child specifications, as release_handler finds them;
%% a process on top that is no supervisor is not asked, for it may die of the question.
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
Modules = fun(P, dynamic) ->
                  case Began(P) of
                      {gen_event, _, _} -> Handlers(P);
                      _ -> []
                  end;
             (_, Ms) when is_list(Ms) -> Ms;
             (_, _) -> []
          end,
Below = fun Below(Sup) ->
                try gen_server:call(Sup, which_children, Wait) of
                    Children ->
                        lists:append([case Child of
                                          {_, P, supervisor, Ms} when is_pid(P) ->
                                              [{P, Ms} | Below(P)];
                                          {_, P, _, Ms} when is_pid(P) -> [{P, Ms}];
                                          _ -> []
                                      end || Child <- Children])
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
Held = lists:usort([P || {P, Ms} <- All, Ms =/= silent,
                         [] =/= [M || M <- Modules(P, Ms), lists:member(M, Suspends)]]),
Me = self(),
Ask = fun(P) ->
              spawn(fun() ->
                            Me ! {Me, P, try sys:log(P, get, Wait) of _ -> answers
                                         catch _:_ -> silent
                                         end}
                    end)
      end,
lists:foreach(Ask, Held),
Answers = [receive {Me, P, Answer} -> {P, Answer} after 2 * Wait -> {P, silent} end || P <- Held],
Silent = [Who(P) || {P, silent} <- Answers] ++ [Who(P) || {P, silent} <- All],
%% Keys whose values will be other ones; the values stay here.
Changed = [Text("~tp ~tp", [App, Key])
           || {App, Env} <- Config, is_list(Env),
              lists:keymember(App, 1, application:loaded_applications()),
              {Key, Value} <- Env, Key =/= config_provider_init,
              application:get_env(App, Key) =/= {ok, Value}],
First = fun(List) -> lists:sublist(List, 50) end,
[{suspends, length(Held)}, {silent, First(Silent)}, {lingering, First(Lingering)},
 {config, First(Changed)}, {free, FreeBytes()}]
