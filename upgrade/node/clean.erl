%% SPDX-License-Identifier: Apache-2.0
%% Removes what an unpacking that was cut short has left: release_handler keeps files
%% that are there, so half of a file would stay.  Bound: Vsn, Libs = ["shop-1.1.0"].
%% Only what no known release uses and no running code comes from is removed.
{ok, Known} = Handler(which_releases, []),
Used = lists:append([L || {_, _, L, _} <- Known]),
OnPath = [filename:basename(filename:dirname(D)) || D <- code:get_path()],
InUse = fun(Lib) -> lists:member(Lib, Used) orelse lists:member(Lib, OnPath) end,
Dirs = [filename:join([Root, "lib", Lib]) || Lib <- Libs, not InUse(Lib)]
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
[Dir || Dir <- Cleaned]
