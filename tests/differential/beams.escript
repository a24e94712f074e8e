#!/usr/bin/env escript
%% SPDX-License-Identifier: Apache-2.0
%% What OTP says of BEAM files: one line each, in the words of `relevo beam --json`
%% as tests/differential/beams.sh cuts them.
%%   beams.escript md5|facts LIST     LIST: a file with one path per line
-mode(compile).

main([What, List]) ->
    {ok, Text} = file:read_file(List),
    io:setopts([{encoding, unicode}]),
    [line(What, unicode:characters_to_list(F)) || F <- binary:split(Text, <<"\n">>, [global, trim])].

line("md5", File) ->
    {ok, {Module, Sum}} = beam_lib:md5(File),
    io:format("~ts ~ts~n", [Module, [io_lib:format("~2.16.0b", [B]) || <<B>> <= Sum]]);
line("facts", File) ->
    {ok, {Module, [{exports, Exports}, {imports, Imports}, {attributes, Attributes}]}} =
        beam_lib:chunks(File, [exports, imports, attributes]),
    Behaviours = [B || {K, Bs} <- Attributes, K =:= behaviour orelse K =:= behavior, B <- Bs],
    {beam_file, _, _, _, _, Functions} = beam_disasm:file(File),
    io:format("~ts exports=~b imports=~b behaviours=~ts on_load=~p records=~ts vsn=~ts~n",
              [Module, length(Exports), length(Imports),
               lists:join(",", [atom_to_list(B) || B <- Behaviours]), on_load(Functions), records(Functions),
               vsn(proplists:get_value(vsn, Attributes))]).

%% As release_handler hands it to code_change/3.
vsn(undefined) -> "null";
vsn(Values) ->
    Vsn = case {misc_supp:is_string(Values), Values} of
              {true, _} -> Values;
              {false, [One]} -> One;
              {false, _} -> Values
          end,
    io_lib:format("~tp", [Vsn]).

%% The instruction itself, from the disassembler.
on_load(Functions) ->
    lists:any(fun({function, _, _, _, Code}) -> lists:member(on_load, Code) end, Functions).

%% Tuples of up to 63 elements, the first an atom, that are matched, made, or stand in literals.
records(Functions) ->
    Found = lists:flatmap(fun({function, _, _, _, Code}) -> lists:flatmap(fun in_op/1, Code) end, Functions),
    lists:join(",", lists:usort([<<(atom_to_binary(T))/binary, $/, (integer_to_binary(N))/binary>> || {T, N} <- Found, N < 64])).

in_op({test, is_tagged_tuple, _, [_, N, {atom, T}]}) -> [{T, N}];
in_op({put_tuple2, _, {list, [{atom, T} | _] = L}}) -> [{T, length(L)} | in_args(L)];
in_op(Op) when is_tuple(Op) -> in_args(tuple_to_list(Op));
in_op(_) -> [].

in_args(Args) -> lists:flatmap(fun in_arg/1, Args).

in_arg({literal, Term}) -> in_term(Term);
in_arg({list, List}) -> in_args(List);
in_arg(List) when is_list(List) -> in_args(List);
in_arg(_) -> [].

in_term(T) when is_tuple(T), tuple_size(T) > 0, is_atom(element(1, T)) -> [{element(1, T), tuple_size(T)} | in_terms(tuple_to_list(T))];
in_term(T) when is_tuple(T) -> in_terms(tuple_to_list(T));
in_term(T) when is_list(T) -> in_terms(T);
in_term(T) when is_map(T) -> in_terms(maps:values(T));
in_term(_) -> [].

%% What stands behind the last | of a list is not looked at.
in_terms([T | Rest]) -> in_term(T) ++ in_terms(Rest);
in_terms(_) -> [].
