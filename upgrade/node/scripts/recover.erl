%% SPDX-License-Identifier: Apache-2.0
%% Puts right what a node that died, or a power cut, has left between two states and where there
%% is no doubt which of them it is: records that were lost as they were written (change.erl), a
%% commit that was cut short between its files, sys.config that an upgrade left aside.
%% What was kept for other nodes to fetch (stage.erl) goes: they have had it, or nobody wants it any more.
%% Answers [{config | records | start_erl, Vsn}].
[file:delete(F) || F <- filelib:wildcard(filename:join(RelDir, "*.parcel"))],
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
Held = case Handler(which_releases, []) of
           {ok, Known} -> Known;
           {error, _} -> []
       end,
{_, StartVsn} = BootsIn("start_erl.data"),
Sure = fun(V) -> case PutRight(V) of ok -> true; _ -> false end end,
Healed = case {lists:keymember(current, 4, Held), lists:keyfind(permanent, 4, Held)} of
               %% What boots has booted: RELEASES is behind.
               {false, {_, V1, _, _}} when V1 =/= Booted, StartVsn =:= Booted ->
                   case lists:keymember(Booted, 2, Held) of
                       true -> [{records, Booted} || Sure(Booted)];
                       false -> []
                   end;
               %% start_erl.data names what is not there.
               {false, {_, Booted, _, _}} when StartVsn =/= "" ->
                   case IsBootable(StartVsn) of
                       true -> [];
                       false -> [{start_erl, Booted} || Sure(Booted)]
                   end;
               _ -> []
           end,
Aside = fun(Suffix) ->
                [File || Name <- ["sys.config", "start.boot"],
                         File <- filelib:wildcard(filename:join([RelDir, "*", Name ++ Suffix]))]
        end,
Versions = lists:usort([filename:basename(filename:dirname(File)) || File <- Aside(".relevo")]),
%% Evaluated for an installation that did not follow.
[file:delete(F) || F <- Aside(".ready")],
[PutBack(V) || V <- Versions],
Healed ++ [{config, V} || V <- Versions]
