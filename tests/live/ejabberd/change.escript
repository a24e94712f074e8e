#!/usr/bin/env escript
%% SPDX-License-Identifier: Apache-2.0
%% change.escript EBIN: the ejabberd in that folder becomes another version, by its modules' own
%% debug information: what it calls itself (mod_version), and the module that each connection of a
%% client runs in (ejabberd_c2s).

-mode(compile).

main([Ebin]) ->
    file:set_cwd(Ebin),
    compile("mod_version", fun rename/1),
    compile("ejabberd_c2s", fun add_function/1),
    {ok, [{application, ejabberd, Keys}]} = file:consult("ejabberd.app"),
    New = {application, ejabberd, lists:keystore(vsn, 1, Keys, {vsn, "23.01-2"})},
    ok = file:write_file("ejabberd.app", io_lib:format("~p.~n", [New])).

compile(Module, Change) ->
    {ok, {_, [{abstract_code, {raw_abstract_v1, Forms}}]}} =
        beam_lib:chunks(Module ++ ".beam", [abstract_code]),
    {ok, _, Beam} = compile:forms(Change(Forms), [debug_info]),
    ok = file:write_file(Module ++ ".beam", Beam).

rename(Forms) ->
    [case Form of
         {function, _, process_local_iq, 1, _} -> replace(Form);
         _ -> Form
     end || Form <- Forms].

replace({string, Line, "ejabberd"}) -> {string, Line, "ejabberd, another"};
replace(Tuple) when is_tuple(Tuple) -> list_to_tuple(replace(tuple_to_list(Tuple)));
replace([Head | Tail]) -> [replace(Head) | replace(Tail)];
replace(Other) -> Other.

add_function(Forms) ->
    {Head, [Module | Tail]} = lists:splitwith(fun(F) -> element(3, F) =/= module end, Forms),
    {Body, End} = lists:splitwith(fun(F) -> element(1, F) =/= eof end, Tail),
    Head ++ [Module, {attribute, 1, export, [{generation, 0}]} | Body] ++
        [{function, 1, generation, 0, [{clause, 1, [], [], [{integer, 1, 2}]}]} | End].
