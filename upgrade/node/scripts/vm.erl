%% SPDX-License-Identifier: Apache-2.0
%% Evaluates the configuration of a release with its own code, in a VM that lives for just that
%% (evaluate.erl, bound to Evaluator) and leaves nothing behind.  It sees the environment of this
%% node, changed as the start script and env.sh of the release change it at a boot; flags of vm.args
%% are not given to it.  Variables that only the old env.sh sets are still there.
%% Bound: ConfigTimeout (milliseconds).
ReleasesOf = fun(Tree) when Tree =:= Root -> RelDir;
                (Tree) -> filename:join(Tree, "releases")
             end,
Lost = fun(Text) -> {error, {config, relevo, unicode:characters_to_binary(Text)}} end,
%% Sixteen bytes that nobody can guess.
Random = fun() ->
                 {ok, Fd} = file:open("/dev/urandom", [read, raw, binary]),
                 {ok, <<Number:128>>} = file:read(Fd, 16),
                 file:close(Fd),
                 integer_to_list(Number, 36)
         end,
%% A folder that others may write into too will do, unless they may also remove there what is not theirs.
MayShare = fun(Place) ->
                   case file:read_file_info(Place) of
                       {ok, Info} when element(3, Info) =:= directory ->
                           element(8, Info) band 8#1002 =/= 8#0002;
                       _ -> false
                   end
           end,
%% What a node that was killed could not remove goes an hour later; what is another's stays.
Forget = fun(Folder) ->
                 {ok, Ours} = file:read_link_info(Folder),
                 [file:del_dir_r(D)
                  || D <- filelib:wildcard(filename:join(filename:dirname(Folder), "relevo-vm-*")), D =/= Folder,
                     {ok, Info} <- [file:read_link_info(D, [{time, posix}])],
                     element(3, Info) =:= directory, element(13, Info) =:= element(13, Ours),
                     element(6, Info) < os:system_time(second) - 3600]
         end,
%% Empty and ours alone, or none.
OwnFolder = fun(Folder) ->
              case file:make_dir(Folder) of
                  ok ->
                      ok = file:change_mode(Folder, 8#700),
                      {ok, []} = file:list_dir_all(Folder),
                      Forget(Folder),
                      Folder;
                  _ -> none
              end
      end,
MakeFolder = fun() ->
                     Places = [P || P <- [os:getenv("RELEASE_TMP"), filename:join(Root, "tmp")],
                                    P =/= false, MayShare(P)] ++ [RelDir],
                     Name = "relevo-vm-" ++ Random(),
                     (fun Make([]) -> none;
                          Make([P | Ps]) ->
                              case OwnFolder(filename:join(P, Name)) of
                                  none -> Make(Ps);
                                  Folder -> Folder
                              end
                      end)(Places)
             end,
NoFolder = Lost("there is no folder for temporary files on the node: set RELEASE_TMP"),
InFolder = fun(Fun) ->
                   case MakeFolder() of
                       none -> NoFolder;
                       Folder -> try Fun(Folder) after file:del_dir_r(Folder) end
                   end
           end,
%% The process and all that came from it, where there is a /proc to tell.
KillTree = fun(Pid) ->
                   {ok, All} = case file:list_dir("/proc") of
                                   {error, _} -> {ok, []};
                                   Names -> Names
                               end,
                   Stat = fun(P) ->
                                  case file:read_file("/proc/" ++ P ++ "/stat") of
                                      {ok, Text} ->
                                          [_, After] = string:split(Text, ") ", trailing),
                                          [_, Parent | _] = string:lexemes(After, " "),
                                          [{P, binary_to_list(Parent)}];
                                      _ -> []
                                  end
                          end,
                   Parents = lists:append([Stat(P) || [C | _] = P <- All, C >= $0, C =< $9]),
                   Below = fun Below(P) -> [P | lists:append([Below(C) || {C, Q} <- Parents, Q =:= P])] end,
                   os:cmd("kill -9 " ++ lists:join(" ", Below(integer_to_list(Pid))))
           end,
%% {ended, Status, LastOutput}, or late: then it was killed.
AwaitVm = fun(Port) ->
                %% It may have ended by now.
                Kill = case erlang:port_info(Port, os_pid) of
                           {os_pid, Pid} -> fun() -> KillTree(Pid) end;
                           undefined -> fun() -> ok end
                       end,
                End = erlang:monotonic_time(millisecond) + ConfigTimeout,
                Left = fun() -> max(0, End - erlang:monotonic_time(millisecond)) end,
                (fun Read(Said) ->
                         receive
                             {Port, {data, More}} ->
                                 All = <<Said/binary, More/binary>>,
                                 Read(binary:part(All, byte_size(All), -min(byte_size(All), 16000)));
                             {Port, {exit_status, Status}} -> {ended, Status, Said}
                         after Left() ->
                                 Kill(),
                                 late
                         end
                 end)(<<>>)
        end,
%% The release's env.sh first, as its start script does it.
Shell = "if [ -f \"$0/env.sh\" ]; then . \"$0/env.sh\"; fi; "
    "unset ERL_FLAGS ERL_AFLAGS ERL_ZFLAGS; exec \"$@\"",
Boot = fun(V, Tree, Dir, Program) ->
               VsnDir = filename:join(ReleasesOf(Tree), V),
               Sys = filename:join(Dir, "sys"),
               Args = [filename:join(os:getenv("BINDIR", ""), "erlexec"), "-noinput",
                       "-mode", "interactive", "-boot", filename:join(VsnDir, "start_clean"),
                       "-boot_var", "RELEASE_LIB", filename:join(Tree, "lib"), "-config", Sys,
                       "-relevo", Dir, atom_to_list(node()), "-eval", Program],
               Moved = [{Name, Tree} || Name <- ["ROOTDIR", "RELEASE_ROOT"],
                                        Tree =/= Root orelse os:getenv(Name) =:= false],
               Port = open_port({spawn_executable, "/bin/sh"},
                                [{args, ["-ec", Shell, VsnDir | Args]},
                                 {env, [{"RELEASE_SYS_CONFIG", Sys},
                                        {"ERL_CRASH_DUMP_SECONDS", "0"} | Moved]
                                  ++ VsnEnv(V, VsnDir)},
                                 exit_status, stderr_to_stdout, binary]),
               Result = AwaitVm(Port),
               catch port_close(Port),
               Result
       end,
%% What it printed last is what its author had to say, as far as it stands in runtime.exs: other words
%% may be values.
AuthorsWords = fun(V, Tree) ->
                case file:read_file(filename:join([ReleasesOf(Tree), V, "runtime.exs"])) of
                    {ok, Source} ->
                        fun(Word) ->
                                case binary:match(Source, unicode:characters_to_binary(Word)) of
                                    nomatch -> "******";
                                    _ -> Word
                                end
                        end;
                    {error, _} -> fun(_) -> "******" end
                end
        end,
LastWords = fun(Said, Known) ->
                    Lines = binary:split(Said, <<"\n">>, [global, trim_all]),
                    Line = case Lines =/= [] andalso unicode:characters_to_list(lists:last(Lines)) of
                               Text when is_list(Text) -> Text;
                               _ -> ""
                           end,
                    Seen = [Known(Word) || Word <- string:lexemes(string:slice(Line, 0, 200), " \t\r")],
                    case string:find(Line, "erminating") of
                        nomatch when Line =/= "" -> ["; it said: ", lists:join(" ", Seen)];
                        _ -> ""
                    end
            end,
ReadAnswer = fun(Dir, Ended, Known) ->
                     File = filename:join(Dir, "answer"),
                     case {Ended, filelib:file_size(File)} of
                         {late, _} ->
                             Lost(io_lib:format("it was not evaluated within ~b s",
                                                [ConfigTimeout div 1000]));
                         {{ended, 0, _}, Size} when Size > 0, Size =< 16777216 ->
                             {ok, Bytes} = file:read_file(File),
                             binary_to_term(Bytes);
                         {{ended, 0, _}, Size} when Size > 0 -> Lost("it takes more than 16 MB");
                         {{ended, Status, Said}, _} ->
                             Lost([io_lib:format("the VM that evaluated it ended with status ~b",
                                                 [Status]), LastWords(Said, Known)])
                     end
             end,
ApplicationsOf = fun(V, Tree) ->
                       Rels = filelib:wildcard(filename:join([ReleasesOf(Tree), V, "*.rel"])),
                       lists:usort([element(1, App)
                                    || Rel <- Rels, {ok, [{release, _, _, Apps}]} <- [file:consult(Rel)],
                                       App <- Apps])
               end,
%% With the code of V, from the folder that holds its lib and releases, in a VM of its own.
%% What kernel is told there (log files, other nodes to wait for) is for the node alone.
Elsewhere = fun(Static, V, Tree) ->
                    InFolder(fun(Dir) ->
                                     Seen = [{A, [KV || {K, _} = KV <- Env,
                                                        K =/= config_provider_init]}
                                             || {A, Env} <- Static, A =/= kernel],
                                     Input = {Static, ApplicationsOf(V, Tree), ConfigTimeout},
                                     WriteSecret(filename:join(Dir, "sys.config"), AsText(Seen)),
                                     WriteSecret(filename:join(Dir, "input"),
                                                 term_to_binary(Input)),
                                     ReadAnswer(Dir, Boot(V, Tree, Dir, Evaluator), AuthorsWords(V, Tree))
                             end)
            end,
%% sys.config.src with the values of the environment, made as the start script makes it.
Fill = "if [ -f \"$0/env.sh\" ]; then . \"$0/env.sh\"; fi; "
    "exec sh \"$0/fill.sh\" \"$0/sys.config.src\" >\"$1/filled\"",
Filled = fun(V, Tree) ->
                 VsnDir = filename:join(ReleasesOf(Tree), V),
                 InFolder(fun(Dir) ->
                                  Port = open_port({spawn_executable, "/bin/sh"},
                                                   [{args, ["-ec", Fill, VsnDir, Dir]},
                                                    {env, VsnEnv(V, VsnDir)},
                                                    exit_status, stderr_to_stdout, binary]),
                                  Result = AwaitVm(Port),
                                  catch port_close(Port),
                                  case {Result, file:consult(filename:join(Dir, "filled"))} of
                                      {{ended, 0, _}, {ok, [Config]}} when is_list(Config) ->
                                          {ok, Config};
                                      {{ended, 0, _}, _} ->
                                          Lost("sys.config.src, filled in, holds no list");
                                      {{ended, _, Said}, _} ->
                                          Lost(["sys.config.src cannot be filled in", LastWords(Said, Known)]);
                                      {late, _} -> Lost("sys.config.src: env.sh does not end")
                                  end
                          end)
         end,
%% {ok, Config}, none (sys.config is all there is), or {error, Why}.
EvaluateStatic = fun(V, Tree) ->
                         case file:consult(filename:join([ReleasesOf(Tree), V, "sys.config"])) of
                             {ok, [Static]} when is_list(Static) ->
                                 case Providers(Static) of
                                     none -> none;
                                     _ -> Elsewhere(Static, V, Tree)
                                 end;
                             {ok, _} -> {error, {config, sys_config, <<"holds no list">>}};
                             {error, enoent} -> none;
                             {error, _} -> {error, {config, sys_config, <<"cannot be read">>}}
                         end
                 end,
EvaluateIn = fun(V, Tree) ->
                     Needed = [filename:join([ReleasesOf(Tree), V, F]) || F <- ["sys.config.src", "fill.sh"]],
                     case lists:all(fun filelib:is_regular/1, Needed) of
                         true -> Filled(V, Tree);
                         false -> EvaluateStatic(V, Tree)
                     end
             end,
%% {Config, Rest}: what text can hold of it, and the keys of applications that it cannot.
CanBeText = fun(Term) ->
                 try
                     {ok, Tokens, _} = erl_scan:string(unicode:characters_to_list(AsText(Term))),
                     erl_parse:parse_term(Tokens) =:= {ok, Term}
                 catch _:_ -> false
                 end
         end,
Apart = fun(Config) ->
                Parted = [{App, lists:partition(fun(Setting) -> CanBeText(Setting) end, Env)}
                          || {App, Env} <- Config, is_list(Env)],
                {[{App, Texts} || {App, {Texts, _}} <- Parted],
                 [{App, Rest} || {App, {_, [_ | _] = Rest}} <- Parted]}
        end,
%% The description of an application in a boot file, with more in its environment.
WithEnv = fun({application, App, Keys} = Described, Rest) ->
                  case proplists:get_value(App, Rest, []) of
                      [] -> Described;
                      More ->
                          Env = maps:merge(maps:from_list(proplists:get_value(env, Keys, [])),
                                           maps:from_list(More)),
                          {application, App, lists:keystore(env, 1, Keys, {env, maps:to_list(Env)})}
                  end
          end,
BootWith = fun(V, Rest) ->
                   {ok, Bytes} = file:read_file(BootFile(V)),
                   {script, Id, Steps} = binary_to_term(Bytes),
                   term_to_binary(
                     {script, Id, [case S of
                                       {apply, {application, load, [D]}} ->
                                           {apply, {application, load, [WithEnv(D, Rest)]}};
                                       _ -> S
                                   end || S <- Steps]})
           end,
%% Evaluates what the installation that follows will use.
Prepare = fun(V) ->
                  case EvaluateIn(V, Root) of
                      {ok, Config} ->
                          {Texts, Rest} = Apart(Config),
                          [WriteSecret(BootFile(V) ++ ".ready", BootWith(V, Rest)) || Rest =/= []],
                          WriteSecret(ReadyFile(V), AsText(Texts)),
                          case file:consult(ReadyFile(V)) of
                              {ok, [Texts]} -> {ok, Config};
                              _ ->
                                  [file:delete(F ++ ".ready") || F <- Replaced(V)],
                                  {error, {config, sys_config,
                                           <<"holds what cannot be written as text">>}}
                          end;
                      Other -> Other
                  end
          end,
%% Calls Fun with the folder of a release: Root where Brought is "", for it is unpacked there; else one
%% as it would be, made of Brought/parcel.tar.gz (what the node lacks of it) and links to what the
%% node has, Copies ([{To, From}]) among it.  Brought is gone then.
Link = fun Link(From, To) ->
               case filelib:is_dir(To) of
                   true ->
                       {ok, Names} = file:list_dir(From),
                       [Link(filename:join(From, N), filename:join(To, N)) || N <- Names];
                   false -> file:make_symlink(From, To)
               end
       end,
InTree = fun("", _, Fun) -> Fun(Root);
            (Folder, Copied, Fun) ->
                 Tree = filename:join(Folder, "tree"),
                 ok = file:make_dir(Tree),
                 try
                     ok = erl_tar:extract(filename:join(Folder, "parcel.tar.gz"), [{cwd, Tree}, compressed]),
                     [begin
                          ok = filelib:ensure_dir(filename:join(Tree, To)),
                          file:make_symlink(filename:join(Root, From), filename:join(Tree, To))
                      end || {To, From} <- Copied],
                     ok = filelib:ensure_dir(filename:join([Tree, "lib", "any"])),
                     Link(filename:join(Root, "lib"), filename:join(Tree, "lib")),
                     Fun(Tree)
                 after file:del_dir_r(Folder)
                 end
         end
