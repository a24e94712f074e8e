%% SPDX-License-Identifier: Apache-2.0
%% Evaluates Erlang with the code and the configuration of Vsn, which is unpacked, in a VM that lives for
%% just that (vm.erl).  Its applications are loaded and not started, as for `bin/NAME eval`.  It ends with
%% the node.  Only one at a time runs.  Bound: Vsn, Expression, ConfigTimeout (for each of the two VMs).
%% Answers {done | failed | late, Output}, or {error, Why}.
Text = "{ok, [[Dir, _]]} = init:get_argument(relevo), "
    "{ok, Input} = file:read_file(filename:join(Dir, \"input\")), "
    "{Expression, Config, Applications} = binary_to_term(Input), "
    "spawn(fun() -> "
    "              Stdin = open_port({fd, 0, 0}, [in, eof]), "
    "              receive {Stdin, eof} -> erlang:halt(1, [{flush, false}]) end "
    "      end), "
    "[application:load(A) || A <- Applications], "
    "application:set_env(Config), "
    "[{ok, _} = application:ensure_all_started(elixir) || lists:member(elixir, Applications)], "
    "{ok, Tokens, _} = erl_scan:string(Expression ++ \".\"), "
    "{ok, Exprs} = erl_parse:parse_exprs(Tokens), "
    "Bad = fun(false) -> true; (error) -> true; ({error, _}) -> true; (_) -> false end, "
    "try erl_eval:exprs(Exprs, []) of "
    "    {value, Value, _} -> "
    "        io:format(\"~0tp~n\", [Value]), "
    "        erlang:halt(case Bad(Value) of true -> 3; false -> 0 end) "
    "catch Class:Reason:_ -> "
    "        io:format(\"~ts: ~0tp~n\", [Class, Reason]), "
    "        erlang:halt(3) "
    "end.",
Static = case file:consult(filename:join([RelDir, Vsn, "sys.config"])) of
             {ok, [Found]} when is_list(Found) -> Found;
             _ -> []
         end,
RunWith = fun(Config) ->
                  InFolder(fun(Dir) ->
                               Shown = [{A, [KV || {K, _} = KV <- Env, K =/= config_provider_init]}
                                       || {A, Env} <- Static, A =/= kernel],
                               WriteSecret(filename:join(Dir, "sys.config"), AsText(Shown)),
                               Settings = [{A, Env} || {A, Env} <- Config, A =/= kernel, is_list(Env)],
                               WriteSecret(filename:join(Dir, "input"),
                                           term_to_binary({Expression, Settings, ApplicationsOf(Vsn, Root)})),
                               case Boot(Vsn, Root, Dir, Text) of
                                   late -> {late, <<>>};
                                   {ended, 0, Said} -> {done, Said};
                                   {ended, 3, Said} -> {failed, Said};
                                   {ended, Status, Said} ->
                                       {failed, <<Said/binary, "the VM ended with status ",
                                                  (integer_to_binary(Status))/binary>>}
                               end
                       end)
      end,
%% One that an earlier relevo has begun runs to its end.
Alone = fun Alone(Left) ->
                try register(relevo_once, self())
                catch error:badarg when Left > 0 -> timer:sleep(100), Alone(Left - 100);
                      error:badarg -> false
                end
        end,
case Alone(ConfigTimeout) of
    false -> {error, another_one_still_runs};
    true ->
        try EvaluateIn(Vsn, Root) of
            {ok, Evaluated} -> RunWith(Evaluated);
            none -> RunWith(Static);
            Error -> Error
        after unregister(relevo_once)
        end
end
