%% SPDX-License-Identifier: Apache-2.0
%% The difference that the configuration of Vsn would make.  Bound: Vsn, ShowValues, Apps, Shipped (its
%% sys.config), Brought: "" where the release is unpacked or needs no code to evaluate it, else the
%% folder with parcel.tar.gz (what the node lacks of it) and Copies ([{To, From}]).
%% Answers {ok, Differences} or {error, Why}; the folder is gone then.
Link = fun Link(From, To) ->
               case filelib:is_dir(To) of
                   true ->
                       {ok, Names} = file:list_dir(From),
                       [Link(filename:join(From, N), filename:join(To, N)) || N <- Names];
                   false -> file:make_symlink(From, To)
               end
       end,
%% The release as it would be: what was sent, and links to what the node has.
Build = fun(Tree) ->
                ok = erl_tar:extract(filename:join(Brought, "parcel.tar.gz"), [{cwd, Tree}, compressed]),
                [begin
                     ok = filelib:ensure_dir(filename:join(Tree, To)),
                     file:make_symlink(filename:join(Root, From), filename:join(Tree, To))
                 end || {To, From} <- Copies],
                ok = filelib:ensure_dir(filename:join([Tree, "lib", "any"])),
                Link(filename:join(Root, "lib"), filename:join(Tree, "lib"))
        end,
Judge = fun(Tree) ->
                Ebin = fun(App, V) ->
                               filename:join([Tree, "lib", atom_to_list(App) ++ "-" ++ V, "ebin"])
                       end,
                case EvaluateIn(Vsn, Tree) of
                    none -> {ok, Differences(Shipped, Apps, Ebin)};
                    {ok, Evaluated} -> {ok, Differences(Evaluated, Apps, Ebin)};
                    Error -> Error
                end
        end,
case Brought of
    "" -> Judge(Root);
    _ ->
        Tree = filename:join(Brought, "tree"),
        ok = file:make_dir(Tree),
        try Build(Tree), Judge(Tree) after file:del_dir_r(Brought) end
end
