%% SPDX-License-Identifier: Apache-2.0
%% Funs of the code that is loaded over, by LoadedOver (modules, packed): once that code is purged, calling them
%% is an error.  Looked for, where that costs the node little, in the states of idle gen_servers,
%% gen_statems and gen_events, in process dictionaries, ets tables and persistent terms.
%% Answers [{found, [{Module, Place, Text}]}, {looked, HowMany}, {left, HowMany}] in processes
%% and tables: left are those that are too large, too busy, private, or beyond the time.
End = erlang:monotonic_time(millisecond) + 3000,
{MaxBytes, MaxQueue, MaxTerms, MaxFound} = {4194304, 100, 100000, 50},
Loads = maps:from_list([{M, true} || M <- Atoms(LoadedOver)]),
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
IsIdle = list_to_tuple(['orelse' | [{'andalso', {'=:=', {element, 1, '$2'}, M}, {'=:=', {element, 2, '$2'}, F}}
                                    || {M, F} <- Idle]]),
%% As a term is written for others, a fun has how many variables it took along and then its module.
Headers = [<<0, 0, 0, Free, Kind/binary, (byte_size(M)), M/binary>>
           || Name <- maps:keys(Loads), M <- [atom_to_binary(Name, utf8)],
              Free <- lists:seq(0, 31), Kind <- [<<119>>, <<100, 0>>]],
%% Of [{Process, Term}], those that may well hold one.
Suspects = fun(Pairs) ->
                   {_, Terms} = lists:unzip(Pairs),
                   Matches = lists:zipwith(fun binary:match/2, lists:map(fun erlang:term_to_binary/1, Terms),
                                           lists:duplicate(length(Terms), binary:compile_pattern(Headers))),
                   Pick(lists:zip(Matches, Pairs), {{'$1', '$2'}, [{'=/=', '$1', nomatch}], ['$2']})
           end,
%% Of [{Process, Function, Words}]: [{Module, Place, Text}].
Processes = fun(Batch) ->
                    {Ps, _, _} = lists:unzip3(Batch),
                    Dictionaries = Pick(InfosOf(Ps, dictionary), {{{dictionary, '$1'}, '$2'}, [], [{{'$2', '$1'}}]}),
                    Waiting = Pick(Batch, {{'$1', '$2', '_'}, [IsIdle], ['$1']}),
                    States = AskAll(Waiting, get_state, 500),
                    Named = fun(P) -> {_, D} = process_info(P, dictionary), Who(P, D) end,
                    [{M, Place, try Named(P) catch _:_ -> Text("~p", [P]) end}
                     || {Place, Pairs} <- [{state, States}, {dictionary, Dictionaries}],
                        {P, Term} <- Suspects(Pairs), M <- In(Term)]
            end,
Table = fun(T) ->
                case {ets:info(T, protection), ets:info(T, memory)} of
                    {undefined, _} -> [];
                    {Open, Words} when Open =/= private, Words * Word =< MaxBytes ->
                        try [{M, ets, Text("~tp", [ets:info(T, name)])}
                             || {_, Rows} <- Suspects([{T, ets:tab2list(T)}]), M <- In(Rows)]
                        catch _:_ -> []
                        end;
                    _ -> left
                end
        end,
Term = fun({Key, Value}) ->
               [{M, persistent_term, Text("~tp", [Key])} || {_, V} <- Suspects([{Key, Value}]), M <- In(V)]
       end,
Into = fun({table, T}) -> Table(T);
          ({term, T}) -> Term(T)
       end,
Goes = fun(Found) -> length(Found) < MaxFound andalso erlang:monotonic_time(millisecond) < End end,
Look = fun(Place, {Found, Looked, Left}) ->
               case Goes(Found) of
                   false -> {Found, Looked, Left + 1};
                   true ->
                       case Into(Place) of
                           left -> {Found, Looked, Left + 1};
                           More -> {Found ++ More, Looked + 1, Left}
                       end
               end
       end,
%% Some thousands at a time, as long as they are small together.
InBatches = fun InBatches([], Sums) -> Sums;
                InBatches(List, {Found, Looked, Left}) ->
                    {Batch, Rest} = lists:split(min(4000, length(List)), List),
                    {_, _, Words} = lists:unzip3(Batch),
                    case {Goes(Found), lists:sum(Words) * Word =< 67108864} of
                        {false, _} -> {Found, Looked, Left + length(List)};
                        {true, true} ->
                            InBatches(Rest, {Found ++ Processes(Batch), Looked + length(Batch), Left});
                        {true, false} ->
                            {Half, Other} = lists:split(length(Batch) div 2, Batch),
                            InBatches(Other ++ Rest, InBatches(Half, {Found, Looked, Left}))
                    end
            end,
All = fun() ->
              Others = [{term, T} || T <- persistent_term:get()] ++ [{table, T} || T <- ets:all()],
              Ps = lists:delete(self(), processes()),
              Small = Pick(InfosOf(Ps, [total_heap_size, message_queue_len, current_function]),
                           {{[{total_heap_size, '$1'}, {message_queue_len, '$2'}, {current_function, '$3'}], '$4'},
                            [{'=<', '$1', MaxBytes div Word}, {'=<', '$2', MaxQueue}],
                            [{{'$4', '$3', '$1'}}]}),
              %% Processes first: they are many, and what they call back is what changes.
              lists:foldl(Look, InBatches(Small, {[], 0, length(Ps) - length(Small)}), Others)
      end,
%% When others have nothing to do.
process_flag(priority, low),
{Found, Looked, Left} = case maps:size(Loads) of
                            0 -> {[], 0, 0};
                            _ -> All()
                        end,
[{found, lists:sublist(Found, MaxFound)}, {looked, Looked}, {left, Left}]
