%% SPDX-License-Identifier: Apache-2.0
%% Folders that hold exactly what somebody expects.  Bound: Algorithm = sha256 | md5, Folders =
%% [{Path below Root, Digest}], packed.  Answers [boolean()] in their order: whether the paths of all
%% files below it, in the order of their bytes, each with a zero byte and the digest of its content
%% behind it, have that digest.
Sum = Summer(Algorithm),
Below = fun Below(Dir, Prefix) ->
                {ok, Names} = file:list_dir_all(Dir),
                lists:append([begin
                                  Path = filename:join(Dir, Name),
                                  Inside = [Prefix, unicode:characters_to_binary(Name)],
                                  case Sum(Path) of
                                      folder -> Below(Path, [Inside, $/]);
                                      Digest -> [{iolist_to_binary(Inside), Digest}]
                                  end
                              end || Name <- Names])
        end,
Same = fun({Folder, Digest}) ->
               Dir = filename:join(Root, unicode:characters_to_list(Folder)),
               try [[Path, 0, D] || {Path, D} <- lists:sort(Below(Dir, []))] of
                   Text -> HashOf(Algorithm, Text) =:= Digest
               catch _:_ -> false
               end
       end,
lists:map(Same, binary_to_term(zlib:unzip(Folders)))
