%% SPDX-License-Identifier: Apache-2.0
%% Forgets the release Vsn and deletes the files that only it uses; also what is left of one that
%% nobody knows any more.  release_handler would delete what its records say, whatever runs.
%% Answers ok, unknown (nothing of it is there) or {error, Why}; the same again goes on from there.
{ok, Known} = Handler(which_releases, []),
Stays = InUse(Vsn),
Folder = filename:join(RelDir, Vsn),
Listed = lists:append([L || {_, V, L, _} <- Known, V =:= Vsn]
                      ++ [LibNames(L) || {release, _, V, _, L, _} <- Recorded(), V =:= Vsn]
                      ++ [LibNames(Apps) || {_, _, Apps} <- [RelOf(Vsn)]]),
Erts = [E || {_, E, _} <- [RelOf(Vsn)]]
    ++ [E || {release, _, V, E, _, _} <- Recorded(), V =:= Vsn, is_list(E)],
%% One step below lib/: a name in a record may be anything.
Below = [filename:join([Root, "lib", Lib]) || Lib <- lists:usort(Listed), filename:basename(Lib) =:= Lib,
                                              not Stays(Lib)]
    ++ [filename:join(Root, "erts-" ++ E) || E <- lists:usort(Erts), filename:basename(E) =:= E,
                                             not Stays("erts-" ++ E)],
%% What it would be booted from goes first, and its .rel, which tells what else it had, last.
Boots = [filename:join(Folder, F) || F <- filelib:wildcard("*.boot", Folder)],
Delete = fun() ->
                 case [{Error, Path} || Path <- Boots ++ Below ++ [Folder],
                                        Error <- [Remove(Path)], Error =/= ok] of
                     [] -> ok;
                     [{{error, Why}, Path} | _] -> {error, {Why, Path}}
                 end
         end,
IsKnown = lists:keymember(Vsn, 2, Known),
case {Stays(Vsn), filelib:is_dir(Folder)} of
    {true, _} -> {error, in_use};
    {false, false} when not IsKnown -> unknown;
    {false, _} ->
        case Delete() of
            ok when IsKnown -> Kept(set_removed, [Vsn]);
            Done -> Done
        end
end
