%% SPDX-License-Identifier: Apache-2.0
%% Gives a node that was started from a release without RELEASES one, for what it booted,
%% and has release_handler read it.  In one call: who asked may go away, the node is not
%% left without its release_handler.
%% Answers adopted, already, or {refused, Why} (nothing was changed).
{Name, Vsn} = init:script_id(),
Target = filename:join(RelDir, "RELEASES"),
Rels = [File || File <- [filename:join([RelDir, Vsn, Name ++ ".rel"]),
                         filename:join(RelDir, Name ++ "-" ++ Vsn ++ ".rel"),
                         filename:join(RelDir, Name ++ ".rel")],
                {ok, [{release, {N, V}, {erts, _}, _}]} <- [file:consult(File)],
                N =:= Name, V =:= Vsn],
%% Applications are named by where they are: of others than Root/lib the place is written.
Places = fun(Rel) ->
                 {ok, [{release, _, _, Apps}]} = file:consult(Rel),
                 [{App, AppVsn, filename:dirname(code:lib_dir(App))}
                  || Entry <- Apps, App <- [element(1, Entry)], AppVsn <- [element(2, Entry)],
                     not filelib:is_dir(filename:join([Root, "lib",
                                                       atom_to_list(App) ++ "-" ++ AppVsn]))]
         end,
%% Whole, or not at all.
Write = fun(Rel) ->
                Dir = filename:join(RelDir, "relevo.adopt"),
                New = filename:join(Dir, "RELEASES"),
                ok = filelib:ensure_dir(New),
                Made = release_handler:create_RELEASES("", Dir, Rel, Places(Rel)),
                Result = case Made of
                             ok -> file:rename(New, Target);
                             _ -> Made
                         end,
                file:delete(New),
                file:del_dir(Dir),
                Result
        end,
Restart = fun() ->
                  ok = supervisor:terminate_child(sasl_sup, release_handler),
                  {ok, _} = supervisor:restart_child(sasl_sup, release_handler),
                  adopted
          end,
Adopt = fun() ->
                case Rels of
                    [] -> {refused, no_rel_file};
                    [Rel | _] ->
                        case Write(Rel) of
                            ok -> Restart();
                            Error -> {refused, Error}
                        end
                end
        end,
Known = Handler(which_releases, []),
Sound = case file:consult(Target) of
            {ok, [[_ | _]]} -> true;
            _ -> false
        end,
try register(relevo_upgrade, self()) of
    true ->
        case Known of
            %% What release_handler makes up when it finds no file.
            {ok, [{Name, Vsn, [], permanent}]} when Sound -> Restart();
            {ok, [{Name, Vsn, [], permanent}]} -> Adopt();
            {ok, Others} when Sound ->
                case lists:keymember(Name, 1, Others) of
                    true -> already;
                    false -> {refused, not_its_own_folder}
                end;
            {ok, _} -> {refused, release_handler_knows_more};
            {error, Why} -> {refused, Why}
        end
catch error:badarg -> {refused, another_upgrade_runs}
end
