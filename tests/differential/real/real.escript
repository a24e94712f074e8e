#!/usr/bin/env escript
%% SPDX-License-Identifier: Apache-2.0
%% Two releases of real applications, the second recompiled from their debug information:
%%   real.escript SEED FOLDER EBIN...    makes FOLDER/1 and FOLDER/2, prints how many modules changed
%% In modules picked at random some functions do something more that changes nothing: {node(), A, B} is
%% matched in front of their bodies.  So whatever a verdict says of states, messages and calls is not true.
main([Seed, Folder | Ebins]) ->
    rand:seed(exsss, list_to_integer(Seed)),
    [code:add_pathz(E) || E <- Ebins],
    Apps = [{app, read(E), E} || E <- Ebins],
    Given = [Name || {app, {Name, _, _}, _} <- Apps],
    Base = [{base, read(E), E} || A <- needed([kernel, stdlib, sasl | wants(Apps)], []) -- Given,
                                  E <- [filename:join(code:lib_dir(A), "ebin")]],
    One = [{Name, Vsn, E} || {_, {Name, Vsn, _}, E} <- Base ++ Apps],
    release(filename:join(Folder, "1"), "1", [link_app(filename:join(Folder, "1"), A) || A <- One]),
    {Two, Counts} = lists:unzip([next(filename:join(Folder, "2"), A) || A <- Base ++ Apps]),
    release(filename:join(Folder, "2"), "2", Two),
    io:format("~b~n", [lists:sum(Counts)]).

read(Ebin) ->
    [File] = filelib:wildcard(Ebin ++ "/*.app"),
    {ok, [{application, Name, Keys}]} = file:consult(File),
    {Name, proplists:get_value(vsn, Keys), Keys}.

wants(Apps) -> lists:append([wanted(Keys) || {_, {_, _, Keys}, _} <- Apps]).
wanted(Keys) -> proplists:get_value(applications, Keys, []) ++ proplists:get_value(included_applications, Keys, []).

%% Those of OTP and Elixir, with what they need themselves.
needed([], Found) -> lists:usort(Found);
needed([A | As], Found) ->
    case not lists:member(A, Found) andalso code:lib_dir(A) of
        Dir when is_list(Dir) ->
            {_, _, Keys} = read(filename:join(Dir, "ebin")),
            needed(wanted(Keys) ++ As, [A | Found]);
        _ -> needed(As, Found)
    end.

link_app(Root, {Name, Vsn, Ebin}) ->
    To = filename:join([Root, "lib", lists:concat([Name, "-", Vsn])]),
    ok = filelib:ensure_dir(To),
    ok = file:make_symlink(filename:dirname(filename:absname(Ebin)), To),
    {Name, Vsn}.

next(Root, {base, {Name, Vsn, _}, Ebin}) -> {link_app(Root, {Name, Vsn, Ebin}), 0};
next(Root, {app, {elixir, Vsn, _}, Ebin}) -> {link_app(Root, {elixir, Vsn, Ebin}), 0}; % all stands on it
next(Root, {app, {Name, Vsn, Keys}, Ebin}) ->
    Beams = filelib:wildcard(Ebin ++ "/*.beam"),
    Changed = [{B, New} || B <- Beams, rand:uniform(12) =:= 1, New <- changed(B)],
    case Changed of
        [] -> {link_app(Root, {Name, Vsn, Ebin}), 0};
        _ ->
            NewVsn = Vsn ++ ".1",
            To = filename:join([Root, "lib", lists:concat([Name, "-", NewVsn]), "ebin"]),
            ok = filelib:ensure_path(To),
            [file:make_symlink(P, filename:join(filename:dirname(To), "priv"))
             || P <- [filename:absname(filename:join(filename:dirname(Ebin), "priv"))], filelib:is_dir(P)],
            [{ok, _} = file:copy(B, filename:join(To, filename:basename(B))) || B <- Beams],
            [ok = file:write_file(filename:join(To, filename:basename(B)), New) || {B, New} <- Changed],
            App = {application, Name, lists:keystore(vsn, 1, Keys, {vsn, NewVsn})},
            ok = file:write_file(filename:join(To, lists:concat([Name, ".app"])), io_lib:format("~tp.~n", [App])),
            {{Name, NewVsn}, length(Changed)}
    end.

%% [Beam], or [] where that cannot be: stripped, a NIF library, or a compiler that says no.
changed(File) ->
    case beam_lib:chunks(File, [abstract_code]) of
        {ok, {_, [{abstract_code, {raw_abstract_v1, Forms}}]}} ->
            Keeps = lists:any(fun({attribute, _, on_load, _}) -> true; (_) -> false end, Forms),
            New = [edit(F) || F <- Forms],
            case not Keeps andalso New =/= Forms andalso
                 (catch compile:forms(New, [binary, debug_info, return_errors, deterministic])) of
                {ok, _, Beam} -> [Beam];
                _ -> []
            end;
        _ -> []
    end.

edit({function, L, Name, Arity, Clauses} = F) ->
    case rand:uniform(3) =:= 1 andalso Name =/= '__info__' andalso Name =/= '__struct__' of
        true -> {function, L, Name, Arity, [more(C) || C <- Clauses]};
        false -> F
    end;
edit(F) -> F.

more({clause, L, Head, Guards, Body}) ->
    Node = {call, L, {remote, L, {atom, L, erlang}, {atom, L, node}}, []},
    Is = {call, L, {remote, L, {atom, L, erlang}, {atom, L, is_atom}}, [Node]},
    {clause, L, Head, Guards, [{match, L, {var, L, '_'}, Is} | Body]}.

release(Root, Vsn, Apps) ->
    Rel = {release, {"real", Vsn}, {erts, erlang:system_info(version)}, Apps},
    File = filename:join([Root, "releases", Vsn, "real.rel"]),
    ok = filelib:ensure_dir(File),
    ok = file:write_file(File, io_lib:format("~p.~n", [Rel])),
    ok = file:write_file(filename:join([Root, "releases", "start_erl.data"]), [erlang:system_info(version), " ", Vsn]).
