%% SPDX-License-Identifier: Apache-2.0
%% Removes what an unpacking that was cut short has left: release_handler keeps files
%% that are there, so half of a file would stay.  Then puts in place what need not be
%% sent.  Bound: Vsn, Erts, Libs = ["shop-1.1.0"], Copies = [{To, From}].
%% Only what no known release uses and no running code comes from is removed.
Stays = InUse(Vsn),
{ok, Known} = Handler(which_releases, []),
IsKnown = lists:keymember(Vsn, 2, Known),
Dirs = [filename:join([Root, "lib", Lib]) || Lib <- Libs, not Stays(Lib)]
    ++ [filename:join(Root, "erts-" ++ Erts) || not Stays("erts-" ++ Erts)]
    ++ [filename:join(RelDir, Vsn) || not IsKnown, not Stays(Vsn)],
Cleaned = [Dir || Dir <- Dirs, filelib:is_dir(Dir), Remove(Dir) =:= ok],
Copy = fun({To, From}) ->
               Target = filename:join(Root, To),
               Source = filename:join(Root, From),
               ok = filelib:ensure_dir(Target),
               {ok, Info} = file:read_file_info(Source),
               {ok, _} = file:copy(Source, Target),
               ok = file:change_mode(Target, element(8, Info))
       end,
lists:foreach(Copy, Copies),
Cleaned
