%% SPDX-License-Identifier: Apache-2.0
%% Whether there is what the steps of the last installation start: release_handler takes no notice of
%% what they return.  Who is asked once more says why not.  Answers with the faults, as texts; where
%% there are none, the installation is seen to have gone well.
%% Without values, which may be secrets.
Outline = fun Outline(T) when is_tuple(T) -> list_to_tuple([Outline(E) || E <- tuple_to_list(T)]);
              Outline(T) when is_atom(T); is_integer(T); is_pid(T) -> T;
              Outline([H | T]) when not is_integer(H) -> [Outline(H) | Outline(T)];
              Outline([]) -> [];
              Outline(_) -> '...'
          end,
Missing = fun(Child, Why) -> [unicode:characters_to_binary(io_lib:format("~ts: ~0tp", [Child, Outline(Why)]))] end,
ChildName = fun(Sup, Id) -> io_lib:format("the child ~0tp of ~0tp does not run", [Id, Sup]) end,
Restarted = fun(Sup, Id) ->
                    try supervisor:restart_child(Sup, Id) of
                        {error, running} -> [];
                        {error, Why} -> Missing(ChildName(Sup, Id), Why);
                        _ -> []
                    catch _:Why -> Missing(ChildName(Sup, Id), Why)
                    end
            end,
StartedAs = fun(#{id := Id} = Spec) -> {Id, maps:get(restart, Spec, permanent)};
               ({Id, _, Restart, _, _, _}) -> {Id, Restart};
               (_) -> none
            end,
Started = fun(Sup, Spec) ->
                  case StartedAs(Spec) of
                      {Id, permanent} ->
                          try supervisor:start_child(Sup, Spec) of
                              {error, {already_started, P}} when is_pid(P) -> [];
                              {error, already_present} -> Restarted(Sup, Id);
                              {error, Why} -> Missing(ChildName(Sup, Id), Why);
                              _ -> []
                          catch _:Why -> Missing(ChildName(Sup, Id), Why)
                          end;
                      %% Others may have done their work and ended.
                      _ -> []
                  end
          end,
IsEnded = fun(Sup, Id, Later) ->
                  lists:any(fun({apply, {_, terminate_child, [S, I]}}) -> S =:= Sup andalso I =:= Id;
                               (_) -> false
                            end, Later)
          end,
Runs = fun(App, Type) ->
               case application:start(App, Type) of
                   {error, {already_started, _}} -> [];
                   {error, Why} -> Missing(io_lib:format("~ts is not started", [App]), Why);
                   ok -> []
               end
       end,
NotStarted = fun NotStarted([]) -> [];
                 NotStarted([{apply, {M, restart_child, [Sup, Id]}} | Later])
                   when M =:= supervisor; M =:= 'Elixir.Supervisor' ->
                     [F || not IsEnded(Sup, Id, Later), F <- Restarted(Sup, Id)] ++ NotStarted(Later);
                 NotStarted([{apply, {M, start_child, [Sup, Spec]}} | Later])
                   when M =:= supervisor; M =:= 'Elixir.Supervisor' ->
                     Started(Sup, Spec) ++ NotStarted(Later);
                 NotStarted([{apply, {application, start, [App | Type]}} | Later]) ->
                     [F || not lists:member({apply, {application, stop, [App]}}, Later),
                           F <- Runs(App, hd(Type ++ [temporary]))] ++ NotStarted(Later);
                 NotStarted([_ | Later]) -> NotStarted(Later)
             end,
Faults = case string:lexemes(os:getenv("RELEVO_UNSEEN", ""), " ") of
             [From, To] -> NotStarted(WayFrom(From, To));
             _ -> []
         end,
[os:unsetenv("RELEVO_UNSEEN") || Faults =:= []],
Faults
