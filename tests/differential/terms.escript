#!/usr/bin/env escript
%% SPDX-License-Identifier: Apache-2.0, coding: utf-8
%% terms.escript HELPER PEER N SEED - OTP judges how relevo reads and writes terms.
%%
%% N generated terms go to HELPER (tests/helpers/terms.c) as text and as binaries,
%% one process for all; so do N texts and N binaries with some bytes spoiled, and
%% the files of terms that OTP and Elixir install here.  PEER (tests/helpers/ei_terms.c)
%% has libei read the generated ones as relevo writes them, and relevo as libei does.

-mode(compile).

main([Helper, Peer, N0, Seed0]) ->
    io:setopts([{encoding, unicode}]),
    N = list_to_integer(N0),
    Seed = list_to_integer(Seed0),
    rand:seed(exsss, Seed),
    Items = generated(N) ++ sigils(N) ++ spoiled_texts(N) ++ spoiled_binaries(N) ++ installed(),
    Answers = ask(Helper, [{Kind, In} || {_, Kind, In, _} <- Items]),
    Passed = [Item || {binary, _, _, _} = Item <- Items],
    Wrong = judge(Items, Answers, []) ++
        judge_peer(Passed, peer_answers(ask_file(Peer, [{$b, In} || {_, _, In, _} <- Passed]))),
    [io:format("~ts~n", [W]) || {_, W} <- lists:sublist(lists:sort(Wrong), 5)],
    Refused = length([e || {e, _, _} <- Answers]),
    io:format("terms: ~w items, ~w refused by both, ~w to libei and back, ~w differ (seed ~w)~n",
              [length(Items), Refused, length(Passed), length(Wrong), Seed]),
    halt(case Wrong of [] -> 0; _ -> 1 end).

%% ---- what is asked: {Name, $t | $b, Input, {ok, Term} | {error, Class}} ----

generated(N) ->
    lists:append([begin T = term(rand:uniform(4)), texts(T) ++ binaries(T) end
                  || _ <- lists:seq(1, N)]) ++
        lists:append([binaries({T, ids(rand:uniform(4))}) || T <- lists:seq(1, N div 5)]) ++
        lists:append([records(native()) || has_native(), _ <- lists:seq(1, N div 5)]).

%% Since OTP 29 there are native records; libei does not know them.
has_native() -> list_to_integer(erlang:system_info(otp_release)) > 28.

records(T) -> [{record, Kind, B, Want} || {_, Kind, B, Want} <- binaries(T)].

native() ->
    Fields = lists:usort([any([a, b, 'with space', 'Ä', x_1]) || _ <- some(4)]),
    Parts = [any([m, 'Elixir.M']), any([r, 'R 2']) | Fields] ++ [term(2) || _ <- Fields],
    Bare = [begin <<131, B/binary>> = term_to_binary(P), B end || P <- Parts],
    R = binary_to_term(iolist_to_binary([<<131, 67, (length(Fields)):32, (any([0, 1]))>>, Bare])),
    any([R, [R, a], {R, R}, #{r => R}]).

texts(T) ->
    [{text, $t, text(Format, T), {ok, T}} || Format <- ["~tp.\n", "~p.\n", "~0tp. ", "~tw.\n"]] ++
        [{latin1, $t, ["%% coding: latin-1\n", latin1("~p.\n", T)], {ok, T}}].

text(Format, T) ->
    unicode:characters_to_binary(io_lib:format(Format, [T])).

%% ~p leaves only what Latin-1 can hold.
latin1(Format, T) ->
    iolist_to_binary(io_lib:format(Format, [T])).

binaries(T) ->
    [{binary, $b, term_to_binary(T, Opts), {ok, T}}
     || Opts <- [[], any([[compressed], [{compressed, 9}]]),
                 any([[{minor_version, 0}], [{minor_version, 1}], [{minor_version, 2}], [deterministic]])]].

spoiled_texts(N) ->
    [{spoiled, $t, B, Read}
     || _ <- lists:seq(1, N), B <- [spoiled_text()], Read <- [read_term(B)],
        not (is_tuple(Read) andalso element(1, Read) =:= error andalso has_joined(B))].

%% "a""b" without a space is "ab" up to OTP 26, and for relevo; OTP 27 and later refuse it.
has_joined(B) -> has_sigils() andalso binary:match(B, <<"\"\"">>) =/= nomatch.

%% relevo reads what OTP 27 reads: ~ begins a sigil, """ a text of several lines.
has_sigils() -> list_to_integer(erlang:system_info(otp_release)) > 26.

spoiled_text() ->
    B = spoil(iolist_to_binary([text("~tp.\n", term(3))])),
    case not has_sigils() andalso binary:match(B, [<<"~">>, <<"\"\"\"">>]) =/= nomatch of
        true -> spoiled_text();
        false -> B
    end.

sigils(N) ->
    [begin B = unicode:characters_to_binary([sigil(), ".\n"]), {sigil, $t, B, read_term(B)} end
     || has_sigils(), _ <- lists:seq(1, N)].

sigil() ->
    Text = [any("ab \n\t\\\"n\r)]}>/|#`'é日") || _ <- some(9)],
    case rand:uniform(3) of
        1 ->
            {Open, Close} = any([{$(, $)}, {$[, $]}, {${, $}}, {$<, $>} | [{C, C} || C <- "/|#`'\""]]),
            [$~, any(["", "b", "B", "s", "S", "x"]), Open, Text, Close];
        _ ->
            Quotes = any(["\"\"\"", "\"\"\"\""]),
            Indent = any(["", " ", "  ", "\t"]),
            Lines = [[Indent, any([Text, "a", "  b", "", "\"\"\"c"]), any(["\n", "\n", "\r\n"])] || _ <- some(4)],
            [any(["", "~", "~b", "~B", "~s", "~S"]), Quotes, any(["\n", " \n", "\r\n"]), Lines, Indent, Quotes]
    end.

read_term(B) ->
    F = "/tmp/relevo-terms-" ++ os:getpid(),
    ok = file:write_file(F, B),
    R = try systools_lib:read_term(F) of
            {ok, T} -> {ok, T};
            {error, {Class, _, _}} -> {error, Class};
            {error, {Class, _}} -> {error, Class}
        catch
            _:_ -> {error, read}        % the first byte cannot be read
        end,
    file:delete(F),
    R.

spoiled_binaries(N) ->
    [begin
         B = spoil(term_to_binary(case has_native() andalso rand:uniform(4) of 1 -> native(); _ -> term(3) end)),
         {spoiled, $b, B, whole_term(B)}
     end || _ <- lists:seq(1, N)].

%% Bytes behind the term are an error in relevo.
%% Atoms by their index in this VM's table are read by it, and are no external format.
whole_term(B) ->
    Size = byte_size(B),
    try binary_to_term(B, [used]) of
        {A, 4} when is_atom(A), binary_part(B, 1, 1) =:= <<73>>; is_atom(A), binary_part(B, 1, 1) =:= <<82>> -> {error, badarg};
        {T, Size} -> {ok, T};
        {_, _} -> {error, badarg}
    catch
        _:_ -> {error, badarg}
    end.

spoil(B) ->
    lists:foldl(fun(_, A) -> spoil_once(A) end, B, lists:seq(1, rand:uniform(3))).

spoil_once(<<>>) ->
    <<>>;
spoil_once(B) ->
    At = rand:uniform(byte_size(B)) - 1,
    <<Head:At/binary, C, Tail/binary>> = B,
    case rand:uniform(4) of
        1 -> <<Head/binary, Tail/binary>>;
        2 -> <<Head/binary, (rand:uniform(256) - 1), Tail/binary>>;
        3 -> <<Head/binary, (any("{}[]()<>#.,\"'\\$|=:/-+%_09ae~ \n")), C, Tail/binary>>;
        4 -> <<Head/binary, C, C, Tail/binary>>
    end.

%% Every file of terms that is installed here.
installed() ->
    [file_item(F, filename:extension(F)) || F <- files()].

files() ->
    lists:append([filelib:wildcard(Root ++ "/**/*.{app,appup,rel,boot,script,config}")
                  || Root <- [code:root_dir(), "/usr/lib/elixir"], filelib:is_dir(Root)]).

file_item(F, ".boot") ->
    {ok, B} = file:read_file(F),
    {F, $b, B, {ok, binary_to_term(B)}};
file_item(F, _) ->
    {ok, B} = file:read_file(F),
    {F, $t, B, read_term(B)}.

%% ---- terms ----

term(0) -> leaf(rand:uniform(12));
term(D) ->
    case rand:uniform(8) of
        1 -> list(D);
        2 -> list(D);
        3 -> list_to_tuple(list(D));
        4 -> maps:from_list([{term(D - 1), term(D - 1)} || _ <- some(4)]);
        5 -> {any([application, module, 'Elixir.A.B', vsn]), list(D)};
        6 -> case list(D) of [] -> []; L -> L ++ leaf(rand:uniform(6)) end;
        _ -> leaf(rand:uniform(12))
    end.

list(D) -> [term(D - 1) || _ <- some(5)].

leaf(1) -> any([a, b, true, 'Elixir.Shop', 'with space', '', 'it\'s', 'end', 'maybe', 'ärger',
                'Ärger', '日本', '\n\t\\', 'a@b', '_x', 'A', undefined, '÷', "\0", '\x{FFFD}']);
leaf(2) -> rand:uniform(300) - 20;
leaf(3) -> any([1, -1]) * any([0, 255, 256, 1 bsl 31, 1 bsl 31 - 1, 1 bsl 59, 1 bsl 60, 1 bsl 63,
                               1 bsl 63 - 1, 1 bsl 64, 1 bsl 64 - 1, 1 bsl 200, 1 bsl 2040 - 1,
                               1 bsl 2040, 1 bsl 3000, 123456789012345678901234567890]);
leaf(4) -> any([1, -1]) * any([0.0, 1.0, 1.5, 0.1, 1.0e5, 1.0e22, 123456789.0, 1.0e-5, 5.0e-324,
                               1.7976931348623157e308, 0.001, 9007199254740993.0, 1 / 3,
                               rand:uniform() * math:pow(10, rand:uniform(60) - 30)]);
leaf(5) -> list_to_binary([rand:uniform(256) - 1 || _ <- some(9)]);
leaf(6) -> unicode:characters_to_binary(string(rand:uniform(3)));
leaf(7) -> << <<(rand:uniform(256) - 1):B>> || B <- [any([1, 2, 3, 5, 7, 8, 9, 13]) || _ <- some(3)] >>;
leaf(8) -> string(1);
leaf(9) -> string(rand:uniform(3));
leaf(10) -> [rand:uniform(300) - 1 || _ <- some(5)];
leaf(11) -> list_to_atom(string(rand:uniform(3)));
leaf(12) -> any([[], {}, #{}, "", <<>>, [[]], [1114111], [16#D800], [-1], [0], fun lists:map/2,
                 fun 'Elixir.A':'x y'/255, [$a | b], "quo\"te", "back\\slash", "\e\d\x{A0}"]).

string(1) -> [any("abcxyzABC 019_-./\\\"'%$~\n\t\r") || _ <- some(20)];
string(2) -> [rand:uniform(256) - 1 || _ <- some(20)];
string(3) -> [any([$a, $é, $ÿ, $×, $Ā, $日, 16#10FFFF, 16#FFFD, 16#A0, 16#7F, $\e]) || _ <- some(20)].

%% What only a binary can carry.
ids(1) -> {self(), make_ref(), hd(erlang:ports())};
ids(2) -> #{self() => 1, make_ref() => 2};
ids(3) -> X = rand:uniform(9), fun() -> X end;
ids(4) ->
    N = list_to_binary(atom_to_list(any(['a@127.0.0.1', 'shop@host', 'é@h']))),
    L = byte_size(N),
    I = rand:uniform(1 bsl 28) - 1,
    C = rand:uniform(1 bsl 32) - 1,
    binary_to_term(any([<<131, 88, 100, L:16, N/binary, I:32, 5:32, C:32>>,
                        <<131, 89, 100, L:16, N/binary, I:32, C:32>>,
                        <<131, 120, 100, L:16, N/binary, (I bsl 20):64, C:32>>,
                        <<131, 90, 3:16, 100, L:16, N/binary, C:32, (I band 16#3ffff):32, 7:32, 9:32>>,
                        <<131, 103, 100, L:16, N/binary, I:32, 5:32, 2>>,
                        <<131, 102, 100, L:16, N/binary, I:32, 3>>,
                        <<131, 101, 100, L:16, N/binary, (I band 16#3ffff):32, 1>>,
                        <<131, 114, 3:16, 100, L:16, N/binary, 1, (I band 16#3ffff):32, 7:32, 9:32>>])).

some(Max) -> lists:seq(1, rand:uniform(Max + 1) - 1).

any(L) -> lists:nth(rand:uniform(length(L)), L).

%% ---- asking ----

ask(Helper, Items) ->
    answers(ask_file(Helper, Items)).

ask_file(Helper, Items) ->
    Base = "/tmp/relevo-terms-" ++ os:getpid(),
    In = Base ++ ".in",
    Out = Base ++ ".out",
    ok = file:write_file(In, [begin B = iolist_to_binary(I), [K, <<(byte_size(B)):32>>, B] end
                              || {K, I} <- Items]),
    Port = open_port({spawn_executable, Helper}, [{args, [In, Out]}, exit_status]),
    Status = receive {Port, {exit_status, S}} -> S after 600000 -> timeout end,
    Status =:= 0 orelse begin io:format(standard_error, "helper: ~w~n", [Status]), halt(1) end,
    {ok, B} = file:read_file(Out),
    file:delete(In),
    file:delete(Out),
    B.

answers(<<$o, A:32, Bytes:A/binary, L:32, Line:L/binary, F:32, File:F/binary, Rest/binary>>) ->
    [{o, Bytes, Line, File} | answers(Rest)];
answers(<<$e, C:32, Class:C/binary, M:32, Message:M/binary, Rest/binary>>) ->
    [{e, Class, Message} | answers(Rest)];
answers(<<>>) ->
    [].

peer_answers(<<$o, A:32, Theirs:A/binary, B:32, Ours:B/binary, Rest/binary>>) ->
    [{o, Theirs, Ours} | peer_answers(Rest)];
peer_answers(<<$e, A:32, Who:A/binary, Rest/binary>>) ->
    [{e, Who} | peer_answers(Rest)];
peer_answers(<<>>) ->
    [].

%% ---- judging ----

judge_peer([], []) ->
    [];
judge_peer([{_, _, In, {ok, T}} | Items], [Answer | Answers]) ->
    case Answer of
        {o, Theirs, Ours} ->
            try {binary_to_term(Theirs), binary_to_term(Ours)} of
                {T, T} -> [];
                Others -> [{byte_size(In), io_lib:format("libei: ~ts~n  got ~ts", [show(T), show(Others)])}]
            catch _:_ -> [{byte_size(In), io_lib:format("libei: ~ts: no term", [show(T)])}]
            end;
        {e, Who} -> [{byte_size(In), io_lib:format("not read by ~ts: ~ts", [Who, show(T)])}]
    end ++ judge_peer(Items, Answers).

judge([], [], Wrong) ->
    Wrong;
judge([{Name, _, In, Want} | Items], [Answer | Answers], Wrong) ->
    case verdict(Want, Answer) of
        ok ->
            judge(Items, Answers, Wrong);
        What ->
            W = io_lib:format("~tp: ~ts~n  in   ~ts~n  want ~ts~n  got  ~ts",
                              [Name, What, show(iolist_to_binary(In)), show(Want), show(Answer)]),
            judge(Items, Answers, [{iolist_size(In), W} | Wrong])
    end.

show({o, Bytes, Line, _}) ->
    show({try binary_to_term(Bytes) catch _:_ -> bad end, Line});
show(X) ->
    S = lists:flatten(io_lib:format("~0tp", [X])),
    case length(S) > 600 of true -> lists:sublist(S, 600) ++ "..."; false -> S end.

verdict({ok, T}, {o, Bytes, Line, File}) ->
    try binary_to_term(Bytes) of
        T -> encoding(T, Bytes, Line, File);
        _ -> "another term"
    catch
        _:_ -> "no term"
    end;
verdict({error, badarg}, {e, _, _}) ->
    ok;
%% Which of its two kinds an error is of changed with OTP 27 and 29 (a number with a letter behind it,
%% bytes that are not UTF-8); relevo's is that of OTP 25.
verdict({error, Class}, {e, Class1, _}) ->
    case has_sigils() orelse atom_to_binary(Class) =:= Class1 of true -> ok; false -> "another error" end;
verdict({ok, _}, {e, _, _}) ->
    "relevo refuses what OTP reads";
verdict({error, _}, {o, _, _, _}) ->
    "relevo reads what OTP refuses".

encoding(T, Bytes, Line, File) ->
    %% What is in a fun stays as it was written.
    %% Newer versions write atoms and the keys of maps otherwise.
    Newer = list_to_integer(erlang:system_info(otp_release)) > 25,
    Same = Bytes =:= term_to_binary(T) orelse has_large_map(T) orelse has_fun(T)
        orelse (Newer andalso binary_to_term(Bytes) =:= T),
    Texts = has_id(T) orelse (reads(T, <<Line/binary, ".">>) andalso reads(T, File)),
    if not Same -> "other bytes than term_to_binary";
       not Texts -> "the text reads back to another term";
       true -> case width(T, File) of true -> ok; false -> "a line that is too long" end
    end.

%% U+FFFE and U+FFFF, which no text of OTP's own can hold, are refused there.
reads(T, Text) ->
    case erl_scan:string(unicode:characters_to_list(Text)) of
        {ok, Tokens, _} -> erl_parse:parse_term(Tokens) =:= {ok, T};
        {error, _, _} -> element(1, erl_scan:string(lists:flatten(io_lib:format("~0tp.", [T])))) =:= error
    end.

%% Only what cannot be broken may stand on a longer line.
width(T, File) ->
    lists:all(fun(L) -> length(L) < 100 end,
              string:split(unicode:characters_to_list(File), "\n", all))
        orelse has_long(T) orelse any_part(fun is_native/1, T).

has_long(T) -> any_part(fun(X) -> (is_number(X) orelse is_bitstring(X) orelse is_atom(X) orelse is_function(X))
                                      andalso length(io_lib:format("~0tp", [X])) > 0
                                      andalso iolist_size(unicode:characters_to_binary(io_lib:format("~0tp", [X]))) > 60 end, T).

%% More than 32 keys are in the order of their hashes.
has_large_map(T) -> any_part(fun(X) -> is_map(X) andalso map_size(X) > 32 end, T).

is_native(T) ->
    case has_native() andalso term_to_binary(T) of <<131, 67, _/binary>> -> true; _ -> false end.

has_id(T) ->
    has_fun(T) orelse any_part(fun is_native/1, T) orelse any_part(fun(X) -> is_pid(X) orelse is_port(X) orelse is_reference(X) end, T).

has_fun(T) ->
    any_part(fun(X) -> is_function(X) andalso erlang:fun_info(X, type) =:= {type, local} end, T).

any_part(F, T) ->
    F(T) orelse any_below(F, T).

any_below(F, [H | T]) -> any_part(F, H) orelse any_part(F, T);
any_below(F, T) when is_tuple(T) -> any_part(F, tuple_to_list(T));
any_below(F, T) when is_map(T) -> any_part(F, maps:to_list(T));
any_below(_, _) -> false.
