#!/usr/bin/env escript
%% SPDX-License-Identifier: Apache-2.0
%%! +fnu -kernel logger_level error
%% Called by scripts.sh: RELEVO WORK N SEED all|CASE.
%%
%% A case is a folder: r.rel, applications below it, and the options.  Every case has a seed of
%% its own (SEED, CASE), so that one case can be made again without those before it.
-mode(compile).

main([Relevo, Work, N, Seed, Which]) ->
    put(relevo, Relevo),
    put(work, Work),
    S = list_to_integer(Seed),
    Cases = case Which of
                "all" -> lists:seq(1, list_to_integer(N));
                _ -> [list_to_integer(Which)]
            end,
    Random = [random_case(S, I, Which =/= "all") || I <- Cases],
    Real = case Which of "all" -> real_cases(); _ -> [] end,
    report(S, Random ++ Real).

report(Seed, Results) ->
    Equal = length([1 || {equal, _} <- Results]),
    Classes = lists:usort([C || {refused, C} <- Results]),
    Counts = [{C, length([1 || {refused, X} <- Results, X =:= C])} || C <- Classes],
    Bad = [B || {different, B} <- Results],
    [io:format("DIFFERENT: ~ts~n", [B]) || B <- Bad],
    io:format("scripts: seed ~w: ~w cases: ~w equal, ~w refused alike, ~w different~n",
              [Seed, length(Results), Equal, lists:sum([K || {_, K} <- Counts]), length(Bad)]),
    [io:format("  ~6w ~ts~n", [K, C]) || {C, K} <- Counts],
    halt(case Bad of [] -> 0; _ -> 1 end).

random_case(Seed, I, Keep) ->
    rand:seed(exsss, {Seed, I, 17}),
    Dir = filename:join(get(work), integer_to_list(I)),
    ok = filelib:ensure_dir(filename:join(Dir, "x")),
    ok = file:set_cwd(Dir),
    Case = make_case(Dir),
    finish(judge(Dir, Case), Dir, Keep).

finish({different, What}, Dir, _) ->
    {different, io_lib:format("~ts: ~tp", [Dir, What])};
finish(Result, Dir, true) ->
    io:format("kept: ~ts ~tp~n", [Dir, Result]),
    Result;
finish(Result, Dir, false) ->
    ok = file:del_dir_r(Dir),
    Result.

%% ---- judging -------------------------------------------------------------------------------

%% Case: #{path => folders for systools, args => words for relevo, options => for systools,
%%         circle => whether systools may run for ever}
judge(Dir, Case) ->
    ok = file:set_cwd(Dir),
    Otp = systools(Case),
    Ours = relevo(Dir, Case),
    ok = file:write_file("case", io_lib:format("~tp.~n", [Case])),
    compare(Otp, Ours).

systools(#{path := Path, options := Options, circle := Circle}) ->
    ok = filelib:ensure_dir("otp/x"),
    {Pid, Ref} = spawn_monitor(fun() ->
        exit({answer, systools:make_script("r", [silent, {path, Path}, {outdir, "otp"} | Options])})
    end),
    receive
        {'DOWN', Ref, _, _, {answer, {ok, _, Warnings}}} ->
            {ok, B} = file:read_file("otp/r.boot"),
            {ok, B, Warnings};
        {'DOWN', Ref, _, _, {answer, {error, systools_make, E}}} -> {error, E};
        {'DOWN', Ref, _, _, {Reason, [_ | _]}} -> {error, Reason}
    after case Circle of true -> 1000; false -> 60000 end ->
        exit(Pid, kill),
        receive {'DOWN', Ref, _, _, _} -> ok end,
        for_ever
    end.

relevo(Dir, #{args := Args}) ->
    Port = open_port({spawn_executable, get(relevo)},
                     [{args, ["script", "r.rel", "--json", "--quiet", "--out", "relevo" | Args]},
                      {cd, Dir}, exit_status, binary]),
    collect(Port, []).

collect(Port, Acc) ->
    receive
        {Port, {data, D}} -> collect(Port, [Acc, D]);
        {Port, {exit_status, S}} -> {S, iolist_to_binary(Acc)}
    after 60000 ->
        {os_pid, Pid} = erlang:port_info(Port, os_pid),
        os:cmd("kill -9 " ++ integer_to_list(Pid)),
        {timeout, iolist_to_binary(Acc)}
    end.

compare({ok, Boot, Warnings}, {0, Json}) ->
    {ok, Ours} = file:read_file("relevo/r.boot"),
    {ok, [Script]} = file:consult("relevo/r.script"),
    Term = binary_to_term(Boot),
    Checks = [{boot_term, binary_to_term(Ours) =:= Term}, {boot_bytes, Ours =:= Boot orelse newer()},
              {script_term, Script =:= Term},
              {warnings, lists:member({warning, missing_sasl}, Warnings) =:=
                   (nomatch =/= binary:match(Json, <<"\"missing_sasl\"">>))}],
    case [What || {What, false} <- Checks] of
        [] -> {equal, ok};
        Wrong -> {different, Wrong}
    end;
%% Since OTP 27 systools refuses a name that is twice in a list of an .app file; relevo takes
%% what every OTP can run.
compare({error, E}, Answer) ->
    case is_list(E) andalso [A || {error_reading, {A, {{dupl_entry, _, _}, _}}} <- E] of
        [_ | _] -> {refused, "by newer OTP"};
        _ -> refusals(E, Answer)
    end;
compare(for_ever, {2, Json}) ->
    case class_of(Json) of
        <<"circular_dependencies">> -> {refused, "for ever"};
        _ -> {different, {for_ever, Json}}
    end;
compare(Otp, Ours) ->
    {different, {case Otp of {ok, _, W} -> {ok, W}; _ -> Otp end, Ours}}.

%% Since OTP 26 a map is written in the order in which its atoms came to be.
newer() -> list_to_integer(erlang:system_info(otp_release)) > 25.

refusals(E, {2, Json}) ->
    Ours = class_of(Json),
    case {class(E), missing_words(E, Json)} of
        {Ours, []} -> {refused, lists:flatten(io_lib:format("~ts~ts", [Ours, inner(E)]))};
        _ -> {different, {E, Json}}
    end;
refusals(E, Ours) ->
    {different, {{error, E}, Ours}}.

class_of(Json) ->
    case re:run(Json, "\"otp\": *\"([^\"]*)\"", [{capture, [1], binary}]) of
        {match, [C]} -> C;
        nomatch -> none
    end.

class([E | _]) -> class(E);
class(E) when is_tuple(E) -> class(element(1, E));
class(E) when is_atom(E) -> atom_to_binary(E).

inner([{error_reading, {_, What}} | _]) -> [" ", inner_class(What)];
inner(_) -> "".

inner_class(What) when is_tuple(element(1, What)) -> class(element(1, element(1, What)));
inner_class(What) -> class(What).

%% Each application that could not be read is named, with OTP's word for the reason.
missing_words(L, Json) when is_list(L), length(L) < 5, byte_size(Json) < 1800 ->
    [W || {error_reading, {_, What}} <- L,
          W <- [<<"(", (inner_class(What))/binary, ")">>],
          binary:match(Json, W) =:= nomatch];
missing_words(_, _) -> [].

%% ---- chance --------------------------------------------------------------------------------

int(N) -> rand:uniform(N).
chance(P) -> rand:uniform() < P.
one(L) -> lists:nth(int(length(L)), L).
some(L, P) -> [X || X <- L, chance(P)].
shuffle(L) -> [X || {_, X} <- lists:sort([{rand:uniform(), X} || X <- L])].
perhaps(P, F, Else) -> case chance(P) of true -> F(); false -> Else end.

%% ---- a release -----------------------------------------------------------------------------

names() -> [a, b, c, d, e, f, g, h, zlib_x, 'Elixir.Shop', 'a-b', 'with space', 'süß', 'ключ', aa, 'A'].
versions() -> ["1.0", "1.0.1", "2.0", "10", "1.0-rc.1", "", "vé", [12354], "1.0 b"].

make_case(Dir) ->
    Names = lists:sublist(shuffle(names()), int(12) - 1),
    Own = chance(0.3),      % kernel and stdlib of our own instead of OTP's
    Base = base(Own),
    Dense = chance(0.3),
    Apps0 = [app(N, I, Names, Dense) || {I, N} <- lists:zip(lists:seq(1, length(Names)), Names)],
    Apps1 = include(Apps0),
    Apps2 = [order_uses(A) || A <- Apps1],
    Apps3 = clash(Apps2),
    Rel0 = rel(Base, Apps3),
    {RelText, Apps4} = spoil(Rel0, Apps3),
    All = [A || A <- Base, Own] ++ Apps4,
    Places = lists:append([write_app(A) || A <- All]),
    [write_decoy(A) || A <- Apps4, chance(0.15)],
    write_rel(RelText),
    options(Dir, Places, includes_circle(Apps4)).

base(true) ->
    [#{name => kernel, vsn => "1", modules => [kernel, lists, kernel_a], uses => [], plain => true},
     #{name => stdlib, vsn => "2", modules => [gen_server, stdlib_b], uses => [kernel], plain => true}];
base(false) ->
    [#{name => N, vsn => otp_vsn(N)} || N <- [kernel, stdlib]].

otp_vsn(App) ->
    case application:load(App) of
        ok -> ok;
        {error, {already_loaded, App}} -> ok
    end,
    {ok, V} = application:get_key(App, vsn),
    V.

app(Name, I, Names, Dense) ->
    Earlier = lists:sublist(Names, I - 1),
    Any = perhaps(0.1, fun() -> some(Names, 0.2) end, []),
    Uses = some([kernel, stdlib], 0.7) ++ some(Earlier, case Dense of true -> 0.6; false -> 0.25 end) ++ Any,
    Absent = perhaps(0.15, fun() -> [nowhere] end, []),
    #{name => Name, vsn => one(versions()),
      modules => shuffle([module(Name, K) || K <- lists:seq(1, int(5) - 1)] ++ perhaps(0.03, fun() -> [one([lists, init, erlang, gen])] end, [])),
      registered => perhaps(0.3, fun() -> [module(Name, reg)] end, []),
      uses => Uses ++ Absent,
      optional => perhaps(0.4, fun() -> some(Uses, 0.3) end, []) ++ perhaps(0.9, fun() -> Absent end, []),
      includes => [],
      extra => extra()}.

module(Name, K) -> list_to_atom(lists:flatten(io_lib:format("~ts_~tp", [Name, K]))).

extra() ->
    some([{id, one(["", "id", [233]])}, {maxT, one([infinity, 1, 1 bsl 70])}, {maxP, 12},
          {start_phases, one([undefined, [], [{go, [x]}]])}, {mod, one([[], {m, []}, {m, value()}])},
          {env, [{K, value()} || K <- some([k1, k2, 'k€'], 0.7)]}, {unknown, value()},
          {runtime_dependencies, ["erts-9"]}], 0.4).

value() -> value(3).
value(0) -> one([x, 'Ä', 'ж', "text", [], [0, 255], [256], 1.5, -1, 1 bsl 31, -(1 bsl 31) - 1, 1 bsl 80,
                 <<"bin">>, <<>>, <<1:3>>, "ünï", [9731], -0.0, 1.0e100, {}, infinity, '', 'a\nb']);
value(D) ->
    case int(6) of
        1 -> [value(D - 1) || _ <- lists:seq(1, int(4) - 1)];
        2 -> list_to_tuple([value(D - 1) || _ <- lists:seq(1, int(4) - 1)]);
        3 -> maps:from_list([{value(D - 1), value(D - 1)} || _ <- lists:seq(1, int(4) - 1)]);
        4 -> [value(D - 1) | value(0)];
        _ -> value(0)
    end.

%% Some applications are included by another one; now and then by two, or in a circle.
include(Apps) when length(Apps) < 2 -> Apps;
include(Apps) ->
    case chance(0.5) of
        false -> Apps;
        true ->
            Names = [N || #{name := N} <- Apps],
            Circle = chance(0.02),
            Pairs = [{N, includer(N, Names, Circle)} || N <- some(Names, 0.4)],
            Twice = perhaps(0.05, fun() -> [{one(Names), one(Names)}] end, []),
            Taken = perhaps(0.9, fun() -> true end, false),
            [A#{includes := [I || {I, By} <- Pairs ++ Twice, By =:= N, I =/= N orelse Circle],
                %% nobody uses what it includes itself: the usual case
                uses := [U || U <- Us, not (Taken andalso lists:member({U, N}, Pairs))]}
             || A = #{name := N, uses := Us} <- Apps]
    end.

includer(N, Names, false) ->
    case [M || M <- Names, M > N] of [] -> none; Later -> one(Later) end;
includer(_, Names, true) -> one(Names).

includes_circle(Apps) ->
    Up = maps:from_list([{I, N} || #{name := N, includes := Is} <- Apps, I <- Is]),
    lists:any(fun(N) -> circle(maps:get(N, Up, none), Up, 30) end, maps:keys(Up)).
circle(none, _, _) -> false;
circle(_, _, 0) -> true;
circle(N, Up, K) -> circle(maps:get(N, Up, none), Up, K - 1).

order_uses(A = #{uses := U}) ->
    Order = perhaps(0.5, fun() -> shuffle(U) end, U),
    A#{uses := perhaps(0.01, fun() -> Order ++ U end, Order)}.

%% A module or a registered name in two applications.
clash(Apps) when length(Apps) < 2 -> Apps;
clash([A, B | T]) ->
    case int(25) of
        1 -> [A, B#{modules := [first(A, modules, m) | maps:get(modules, B)]} | T];
        2 -> [A#{registered := [r]}, B#{registered := [r]} | T];
        3 -> [A#{modules := [m, m]}, B | T];
        _ -> [A, B | T]
    end.

first(A, Key, Else) -> case maps:get(Key, A) of [X | _] -> X; [] -> Else end.

rel(Base, Apps) ->
    Sasl = perhaps(0.5, fun() -> [{sasl, otp_vsn(sasl)}] end, []),
    Entries = [entry(A) || A <- Apps],
    Head = [{N, V} || #{name := N, vsn := V} <- Base],
    List = case int(4) of
               1 -> shuffle(Head ++ Sasl ++ Entries);
               2 -> Head ++ Sasl ++ shuffle(Entries);
               _ -> Head ++ Sasl ++ Entries
           end,
    {release, {one(["r", "my release", "", "größe", "Erlang/OTP"]), one(versions())}, {erts, "13.1.5"},
     perhaps(0.03, fun() -> List ++ [one(List)] end, List)}.

entry(#{name := N, vsn := V, includes := I}) ->
    Type = one([permanent, permanent, transient, temporary, load, none]),
    case int(6) of
        1 -> {N, V, some(I, 0.5)};
        2 -> {N, V, Type, shuffle(I)};
        3 -> {N, V, Type};
        4 -> {N, V, permanent};
        _ -> {N, V}
    end.

%% ---- wrong inputs --------------------------------------------------------------------------

spoil(Rel, Apps) ->
    case int(10) of
        K when K =< 2 -> {spoil_rel(Rel), Apps};
        K when K =< 4, Apps =/= [] ->
            Victim = maps:get(name, one(Apps)),
            {Rel, [case A of #{name := Victim} -> A#{spoil => int(14)}; _ -> A end || A <- Apps]};
        _ -> {Rel, Apps}
    end.

spoil_rel(Rel = {release, {N, V}, {erts, E}, L}) ->
    case int(17) of
        1 -> {release, {bad_text(), V}, {erts, E}, L};
        2 -> {release, {N, bad_text()}, {erts, E}, L};
        3 -> {release, {N, V}, {erts, bad_text()}, L};
        4 -> {release, {N, V}, {erts, E}, lists:keydelete(one([kernel, stdlib]), 1, L)};
        5 -> {release, {N, V}, {erts, E}, lists:sublist(L, 3) ++ [bad_entry() || _ <- [1, 2], chance(0.7)] ++ L};
        6 -> {release, {N, V}, {erts, E}, retype(one([kernel, stdlib]), L)};
        7 -> {release, {N, V}, {erts, E}, one([x, L ++ x, {}, "text", <<>>])};
        8 -> one([{release, N, V, E, L}, {rel, {N, V}, {erts, E}, L}, {release, {N}, {erts, E}, L}, [], release,
                  {release, {N, V}, {ets, E}, L}]);
        9 -> {text, [print(Rel), ".\n{more, of, it}.\n"]};
        10 -> {text, one(["", "%% nothing\n", "{release,", "{release,}.", "{a b}.", "{\"open", "{'open",
                          [print(Rel), "."], "{release,{\"a\",\"1\"},X,[]}."])};
        11 -> {text, [binary:part(iolist_to_binary(print(Rel)), 0, 40), 255, ".\n"]};
        12 -> {text, print(Rel)};
        13 -> none;
        14 -> {release, {N, V}, {erts, E}, L ++ [{missing_one, "1.0"}]};
        15 -> {release, {N, V}, {erts, E}, [setelement(2, X, one([element(2, X), "0.0"])) || X <- L]};
        16 -> {release, {N, V}, {erts, E}, [add_include(X) || X <- L]};
        17 -> {latin1, Rel}
    end.

retype(App, L) ->
    [case X of
         {App, V} -> {App, V, one([load, none, temporary, transient, permanent])};
         _ -> X
     end || X <- L].

add_include(X) ->
    case chance(0.2) of
        true -> {element(1, X), element(2, X), [one([stdlib, nowhere])]};
        false -> X
    end.

bad_text() ->
    case int(3) of
        1 -> one([a, 1, 1.0, {}, #{}, <<"x">>, <<>>, <<1:1>>, "fine"]);
        2 -> [bad_char() || _ <- lists:seq(1, int(3))];
        3 -> [bad_char() | one([b, 98, <<"b">>, <<1:1>>, [], "c"])]
    end.
bad_char() ->
    one([97, 98, 233, 65535, 16#D800, -1, 16#110000, 1 bsl 70, 1 bsl 59, (1 bsl 59) - 1, -(1 bsl 59), a, 1.0,
         {x}, [97], [], [b], <<"b">>, <<255>>, <<1:1>>, [[98, [16#D800]]]]).

bad_entry() ->
    one([x, {x}, {"x", "1"}, {x, one}, {x, <<"1">>}, {x, "1", "inc"}, {x, "1", soon}, {x, "1", 1}, {x, "1", load, x},
         {x, "1", [a], load}, {x, "1", load, [a | b]}, {x, "1", load, [a], 1}, {x, "1", [a | b]}, {x, bad_text()},
         {x, "1", undefined}, {x, one, soon}, {x, ["1"], [1]}, {x, "1", []}]).

%% ---- files ---------------------------------------------------------------------------------

print(Term) -> unicode:characters_to_binary(io_lib:format("~tp", [Term])).

write_rel(none) -> ok;
write_rel({text, T}) -> ok = file:write_file("r.rel", T);
write_rel({latin1, T}) ->
    Text = unicode:characters_to_binary(io_lib:format("~tp.\n", [T]), unicode, latin1),
    ok = file:write_file("r.rel", ["%% coding: latin-1\n", case Text of {error, B, _} -> B; B -> B end]);
write_rel(T) -> ok = file:write_file("r.rel", [print(T), ".\n"]).

%% Puts the .app file into one of the usual places, or an odd one; gives the ebin folder.
write_app(A = #{name := N, vsn := V}) ->
    Folder = case int(6) of
                 1 -> io_lib:format("lib/~ts", [N]);
                 2 -> io_lib:format("lib2/~ts-~ts", [N, V]);
                 3 -> io_lib:format("lib/odd-~ts", [N]);
                 4 -> io_lib:format("lib/deep/~ts-~ts", [N, V]);
                 _ -> io_lib:format("lib/~ts-~ts", [N, V])
             end,
    Ebin = lists:flatten([Folder, "/ebin"]),
    write(Ebin, N, app_text(A)),
    [Ebin].

write(Ebin, N, Text) ->
    File = lists:flatten(io_lib:format("~ts/~ts.app", [Ebin, N])),
    ok = filelib:ensure_dir(File),
    case Text of
        none -> ok;
        _ -> ok = file:write_file(File, Text)
    end.

%% Another version, or something broken, that comes first on the path.
write_decoy(A = #{name := N}) ->
    Ebin = lists:flatten(io_lib:format("lib/0~ts/ebin", [N])),
    Text = case int(12) of
               1 -> "{application, a b}.";
               2 -> <<"{application,a,[{vsn,\"", 255, "\"}]}.">>;
               3 -> "{application,x,[{vsn,1.0}]}.";
               _ -> app_text((maps:remove(spoil, A))#{vsn := "0.0"})
           end,
    write(Ebin, N, Text).

keys(A) ->
    Keys = [{vsn, maps:get(vsn, A)}, {description, "about " ++ [960]}, {modules, maps:get(modules, A)},
            {registered, maps:get(registered, A, [])}, {applications, maps:get(uses, A)}]
        ++ [{optional_applications, O} || #{optional := O} <- [A], O =/= []]
        ++ [{included_applications, I} || #{includes := I} <- [A], I =/= []]
        ++ maps:get(extra, A, []),
    case A of #{plain := true} -> Keys; _ -> perhaps(0.5, fun() -> shuffle(Keys) end, Keys) end.

app_text(A = #{name := N, spoil := K}) -> app_text(K, N, keys(A));
app_text(A = #{name := N}) -> [print({application, N, keys(A)}), ".\n"].

app_text(1, _, _) -> none;
app_text(2, N, Keys) -> dot({application, N, lists:keydelete(one([vsn, description, modules, registered, applications]), 1, Keys)});
app_text(3, N, Keys) -> dot({application, N, lists:keystore(vsn, 1, Keys, {vsn, bad_text()})});
app_text(4, N, Keys) -> K = one([id, description]), dot({application, N, lists:keystore(K, 1, Keys, {K, bad_text()})});
app_text(5, N, Keys) ->
    K = one([modules, registered, applications, optional_applications, included_applications]),
    dot({application, N, lists:keystore(K, 1, Keys, {K, one([x, [1], ["a"], [a | b], "a", <<>>, {}, []])})});
app_text(6, N, Keys) ->
    K = one([mod, start_phases, env]),
    dot({application, N, lists:keystore(K, 1, Keys, {K, one([x, [1], [a], {m, 1, 2}, {"m", []}, [{a, b} | c],
                                                             [{"a", 1}], [{a, 1, 2}], <<>>, []])})});
app_text(7, N, Keys) ->
    K = one([maxT, maxP]),
    dot({application, N, lists:keystore(K, 1, Keys, {K, one([0, -1, 1.0, none, -(1 bsl 70), []])})});
app_text(8, N, Keys) ->
    K = element(1, one(Keys)),
    dot({application, N, [one([{K}, {K, 1, 2}, K, {{K}, 1}]) | Keys]});
app_text(9, N, Keys) ->
    {A, B} = lists:split(int(length(Keys)) - 1, Keys),
    dot({application, N, A ++ [one([x, {x, y}, <<>>]) | B]});
app_text(10, N, Keys) ->
    {A, _} = lists:split(int(length(Keys)) - 1, Keys),
    dot({application, N, A ++ one([x, {x, y}, <<>>])});
app_text(11, N, Keys) -> dot(one([{application, "n", Keys}, {application, N, x}, {app, N, Keys}, [], {application, N}]));
app_text(12, _, Keys) -> dot({application, one([other, kernel]), Keys});
app_text(13, N, Keys) ->
    one(["", "{application", "{application}", "x y.", <<"\"", 255, "\".">>, "{\"open.", "{'open.",
         print({application, N, Keys})]);
app_text(14, N, Keys) -> dot({application, N, lists:keystore(vsn, 1, Keys, {vsn, "99"})}).

dot(T) -> [print(T), ".\n"].

%% ---- options -------------------------------------------------------------------------------

ebins(Root, Glob) ->
    %% systools takes a folder's entries in the order they are read, relevo sorted by name
    lists:sort(fun(X, Y) -> unicode:characters_to_binary(X) =< unicode:characters_to_binary(Y) end,
               [filename:join(Root, F) || F <- filelib:wildcard(Glob, Root),
                                          filelib:is_dir(filename:join(Root, F))]).

options(Dir, _Places, Circle) ->
    Root = perhaps(0.5, fun() -> Dir end, ""),
    At = fun(P) -> case Root of "" -> P; _ -> Root ++ "/" ++ P end end,
    Libs = [{["--lib", At("lib")], dirs(Root, "lib/*/ebin")},
            {["--lib", At("lib2") ++ one(["", "/"])], dirs(Root, "lib2/*/ebin")},
            {["--lib", At(one(["lib/deep/*/ebin", "lib/deep"]))], dirs(Root, "lib/deep/*/ebin")}],
    Chosen = perhaps(0.97, fun() -> Libs end, tl(Libs)),
    Vars = variables(At),
    Local = chance(0.15),
    NoDot = chance(0.2),
    #{path => lists:append([P || {_, P} <- Chosen]),
      args => lists:append([A || {A, _} <- Chosen]) ++ lists:append([["--var", V ++ "=" ++ P] || {V, P} <- Vars])
          ++ ["--local" || Local] ++ ["--no-dot-erlang" || NoDot],
      options => [{variables, Vars} || Vars =/= []] ++ [local || Local] ++ [no_dot_erlang || NoDot],
      circle => Circle}.

dirs("", Glob) -> [string:prefix(D, "./") || D <- ebins(".", Glob)];
dirs(Root, Glob) -> ebins(Root, Glob).

variables(At) ->
    case chance(0.4) of
        false -> [];
        true -> [{one(["V", "APPS"]), one([At("lib"), At("li"), At("lib/"), At("lib2"), At("lib/deep"), At("lib//"),
                                           "/", "/nowhere", code:lib_dir(), At("lib/odd-")])}
                 || _ <- lists:seq(1, int(2))]
    end.

%% ---- real releases -------------------------------------------------------------------------

real_cases() ->
    Elixir = "/usr/lib/elixir/lib",
    Sets = [[], [sasl], [sasl, crypto, asn1, public_key, ssl, inets], [sasl, runtime_tools, tools, compiler, syntax_tools]]
        ++ [[sasl, compiler, elixir, logger], [compiler, elixir, eex, mix, iex, logger, sasl, ex_unit]]
        ++ [shuffle(otp_apps())],
    Options = [[], [no_dot_erlang], [local], [{variables, [{"E", Elixir}, {"O", code:lib_dir()}]}]],
    [real_case(I, Set, Elixir, Option) || {I, Set} <- lists:zip(lists:seq(1, length(Sets)), Sets), Option <- Options].

%% All of OTP that lies in this installation.
otp_apps() ->
    [list_to_atom(N) || D <- filelib:wildcard(code:lib_dir() ++ "/*/ebin/*.app"),
                        N <- [filename:basename(D, ".app")],
                        not lists:member(N, ["kernel", "stdlib"])].

real_case(I, Set, Elixir, Options) ->
    Dir = filename:join(get(work), "real" ++ integer_to_list(I)),
    ok = filelib:ensure_dir(filename:join(Dir, "x")),
    [true = code:add_pathz(D) || D <- filelib:wildcard(Elixir ++ "/*/ebin")],
    Rel = {release, {"real", "1.0"}, {erts, erlang:system_info(version)},
           [{A, otp_vsn(A)} || A <- [kernel, stdlib | Set]]},
    ok = file:write_file(filename:join(Dir, "r.rel"), [print(Rel), ".\n"]),
    Args = lists:append([case O of
                             no_dot_erlang -> ["--no-dot-erlang"];
                             local -> ["--local"];
                             {variables, Vs} -> lists:append([["--var", V ++ "=" ++ P] || {V, P} <- Vs])
                         end || O <- Options]),
    Case = #{path => ebins(Elixir, "*/ebin"), args => ["--lib", Elixir | Args], options => Options, circle => false},
    finish(judge(Dir, Case), Dir, false).
