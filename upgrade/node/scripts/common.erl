%% SPDX-License-Identifier: Apache-2.0
%% Stands before every other text: where this node keeps its releases, as
%% release_handler finds it out.
Root = code:root_dir(),
RelDir = case application:get_env(sasl, releases_dir) of
             {ok, Configured} when is_list(Configured) -> Configured;
             _ ->
                 case os:getenv("RELDIR") of
                     false -> filename:join(Root, "releases");
                     FromEnv -> FromEnv
                 end
         end,
%% The start script that relx writes boots the version it was written for, whatever is
%% permanent.  Answers that version; "" where a script is another one, or reads it somewhere.
StartScript = filename:join([Root, "bin", element(1, init:script_id())]),
PinnedVersion = fun() ->
                        Line = "^REL_VSN=\"([^$\"]+)\"$",
                        case file:read_file(StartScript) of
                            {ok, Script} ->
                                case re:run(Script, Line, [multiline, {capture, [1], list}]) of
                                    {match, [Pinned]} -> Pinned;
                                    nomatch -> ""
                                end;
                            {error, _} -> ""
                        end
                end,
%% Of a packed list of names those that are atoms here: only such can be of what runs.
Atoms = fun(Packed) ->
                lists:append([try [binary_to_existing_atom(Name, utf8)] catch error:badarg -> [] end
                              || Name <- binary_to_term(zlib:unzip(Packed))])
        end,
%% What is done for each of perhaps very many processes is done by compiled functions: a Spec picks out
%% of a list of tuples and makes others.
Pick = fun(List, Spec) -> ets:match_spec_run(List, ets:match_spec_compile([Spec])) end,
%% [{process_info/2's answer, Process}].
InfosOf = fun(Ps, Items) ->
                lists:zip(lists:zipwith(fun erlang:process_info/2, Ps, lists:duplicate(length(Ps), Items)), Ps)
        end,
%% A request of sys to many processes at once: [{Process, Answer}] of those that answer, which may take
%% Wait ms from one answer to the next.  The answers name who gave them.
AskAll = fun(Ps, Request, Wait) ->
                 Ask = fun() ->
                               Tag = make_ref(),
                               Questions = Pick(lists:zip(Ps, Ps),
                                                {{'$1', '_'}, [], [{{system, {{{const, self()}, {{{const, Tag}, '$1'}}}},
                                                                     {const, Request}}}]}),
                               lists:zipwith(fun erlang:send/2, Ps, Questions),
                               Now = fun() -> erlang:monotonic_time(millisecond) end,
                               %% The length of the queue alone leaves out what has just arrived.
                               Await = fun Await(Seen, Till) ->
                                               {_, Messages} = process_info(self(), messages),
                                               case length(Messages) of
                                                   Len when Len >= length(Ps) -> Messages;
                                                   Len when Len > Seen -> timer:sleep(20), Await(Len, Now() + Wait);
                                                   _ ->
                                                       case Now() > Till of
                                                           true -> Messages;
                                                           false -> timer:sleep(5), Await(Seen, Till)
                                                       end
                                               end
                                       end,
                               exit({answers, Pick(lists:filter(fun erlang:is_tuple/1, Await(0, Now() + Wait)),
                                                   {{{Tag, '$1'}, '$2'}, [], [{{'$1', '$2'}}]})})
                       end,
                 {_, Monitor} = spawn_monitor(Ask),
                 receive
                     {'DOWN', Monitor, _, _, {answers, Answers}} -> Answers;
                     {'DOWN', Monitor, _, _, _} -> []
                 end
         end,
%% {ok, Value}, or {error, Reason} where release_handler is not there to ask.
Handler = fun(Function, Args) ->
                  case whereis(release_handler) of
                      undefined -> {error, sasl_not_running};
                      _ -> {ok, apply(release_handler, Function, Args)}
                  end
          end,
%% SHA-256 where the node has crypto loaded or may load it, else MD5, which every node has.
Hasher = case code:ensure_loaded(crypto) of
             {module, crypto} -> sha256;
             _ -> md5
         end,
HashOf = fun(sha256, Bytes) -> crypto:hash(sha256, Bytes);
            (md5, Bytes) -> erlang:md5(Bytes)
         end,
%% The digest of a file, folder for a folder, none where it cannot be read.  Without the process that
%% is asked for files otherwise: there may be very many of them.  What is large is read in pieces.
Summer = fun(Algorithm) ->
                 {Start, Add, End} =
                     case Algorithm of
                         sha256 -> {crypto:hash_init(sha256), fun crypto:hash_update/2,
                                    fun crypto:hash_final/1};
                         md5 -> {erlang:md5_init(), fun erlang:md5_update/2,
                                 fun erlang:md5_final/1}
                     end,
                 Read = fun Read(Fd, Sum) ->
                                case file:read(Fd, 1048576) of
                                    {ok, Bytes} -> Read(Fd, Add(Sum, Bytes));
                                    eof -> End(Sum);
                                    {error, _} -> none
                                end
                        end,
                 fun(File) ->
                         case file:open(File, [read, raw, binary]) of
                             {ok, Fd} ->
                                 Sum = case file:read(Fd, 1048576) of
                                           {ok, Bytes} when byte_size(Bytes) < 1048576 ->
                                               HashOf(Algorithm, Bytes);
                                           {ok, Bytes} -> Read(Fd, Add(Start, Bytes));
                                           eof -> HashOf(Algorithm, <<>>);
                                           {error, eisdir} -> folder;
                                           {error, _} -> none
                                       end,
                                 file:close(Fd),
                                 Sum;
                             {error, eisdir} -> folder;
                             {error, _} -> none
                         end
                 end
         end,
%% Is the module in this file of that MD5?  Of what tools strip, one keeps the chunk
%% that names the features of the language, another drops it; the MD5 covers it.
SameCode = fun(File, Md5) ->
                   Is = fun(Chunks) ->
                                {ok, Beam} = beam_lib:build_module(Chunks),
                                {ok, {_, Sum}} = beam_lib:md5(Beam),
                                Sum =:= Md5
                        end,
                   case beam_lib:all_chunks(File) of
                       {ok, _, All} ->
                           Bare = lists:keydelete("Meta", 1, All),
                           %% What compilers say unless they are told otherwise.
                           Usual = [{"Meta", term_to_binary([{enabled_features, F}])}
                                    || F <- [[], [maybe_expr]]],
                           try lists:any(Is, [All, Bare | [[Meta | Bare] || Meta <- Usual]])
                           catch error:{badmatch, _} -> false
                           end;
                       _ -> false
                   end
           end,
%% Of RELEASES as it is on disk; [] where it cannot be read.
Recorded = fun() ->
                   case file:consult(filename:join(RelDir, "RELEASES")) of
                       {ok, [Entries]} when is_list(Entries) ->
                           [E || {release, _, V, _, L, _} = E <- Entries, is_list(V), is_list(L)];
                       _ -> []
                   end
           end,
%% {Erts, Vsn} of start_erl.data and its kind; {"", ""} where it says nothing.
BootsIn = fun(File) ->
                  case file:read_file(filename:join(RelDir, File)) of
                      {ok, Text} ->
                          case string:lexemes(binary_to_list(Text), " \n") of
                              [Erts, V | _] -> {Erts, V};
                              _ -> {"", ""}
                          end;
                      {error, _} -> {"", ""}
                  end
          end,
IsBootable = fun(V) -> filelib:is_regular(filename:join([RelDir, V, "start.boot"])) end,
%% The version that this VM was booted from, or would be by init:restart/0: after a commit they differ.
Booted = (fun({ok, Given}) ->
                  BootFile = lists:last(lists:last(Given)),
                  V = filename:basename(filename:dirname(BootFile)),
                  Name = filename:basename(BootFile) ++ ".boot",
                  case filelib:is_regular(filename:join([RelDir, V, Name])) of
                      true -> V;
                      false -> element(2, init:script_id())
                  end;
             (error) -> element(2, init:script_id())
          end)(init:get_argument(boot)),
%% {Name, Erts, Applications} of the .rel file of a version, or none.
RelOf = fun(V) ->
                Here = filename:join(RelDir, V),
                case [Found || Dir <- [Here, RelDir], File <- filelib:wildcard("*.rel", Dir),
                               File =/= "start_clean.rel",
                               {ok, [{release, {N, Of}, {erts, E}, L}]}
                                   <- [file:consult(filename:join(Dir, File))],
                               Of =:= V, Found <- [{N, E, L}]] of
                    [First | _] -> First;
                    [] -> none
                end
        end,
LibNames = fun(L) -> [lists:concat([element(1, A), "-", element(2, A)]) || A <- L] end,
%% Whether RELEASES says otherwise than release_handler, which read it once and writes it.
RecordsDiffer = fun() ->
                        {ok, Held} = Handler(which_releases, []),
                        lists:sort([{V, lists:sort(L), S =:= permanent} || {_, V, L, S} <- Held]) =/=
                            lists:sort([{V, lists:sort(LibNames(L)), S =:= permanent}
                                        || {release, _, V, _, L, S} <- Recorded()])
                end,
%% Whether a folder (of lib/, of releases/, or erts-VSN, by its name) must stay, whatever any record
%% says: the VM was booted from it, has it on its code path or has loaded code from it, or a start
%% would need it; or a release other than Gone has it.
InUse = fun(Gone) ->
                Starts = [S || File <- ["start_erl.data", "start_erl.data.relevo", "new_start_erl.data",
                                        "trial_start_erl.data"],
                               {_, V} = S <- [BootsIn(File)], V =/= ""],
                InMemory = case Handler(which_releases, []) of
                               {ok, All} -> [{V, L} || {_, V, L, _} <- All];
                               {error, _} -> []
                           end,
                OnDisk = [{V, E, LibNames(L)} || {release, _, V, E, L, _} <- Recorded()],
                Ours = lists:usort([Booted, os:getenv("RELEASE_VSN", "")]
                                   ++ [V || {_, V} <- Starts]
                                   ++ [V || {V, _} <- InMemory, V =/= Gone]
                                   ++ [V || {V, _, _} <- OnDisk, V =/= Gone]),
                OfRels = [{E, LibNames(L)} || V <- Ours, {_, E, L} <- [RelOf(V)]],
                Above = fun(Path) -> filename:basename(filename:dirname(Path)) end,
                OurErts = [erlang:system_info(version)] ++ [E || {E, _} <- Starts ++ OfRels]
                    ++ [E || {V, E, _} <- OnDisk, is_list(E), lists:member(V, Ours)],
                KeptNames = Ours ++ ["erts-" ++ E || E <- OurErts]
                    ++ [Above(os:getenv("BINDIR", ""))]
                    ++ [Above(D) || D <- code:get_path()]
                    ++ [Above(filename:dirname(File)) || {_, File} <- code:all_loaded(), is_list(File)]
                    ++ lists:append([L || {_, L} <- OfRels]
                                    ++ [L || {V, L} <- InMemory, lists:member(V, Ours)]
                                    ++ [L || {V, _, L} <- OnDisk, lists:member(V, Ours)]),
                Table = maps:from_list([{K, true} || K <- KeptNames, K =/= ""]),
                fun(Folder) -> maps:is_key(Folder, Table) end
        end,
%% The steps that release_handler would take to a version, up or down; [] where no relup knows them.
Relup = fun(V, Direction, Other) ->
                case file:consult(filename:join([RelDir, V, "relup"])) of
                    {ok, [Ways]} when tuple_size(Ways) =:= 3 ->
                        [Way || {There, _, Way} <- element(Direction, Ways), There =:= Other];
                    _ -> []
                end
        end,
WayFrom = fun(From, To) ->
              case Relup(To, 2, From) ++ Relup(From, 3, To) of
                  [Known | _] when is_list(Known) -> Known;
                  _ -> []
              end
      end,
NowRuns = fun() ->
                  {ok, Known} = Handler(which_releases, []),
                  hd([V || S <- [current, permanent], {_, V, _, State} <- Known, State =:= S])
          end,
WayTo = fun(V) -> WayFrom(NowRuns(), V) end,
%% What df says is free for us where releases are; infinity where there is no df: there,
%% the disk itself will tell.
FreeBytes = fun() ->
                    Said = fun Said(Port, Text) ->
                                   receive
                                       {Port, {data, More}} -> Said(Port, [Text, More]);
                                       {Port, {exit_status, 0}} -> iolist_to_binary(Text);
                                       {Port, {exit_status, _}} -> <<>>
                                   after 5000 -> <<>>
                                   end
                           end,
                    Ask = fun(false) -> <<>>;
                             (Df) ->
                                  Said(open_port({spawn_executable, Df},
                                                 [{args, ["-Pk", RelDir]}, {env, [{"LC_ALL", "C"}]},
                                                  exit_status, binary]), [])
                          end,
                    case string:lexemes(Ask(os:find_executable("df")), "\n") of
                        [_, Line | _] ->
                            try binary_to_integer(lists:nth(4, string:lexemes(Line, " "))) * 1024
                            catch _:_ -> infinity
                            end;
                        _ -> infinity
                    end
            end,
ChildrenOf = fun(Sup) ->
                     try gen_server:call(Sup, which_children, 5000)
                     catch _:_ -> []
                     end
             end,
%% Endpoints (of Phoenix) that run: loaded modules that tell their sockets, with a table of their name.
Endpoints = fun() ->
                    {Modules, _} = lists:unzip(code:all_loaded()),
                    Times = fun(X) -> lists:duplicate(length(Modules), X) end,
                    Tell = lists:zipwith3(fun erlang:function_exported/3, Modules, Times('__sockets__'), Times(0)),
                    [E || {true, E} <- lists:zip(Tell, Modules), ets:info(E, name) =:= E]
            end,
%% [{Process, Modules}] of their pages (Modules is LiveView's own) and channels: below the supervisors
%% that an endpoint has for each socket.
PagesAndChannels = fun() ->
                           Name = fun(E, S) ->
                                          <<"Elixir", Rest/binary>> = atom_to_binary(S, utf8),
                                          binary_to_existing_atom(<<(atom_to_binary(E, utf8))/binary, Rest/binary>>, utf8)
                                  end,
                           Names = [try Name(E, S) catch error:_ -> none end
                                    || E <- Endpoints(), {_, S, _} <- E:'__sockets__'()],
                           Pools = [P || N <- lists:usort(Names), is_pid(whereis(N)), {_, P, _, _} <- ChildrenOf(N), is_pid(P)],
                           lists:append([Pick(ChildrenOf(P), {{'_', '$1', '_', '$2'}, [{is_pid, '$1'}], [{{'$1', '$2'}}]})
                                         || P <- Pools])
                   end
