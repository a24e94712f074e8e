%% SPDX-License-Identifier: Apache-2.0
%% Funs of the code that Steps (of the relup) loads over: once that code is purged, calling them
%% is an error.  Looked for, where that costs the node little, in the states of idle gen_servers,
%% gen_statems and gen_events, in process dictionaries, ets tables and persistent terms.
%% Answers [{found, [{Module, Place, Text}]}, {looked, HowMany}, {left, HowMany}] in processes
%% and tables: left are those that are too large, too busy, private, or beyond the time.
End = erlang:monotonic_time(millisecond) + 5000,
{MaxBytes, MaxQueue, MaxTerms, MaxFound} = {4194304, 100, 100000, 50},
Loads = maps:from_list([{M, true} || {Verb, {M, _, _}} <- Steps, Verb =:= load orelse Verb =:= remove]),
Word = erlang:system_info(wordsize),
%% The modules of the funs in a term, and how many terms may still be looked at.
Walk = fun Walk(_, {0, Found}) -> {0, Found};
           Walk([H | T], {N, Found}) -> Walk(T, Walk(H, {N - 1, Found}));
           Walk(V, State) when is_tuple(V) -> Walk(tuple_to_list(V), State);
           Walk(V, State) when is_map(V) -> Walk(maps:to_list(V), State);
           Walk(V, {N, Found}) when is_function(V) ->
               {_, M} = erlang:fun_info(V, module),
               {_, Type} = erlang:fun_info(V, type),
               {_, Env} = erlang:fun_info(V, env),
               Walk(Env, {N - 1, case Type =:= local andalso maps:is_key(M, Loads) of
                                     true -> Found#{M => true};
                                     false -> Found
                                 end});
           Walk(_, {N, Found}) -> {N - 1, Found}
       end,
In = fun(Term) -> {_, Found} = Walk(Term, {MaxTerms, #{}}), maps:keys(Found) end,
Text = fun(Format, Args) -> lists:flatten(io_lib:format(Format, Args, [{chars_limit, 200}])) end,
Who = fun(P, Dictionary) ->
              Name = case process_info(P, registered_name) of
                         {_, N} -> Text(" ~tp", [N]);
                         _ -> ""
                     end,
              case proplists:get_value('$initial_call', Dictionary) of
                  {M, F, A} -> Text("~p~ts, began in ~ts:~tp/~b", [P, Name, M, F, A]);
                  _ -> Text("~p~ts", [P, Name])
              end
      end,
%% Those that wait for a message where they will take a system message for what it is; with how many
%% arguments differs from one OTP to the next.
Idle = [{gen_server, loop}, {gen_statem, loop_receive}, {gen_statem, loop}, {gen_event, fetch_msg}],
State = fun(P, {M, F, _}) ->
                case lists:member({M, F}, Idle) of
                    true -> try In(sys:get_state(P, 500)) catch _:_ -> left end;
                    false -> []
                end
        end,
Process = fun(P) ->
                  case process_info(P, [total_heap_size, message_queue_len, current_function]) of
                      undefined -> [];
                      [{_, Heap}, {_, Queue}, _] when Heap * Word > MaxBytes; Queue > MaxQueue -> left;
                      [_, _, {_, Function}] ->
                          case {process_info(P, dictionary), State(P, Function)} of
                              {_, left} -> left;
                              {undefined, _} -> [];
                              {{_, Dictionary}, Held} ->
                                  [{M, state, Who(P, Dictionary)} || M <- Held] ++
                                      [{M, dictionary, Who(P, Dictionary)} || M <- In(Dictionary)]
                          end
                  end
          end,
Table = fun(T) ->
                case {ets:info(T, protection), ets:info(T, memory)} of
                    {undefined, _} -> [];
                    {Open, Words} when Open =/= private, Words * Word =< MaxBytes ->
                        try [{M, ets, Text("~tp", [ets:info(T, name)])} || M <- In(ets:tab2list(T))]
                        catch _:_ -> []
                        end;
                    _ -> left
                end
        end,
Term = fun({Key, Value}) ->
               [{M, persistent_term, Text("~tp", [Key])} || M <- In(Value)]
       end,
Into = fun({process, P}) -> Process(P);
          ({table, T}) -> Table(T);
          ({term, T}) -> Term(T)
       end,
Look = fun(Place, {Found, Looked, Left}) ->
               case length(Found) < MaxFound andalso erlang:monotonic_time(millisecond) < End of
                   false -> {Found, Looked, Left + 1};
                   true ->
                       case Into(Place) of
                           left -> {Found, Looked, Left + 1};
                           More -> {Found ++ More, Looked + 1, Left}
                       end
               end
       end,
Places = fun() ->
                 [{term, T} || T <- persistent_term:get()] ++ [{table, T} || T <- ets:all()] ++
                     [{process, P} || P <- processes(), P =/= self()]
         end,
%% When others have nothing to do.
process_flag(priority, low),
{Found, Looked, Left} = case maps:size(Loads) of
                            0 -> {[], 0, 0};
                            _ -> lists:foldl(Look, {[], 0, 0}, Places())
                        end,
[{found, lists:sublist(Found, MaxFound)}, {looked, Looked}, {left, Left}]
