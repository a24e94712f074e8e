#!/usr/bin/env escript
%% SPDX-License-Identifier: Apache-2.0
%% judge.escript trees MIX RELEVO NAME VSN DOC built-in|own
%%     the two trees hold the same, apart from what the table in DOC allows; "built-in": the
%%     project has no vm.args and env.sh of its own
%% judge.escript modes DIR
%%     DIR/N/mix.rel or mix.error beside DIR/N/relevo.rel or relevo.error
-mode(compile).

main(["trees", Mix, Relevo, Name, Vsn, Doc, Own]) ->
    Table = table(Doc, Mix, Name, Vsn),
    A = [F || F <- files(Mix), not is_header(F)], B = files(Relevo),
    Bad = [{only_mix, F} || F <- A -- B, not lists:member({$-, F}, Table)] ++
        [{only_relevo, F} || F <- B -- A, not lists:member({$+, F}, Table)] ++
        [{not_needed, F} || {$+, F} <- Table, not lists:member(F, B) orelse lists:member(F, A)] ++
        [{not_needed, F} || {$-, F} <- Table, lists:member(F, B) orelse not lists:member(F, A)] ++
        lists:append([differ(Mix, Relevo, F, Table, Own) || F <- A, lists:member(F, B)]),
    [io:format("~p~n", [B1]) || B1 <- Bad],
    io:format("ok: ~s: ~b files, ~b differences that the table explains~n",
              [Name, length(B), length(Table)]),
    halt(case Bad of [] -> 0; _ -> 1 end);
main(["modes", Dir]) ->
    Results = [mode(filename:join(Dir, N)) || N <- filelib:wildcard("*", Dir)],
    [io:format("~ts~n", [Text]) || {bad, Text} <- lists:sublist([R || {bad, _} = R <- Results], 5)],
    Count = fun(What) -> integer_to_list(length([R || R <- Results, R =:= What])) end,
    io:format("ok: modes: ~s releases equal, ~s refused alike~n", [Count(equal), Count(refused)]),
    halt(case [R || {bad, _} = R <- Results] of [] -> 0; _ -> 1 end).

%% ---- trees ----

table(Doc, Root, Name, Vsn) ->
    {ok, Text} = file:read_file(Doc),
    ["erts-" ++ Erts] = filelib:wildcard("erts-*", Root),
    {match, Rows} = re:run(Text, "^\\| ([-+~]) \\| `([^`]+)` \\|", [multiline, global, {capture, all_but_first, list}]),
    [{Kind, lists:foldl(fun({From, To}, P) -> lists:flatten(string:replace(P, From, To, all)) end, Path,
                        [{"NAME", Name}, {"VSN", Vsn}, {"ERTS", Erts}])}
     || [[Kind], Path] <- Rows].

files(Root) ->
    lists:sort([F || F <- filelib:wildcard("**", Root) ++ filelib:wildcard("**/.*", Root),
                     not filelib:is_dir(filename:join(Root, F))]).

is_header(File) ->
    case filename:split(File) of
        ["lib", _, "include" | _] -> true;
        _ -> false
    end.

differ(Mix, Relevo, File, Table, Own) ->
    A = filename:join(Mix, File), B = filename:join(Relevo, File),
    {ok, TextA} = file:read_file(A), {ok, TextB} = file:read_file(B),
    mode_of(A, B, File) ++
        case TextA =:= TextB orelse same_terms(filename:extension(File), A, B, TextA, TextB) of
            true -> [];
            false -> case allowed(File, Table, Own) of true -> []; false -> [{differ, File}] end
        end.

mode_of(A, B, File) ->
    {ok, InfoA} = file:read_file_info(A), {ok, InfoB} = file:read_file_info(B),
    Bits = fun(Info) -> element(8, Info) band 8#100 end,
    [{executable, File} || Bits(InfoA) =/= Bits(InfoB)].

%% The text may be set differently; the second line of sys.config may not.
same_terms(".config", A, B, TextA, TextB) ->
    lists:nth(2, string:split(TextA, "\n", all)) =:= lists:nth(2, string:split(TextB, "\n", all))
        andalso consult(A) =:= consult(B);
same_terms(Ext, A, B, _, _) when Ext =:= ".rel"; Ext =:= ".script"; Ext =:= ".app" -> consult(A) =:= consult(B);
same_terms(".beam", _, _, TextA, TextB) -> chunks(TextA) =:= chunks(TextB);
same_terms(_, _, _, _, _) -> false.

%% Older versions of Mix strip these two as well.
chunks(Beam) ->
    {ok, _, Chunks} = beam_lib:all_chunks(Beam),
    lists:sort([C || {Name, _} = C <- Chunks, Name =/= "Type", Name =/= "Meta"]).

allowed(File, Table, Own) ->
    BuiltIn = lists:member(filename:basename(File), ["vm.args", "remote.vm.args", "env.sh"]),
    lists:member({$~, File}, Table) andalso (Own =:= "built-in" orelse not BuiltIn).

consult(File) -> {ok, [Term]} = file:consult(File), Term.

%% ---- modes ----

mode(Dir) ->
    Mix = outcome(Dir, "mix"), Relevo = outcome(Dir, "relevo"),
    case {Mix, Relevo} of
        {{rel, Same}, {rel, Same}} -> equal;
        {{error, Same}, {error, Same}} -> refused;
        _ -> {bad, io_lib:format("~s:~n  mix    ~p~n  relevo ~p", [Dir, Mix, Relevo])}
    end.

outcome(Dir, Who) ->
    case file:consult(filename:join(Dir, Who ++ ".rel")) of
        {ok, [Term]} ->
            %% Mix's make_boot_script leaves the .rel of a release that systools refused.
            case filelib:is_file(filename:join(Dir, Who ++ ".error")) of
                true -> {error, refusal(Dir, Who)};
                false -> {rel, Term}
            end;
        {error, _} -> {error, refusal(Dir, Who)}
    end.

%% Who is refused for what need; or the kind of refusal.
refusal(Dir, Who) ->
    {ok, Text} = file:read_file(filename:join(Dir, Who ++ ".error")),
    Try = fun(Pattern) -> re:run(Text, Pattern, [{capture, all_but_first, list}]) end,
    case {Try("Application :(\\w+) has mode :(\\w+) but it depends on :(\\w+) which is set to :(\\w+)"),
          Try(": (\\w+) is (\\w+), but it needs (\\w+), which is (\\w+)"),
          Try(":(\\w+) is listed both as a regular"), Try(": (\\w+) is included by one"),
          Try("(mandatory|must be permanent|type permanent|permanent)")} of
        {{match, M}, _, _, _, _} -> M;
        {_, {match, M}, _, _, _} -> M;
        {_, _, {match, M}, _, _} -> {both, M};
        {_, _, _, {match, M}, _} -> {both, M};
        {_, _, _, _, {match, _}} -> mandatory;
        _ -> Text
    end.
