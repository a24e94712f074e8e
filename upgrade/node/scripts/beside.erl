%% SPDX-License-Identifier: Apache-2.0
%% Evaluates Expression, a text, with the code and the configuration of a release, in a VM of its own
%% beside the node; its applications are loaded there, and only Elixir's own runs.
%% Bound: Vsn, Shipped (its sys.config), Brought and Copies (vm.erl), ConfigTimeout, Alone: whether it waits,
%% as long, for another one that was to be alone, as what an earlier relevo has begun runs to its end.
%% Answers {ok, Value as external term, Printed}, {error, {failed, Text, Printed}}, or {error, Why};
%% Printed is the end of what it printed.
Program = "{ok, [[Dir | _]]} = init:get_argument(relevo), "
    "{ok, In} = file:read_file(filename:join(Dir, \"input\")), "
    "{Config, Applications, Text, Ms} = binary_to_term(In), "
    "spawn(fun() -> P = open_port({fd, 0, 0}, [in, eof]), "
    "               receive {P, eof} -> ok after Ms + 5000 -> ok end, "
    "               erlang:halt(1, [{flush, false}]) end), "
    "[application:load(A) || A <- Applications], "
    "[application:set_env(A, K, V, [{persistent, true}]) || {A, Env} <- Config, is_list(Env), {K, V} <- Env], "
    "application:ensure_all_started(elixir), "
    "Answer = try {ok, Tokens, _} = erl_scan:string(Text ++ \".\"), "
    "             {ok, Exprs} = erl_parse:parse_exprs(Tokens), "
    "             {value, Value, _} = erl_eval:exprs(Exprs, []), "
    "             {ok, term_to_binary(Value)} "
    "         catch Class:Why -> {error, unicode:characters_to_binary(io_lib:format(\"~p: ~tP\", [Class, Why, 20]))} "
    "         end, "
    "ok = file:write_file(filename:join(Dir, \"answer\"), term_to_binary(Answer)), "
    "erlang:halt(0)",
Run = fun(Config, Tree) ->
              InFolder(fun(Dir) ->
                               Input = {Config, ApplicationsOf(Vsn, Tree), Expression, ConfigTimeout},
                               WriteSecret(filename:join(Dir, "sys.config"), AsText([])),
                               WriteSecret(filename:join(Dir, "input"), term_to_binary(Input)),
                               Ended = Boot(Vsn, Tree, Dir, Program),
                               case {Ended, file:read_file(filename:join(Dir, "answer"))} of
                                   {late, _} ->
                                       Lost(io_lib:format("it did not end within ~b s", [ConfigTimeout div 1000]));
                                   {{ended, 0, Printed}, {ok, Bytes}} ->
                                       case binary_to_term(Bytes) of
                                           {ok, Value} -> {ok, Value, Printed};
                                           {error, Text} -> {error, {failed, Text, Printed}}
                                       end;
                                   {{ended, Status, Printed}, _} ->
                                       {error, {failed, unicode:characters_to_binary(
                                                          io_lib:format("the VM ended with status ~b", [Status])),
                                                Printed}}
                               end
                       end)
      end,
Begin = fun() ->
                InTree(Brought, Copies,
                       fun(Tree) ->
                               case EvaluateIn(Vsn, Tree) of
                                   none -> Run(Shipped, Tree);
                                   {ok, Config} -> Run(Config, Tree);
                                   Error -> Error
                               end
                       end)
        end,
Turn = fun Turn(Left) ->
               try register(relevo_beside, self())
               catch error:badarg when Left > 0 -> timer:sleep(100), Turn(Left - 100);
                     error:badarg -> false
               end
       end,
case Alone andalso Turn(ConfigTimeout) of
    true -> try Begin() after unregister(relevo_beside) end;
    false when Alone -> Lost("what was begun before still runs");
    false -> Begin()
end
