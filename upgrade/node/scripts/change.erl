%% SPDX-License-Identifier: Apache-2.0
%% Stands before what changes the node: one change at a time, and only by the relevo that has the
%% lock (lock.erl).  A request whose connection broke may arrive late, when another has it.
%% Bound: Me.
Begin = fun Begin() ->
                try register(relevo_upgrade, self())
                catch error:badarg ->
                        %% The change before this one has answered, but is not quite gone.
                        Watch = monitor(process, relevo_upgrade),
                        receive {'DOWN', Watch, _, _, _} -> Begin()
                        after 5000 -> exit(another_change_runs)
                        end
                end
        end,
Begin(),
case [L || P <- [whereis(relevo_lock)], is_pid(P), {links, L} <- [process_info(P, links)]] of
    [[Me]] -> ok;
    _ -> exit(the_lock_is_lost)
end,
%% What is reported done survives a power cut: files and the folders on their way are synced before
%% the name that makes them count is.
Sync = fun(Path, Modes) ->
               {ok, Fd} = file:open(Path, [read, raw | Modes]),
               Synced = file:sync(Fd),
               ok = file:close(Fd),
               case Synced of
                   ok -> ok;
                   {error, Why} when Why =/= einval -> exit({Why, Path}); % einval: cannot be synced
                   _ -> ok
               end
       end,
SyncFile = fun(File) -> Sync(File, []) end,
SyncFolder = fun(Dir) -> Sync(Dir, [directory]) end,
%% Whatever the umask of the node is, nobody else writes into its releases.
Narrow = fun(Path, Mode) when Mode band 8#022 =/= 0 -> file:change_mode(Path, Mode band 8#7755);
            (_, _) -> ok
         end,
%% There may be very many files, so what is done for each is done by compiled functions; few are open at
%% once.
SyncFiles = fun SyncFiles([]) -> ok;
                SyncFiles(Files) ->
                    {Some, Rest} = lists:split(min(16, length(Files)), Files),
                    Opened = lists:zip(lists:zipwith(fun file:open/2, Some, lists:duplicate(length(Some), [read, raw])), Some),
                    Fds = [Fd || {{ok, Fd}, _} <- Opened],
                    Synced = lists:map(fun file:sync/1, Fds),
                    lists:foreach(fun file:close/1, Fds),
                    [exit({Why, Path}) || {{error, Why}, Path} <- Opened],
                    [exit({Why, Path}) || {{error, Why}, Path} <- lists:zip(Synced, Some), Why =/= einval],
                    SyncFiles(Rest)
            end,
SyncBelow = fun SyncBelow(Dir) ->
                    case file:read_link_info(Dir) of
                        {ok, Info} when element(3, Info) =:= directory ->
                            Narrow(Dir, element(8, Info)),
                            {ok, Names} = file:list_dir_all(Dir),
                            Paths = lists:zipwith(fun filename:join/2, lists:duplicate(length(Names), Dir), Names),
                            Infos = lists:zip(lists:zipwith(fun file:read_link_info/2, Paths, lists:duplicate(length(Paths), [raw])), Paths),
                            Of = fun(Type) ->
                                         Pick(Infos, {{{ok, '$1'}, '$2'}, [{'=:=', {element, 3, '$1'}, Type}],
                                                      [{{'$2', {element, 8, '$1'}}}]})
                                 end,
                            {Files, Modes} = lists:unzip(Of(regular)),
                            [Narrow(File, Mode) || {File, Mode} <- lists:zip(Files, Modes), Mode band 8#022 =/= 0],
                            SyncFiles(Files),
                            [SyncBelow(Below) || {Below, _} <- Of(directory)],
                            SyncFolder(Dir);
                        _ -> ok
                    end
            end,
%% All that a start of the version needs.
SyncRelease = fun(V) ->
                      [SyncBelow(filename:join(Root, Dir))
                       || {_, E, L} <- [RelOf(V)],
                          Dir <- ["erts-" ++ E | [filename:join("lib", N) || N <- LibNames(L)]]],
                      SyncBelow(filename:join(RelDir, V)),
                      [SyncFolder(D) || D <- [filename:join(Root, "lib"), RelDir, Root],
                                        filelib:is_dir(D)],
                      ok
              end,
%% Whole, or not at all.
Put = fun(File, Bytes) ->
              case file:write_file(File ++ ".new", Bytes, [sync]) of
                  ok ->
                      {ok, Info} = file:read_file_info(File ++ ".new"),
                      Narrow(File ++ ".new", element(8, Info)),
                      ok = file:rename(File ++ ".new", File),
                      SyncFolder(filename:dirname(File));
                  Error -> file:delete(File ++ ".new"), exit(Error)
              end
      end,
%% A link is removed, not followed.
Remove = fun Remove(Path) ->
                 case file:read_link_info(Path) of
                     {ok, Info} when element(3, Info) =:= directory ->
                         {ok, Names} = file:list_dir_all(Path),
                         [Remove(filename:join(Path, Name)) || Name <- Names],
                         file:del_dir(Path);
                     {ok, _} -> file:delete(Path);
                     {error, enoent} -> ok;
                     Error -> Error
                 end
         end,
%% release_handler writes over what it must not lose: on a full disk nothing of it is left.  So a
%% copy is made first, which takes its place again when the call fails, and goes when what was
%% written is safe.
Records = [filename:join(RelDir, File) || File <- ["RELEASES", "start_erl.data"]],
KeepCopy = fun(File) ->
                   {ok, Bytes} = file:read_file(File),
                   case file:write_file(File ++ ".new", Bytes, [sync]) of
                       ok ->
                           {ok, Info} = file:read_file_info(File ++ ".new"),
                           Narrow(File ++ ".new", element(8, Info)),
                           ok = file:rename(File ++ ".new", File ++ ".relevo");
                       Error -> file:delete(File ++ ".new"), exit(Error)
                   end
           end,
Kept = fun(Function, Args) ->
               Copied = [File || File <- Records, filelib:is_regular(File), KeepCopy(File) =:= ok],
               SyncFolder(RelDir),
               {ok, Result} = Handler(Function, Args),
               case Result of
                   {error, _} -> [file:rename(File ++ ".relevo", File) || File <- Copied];
                   _ ->
                       [begin
                            {ok, Info} = file:read_file_info(File),
                            Narrow(File, element(8, Info)),
                            SyncFile(File)
                        end || File <- Copied],
                       SyncFolder(RelDir),
                       [file:delete(File ++ ".relevo") || File <- Copied]
               end,
               Result
       end,
%% Applications are named by where they are: of others than Root/lib the place is written.
Place = fun(App, V) ->
                Dir = filename:join("lib", lists:concat([App, "-", V])),
                case {filelib:is_dir(filename:join(Root, Dir)), code:lib_dir(App)} of
                    {false, Loaded} when is_list(Loaded) -> Loaded;
                    _ -> Dir
                end
        end,
%% Of a version, from the records where they are whole, else from its .rel file; [] where neither
%% knows it.
Entry = fun(V, State) ->
                case {lists:keyfind(V, 3, Recorded()), RelOf(V)} of
                    {{release, N, _, E, [_ | _] = L, _}, _} when is_list(E) -> [{release, N, V, E, L, State}];
                    {_, {N, E, L}} ->
                        [{release, N, V, E, [{element(1, A), element(2, A),
                                              Place(element(1, A), element(2, A))} || A <- L],
                          State}];
                    _ -> []
                end
        end,
AsRecords = fun(Entries) ->
                    unicode:characters_to_binary(io_lib:format("%% coding: utf-8~n~tp.~n", [Entries]))
            end,
%% Makes all records say that V, which runs, is what boots, and has release_handler read them.
%% Answers ok or {error, Why}.
PutRight = fun(V) ->
                   {ok, Memory} = Handler(which_releases, []),
                   Others = lists:usort([{O, S} || {_, O, _, S} <- Memory, O =/= V]
                                        ++ [{O, S} || {release, _, O, _, _, S} <- Recorded(), O =/= V,
                                                      not lists:keymember(O, 2, Memory)]),
                   Was = fun(unpacked) -> unpacked; (tmp_current) -> unpacked; (_) -> old end,
                   case Entry(V, permanent) of
                       [{release, _, _, Erts, _, _} = Now] ->
                           SyncRelease(V),
                           Rest = lists:append([Entry(O, Was(S)) || {O, S} <- Others]),
                           Put(filename:join(RelDir, "RELEASES"), AsRecords([Now | Rest])),
                           Put(filename:join(RelDir, "start_erl.data"), Erts ++ " " ++ V),
                           [file:delete(File ++ ".relevo") || File <- Records],
                           ok = supervisor:terminate_child(sasl_sup, release_handler),
                           {ok, _} = supervisor:restart_child(sasl_sup, release_handler),
                           ok;
                       [] -> {error, {no_rel_file, V}}
                   end
           end
