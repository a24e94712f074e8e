%% SPDX-License-Identifier: Apache-2.0
%% Removes what an unpacking that was cut short has left: release_handler keeps files
%% that are there, so half of a file would stay.  Then puts in place what need not be
%% sent.  Bound: Vsn, Erts, Libs = ["shop-1.1.0"], Copies = [{To, From}].
%% Only what no known release uses and no running code comes from is removed.
{ok, Known} = Handler(which_releases, []),
InUse = LibsInUse(),
IsErtsInUse = ErtsInUse(),
Dirs = [filename:join([Root, "lib", Lib]) || Lib <- Libs, not InUse(Lib)]
    ++ [filename:join(Root, "erts-" ++ Erts) || not IsErtsInUse("erts-" ++ Erts)]
    ++ [filename:join(RelDir, Vsn) || not lists:keymember(Vsn, 2, Known)],
Remove = fun Remove(Path) ->
                 %% A link is removed, not followed.
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
