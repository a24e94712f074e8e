%% SPDX-License-Identifier: Apache-2.0
%% The modules of the manifest that came with the release Vsn, [{Application, Module, Md5}] as
%% binaries, or all of it where it is not written as relevo writes it: as a packed term.  <<>> where
%% there is none.
Entry = "\"application\": \"([^\"\\\\]*)\",\\s*\"module\": \"([^\"\\\\]*)\",\\s*\"md5\": \"([0-9a-f]{32})\"",
All = fun(Json, Regex, Captured) ->
              case re:run(Json, Regex, [global, {capture, Captured, binary}]) of
                  {match, Found} -> Found;
                  nomatch -> []
              end
      end,
case file:read_file(filename:join([RelDir, Vsn, "relevo.manifest.json"])) of
    {ok, Json} ->
        Modules = All(Json, Entry, all_but_first),
        case length(All(Json, "\"module\":", all)) of
            Count when Count =:= length(Modules), Count > 0 ->
                term_to_binary([list_to_tuple(M) || M <- Modules], [compressed]);
            _ -> term_to_binary(Json, [compressed])
        end;
    {error, _} -> <<>>
end
