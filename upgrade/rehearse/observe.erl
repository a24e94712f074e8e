%% SPDX-License-Identifier: Apache-2.0
%% A process that notes what a change does to the node: which processes end and why, how long each
%% is suspended (what release_handler sends to them is traced), which errors are logged.
%% Answers true.
%% As Elixir calls its modules.
Plain = fun(Atom) ->
                case atom_to_list(Atom) of
                    "Elixir." ++ Name -> Name;
                    _ -> io_lib:format("~tp", [Atom])
                end
        end,
Who = fun(P) ->
              Asked = [registered_name, initial_call, current_function, dictionary],
              Id = case process_info(P, Asked) of
                       [{_, Registered}, _, _, _] when is_atom(Registered), Registered =/= '' ->
                           Plain(Registered);
                       [_, {_, Call}, {_, In}, {_, Dictionary}] ->
                           %% A fun says nothing; where it is, does.
                           {M, F, A} = case proplists:get_value('$initial_call', Dictionary, Call) of
                                           {erlang, apply, 2} when is_tuple(In) -> In;
                                           Initial -> Initial
                                       end,
                           io_lib:format("~ts:~tp/~p", [Plain(M), F, A]);
                       _ -> ""
                   end,
              Named = case process_info(P, registered_name) of
                          {_, Name} -> Name;
                          _ -> none
                      end,
              {Named, unicode:characters_to_binary(Id)}
      end,
Short = fun(Term) ->
                unicode:characters_to_binary(
                  io_lib:format("~0tp", [Term], [{chars_limit, 300}]))
        end,
Say = fun(Event) ->
              Text = try logger_formatter:format(Event, #{template => [msg], single_line => true,
                                                          chars_limit => 300})
                     catch _:_ -> "an error that cannot be shown"
                     end,
              unicode:characters_to_binary(Text)
      end,
%% Killed is who was killed by the purge of old code, or was linked to one who was.  Whom a
%% supervisor kills it stops, in the way its child specification asks for.
Kind = fun(normal, _, _) -> ended;
          (shutdown, _, _) -> ended;
          ({shutdown, _}, _, _) -> ended;
          (noproc, _, _) -> ended;
          (killed, P, #{purged := Purged, stopped := Stopped}) ->
               if is_map_key(P, Purged) -> killed;
                  is_map_key(P, Stopped) -> ended;
                  map_size(Purged) > 0 -> killed;
                  map_size(Stopped) > 0 -> ended;
                  true -> crashed
               end;
          (_, _, _) -> crashed
       end,
%% A stack says less than it takes.
Reason = fun({R, [{_, _, _, _} | _]}) -> R; (R) -> R end,
%% purged, stopped: whom the purge and whom supervisors killed.  born: who crashed of those that came
%% since; usual: which calls crash without any change, from the first time that was asked.
Empty = #{seen => #{}, refs => [], downs => [], held => #{}, pauses => [], logs => [], logged => 0,
          purged => #{}, stopped => #{}, born => [], usual => unknown},
Purger = whereis(erts_code_purger),
Supervisors = fun() ->
                      [P || P <- processes(), {_, Dictionary} <- [process_info(P, dictionary)],
                            {_, {supervisor, _, _}} <- [lists:keyfind('$initial_call', 1, Dictionary)]]
              end,
Watch = fun(Asker) ->
                Pids = [P || P <- processes(), P =/= self(), P =/= Asker],
                Handler = whereis(release_handler),
                erlang:trace_pattern(send, [{['_', {system, '_', What}], [], []}
                                            || What <- [suspend, resume]], []),
                is_pid(Handler) andalso
                    catch erlang:trace(Handler, true, [send, monotonic_timestamp]),
                erlang:trace_pattern({erlang, exit, 2}, [{['_', kill], [], []}], []),
                [catch erlang:trace(P, true, [call]) || P <- [Purger | Supervisors()]],
                Empty#{seen => maps:from_list([{P, Who(P)} || P <- Pids]),
                       refs => [erlang:monitor(process, P) || P <- Pids]}
        end,
Down = fun({P, R}, #{seen := Seen} = S) ->
               {Name, Text} = maps:get(P, Seen, {none, <<"a process">>}),
               Back = is_atom(Name) andalso Name =/= none andalso is_pid(whereis(Name)),
               {Kind(R, P, S), Text, Short(Reason(R)), Back, Name =/= none}
       end,
%% What a crash report tells: who, which says more than what is seen of one that has not run yet.
Crashed = fun(#{msg := {report, #{label := {proc_lib, crash}, report := [Info | _]}}}) ->
                  case {proplists:get_value(pid, Info), proplists:get_value(initial_call, Info)} of
                      {P, {M, F, Args}} ->
                          N = if is_list(Args) -> length(Args); true -> Args end,
                          {_, R, _} = proplists:get_value(error_info, Info, {exit, unknown, []}),
                          [{P, iolist_to_binary(io_lib:format("~ts:~tp/~p", [Plain(M), F, N])), Short(R)}];
                      _ -> []
                  end;
             (_) -> []
          end,
Noted = fun({P, Text, R}, #{seen := Seen, born := Born} = S) ->
                case Seen of
                    #{P := {none, _}} -> S#{seen := Seen#{P := {none, Text}}};
                    #{P := _} -> S;
                    _ -> S#{born := lists:sublist([{Text, R} | Born], 1000)}
                end
        end,
%% Of those that have no name, whether they were watched or came since.
Crashes = fun(#{downs := Downs, born := Born} = S) ->
                  [{Text, R} || D <- Downs, {crashed, Text, R, _, false} <- [Down(D, S)]] ++ Born
          end,
IsNews = fun({crashed, Text, _, _, false}, #{usual := Usual}) when is_map(Usual) ->
                 not is_map_key(Text, Usual);
            (_, _) -> true
         end,
News = fun(#{born := Born, usual := Usual} = S) when is_map(Usual) ->
               [T || {Text, R} <- lists:reverse(Born), T <- [{crashed, Text, R, false, false}], IsNews(T, S)];
          (_) -> []
       end,
Usual = fun(#{usual := unknown} = S) -> maps:from_list(Crashes(S)); (#{usual := Known}) -> Known end,
%% Also of one that came since.
Called = fun(P, Seen) -> element(2, case Seen of #{P := Known} -> Known; _ -> Who(P) end) end,
Longest = fun(Pauses, Seen) ->
                  [{Us, Called(P, Seen)}
                   || {Us, P} <- lists:sublist(lists:reverse(lists:sort(Pauses)), 5)]
          end,
Report = fun(#{seen := Seen, downs := Downs, pauses := Pauses, held := Held, logs := Logs} = S) ->
                 Told = [T || D <- lists:reverse(Downs), T <- [Down(D, S)], IsNews(T, S)] ++ News(S),
                 {Bad, Fine} = lists:partition(fun(T) -> element(1, T) =/= ended end, Told),
                 {Named, Others} = lists:partition(fun(T) -> element(5, T) end, Fine),
                 [{processes, maps:size(Seen)},
                  {kept, maps:size(Seen) - length(Downs)},
                  {ended, length(Others)},
                  {bad, length(Bad)},
                  {downs, lists:sublist(Bad, 20) ++ lists:sublist(Named, 20)},
                  {suspended, length(Pauses)},
                  {pauses, Longest(Pauses, Seen)},
                  {held, [Called(P, Seen)
                          || P <- lists:sublist(maps:keys(Held), 20), is_process_alive(P)]},
                  {logged, maps:get(logged, S)},
                  {logs, [Say(L) || L <- lists:reverse(Logs)]}]
         end,
Forget = fun(#{refs := Refs}) ->
                 [erlang:demonitor(R, [flush]) || R <- Refs],
                 catch erlang:trace(whereis(release_handler), false, [send]),
                 [catch erlang:trace(P, false, [call]) || P <- [Purger | Supervisors()]]
         end,
Resumed = fun(P, Ts, #{held := Held, pauses := Pauses} = S) ->
                  case Held of
                      #{P := Since} ->
                          Us = erlang:convert_time_unit(Ts - Since, nanosecond, microsecond),
                          S#{held => maps:remove(P, Held), pauses => [{Us, P} | Pauses]};
                      _ -> S
                  end
          end,
Loop = fun Loop(S) ->
               receive
                   {'DOWN', _, process, P, R} ->
                       Loop(S#{downs => [{P, R} | maps:get(downs, S)]});
                   {trace_ts, _, send, {system, _, suspend}, P, Ts} ->
                       Loop(S#{held => maps:put(P, Ts, maps:get(held, S))});
                   {trace_ts, _, send, {system, _, resume}, P, Ts} ->
                       Loop(Resumed(P, Ts, S));
                   {trace, Purger, call, {erlang, exit, [P, kill]}} ->
                       Loop(S#{purged => maps:put(P, true, maps:get(purged, S))});
                   {trace, _, call, {erlang, exit, [P, kill]}} ->
                       Loop(S#{stopped => maps:put(P, true, maps:get(stopped, S))});
                   {relevo_log, Event} ->
                       #{logs := Logs, logged := N} = S,
                       Loop(lists:foldl(Noted, S#{logged => N + 1,
                                                  logs => case N < 5 of true -> [Event | Logs]; false -> Logs end},
                                        Crashed(Event)));
                   {watch, From, Tag} ->
                       Forget(S),
                       New = Watch(From),
                       From ! {Tag, true},
                       Loop(New#{usual => maps:get(usual, S)});
                   {take, From, Tag} ->
                       Answer = Report(S),
                       Forget(S),
                       From ! {Tag, Answer},
                       Loop(Empty#{usual => Usual(S)});
                   _ -> Loop(S)
               end
       end,
Log = fun(#{level := Level} = Event, Observer) ->
              case logger:compare_levels(Level, error) of
                  lt -> ignore;
                  _ -> Observer ! {relevo_log, Event}, ignore
              end;
         (_, _) -> ignore
      end,
case whereis(relevo_rehearsal) of
    undefined ->
        %% Reads when others have nothing to do, so that it measures them and not itself.
        Observer = spawn_opt(fun() -> Loop(Empty) end,
                             [{priority, low}, {message_queue_data, off_heap}]),
        register(relevo_rehearsal, Observer),
        ok = logger:add_primary_filter(relevo_rehearsal, {Log, Observer});
    _ -> ok
end,
true
