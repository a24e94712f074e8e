%% SPDX-License-Identifier: Apache-2.0
%% Puts back each sys.config that an interrupted upgrade left aside, and records that were lost as
%% they were written (change.erl).  Answers the versions.
Whole = fun(File) ->
                case {filename:basename(File), file:consult(File), file:read_file(File)} of
                    {"RELEASES", {ok, [[_ | _]]}, _} -> true;
                    {"start_erl.data", _, {ok, Text}} -> length(string:lexemes(Text, " \n")) =:= 2;
                    _ -> false
                end
        end,
Lost = [filename:basename(File) || File <- Records, filelib:is_regular(File ++ ".relevo"),
                                   case Whole(File) of
                                       true -> file:delete(File ++ ".relevo"), false;
                                       false -> file:rename(File ++ ".relevo", File) =:= ok
                                   end],
%% Started without RELEASES, release_handler has made up what it knows.
case {lists:member("RELEASES", Lost), Handler(which_releases, [])} of
    {true, {ok, [{_, _, [], permanent}]}} ->
        ok = supervisor:terminate_child(sasl_sup, release_handler),
        {ok, _} = supervisor:restart_child(sasl_sup, release_handler);
    _ -> ok
end,
Left = filelib:wildcard(filename:join([RelDir, "*", "sys.config.relevo"])),
Versions = [filename:basename(filename:dirname(File)) || File <- Left],
%% Evaluated for an installation that did not follow.
[file:delete(F) || F <- filelib:wildcard(filename:join([RelDir, "*", "sys.config.ready"]))],
[PutBack(V) || V <- Versions],
Versions
