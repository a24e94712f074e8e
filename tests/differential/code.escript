#!/usr/bin/env escript
%% SPDX-License-Identifier: Apache-2.0
%% What beam_disasm says of the functions of BEAM files, in the words of tests/helpers/code.c.
%%   code.escript LIST [NAME/ARITY]      LIST: a file with one path per line
-mode(compile).

main([List | Wanted]) ->
    {ok, Text} = file:read_file(List),
    io:setopts([{encoding, unicode}]),
    [file(unicode:characters_to_list(F), Wanted) || F <- binary:split(Text, <<"\n">>, [global, trim])].

file(Path, Wanted) ->
    {beam_file, Module, _, _, _, Functions} = beam_disasm:file(Path),
    {ok, {_, [{"StrT", Strings}]}} = beam_lib:chunks(Path, ["StrT"]),
    put(strings, Strings),
    [function(Module, F, Wanted) || F <- Functions].

function(Module, {function, Name, Arity, _, Code}, Wanted) ->
    Ops = [Op || Op <- tl(lists:dropwhile(fun(I) -> not is_tuple(I) orelse element(1, I) =/= func_info end, Code)),
                 not is_tuple(Op) orelse element(1, Op) =/= line],
    Text = [[lists:join($\s, op(Op)), $\n] || Op <- Ops],
    Label = io_lib:format("~ts/~b", [Name, Arity]),
    case Wanted of
        [] -> io:format("~ts:~ts ~b ~ts~n", [Module, Label, length(Ops), hex(unicode:characters_to_binary(Text))]);
        [W] -> lists:flatten(Label) =:= W andalso io:put_chars(Text)
    end.

%% Back to the names and operands that are in the file.
op(Name) when is_atom(Name) -> [name(Name)];
op({test, bs_match_string, F, [Ms, Bits, Bin]}) ->
    [name(bs_match_string), arg(F), arg(Ms), arg(Bits), string(Bin)];
op({test, has_map_fields, F, Src, List}) -> [name(has_map_fields) | args([F, Src, List])];
op({test, Name, F, Args}) -> [name(Name) | args([F | Args])];
op({bif, Name, nofail, [], Reg}) -> [name(bif0), bif(Name, 0), arg(Reg)];
op({bif, Name, F, Args, Reg}) ->
    N = length(Args),
    [name(list_to_atom("bif" ++ integer_to_list(N))), arg(F), bif(Name, N) | args(Args ++ [Reg])];
op({gc_bif, Name, F, Live, Args, Reg}) ->
    N = length(Args),
    [name(list_to_atom("gc_bif" ++ integer_to_list(N))), arg(F), arg(Live), bif(Name, N) | args(Args ++ [Reg])];
op({arithfbif, Name, F, Args, Reg}) -> [name(Name), arg(F) | args(Args ++ [Reg])];
op({make_fun2, {_, F, A}, _, _, _}) -> [name(make_fun2), local(F, A)];
op({make_fun3, {_, F, A}, _, _, Dst, Env}) -> [name(make_fun3), local(F, A), arg(Dst), arg(Env)];
op({bs_put_string, N, {string, S}}) -> [name(bs_put_string), arg(N), string(list_to_binary(S))];
op({raise, _, [A, B], _}) -> [name(raise), arg(A), arg(B)];
op({bs_add, F, Args, Dst}) -> [name(bs_add), arg(F) | args(Args ++ [Dst])];
op({bs_create_bin, [{A, B, C, D, E, _, {u, _}, List}]}) ->
    [name(bs_create_bin) | args([A, B, C, D, E])] ++ [[$[, lists:join($\s, segments(List)), $]]];
op(Op) -> [Name | Args] = tuple_to_list(Op), [name(Name) | args(Args)].

%% beam_disasm leaves strings as offsets.
segments([{atom, string} = T, Nr, Unit, Flags, {u, Offset}, Size | Rest]) ->
    Len = case Size of {integer, L} -> L; {i, L} -> L; {u, L} -> L end,
    args([T, Nr, Unit, Flags]) ++ [string(binary:part(get(strings), Offset, Len)), arg(Size) | segments(Rest)];
segments([T, Nr, Unit, Flags, Value, Size | Rest]) ->
    args([T, Nr, Unit, Flags, Value, Size]) ++ segments(Rest);
segments([]) -> [].

name(Name) -> atom_to_list(Name).

args(Args) -> [arg(A) || A <- Args].

arg(nil) -> term([]);
arg({atom, A}) -> term(A);
arg({integer, I}) -> term(I);
arg({float, F}) -> term(F);
arg({literal, T}) -> term(T);
arg({i, I}) -> term(I);
arg({x, N}) -> [$x, integer_to_list(N)];
arg({y, N}) -> [$y, integer_to_list(N)];
arg({fr, N}) -> [$r, integer_to_list(N)];
arg({f, N}) -> [$f, integer_to_list(N)];
arg({u, {alloc, L}}) -> alloc(L);
arg({alloc, L}) -> alloc(L);
arg({u, N}) -> arg(N);
arg({field_flags, N}) -> arg(N);
arg({tr, R, _}) -> arg(R);
arg({list, L}) -> [$[, lists:join($\s, args(L)), $]];
arg({extfunc, M, F, A}) -> [atom_to_list(M), $:, local(F, A)];
arg({_, F, A}) -> local(F, A);
arg(N) when is_integer(N) -> [$u, integer_to_list(N)].

alloc(L) ->
    Kind = fun(words) -> 0; (floats) -> 1; (funs) -> 2 end,
    [$[, lists:join($\s, [[arg(Kind(K)), $\s, arg(N)] || {K, N} <- L]), $]].

local(F, A) -> [atom_to_list(F), $/, integer_to_list(A)].

%% beam_disasm keeps the name alone.
bif(Name, Arity) -> ["erlang:", local(Name, Arity)].

string(Bin) -> [$", [io_lib:format("~2.16.0b", [B]) || <<B>> <= Bin], $"].

term(T) -> hex(term_to_binary(T, [deterministic])).

hex(Bin) -> [io_lib:format("~2.16.0b", [B]) || <<B>> <= erlang:md5(Bin)].
