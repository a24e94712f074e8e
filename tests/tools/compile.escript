#!/usr/bin/env escript
%% SPDX-License-Identifier: Apache-2.0
%% compile.escript DIR: compiles every .erl and .ex below DIR, in one VM, to BEAM files beside them, and
%% puts the names of the modules into the .app files there.  A source that is the same elsewhere
%% is compiled once, unless its first line says "compile:", with options for the compiler behind it.

main([Root]) ->
    Sources = filelib:wildcard("**/*.{erl,ex}", Root),
    lists:any(fun(F) -> filename:extension(F) =:= ".ex" end, Sources) andalso start_elixir(),
    lists:foldl(fun(File, Made) -> compile(filename:join(Root, File), Made) end, #{}, Sources),
    [list_modules(filename:join(Root, App)) || App <- filelib:wildcard("**/*.app", Root)].

compile(File, Made) ->
    {ok, Text} = file:read_file(File),
    Key = {Text, [filename:basename(File) || filename:extension(File) =:= ".erl"]},
    {Beams, Now} = case Made of
        #{Key := Old} -> {Old, Made};
        #{} -> New = beams(filename:extension(File), File, Text), {New, Made#{Key => New}}
    end,
    Dir = filename:dirname(File),
    [ok = file:write_file(filename:join(Dir, atom_to_list(M) ++ ".beam"), B) || {M, B} <- Beams],
    ok = file:delete(File),
    Now.

beams(".erl", File, Text) ->
    case compile:file(File, [binary, report_errors | options(Text)]) of
        {ok, Module, Beam} -> [{Module, Beam}];
        error -> io:format("~ts:~n~ts~n", [File, Text]), halt(1)
    end;
beams(".ex", File, Text) ->
    try 'Elixir.Code':compile_string(Text, unicode:characters_to_binary(File))
    catch Class:Reason:Stack ->
        io:format("~ts:~n~ts~n~p~n", [File, Text, {Class, Reason, Stack}]), halt(1)
    end.

options(<<"%% compile:", Rest/binary>>) ->
    [Line | _] = string:split(Rest, "\n"),
    {ok, Tokens, _} = erl_scan:string(binary_to_list(Line) ++ "."),
    {ok, Options} = erl_parse:parse_term(Tokens),
    Options;
options(_) ->
    [deterministic].

start_elixir() ->
    Root = filename:dirname(filename:dirname(os:find_executable("elixir"))),
    Places = [os:getenv("ELIXIR_EBIN", "/usr/lib/elixir/lib/elixir/ebin"), filename:join(Root, "lib/elixir/ebin")],
    code:add_pathsa([P || P <- Places, filelib:is_dir(P)]),
    {ok, _} = application:ensure_all_started(elixir),
    'Elixir.Code':compiler_options(#{ignore_module_conflict => true, docs => true, no_warn_undefined => all}).

list_modules(File) ->
    {ok, [{application, Name, Keys}]} = file:consult(File),
    Beams = filelib:wildcard("*.beam", filename:dirname(File)),
    Modules = [list_to_atom(filename:rootname(Beam)) || Beam <- Beams],
    ok = file:write_file(File, io_lib:format("~tp.~n", [{application, Name, [{modules, Modules} | Keys]}])).
