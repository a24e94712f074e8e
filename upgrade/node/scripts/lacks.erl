%% SPDX-License-Identifier: Apache-2.0
%% What need not be sent.  Bound: Vsn, Files = [{Path, Size, Md5, Sha256}].
%% Answers {Here, Copies}: Here are the paths that are there and will stay, Copies are
%% {Path, From}: equal files in another version of the same application.
%% Files of applications in use were compared with the manifest before.
Stays = InUse(Vsn),
{ok, Libs} = file:list_dir(filename:join(Root, "lib")),
Is = fun(Path) -> filelib:is_regular(filename:join(Root, Path)) end,
Same = fun(File, Md5, Sha256) ->
               case Hasher of
                   sha256 when Sha256 =/= "" -> Digest(File) =:= Sha256;
                   sha256 ->
                       {ok, Bytes} = file:read_file(File),
                       Hex(erlang:md5(Bytes)) =:= Md5;
                   md5 -> Digest(File) =:= Md5
               end
       end,
%% shop-1.0.0 for shop-1.1.0.
Siblings = fun(Lib) ->
                   [Name | _] = string:split(Lib, "-"),
                   [L || L <- Libs, L =/= Lib, lists:prefix(Name ++ "-", L), Stays(L)]
           end,
Equal = fun(Path, Lib, Rest, Size, Md5, Sha256) ->
                Found = [From || S <- Siblings(Lib),
                                 From <- [filename:join(["lib", S | Rest])],
                                 Is(From), filelib:file_size(filename:join(Root, From)) =:= Size,
                                 Same(filename:join(Root, From), Md5, Sha256)],
                case Found of
                    [From | _] -> {copy, {Path, From}};
                    [] -> lacks
                end
        end,
Here = fun(Path) ->
                case Is(Path) of
                    true -> {here, Path};
                    false -> lacks
                end
        end,
Look = fun({Path, Size, Md5, Sha256}) ->
               case filename:split(Path) of
                   ["releases", Vsn | _] -> lacks;
                   ["lib", Lib | Rest] ->
                       case Stays(Lib) of
                           true -> Here(Path);
                           false -> Equal(Path, Lib, Rest, Size, Md5, Sha256)
                       end;
                   ["erts-" ++ _ = Erts | _] ->
                       case Stays(Erts) of
                           true -> Here(Path);
                           false -> lacks
                       end;
                   _ -> Here(Path)
               end
       end,
Looks = lists:map(Look, Files),
{[Path || {here, Path} <- Looks], [Copy || {copy, Copy} <- Looks]}
