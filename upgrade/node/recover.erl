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
[case Whole(File) of
     true -> file:delete(File ++ ".relevo");
     false -> file:rename(File ++ ".relevo", File)
 end || File <- Records, filelib:is_regular(File ++ ".relevo")],
Left = filelib:wildcard(filename:join([RelDir, "*", "sys.config.relevo"])),
Versions = [filename:basename(filename:dirname(File)) || File <- Left],
%% Evaluated for an installation that did not follow.
[file:delete(F) || F <- filelib:wildcard(filename:join([RelDir, "*", "sys.config.ready"]))],
[PutBack(V) || V <- Versions],
Versions
