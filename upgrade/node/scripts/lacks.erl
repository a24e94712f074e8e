%% SPDX-License-Identifier: Apache-2.0
%% What need not be sent.  Bound: Vsn, Algorithm = sha256 | md5, Files = [{Path, Size, Digest, _}],
%% packed.
%% Answers {Here, Copies}: Here are the paths that are there and will stay, Copies are
%% {Path, From}: equal files in another version of the same application.
%% Files of applications in use were compared with the manifest before.
Stays = InUse(Vsn),
{ok, Libs} = file:list_dir(filename:join(Root, "lib")),
Sum = Summer(Algorithm),
Wanted = binary_to_term(zlib:unzip(Files)),
Is = fun(Path) -> filelib:is_regular(filename:join(Root, Path)) end,
%% shop-1.0.0 for shop-1.1.0.  Looked for once for each folder, not for each of its files.
Siblings = fun(Lib) ->
                   [Name | _] = string:split(Lib, "-"),
                   [L || L <- Libs, L =/= Lib, lists:prefix(Name ++ "-", L), Stays(L)]
           end,
Folders = lists:usort([Lib || {Path, _, _, _} <- Wanted,
                              [<<"lib">>, Lib | _] <- [binary:split(Path, <<"/">>, [global])]]),
State = fun(Lib) ->
                case Stays(Lib) of
                    true -> in_use;
                    false -> Siblings(Lib)
                end
        end,
States = maps:from_list([{L, State(unicode:characters_to_list(L))} || L <- Folders]),
Equal = fun(Path, Names, Rest, Size, Digest) ->
                Found = [From || S <- Names,
                                 From <- [filename:join(["lib", S | Rest])],
                                 filelib:file_size(filename:join(Root, From)) =:= Size,
                                 Sum(filename:join(Root, From)) =:= Digest],
                case Found of
                    [From | _] -> [{copy, {Path, From}}];
                    [] -> []
                end
        end,
Here = fun(Path) -> [{here, Path} || Is(Path)] end,
Look = fun({Bytes, Size, Digest, _}) ->
               Path = unicode:characters_to_list(Bytes),
               case filename:split(Path) of
                   ["releases", Vsn | _] -> [];
                   ["lib", Lib | Rest] ->
                       case maps:get(unicode:characters_to_binary(Lib), States, []) of
                           in_use -> Here(Path);
                           [] -> [];
                           Names -> Equal(Path, Names, Rest, Size, Digest)
                       end;
                   ["erts-" ++ _ = Erts | _] ->
                       case Stays(Erts) of
                           true -> Here(Path);
                           false -> []
                       end;
                   _ -> Here(Path)
               end
       end,
Looks = lists:append(lists:map(Look, Wanted)),
{[Path || {here, Path} <- Looks], [Copy || {copy, Copy} <- Looks]}
