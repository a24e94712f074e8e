%% SPDX-License-Identifier: Apache-2.0
%% What an installation would do to the processes of this node; nothing is changed.
%% Bound: Steps (of the relup).
%% Answers [{suspends, HowMany}, {groups, Groups}, {us, Microseconds}, {silent, Processes},
%% {lingering, [{Module, Process}]}, {free, Bytes | infinity}]; of long lists the first 50.
%% A process is {Pid, Name, Began, In, Where} as texts; a group
%% {Module, HowMany, LongestAnswerUs, LongestQueue, Bytes}.
Wait = 2000,
Loads = lists:usort([M || {Verb, {M, _, _}} <- Steps, Verb =:= load orelse Verb =:= remove]),
Suspends = lists:usort([case S of {M, _} -> M; M -> M end
                        || {suspend, Ms} <- Steps, S <- Ms]),
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
Lingering = [{M, Who(P, M)}
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
Owned = lists:usort([{P, M} || {P, Ms} <- All, Ms =/= silent,
                               [M | _] <- [[M || M <- Modules(P, Ms), lists:member(M, Suspends)]]]),
Held = lists:usort([P || {P, _} <- Owned]),
%% All at once, as sys:log(P, get) would.  A fun is large to spawn: it takes along what it knows.
Ask = fun(P) -> Ref = make_ref(), P ! {system, {self(), Ref}, {log, get}}, {P, Ref} end,
Till = erlang:monotonic_time(millisecond) + Wait,
Left = fun() -> max(0, Till - erlang:monotonic_time(millisecond)) end,
Answers = [receive {Ref, _} -> {P, answers} after Left() -> {P, silent} end
           || {P, Ref} <- lists:map(Ask, Held)],
Silent = [Who(P, none) || {P, silent} <- Answers] ++ [Who(P, none) || {P, silent} <- All],
%% How long a question and its answer take, of those with the longest mailboxes and of some
%% others, one after the other as release_handler asks them, for three seconds at most.
Sizes = [{Queue, Bytes, P}
         || {P, answers} <- Answers,
            [{_, Queue}, {_, Bytes}] <- [process_info(P, [message_queue_len, memory])]],
{Longest, Others} = lists:split(min(50, length(Sizes)), lists:reverse(lists:sort(Sizes))),
Every = max(1, length(Others) div 450),
Sample = Longest ++ [S || {I, S} <- lists:zip(lists:seq(1, length(Others)), Others), I rem Every =:= 0],
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
Rounds = case lists:any(fun(S) -> is_tuple(S) andalso element(1, S) =:= code_change end, Steps) of
             true -> 3;
             false -> 2
         end,
%% What loading the present code would take, most of which is to prepare it.
Prepared = [Us || Held =/= [], M <- lists:sublist(Loads, 100), {_, Code, _} <- [code:get_object_code(M)],
                  {Us, _} <- [timer:tc(fun() -> erlang:prepare_loading(M, Code) end)]],
Loading = lists:sum(Prepared) * length(Loads) / max(1, length(Prepared)),
Us = round(Loading + Rounds * (Spent + Usual * (length(Held) - length(Asked)))),
Queues = maps:from_list([{P, {Queue, Bytes}} || {Queue, Bytes, P} <- Sizes]),
Group = fun(M) ->
                Ps = [P || {P, Of} <- Owned, Of =:= M],
                Qs = [maps:get(P, Queues, {0, 0}) || P <- Ps],
                {M, length(Ps), lists:max([maps:get(P, Took, 0) || P <- Ps]),
                 lists:max([Q || {Q, _} <- Qs]), lists:sum([B || {_, B} <- Qs])}
        end,
First = fun(List) -> lists:sublist(List, 50) end,
[{suspends, length(Held)}, {groups, First([Group(M) || M <- lists:usort([M || {_, M} <- Owned])])},
 {us, Us}, {silent, First(Silent)}, {lingering, First(Lingering)}, {free, FreeBytes()}]
