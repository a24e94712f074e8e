#!/usr/bin/env escript
%% SPDX-License-Identifier: Apache-2.0
%% Two releases made of installed applications, the second with changes at random:
%%   appups.escript SEED FOLDER        makes FOLDER/1 and FOLDER/2
%% Modules change (in a chunk that nobody looks at), come, go and move; applications too.
main([Seed, Folder]) ->
    rand:seed(exsss, list_to_integer(Seed)),
    Apps = [app(Dir) || Dir <- lists:sort(dirs()), rand:uniform(3) =:= 1],
    {Old, New} = lists:unzip([two(App) || App <- base() ++ Apps]),
    release(filename:join(Folder, "1"), "1", [A || A <- Old, A =/= none]),
    release(filename:join(Folder, "2"), "2", [A || A <- move([A || A <- New, A =/= none])]).

dirs() ->
    [D || Lib <- ["/usr/lib/erlang/lib", "/usr/lib/elixir/lib"],
          D <- filelib:wildcard(Lib ++ "/*/ebin"),
          filelib:wildcard(D ++ "/*.app") =/= [],
          not lists:any(fun(B) -> string:find(D, "/" ++ B) =/= nomatch end,
                        ["kernel-", "stdlib-", "sasl-", "elixir/ebin"])].

base() -> [{A, "1", []} || A <- [kernel, stdlib, sasl]].

%% {Name, Vsn, [{Module, Bytes}]}
app(Dir) ->
    [File] = filelib:wildcard(Dir ++ "/*.app"),
    {ok, [{application, Name, _}]} = file:consult(File),
    Beams = filelib:wildcard(Dir ++ "/*.beam"),
    {Name, "1", [{list_to_atom(filename:basename(B, ".beam")), element(2, file:read_file(B))}
                 || B <- Beams]}.

two({_, _, []} = App) -> {App, App};
two({Name, Vsn, Modules} = App) ->
    case rand:uniform(12) of
        1 -> {none, App};
        2 -> {App, none};
        3 -> {App, App};
        _ ->
            Olds = [M || M <- Modules, rand:uniform(10) > 1],
            News = [case rand:uniform(2) of 1 -> M; 2 -> change(M) end
                    || M <- Modules, rand:uniform(10) > 1],
            {{Name, Vsn, Olds}, {Name, "2", News}}
    end.

change({Module, Bytes}) ->
    {ok, _, Chunks} = beam_lib:all_chunks(Bytes),
    {value, {_, Strings}, Rest} = lists:keytake("StrT", 1, Chunks),
    {ok, Changed} = beam_lib:build_module([{"StrT", <<Strings/binary, "x">>} | Rest]),
    {Module, Changed}.

%% The first module of one changed application becomes one of the next.
move([{A, "2", [M | Ms]}, {B, "2", Others} | Apps]) -> [{A, "2", Ms}, {B, "2", [M | Others]} | Apps];
move([App | Apps]) -> [App | move(Apps)];
move([]) -> [].

release(Root, Vsn, Apps) ->
    [write_app(filename:join([Root, "lib", [atom_to_list(A), "-", V], "ebin"]), A, V, Ms) || {A, V, Ms} <- Apps],
    Rel = {release, {"big", Vsn}, {erts, "13.1.5"}, [{A, V} || {A, V, _} <- Apps]},
    write(filename:join([Root, "releases", Vsn, "big.rel"]), io_lib:format("~p.~n", [Rel])),
    write(filename:join([Root, "releases", "start_erl.data"]), ["13.1.5 ", Vsn]).

write_app(Dir, Name, Vsn, Modules) ->
    App = {application, Name, [{vsn, Vsn}, {description, ""}, {modules, [M || {M, _} <- Modules]},
                               {registered, []}, {applications, []}]},
    write(filename:join(Dir, [atom_to_list(Name), ".app"]), io_lib:format("~tp.~n", [App])),
    [write(filename:join(Dir, [atom_to_list(M), ".beam"]), Bytes) || {M, Bytes} <- Modules].

write(File, Data) ->
    ok = filelib:ensure_dir(File),
    ok = file:write_file(File, Data).
