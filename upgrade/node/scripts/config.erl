%% SPDX-License-Identifier: Apache-2.0
%% The configuration of a release as it will be after its config providers ran.
%%
%% release_handler reads sys.config alone: what runtime.exs and other providers gave at
%% boot would be gone after an upgrade.  So they are run beforehand, as Config.Provider
%% runs them at boot, and the merged result stands in for sys.config while release_handler
%% reads it.  The original waits beside it, as sys.config.relevo.
ConfigFile = fun(V) -> filename:join([RelDir, V, "sys.config"]) end,
%% What no file of text can hold (functions, processes) stands in its boot file for that time, as the
%% environment that the applications come with.
BootFile = fun(V) -> filename:join([RelDir, V, "start.boot"]) end,
%% What was evaluated before the installation that will use it.
ReadyFile = fun(V) -> ConfigFile(V) ++ ".ready" end,
Replaced = fun(V) -> [ConfigFile(V), BootFile(V)] end,
PutBack = fun(V) ->
                  [ok = file:rename(File ++ ".relevo", File)
                   || File <- Replaced(V), filelib:is_regular(File ++ ".relevo")],
                  ok
          end,
Providers = fun(Static) ->
                    case proplists:get_value(config_provider_init,
                                             proplists:get_value(elixir, Static, [])) of
                        #{providers := [_ | _] = List, extra_config := Extra} -> {List, Extra};
                        _ -> none
                    end
            end,
%% What the start script put into the environment for the version that was booted, as it
%% would for another: paths below releases/OLD become paths below VsnDir.
VsnEnv = fun(V, VsnDir) ->
                 Prefix = filename:join(RelDir, os:getenv("RELEASE_VSN", "")),
                 Moved = fun(Old) ->
                                 case string:prefix(Old, Prefix) of
                                     nomatch -> Old;
                                     [] -> VsnDir;
                                     [$/ | _] = Rest -> VsnDir ++ Rest;
                                     _ -> Old
                                 end
                         end,
                 [{"RELEASE_VSN", V} || os:getenv("RELEASE_VSN") =/= false] ++
                     [{Name, Moved(Old)}
                      || Name <- ["REL_VSN_DIR", "RELEASE_VM_ARGS", "RELEASE_REMOTE_VM_ARGS"],
                         Old <- [os:getenv(Name)], Old =/= false]
         end,
%% For the owner's eyes only.
WriteSecret = fun(File, Bytes) ->
                      ok = file:write_file(File, <<>>),
                      ok = file:change_mode(File, 8#600),
                      %% Before it takes the place of another.
                      ok = file:write_file(File, Bytes, [sync])
              end,
%% Where others may have put something by that name, which then is neither followed nor kept.
WriteNewSecret = fun(File, Bytes) ->
                         {ok, New} = file:open(File, [write, exclusive, raw, binary]),
                         ok = file:change_mode(File, 8#600),
                         ok = file:write(New, Bytes),
                         ok = file:close(New)
                 end,
AsText = fun(Term) ->
                 unicode:characters_to_binary(
                   io_lib:format("%% coding: utf-8~n~tp.~n", [Term]))
         end,
%% Puts it in the place of what is there.
ReplaceFile = fun(File) ->
                      case file:make_link(File, File ++ ".relevo") of
                          ok -> ok;
                          {error, _} ->
                              {ok, _} = file:copy(File, File ++ ".relevo.new"),
                              ok = file:rename(File ++ ".relevo.new", File ++ ".relevo")
                      end,
                      ok = file:rename(File ++ ".ready", File)
              end,
Replace = fun(V) ->
                  [ReplaceFile(File) || File <- Replaced(V), filelib:is_regular(File ++ ".ready")],
                  ok
          end
