%% SPDX-License-Identifier: Apache-2.0
%% Makes Vsn permanent: from now on the node boots it.  ok or {error, Why}.
%%
%% The start script of the release has put the version into the environment of the VM,
%% where a restart inside the VM (init:restart) would find the one before.
Before = os:getenv("RELEASE_VSN"),
%% With providers, the start script makes a copy that they may write into.
SysConfig = fun() ->
                    Dir = filename:join(RelDir, Vsn),
                    case file:consult(ConfigFile(Vsn)) of
                        {ok, [Static]} when is_list(Static) ->
                            case Providers(Static) of
                                none -> filename:join(Dir, "sys");
                                _ ->
                                    Tmp = case os:getenv("RELEASE_TMP") of
                                              false -> filename:join(Root, "tmp");
                                              Given -> Given
                                          end,
                                    {ok, Fd} = file:open("/dev/urandom", [read, raw, binary]),
                                    {ok, <<Number:64>>} = file:read(Fd, 8),
                                    file:close(Fd),
                                    Copy = filename:join(Tmp, lists:concat(["relevo-", Vsn, "-", integer_to_list(Number, 36), ".runtime"])),
                                    [file:change_mode(Tmp, 8#755) || not filelib:is_dir(Tmp), filelib:ensure_dir(Copy) =:= ok],
                                    {ok, Bytes} = file:read_file(ConfigFile(Vsn)),
                                    WriteNewSecret(Copy ++ ".config", Bytes),
                                    Copy
                            end;
                        _ -> filename:join(Dir, "sys")
                    end
            end,
%% Boot scripts of Mix and relevo want the variable RELEASE_LIB, which only their start
%% scripts give to the VM: under others it is put in here.
HasReleaseLib = lists:member("RELEASE_LIB", [V || {boot_var, [V, _]} <- init:get_arguments()]),
InRoot = fun("$RELEASE_LIB" ++ Rest) -> "$ROOT/lib" ++ Rest;
            (Dir) -> Dir
         end,
PutIn = fun(Boot) ->
                {ok, Bytes} = file:read_file(Boot),
                {script, Id, Steps} = binary_to_term(Bytes),
                case [case S of
                          {path, Dirs} -> {path, lists:map(InRoot, Dirs)};
                          _ -> S
                      end || S <- Steps] of
                    Steps -> ok;
                    Changed -> Put(Boot, term_to_binary({script, Id, Changed}))
                end
        end,
MakeBootable = fun(true) -> ok;
                  (false) ->
                       lists:foreach(PutIn, filelib:wildcard(filename:join([RelDir, Vsn, "*.boot"])))
               end,
Reboots = fun() ->
                  case file:consult(ConfigFile(Vsn)) of
                      {ok, [Static]} when is_list(Static) ->
                          case proplists:get_value(config_provider_init,
                                                   proplists:get_value(elixir, Static, [])) of
                              #{reboot_system_after_config := true} -> true;
                              _ -> false
                          end;
                      _ -> false
                  end
          end,
Environment = fun(false) -> ok;
                 (_) ->
                      [os:putenv(N, Value) || {N, Value} <- VsnEnv(Vsn, filename:join(RelDir, Vsn))],
                      case os:getenv("RELEASE_SYS_CONFIG") of
                          false -> ok;
                          Old ->
                              New = SysConfig(),
                              os:putenv("RELEASE_SYS_CONFIG", New),
                              [file:delete(Old ++ ".config")
                               || lists:prefix("relevo-", filename:basename(Old)), Old =/= New],
                              %% Providers that restart the VM to be heard must be read back
                              %% from where they wrote.
                              [init:make_permanent(filename:join([RelDir, Vsn, "start"]), New)
                               || Reboots()],
                              ok
                      end
              end,
%% release_handler makes permanent what it holds for current.  Where it holds another release for
%% permanent than the one that runs, or the files say otherwise, all are put right.
Permanent = fun() ->
                    {ok, Held} = Handler(which_releases, []),
                    {_, StartVsn} = BootsIn("start_erl.data"),
                    case lists:keyfind(Vsn, 2, Held) of
                        {_, _, _, current} -> Kept(make_permanent, [Vsn]);
                        {_, _, [_ | _], permanent} when StartVsn =:= Vsn; StartVsn =:= "" ->
                            case RecordsDiffer() of
                                true -> PutRight(Vsn);
                                false -> Kept(make_permanent, [Vsn])
                            end;
                        _ -> PutRight(Vsn)
                    end
            end,
PutBack(Vsn),
MakeBootable(HasReleaseLib),
SyncRelease(Vsn),
Made = Permanent(),
case Made of
    ok -> Environment(Before);
    _ -> Made
end
