%% SPDX-License-Identifier: Apache-2.0
%% Processes that the steps of a relup suspend and that do not answer: release_handler goes on without
%% them, so that they would run new code with their old state.  Answers them as texts, the first five.
Text = fun(P) ->
               Called = case process_info(P, registered_name) of
                            {_, Registered} -> io_lib:format(" ~tp", [Registered]);
                            _ ->
                                case Began(P) of
                                    {M, F, A} when is_atom(M) -> io_lib:format(", which began in ~tp:~tp/~tp", [M, F, A]);
                                    _ -> ""
                                end
                        end,
               lists:flatten([io_lib:format("~p", [P]), Called])
       end,
lists:map(Text, lists:sublist(lists:filter(fun erlang:is_process_alive/1, Unanswering), 5))
