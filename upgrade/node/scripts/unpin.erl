%% SPDX-License-Identifier: Apache-2.0
%% Makes the start script that relx wrote boot what is permanent.  Answers true, false (no
%% such script, or done before) or {error, Why} (nothing was changed).
FromData = fun(Field) ->
                   "\"$(cut -d' ' -f" ++ Field
                       ++ " \"$RELEASE_ROOT_DIR/releases/start_erl.data\")\""
           end,
Replacements = [{"^ERTS_VSN=\"[^$\"]+\"$", "ERTS_VSN=" ++ FromData("1")},
                {"^REL_VSN=\"[^$\"]+\"$", "REL_VSN=" ++ FromData("2")},
                {"^export RELEASE_VSN=\"[^$\"]+\"$", "export RELEASE_VSN=\"$REL_VSN\""}],
Replace = fun({Pattern, New}, Text) ->
                  re:replace(Text, Pattern, New, [multiline, global, {return, binary}])
          end,
New = StartScript ++ ".relevo",
Rewrite = fun() ->
                  {ok, Old} = file:read_file(StartScript),
                  {ok, Info} = file:read_file_info(StartScript),
                  ok = file:write_file(New, lists:foldl(Replace, Old, Replacements)),
                  ok = file:change_mode(New, element(8, Info)),
                  ok = file:rename(New, StartScript)
          end,
PinnedVersion() =/= "" andalso
    try Rewrite() of
        ok -> true
    catch error:{badmatch, {error, Why}} -> file:delete(New), {error, Why}
    end
