%% SPDX-License-Identifier: Apache-2.0
%% The configuration of a release as it will be after its config providers ran.
%%
%% release_handler reads sys.config alone: what runtime.exs and other providers gave at
%% boot would be gone after an upgrade.  So they are run here, as Config.Provider runs
%% them at boot, and the merged result stands in for sys.config while release_handler
%% reads it.  The original waits beside it, as sys.config.relevo.
ConfigFile = fun(V) -> filename:join([RelDir, V, "sys.config"]) end,
AsideFile = fun(V) -> ConfigFile(V) ++ ".relevo" end,
PutBack = fun(V) ->
                  case filelib:is_regular(AsideFile(V)) of
                      true -> ok = file:rename(AsideFile(V), ConfigFile(V));
                      false -> ok
                  end
          end,
Providers = fun(Static) ->
                    case proplists:get_value(config_provider_init,
                                             proplists:get_value(elixir, Static, [])) of
                        #{providers := List, extra_config := Extra} -> {List, Extra};
                        _ -> none
                    end
            end,
%% An exception may hold values of the configuration, which are nobody's business.  So its
%% message is told only where the author of the configuration wrote it; of others the kind.
Told = ['Elixir.RuntimeError', 'Elixir.ArgumentError', 'Elixir.System.EnvError'],
What = fun(#{'__struct__' := Name} = Exception) ->
               case lists:member(Name, Told) of
                   true -> 'Elixir.Exception':message(Exception);
                   false -> Name
               end;
          (Atom) when is_atom(Atom) -> Atom;
          (Tuple) when is_tuple(Tuple), is_atom(element(1, Tuple)) -> element(1, Tuple);
          (_) -> exception
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
Blame = fun(Provider, Reason, Stack) ->
                {error, {config, Provider,
                         unicode:characters_to_binary(
                             [Where(Stack), io_lib:format("~ts", [What(Reason)]),
                              Inside(Stack)])}}
        end,
Load = fun({Provider, State}, {ok, Config}) ->
               try Provider:load(Config, State) of
                   Loaded when is_list(Loaded) -> {ok, Loaded};
                   _ -> {error, {config, Provider, <<"gave no list">>}}
               catch _:Reason:Stack -> Blame(Provider, Reason, Stack)
               end;
          (_, Error) -> Error
       end,
%% {ok, Config}, none (sys.config is all there is), or {error, Why}.
Evaluate = fun(V) ->
                   case file:consult(ConfigFile(V)) of
                       {ok, [Static]} when is_list(Static) ->
                           case Providers(Static) of
                               none -> none;
                               {List, Extra} ->
                                   Start = 'Elixir.Config':'__merge__'(Static, Extra),
                                   lists:foldl(Load, {ok, Start}, List)
                           end;
                       {ok, _} -> {error, {config, sys_config, <<"holds no list">>}};
                       {error, enoent} -> none;
                       {error, _} -> {error, {config, sys_config, <<"cannot be read">>}}
                   end
           end,
%% Puts the merged configuration in the place of sys.config; for the owner's eyes only.
Replace = fun(V, Config) ->
                  New = ConfigFile(V) ++ ".new",
                  ok = file:write_file(New, <<>>),
                  ok = file:change_mode(New, 8#600),
                  ok = file:write_file(New, unicode:characters_to_binary(
                           io_lib:format("%% coding: utf-8~n~tp.~n", [Config]))),
                  case file:consult(New) of
                      {ok, [Config]} ->
                          case file:make_link(ConfigFile(V), AsideFile(V)) of
                              ok -> ok;
                              {error, _} ->
                                  {ok, _} = file:copy(ConfigFile(V), AsideFile(V) ++ ".new"),
                                  ok = file:rename(AsideFile(V) ++ ".new", AsideFile(V))
                          end,
                          file:rename(New, ConfigFile(V));
                      _ ->
                          file:delete(New),
                          {error, {config, sys_config, <<"holds what cannot be written as text">>}}
                  end
          end
