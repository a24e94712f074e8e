%% SPDX-License-Identifier: Apache-2.0
%% What an installation would do to the processes of this node; nothing is changed.
%% Bound: LoadedOver, modules of the relup's steps (names, packed), and Changes: whether it has processes
%% change their state; what held.erl finds.
%% Answers [{pages, [{Module, HowMany, suspended | runs}]}, {suspends, HowMany}, {groups, Groups}, {us, Microseconds}, {silent, Processes},
%% {lingering, [{Module, Process}]}, {free, Bytes | infinity}]; of long lists the first 50.
%% A process is {Pid, Name, Began, In, Where} as texts; a group
%% {Module, HowMany, LongestAnswerUs, LongestQueue, Bytes}.
Loads = Atoms(LoadedOver),
Text = fun(Format, Args) -> lists:flatten(io_lib:format(Format, Args)) end,
Mfa = fun({M, F, A}) -> Text("~ts:~tp/~b", [M, F, A]); (_) -> "" end,
%% Where in its file, of the module that matters if it is on the stack.
Where = fun(P, M) ->
                case process_info(P, current_stacktrace) of
                    {_, Stack} ->
                        Own = [Info || {Module, _, _, Info} <- Stack, Module =:= M] ++
                            [Info || {_, _, _, Info} <- Stack],
                        case [{F, L} || Info <- Own, {file, F} <- Info, {line, L} <- Info] of
                            [{F, L} | _] -> Text("~ts:~b", [F, L]);
                            [] -> ""
                        end;
                    undefined -> ""
                end
        end,
Who = fun(P, Module) ->
              case process_info(P, [registered_name, initial_call, current_function, dictionary]) of
                  [{_, Name}, {_, Call}, {_, In}, {_, Dictionary}] ->
                      {Text("~p", [P]), case Name of [] -> ""; _ -> Text("~tp", [Name]) end,
                       Mfa(proplists:get_value('$initial_call', Dictionary, Call)), Mfa(In),
                       Where(P, Module)};
                  undefined -> {Text("~p", [P]), "", "", "", ""}
              end
      end,
InOld = fun(M) ->
                Ps = processes(),
                Is = lists:zipwith(fun erlang:check_process_code/2, Ps, lists:duplicate(length(Ps), M)),
                proplists:get_all_values(true, lists:zip(Is, Ps))
        end,
Lingering = [{M, Who(P, M)} || M <- Loads, erlang:check_old_code(M), P <- InOld(M)],
Silent = [Who(P, none) || P <- lists:sublist(Unanswering, 50)],
%% How long a question and its answer take, of those with the longest mailboxes and of some
%% others, one after the other as release_handler asks them, for three seconds at most.
Sizes = Pick(InfosOf(Answered, [message_queue_len, memory]),
             {{[{message_queue_len, '$1'}, {memory, '$2'}], '$3'}, [], [{{'$1', '$2', '$3'}}]}),
{Longest, Others} = lists:split(min(50, length(Sizes)), lists:reverse(lists:sort(Sizes))),
Every = max(1, length(Others) div 450),
OtherAt = list_to_tuple(Others),
Sample = Longest ++ [element(I, OtherAt) || I <- lists:seq(Every, tuple_size(OtherAt), Every)],
End = erlang:monotonic_time(millisecond) + 3000,
Asked = [{P, Us}
         || {_, _, P} <- Sample, erlang:monotonic_time(millisecond) < End,
            {Us, Said} <- [timer:tc(fun() -> catch sys:log(P, get, Wait) end)],
            element(1, Said) =:= ok],
Took = maps:from_list(Asked),
Spent = lists:sum([Us || {_, Us} <- Asked]),
Rest = lists:sort([Us || {P, Us} <- Asked, not lists:keymember(P, 3, Longest)]),
Usual = case Rest of
            [] -> Spent / max(1, length(Asked));
            _ -> lists:nth(length(Rest) div 2 + 1, Rest)
        end,
%% Suspended and resumed, and told to change where a step says so.
Rounds = case Changes of
             true -> 3;
             false -> 2
         end,
%% What loading the present code would take, most of which is to prepare it.
Prepared = [Us || Held =/= [], M <- lists:sublist(Loads, 100), {_, Code, _} <- [code:get_object_code(M)],
                  {Us, _} <- [timer:tc(fun() -> erlang:prepare_loading(M, Code) end)]],
Loading = lists:sum(Prepared) * length(Loads) / max(1, length(Prepared)),
Us = round(Loading + Rounds * (Spent + Usual * (length(Held) - length(Asked)))),
Queues = maps:from_list(Pick(Sizes, {{'$1', '$2', '$3'}, [], [{{'$3', {{'$1', '$2'}}}}]})),
Group = fun({M, Ps}) ->
                {Qs, Bs} = lists:unzip(maps:values(maps:with(Ps, Queues))),
                {M, length(Ps), lists:max([0 | maps:values(maps:with(Ps, Took))]),
                 lists:max([0 | Qs]), lists:sum(Bs)}
        end,
%% Pages by their view, channels by their module.  A page is suspended where LiveView's own process is.
Kinds = lists:foldl(fun({P, [M]}, Sums) ->
                            Kind = case Began(P) of
                                       {View, mount, 3} -> View;
                                       _ -> M
                                   end,
                            Key = {Kind, case lists:member(M, Suspends) of true -> suspended; false -> runs end},
                            Sums#{Key => maps:get(Key, Sums, 0) + 1};
                       (_, Sums) -> Sums
                    end, #{}, PagesAndChannels()),
[{pages, [{Kind, Count, What} || {{Kind, What}, Count} <- lists:sort(maps:to_list(Kinds))]},
 {suspends, length(Held)}, {groups, lists:sublist(lists:map(Group, lists:sort(Owned)), 50)},
 {us, Us}, {silent, lists:sublist(Silent, 50)}, {lingering, lists:sublist(Lingering, 50)}, {free, FreeBytes()}]
