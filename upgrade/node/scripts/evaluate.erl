%% SPDX-License-Identifier: Apache-2.0
%% Evaluates the configuration of a release in a VM of its own, which config.erl starts
%% beside the node with the code of that release: none of its applications runs, there is
%% no distribution, and what a provider does to this VM it does to nobody else.
%% Reads DIR/input, {Static, Applications, Milliseconds}; writes DIR/answer, {ok, Config} or
%% {error, {config, Provider, Text}}.  Ends with the node, and when the time is over.
{ok, [[Dir, Node]]} = init:get_argument(relevo),
{ok, Input} = file:read_file(filename:join(Dir, "input")),
{Static, Applications, Ms} = binary_to_term(Input),
spawn(fun() ->
              Stdin = open_port({fd, 0, 0}, [in, eof]),
              receive {Stdin, eof} -> ok after Ms + 5000 -> ok end,
              erlang:halt(1, [{flush, false}])
      end),
%% node() is asked for in configurations: the name alone, nobody can be connected to.
Me = self(),
spawn(fun() ->
              register(net_kernel, self()),
              catch erlang:setnode(list_to_atom(Node), 1),
              Me ! named,
              (fun Loop() ->
                       receive
                           {'$gen_call', {From, Tag}, _} -> From ! {Tag, false}, Loop();
                           _ -> Loop()
                       end
               end)()
      end),
receive named -> ok end,
%% An exception may hold values of the configuration, which are nobody's business.  So of its message
%% are told the words that stand in the text of the configuration, where its author wrote them; what
%% was put in between is not.  Of others the kind is told.
Told = ['Elixir.RuntimeError', 'Elixir.ArgumentError'],
%% Of Config.Reader, the file that it reads.
Source = fun({Place, _}) ->
                 try file:read_file('Elixir.Config.Provider':'resolve_config_path!'(Place)) of
                     {ok, Text} -> Text;
                     {error, _} -> <<>>
                 catch _:_ -> <<>>
                 end;
            (_) -> <<>>
         end,
Words = fun(Message, Text) ->
                lists:join(" ", [case binary:match(Text, unicode:characters_to_binary(Word)) of
                                     nomatch -> "******";
                                     _ -> Word
                                 end || Word <- string:lexemes(unicode:characters_to_list(Message), " \t\r\n")])
        end,
What = fun(#{'__struct__' := 'Elixir.System.EnvError', env := Name}, _) ->
               ["the environment variable ", Name, " is not set"];
          (#{'__struct__' := Name} = Exception, State) ->
               case {lists:member(Name, Told), Source(State)} of
                   {true, Text} when Text =/= <<>> -> Words('Elixir.Exception':message(Exception), Text);
                   _ -> atom_to_list(Name)
               end;
          (Atom, _) when is_atom(Atom) -> atom_to_list(Atom);
          (Tuple, _) when is_tuple(Tuple), is_atom(element(1, Tuple)) -> atom_to_list(element(1, Tuple));
          (_, _) -> "exception"
       end,
Where = fun(Stack) ->
                case [{filename:basename(File), proplists:get_value(line, Info, 0)}
                      || {_, _, _, Info} <- Stack, {file, File} <- Info,
                         lists:suffix(".exs", File)] of
                    [{File, Line} | _] -> io_lib:format("~ts:~b: ", [File, Line]);
                    [] -> ""
                end
        end,
%% The function that failed, its arguments left out.
Inside = fun([{erl_eval, _, _, _} | _]) -> "";
            ([{M, F, Args, _} | _]) when is_list(Args) ->
                 io_lib:format(" in ~ts:~ts/~b", [M, F, length(Args)]);
            ([{M, F, Arity, _} | _]) -> io_lib:format(" in ~ts:~ts/~b", [M, F, Arity]);
            (_) -> ""
         end,
Fault = fun(Provider, Text) ->
                {error, {config, Provider, unicode:characters_to_binary(Text)}}
        end,
Load = fun({Provider, State}, {ok, Config}) ->
               try Provider:load(Config, State) of
                   Loaded when is_list(Loaded) -> {ok, Loaded};
                   _ -> Fault(Provider, "gave no list")
               catch _:Reason:Stack ->
                       Fault(Provider, [Where(Stack), io_lib:format("~ts", [What(Reason, State)]),
                                        Inside(Stack)])
               end;
          (_, Error) -> Error
       end,
%% A boot stops where a value is not the one that was compiled in.
Get = fun Get(Found, []) -> Found;
          Get({ok, Value}, [Key | Path]) -> Get('Elixir.Access':fetch(Value, Key), Path);
          Get(_, _) -> error
      end,
Has = fun(App, Key) ->
              case application:get_env(App, Key) of
                  undefined -> error;
                  Found -> Found
              end
      end,
Compiled = fun(Paths, {ok, Config} = Loaded) when is_list(Paths) ->
                   application:set_env(Config),
                   case [{App, Key} || {App, [Key | Path], Was} <- Paths,
                                       Get(Has(App, Key), Path) =/= Was] of
                       [] -> Loaded;
                       [{App, Key} | _] ->
                           Fault('Elixir.Config.Provider',
                                 io_lib:format("~ts ~tp: not the value that it was compiled "
                                               "with, so the release would not boot",
                                               [App, Key]))
                   end;
              (_, Loaded) -> Loaded
           end,
Init = proplists:get_value(config_provider_init, proplists:get_value(elixir, Static, [])),
#{providers := Providers, extra_config := Extra} = Init,
[application:load(A) || A <- Applications],
Answer = try
             {ok, _} = application:ensure_all_started(elixir),
             Start = 'Elixir.Config':'__merge__'(Static, Extra),
             Compiled(maps:get(validate_compile_env, Init, false),
                      lists:foldl(Load, {ok, Start}, Providers))
         catch _:Reason:Stack -> Fault(elixir, [io_lib:format("~ts", [What(Reason, none)]), Inside(Stack)])
         end,
ok = file:write_file(filename:join(Dir, "answer"), term_to_binary(Answer)),
erlang:halt(0, [{flush, false}])
