%% SPDX-License-Identifier: Apache-2.0
%% What runs on the node, in words that can be compared with those of another start:
%% applications, children of supervisors that name them, configuration by digest (values stay
%% here), what is suspended, who runs old code.
Text = fun(Format, Args) ->
               unicode:characters_to_binary(io_lib:format(Format, Args, [{chars_limit, 200}]))
       end,
%% As Elixir calls its modules.
Plain = fun(Atom) when is_atom(Atom) ->
                case atom_to_binary(Atom) of
                    <<"Elixir.", Name/binary>> -> Name;
                    _ -> Text("~tp", [Atom])
                end;
           (Other) -> Text("~tp", [Other])
        end,
Who = fun(P) ->
              case process_info(P, [registered_name, initial_call, current_function, dictionary]) of
                  [{_, Registered}, _, _, _] when is_atom(Registered), Registered =/= '' ->
                      Plain(Registered);
                  [_, {_, Call}, {_, In}, {_, Dictionary}] ->
                      %% A fun says nothing; where it is, does.
                      {M, F, A} = case proplists:get_value('$initial_call', Dictionary, Call) of
                                      {erlang, apply, 2} when is_tuple(In) -> In;
                                      Initial -> Initial
                                  end,
                      Text("~ts:~tp/~p", [Plain(M), F, A]);
                  _ -> Text("~p", [P])
              end
      end,
Supervises = fun(P) ->
                     case process_info(P, dictionary) of
                         {_, Dictionary} ->
                             case lists:keyfind('$initial_call', 1, Dictionary) of
                                 {_, {supervisor, _, _}} -> true;
                                 _ -> false
                             end;
                         _ -> false
                     end
             end,
Children = fun(P) -> try gen_server:call(P, which_children, 2000) catch _:_ -> [] end end,
State = fun(P) when is_pid(P) -> runs; (_) -> stopped end,
%% A name that another start would not give says nothing.
Lasting = fun(Id) ->
                  Id =/= undefined andalso
                      nomatch =:= binary:match(Text("~tp", [Id]),
                                               [<<"#Ref<">>, <<"#Fun<">>, <<"#Port<">>, <<"<0.">>])
          end,
%% What a supervisor of OTP's own knows of its children.  Only what any process answers is asked: one
%% of another kind may die of a question that it does not know, and takes its children with it.
Specs = fun(P) ->
                try sys:get_state(P, 2000) of
                    S when element(1, S) =:= state, tuple_size(S) > 9 ->
                        case element(4, S) of
                            {Ids, Db} when is_list(Ids), is_map(Db) -> Db;
                            _ -> #{}
                        end;
                    _ -> #{}
                catch _:_ -> #{}
                end
        end,
%% What may end of its own accord is missed by nobody.
Permanent = fun(Id, Db) ->
                    case Db of
                        #{Id := Child} when element(1, Child) =:= child -> element(5, Child) =:= permanent;
                        _ -> false
                    end
            end,
Walk = fun Walk(P, Path, Depth) ->
               Known = case [C || {Id, _, _, _} = C <- Children(P), Lasting(Id)] of
                           [] -> [];
                           Named -> Db = Specs(P), [C || {Id, _, _, _} = C <- Named, Permanent(Id, Db)]
                       end,
               lists:flatmap(
                 fun({Id, Child, Type, _}) ->
                         Here = <<Path/binary, " / ", (Plain(Id))/binary>>,
                         [{Here, State(Child)}
                          | case Type =:= supervisor andalso is_pid(Child) andalso Depth < 30
                                 andalso Supervises(Child) of
                                true -> Walk(Child, Here, Depth + 1);
                                false -> []
                            end]
                 end, Known)
       end,
Top = fun(App) ->
              try application_master:get_child(application_controller:get_master(App)) of
                  {P, _} when is_pid(P) -> P;
                  _ -> none
              catch _:_ -> none
              end
      end,
Apps = [A || {A, _, _} <- application:which_applications(5000)],
Tree = [Entry || App <- Apps, P <- [Top(App)], is_pid(P), Supervises(P),
                 Entry <- Walk(P, Text("~tp", [App]), 0)],
%% Written by Elixir when it boots, never when it is upgraded.
Passing = [config_provider_init, config_provider_booted],
Env = [{Text("~tp ~tp", [App, Key]), erlang:phash2(Value)}
       || {App, _, _} <- application:loaded_applications(),
          {Key, Value} <- application:get_all_env(App), not lists:member(Key, Passing)],
Suspended = [Who(P) || P <- processes(),
                       case process_info(P, [status, current_function]) of
                           [{_, suspended}, _] -> true;
                           [_, {_, {sys, suspend_loop, _}}] -> true;
                           _ -> false
                       end],
%% In code that is one load from being purged.
Old = [M || {M, _} <- code:all_loaded(), erlang:check_old_code(M)],
Lingering = lists:sublist(
              lists:usort([Text("~ts runs old code of ~ts", [Who(P), Plain(M)])
                           || M <- lists:sublist(Old, 50), P <- processes(),
                              erlang:check_process_code(P, M) =:= true]), 20),
[{applications, [Text("~tp", [A]) || A <- lists:sort(Apps)]},
 {children, lists:sort(Tree)},
 {env, lists:sort(Env)},
 {suspended, lists:sort(lists:sublist(Suspended, 20))},
 {lingering, Lingering}]
