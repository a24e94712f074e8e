#!/usr/bin/env escript
%% SPDX-License-Identifier: Apache-2.0
%% What OTP says of BEAM files: one line each, in the words of `relevo beam --json`
%% as tests/differential/beams.sh cuts them.
%%   beams.escript md5|facts LIST     LIST: a file with one path per line
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
               case proplists:get_value(vsn, Attributes) of [V|_] -> io_lib:format("~tp", [V]);
                   undefined -> "null" end]).

%% The instruction itself, from the disassembler.
on_load(Functions) ->
    lists:any(fun({function, _, _, _, Code}) -> lists:member(on_load, Code) end, Functions).

%% Sizes of the tuples whose first element is compared with an atom.
records(Functions) ->
    Found = [[atom_to_binary(T), $/, integer_to_binary(N)] || {function, _, _, _, Code} <- Functions,
                 {test, is_tagged_tuple, _, [_, N, {atom, T}]} <- Code],
    lists:join(",", lists:usort([iolist_to_binary(F) || F <- Found])).
