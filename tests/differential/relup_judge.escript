#!/usr/bin/env escript
%% SPDX-License-Identifier: Apache-2.0
%%! +Bd -kernel logger_level error
%% Made-up releases, their relups by systools and by relevo, compared term for term; refusals
%% are compared by their names.  Called by relups.sh:
%%   relup_judge.escript RELEVO COUNT SEED FOLDER
%% Or two releases that relevo built, and the relup in the newer one, by the same judge:
%%   relup_judge.escript trees OLD NEW
%%
%% systools breaks ties among modules that do not depend on each other by the order of a hash
%% table; it is compiled anew here with the rule of docs/relup.md in that one place.
-module(relup_judge).
-mode(compile).
-export([main/1, order/2]).

main([Relevo, Count, Seed, Folder]) ->
    settle_ties(),
    ok = filelib:ensure_path(Folder),
    Numbers = lists:seq(1, list_to_integer(Count)),
    Results = [judge(N, list_to_integer(Seed), Relevo, Folder) || N <- Numbers],
    Kept = [Kept0 || {different, Kept0} <- Results],
    print_counts(Results),
    [io:format("DIFFERENT: ~ts~n", [Dir]) || Dir <- Kept],
    halt(case Kept of [] -> 0; _ -> 1 end);
main(["trees", Old, New]) ->
    settle_ties(),
    trees(Old, New);
main(_) ->
    io:format(standard_error, "usage: relup_judge.escript RELEVO COUNT SEED FOLDER | trees OLD NEW~n",
              []),
    halt(2).

print_counts(Results) ->
    Classes = lists:usort([C || {same, C} <- Results]),
    [io:format("~6w ~ts~n", [length([x || {same, C1} <- Results, C1 =:= C]), C]) || C <- Classes].

%% ---- releases that relevo built ----

trees(Old, New) ->
    [OldRel, NewRel] = [rel_of(Dir) || Dir <- [Old, New]],
    Path = [filename:join([Dir, "lib", "*", "ebin"]) || Dir <- [Old, New]],
    {ok, [Packed]} = file:consult(filename:join(filename:dirname(NewRel), "relup")),
    Ours = without_own(Packed),
    {ok, Relup, _, Ws} = systools:make_relup(NewRel, [OldRel], [OldRel],
                                             [{path, Path}, silent, noexec]),
    Same = Relup =:= Ours andalso lists:all(fun(W) -> element(1, W) =:= erts_vsn_changed end, Ws),
    io:format("ok: the relup in ~ts is ~ts systools'~n",
              [New, case Same of true -> "equal to"; false -> "DIFFERENT from" end]),
    halt(case Same of true -> 0; false -> 1 end).

%% Steps that relevo puts around those of systools, for processes that are born meanwhile.
without_own({Vsn, Up, Down}) ->
    {Vsn, [{V, D, [S || S <- Steps, not is_own(S)]} || {V, D, Steps} <- Up],
     [{V, D, [S || S <- Steps, not is_own(S)]} || {V, D, Steps} <- Down]}.

is_own({apply, {erl_eval, eval_str, [_]}}) -> true;
is_own({apply, {erlang, put, [Key, _]}}) -> lists:member(Key, [relevo_born, relevo_change]);
is_own(_) -> false.

rel_of(Dir) ->
    {ok, Data} = file:read_file(filename:join([Dir, "releases", "start_erl.data"])),
    [_, Vsn] = string:lexemes(binary_to_list(Data), " "),
    [Rel | _] = filelib:wildcard(filename:join([Dir, "releases", Vsn, "*.rel"])),
    filename:rootname(Rel).

%% ---- the tie rule ----

settle_ties() ->
    Dir = filename:join(code:lib_dir(sasl), "src"),
    File = filename:join(Dir, "systools_rc.erl"),
    {ok, Forms} = epp:parse_file(File, [{includes, [Dir]}]),
    put(replaced, 0),
    Changed = [replace(Form) || Form <- Forms],
    1 = get(replaced),
    {ok, systools_rc, Code} = compile:forms(Changed),
    {module, systools_rc} = code:load_binary(systools_rc, File, Code).

%% digraph_utils:topsort(S) becomes order(S, H); H is the graph that S was made of.
replace({call, L, {remote, _, {atom, _, digraph_utils}, {atom, _, topsort}}, [S]}) ->
    put(replaced, get(replaced) + 1),
    {call, L, {remote, L, {atom, L, ?MODULE}, {atom, L, order}}, [S, {var, L, 'H'}]};
replace(T) when is_tuple(T) -> list_to_tuple(replace(tuple_to_list(T)));
replace(L) when is_list(L) -> [replace(E) || E <- L];
replace(X) -> X.

%% Of the circles that nothing waits for, the one with the smallest instruction number.
order(S, H) ->
    Number = fun(V) -> {V, {N, _}} = digraph:vertex(H, V), N end,
    Key = fun(C) -> {lists:min([Number(V) || V <- C]), C} end,
    Waits = maps:from_list([{C, length(digraph:in_neighbours(S, C))} || C <- digraph:vertices(S)]),
    Ready = gb_sets:from_list([Key(C) || {C, 0} <- maps:to_list(Waits)]),
    order(S, Key, Waits, Ready).

order(S, Key, Waits, Ready) ->
    case gb_sets:is_empty(Ready) of
        true -> [];
        false ->
            {{_, C}, Rest} = gb_sets:take_smallest(Ready),
            {Waits1, Ready1} = lists:foldl(fun(D, {W, R}) ->
                case maps:get(D, W) of
                    1 -> {W#{D := 0}, gb_sets:add(Key(D), R)};
                    N -> {W#{D := N - 1}, R}
                end
            end, {Waits, Rest}, digraph:out_neighbours(S, C)),
            [C | order(S, Key, Waits1, Ready1)]
    end.

%% ---- one case ----

judge(N, Seed, Relevo, Folder) ->
    rand:seed(exsss, {Seed, N, 4711}),
    Dir = filename:join(Folder, io_lib:format("~6..0w", [N])),
    Case = case once(15) of true -> write_installed(Dir); false -> write_case(Dir) end,
    Want = by_otp(Dir, Case),
    Got = by_relevo(Relevo, Dir, Case),
    case same(Want, Got) of
        {true, Class} ->
            ok = file:del_dir_r(Dir),
            {same, Class};
        false ->
            ok = file:write_file(filename:join(Dir, "verdict"),
                                 unicode:characters_to_binary(
                                     io_lib:format("%% OTP~n~tp.~n%% relevo~n~tp.~n%% case~n~tp.~n",
                                                   [Want, Got, Case]))),
            io:format("~w: OTP ~0tP, relevo ~0tP~n", [N, Want, 12, Got, 12]),
            {different, Dir}
    end.

same({ok, Relup, Ws}, {ok, Relup, Ws}) -> {true, "relups"};
same({refused, Class}, {refused, Class}) -> {true, "refused: " ++ Class};
same(refused_by_newer, _) -> {true, "refused by newer OTP"};
same(_, _) -> false.

rel_file(Dir, Name) -> filename:join(Dir, Name).

by_otp(Dir, #{top := Top, up := Up, down := Down, restart := Restart}) ->
    Files = fun(L) -> [rel_file(Dir, R) || R <- L] end,
    Options = [{path, [filename:join([Dir, "lib", "*", "ebin"])]}, {outdir, Dir}, silent, noexec]
        ++ [restart_emulator || Restart],
    try systools:make_relup(rel_file(Dir, Top), Files(Up), Files(Down), Options) of
        {ok, Relup, _, Ws} -> {ok, Relup, Ws};
        %% Since OTP 27: a name that is twice in a list of an .app file.
        {error, _, [{error_reading, {_, {{dupl_entry, _, _}, _}}} | _]} -> refused_by_newer;
        {error, Module, Reason} -> {refused, class(Module, Reason)}
    catch error:_ -> {refused, "bad_appup"}
    end.

class(systools_rc, {function_clause, _}) -> "bad_list";
class(_, {'EXIT', _}) -> "EXIT";
class(Module, [First | _]) -> class(Module, First);
class(_, Reason) when is_tuple(Reason) -> atom_to_list(element(1, Reason));
class(_, Reason) when is_atom(Reason) -> atom_to_list(Reason).

by_relevo(Relevo, Dir, #{top := Top, up := Up, down := Down, restart := Restart}) ->
    Args = ["relup", rel_file(Dir, Top) ++ ".rel", "--json", "-q", "--lib", filename:join(Dir, "lib"),
            "--out", Dir]
        ++ lists:append([["--from", rel_file(Dir, R)] || R <- Up])
        ++ lists:append([["--to", rel_file(Dir, R)] || R <- Down, Down =/= Up])
        ++ ["--restart-emulator" || Restart],
    Port = open_port({spawn_executable, Relevo}, [{args, Args}, exit_status, binary]),
    case collect(Port, <<>>) of
        {0, Text} ->
            {ok, [Relup]} = file:consult(filename:join(Dir, "relup")),
            {ok, Relup, warnings(Text)};
        {Status, Text} when Status =:= 2; Status =:= 3 ->
            case re:run(Text, "\"otp\": \"([^\"]*)\"", [{capture, [1], list}]) of
                {match, [Class]} -> {refused, Class};
                nomatch -> {no_class, Text}
            end;
        Other -> Other
    end.

collect(Port, Text) ->
    receive
        {Port, {data, More}} -> collect(Port, <<Text/binary, More/binary>>);
        {Port, {exit_status, Status}} -> {Status, Text}
    end.

%% The texts in "warnings": ["…", …]; each is a term.
warnings(Text) ->
    [_, List] = re:split(Text, "\"warnings\": "),
    case re:run(List, "\"((?:[^\"\\\\]|\\\\.)*)\"", [global, {capture, [1], list}]) of
        nomatch -> [];
        {match, Found} -> [warning(W) || [W] <- Found]
    end.

warning(Text) ->
    Plain = re:replace(Text, "\\\\(.)", "\\1", [global, {return, list}]),
    {ok, Tokens, _} = erl_scan:string(Plain ++ "."),
    {ok, Term} = erl_parse:parse_term(Tokens),
    Term.

%% ---- chance ----

%% True once in N.
once(N) -> rand:uniform(N) =:= 1.
pick(L) -> lists:nth(rand:uniform(length(L)), L).
%% Each element with a chance of 1 in N.
some(L, N) -> [X || X <- L, once(N)].
shuffle(L) -> [X || {_, X} <- lists:sort([{rand:uniform(), X} || X <- L])].
%% Up to N elements.
few(L, N) -> lists:sublist(shuffle(L), rand:uniform(N + 1) - 1).
insert(X, L) -> {A, B} = lists:split(rand:uniform(length(L) + 1) - 1, L), A ++ [X | B].

%% ---- a case: libraries, releases, appups ----

apps() -> [a, b, c, d, 'E', f].
versions() -> ["1", "1.1", "1.10", "2", "2.0-rc.1", "10"].

write_case(Dir) ->
    ok = filelib:ensure_path(Dir),
    Tangled = once(4),
    Libs = make_libs(Tangled),
    Names = ["top" | lists:sublist(["b1", "b2", "b3"], case Tangled of true -> 1; false -> pick([1, 1, 1, 2, 3]) end)],
    Rels = maps:from_list([{N, make_rel(N, Libs)} || N <- Names]),
    [write_rel(Dir, N, R) || {N, R} <- maps:to_list(Rels)],
    Used = lists:usort([{element(1, E), element(2, E)} || R <- maps:values(Rels), E <- apps_of(R)]),
    [write_app(Dir, A, V, Lib)
     || {{A, V} = Key, Lib} <- maps:to_list(Libs), lists:member(Key, Used) orelse once(12)],
    Bases = tl(Names),
    World = #{libs => Libs, rels => Rels, bases => Bases, tangled => Tangled},
    [write_appup(Dir, A, World) || A <- app_names(Rels, "top")],
    damage(Dir, Names),
    Up = case once(8) of true -> shuffle(Bases); false -> Bases end,
    Down = case once(6) of true -> few(Bases, 3); false -> Up end,
    #{top => "top", up => Up, down => case Down of [] -> Up; _ -> Down end, restart => once(6)}.

%% An application of the installed OTP and its own appup, from an older version of it.
write_installed(Dir) ->
    %% What this VM knows: OTP may be installed or removed while it runs.
    Appup = pick([F || D <- code:get_path(), F <- filelib:wildcard(filename:join(D, "*.appup"))]),
    App = list_to_atom(filename:basename(Appup, ".appup")),
    Keys = installed(App),
    Old = older(proplists:get_value(vsn, Keys)),
    OldKeys = [case K of
                   vsn -> {vsn, Old};
                   modules -> {modules, some(V, 2) ++ some([was_here], 2)};
                   _ -> {K, V}
               end || {K, V} <- Keys],
    Top = [{A, proplists:get_value(vsn, installed(A))} || A <- needed([kernel, stdlib, sasl, App], [])],
    put_term(filename:join(ebin(Dir, App, Old), lists:concat([App, ".app"])), {application, App, OldKeys}),
    write_rel(Dir, "top", {release, {"rel", "2"}, {erts, "13"}, Top}),
    write_rel(Dir, "b1", {release, {"rel", "1"}, {erts, "13"}, lists:keyreplace(App, 1, Top, {App, Old})}),
    #{top => "top", up => ["b1"], down => ["b1"], restart => false}.

installed(App) ->
    File = filename:join([code:lib_dir(App), "ebin", lists:concat([App, ".app"])]),
    {ok, [{application, App, Keys}]} = file:consult(File),
    Keys.

needed([], Done) -> lists:reverse(Done);
needed([A | T], Done) ->
    case lists:member(A, Done) of
        true -> needed(T, Done);
        false ->
            Keys = installed(A),
            Uses = proplists:get_value(applications, Keys, []) -- proplists:get_value(optional_applications, Keys, []),
            needed(T ++ Uses ++ proplists:get_value(included_applications, Keys, []), [A | Done])
    end.

%% "8.5.3": one number less, one number more, or one of them smaller.
older(Vsn) ->
    Parts = string:lexemes(Vsn, "."),
    I = rand:uniform(length(Parts)),
    Smaller = integer_to_list(max(0, list_to_integer(lists:nth(I, Parts)) - rand:uniform(2))),
    New = case rand:uniform(4) of
              1 -> Parts ++ ["1"];
              2 when length(Parts) > 1 -> lists:droplast(Parts);
              _ -> lists:sublist(Parts, I - 1) ++ [Smaller | lists:nthtail(I, Parts)]
          end,
    lists:append(lists:join(".", New)).

%% {App, Vsn} => #{modules, uses}.  In a tangled case every application has all its modules in
%% every version, all are changed, and they depend on each other across applications.
make_libs(Tangled) ->
    maps:from_list([{{A, V}, make_lib(A, Tangled)} || A <- all_apps(), V <- versions_of(A)]).

all_apps() -> [kernel, stdlib, sasl | apps()].

versions_of(sasl) -> ["4.2", "4.1", "2.1.9", "10.0"];
versions_of(A) when A =:= kernel; A =:= stdlib -> ["8.5", "8.4"];
versions_of(_) -> versions().

pool(A) -> [list_to_atom(lists:concat([A, "_", I])) || I <- lists:seq(1, 7)].

make_lib(A, Tangled) ->
    Before = lists:takewhile(fun(B) -> B =/= A end, apps()),
    Uses = case lists:member(A, apps()) of
               false -> [];
               true -> case once(150) of true -> few(apps(), 3); false -> some(Before, 4) end
           end,
    Modules = case Tangled of true -> pool(A); false -> some(pool(A), 2) end,
    Extra = case not Tangled andalso once(300) of true -> [pick(pool(pick(apps())))]; false -> [] end,
    #{modules => shuffle(Modules) ++ Extra, uses => Uses}.

make_rel(Name, Libs) ->
    Vsn = pick(["1", "2", "r-" ++ Name]),
    Erts = pick(["13.1", "13.1", "13.1", "13.1", "12.3"]),
    Wanted = closure(some(apps(), 2), Libs),
    Own = [{kernel, pick(["8.5", "8.5", "8.5", "8.4"])}, {stdlib, "8.5"}]
        ++ [{sasl, pick(["4.2", "4.2", "4.2", "4.2", "4.2", "4.1", "2.1.9", "10.0"])} || not once(60)],
    {release, {"rel", Vsn}, {erts, Erts}, Own ++ [with_type(E) || E <- shuffle(Wanted)]}.

with_type({A, V}) ->
    case pick([none_given, none_given, permanent, transient, temporary, load, none]) of
        none_given -> {A, V};
        Type -> {A, V, Type}
    end.

%% Applications with versions, and now and then without one of those they use.
closure(Apps, Libs) -> closure(Apps, Libs, []).

closure([], _, Done) -> Done;
closure([A | T], Libs, Done) ->
    case lists:keymember(A, 1, Done) of
        true -> closure(T, Libs, Done);
        false ->
            V = pick(lists:sublist(versions(), pick([2, 3, 6]))),
            #{uses := Uses} = maps:get({A, V}, Libs),
            closure([U || U <- Uses, not once(100)] ++ T, Libs, [{A, V} | Done])
    end.

apps_of({release, _, _, Apps}) -> Apps.
app_names(Rels, Name) -> [element(1, E) || E <- apps_of(maps:get(Name, Rels))].

version(Rels, Name, App) ->
    case lists:keyfind(App, 1, apps_of(maps:get(Name, Rels))) of
        false -> none;
        E -> element(2, E)
    end.

modules(none, _, _) -> [];
modules(V, A, #{libs := Libs}) -> maps:get(modules, maps:get({A, V}, Libs)).

put_term(File, Term) ->
    ok = filelib:ensure_dir(File),
    Text = io_lib:format("%% coding: utf-8~n~tp.~n", [Term]),
    ok = file:write_file(File, unicode:characters_to_binary(Text), [raw]).

ebin(Dir, A, V) -> filename:join([Dir, "lib", lists:concat([A, "-", V]), "ebin"]).

write_rel(Dir, Name, Rel) -> put_term(filename:join(Dir, Name ++ ".rel"), Rel).

write_app(Dir, A, V, #{modules := Modules, uses := Uses}) ->
    Needs = [X || X <- [kernel, stdlib], not lists:member(A, [kernel, stdlib])] ++ Uses,
    put_term(filename:join(ebin(Dir, A, V), lists:concat([A, ".app"])),
             {application, A, [{description, "made up"}, {vsn, V}, {modules, Modules},
                               {registered, []}, {applications, Needs}]}).

%% What goes wrong outside the appups' contents.
damage(Dir, Names) ->
    Appups = filelib:wildcard(filename:join(Dir, "lib/*/ebin/*.appup")),
    case rand:uniform(100) of
        1 when Appups =/= [] -> file:delete(pick(Appups));
        2 when Appups =/= [] ->
            file:write_file(pick(Appups), pick(["", "{\"1\",[", "{a,b}.", "{\"1\",[],[],[]}.", "{\"1\",[],[]}",
                                                "{\"1\",[],[]} {}.", "{\"1\",{},{}}.", <<"{\"", 255, "\",[],[]}.">>]));
        3 -> file:delete(filename:join(Dir, pick(Names) ++ ".rel"));
        4 -> file:write_file(filename:join(Dir, pick(Names) ++ ".rel"), "{release,x}.");
        _ -> ok
    end.

%% ---- appups ----

write_appup(Dir, A, #{rels := Rels, bases := Bases} = World) ->
    Top = version(Rels, "top", A),
    Olds = lists:usort([V || B <- Bases, V <- [version(Rels, B, A)], V =/= none, V =/= Top]),
    case Olds of
        [] -> ok;
        _ ->
            Said = case once(15) of true -> pick(["9", [], nine]); false -> Top end,
            Entries = fun(Mode) -> entries(Mode, A, Olds, Top, World) end,
            put_term(filename:join(ebin(Dir, A, Top), lists:concat([A, ".appup"])),
                     {Said, Entries(up), Entries(down)})
    end.

entries(Mode, A, Olds, Top, World) ->
    Good = [{as_pattern(V), script(Mode, A, V, Top, World)}
            || V <- Olds, not once(150)],
    Decoys = [pick([{"0.9", [rubbish]}, {<<"0[.]9">>, []}, {<<"1">>, []}, {<<"^$">>, []},
                    {some_atom, []}, {"1"}, <<"1">>, soft, {<<"1|1\\.1">>, []}])
              || _ <- lists:seq(1, 2), once(6)],
    List = lists:foldl(fun insert/2, Good, Decoys),
    case rand:uniform(600) of
        1 -> pick([none, {}, <<"1">>]);
        2 -> List ++ tail;
        3 -> insert({pick([<<"(1">>, <<"[">>, <<"*">>, <<255>>]), []}, List);
        _ -> List
    end.

%% The version as it stands, or a pattern that fits it.
as_pattern(V) ->
    Quoted = lists:append([case lists:member(C, ".-") of true -> [$\\, C]; false -> [C] end || C <- V]),
    case rand:uniform(8) of
        1 -> iolist_to_binary(Quoted);
        2 -> <<".*">>;
        3 -> <<"[0-9]+(?:\\.[0-9]+)*">>;
        4 -> iolist_to_binary(["^", Quoted, "$"]);
        _ -> V
    end.

%% ---- scripts ----

script(Mode, A, Old, New, #{rels := Rels, tangled := Tangled} = World) ->
    {Left, Target} = case Mode of up -> {Old, New}; down -> {New, Old} end,
    Gone = modules(Left, A, World) -- modules(Target, A, World),
    Come = modules(Target, A, World) -- modules(Left, A, World),
    Stay = modules(Target, A, World) -- Come,
    Mine = lists:usort(Gone ++ Come ++ Stay),
    Others = case once(25) of
                 _ when Tangled -> changed_modules(World);
                 true -> B = pick(apps()), modules(version(Rels, "top", B), B, World) ++ [nobody];
                 false -> []
             end,
    Changed = [M || M <- Stay, Tangled orelse not once(4)],
    Known = Gone ++ Come ++ Changed,
    Density = pick([1, 2, 4, 8]),
    Needs = fun() -> case once(Density) of true -> few(Known ++ Others, 3); false -> [] end end,
    Basic = [change(removed, M, Needs) || M <- Gone] ++ [change(new, M, Needs) || M <- Come]
        ++ [change(same, M, Needs) || M <- Changed],
    Script0 = case once(2) of true -> shuffle(Basic); false -> Basic end,
    Script1 = case once(120) of true -> Script0 ++ [change(same, pick([nobody | Mine]), Needs)]; false -> Script0 end,
    Script2 = case once(25) of true -> whole(A, World, Script1); false -> Script1 end,
    Script3 = lists:foldl(fun insert/2, Script2, extras(A, Target)),
    Script4 = by_hand(A, Target, Stay, Script3),
    Script5 = points(Script4, A, Target),
    spoil(splice(Script5)).

%% Those of all applications that have another version in the base.
changed_modules(#{rels := Rels, bases := [Base]} = World) ->
    lists:append([modules(version(Rels, "top", A), A, World)
                  || A <- app_names(Rels, "top"),
                     version(Rels, Base, A) =/= none,
                     version(Rels, Base, A) =/= version(Rels, "top", A)]).

change(removed, M, Needs) ->
    pick([{delete_module, M}, {delete_module, M}, {delete_module, M, Needs()}]);
change(new, M, Needs) ->
    pick([{add_module, M}, {add_module, M}, {add_module, M, Needs()}, {load_module, M, Needs()}]);
change(same, M, Needs) ->
    pick([{load_module, M}, {load_module, M, Needs()}, {load_module, M, purge(), purge(), Needs()},
          {update, M}, {update, M, supervisor}, {update, M, kind()}, {update, M, soft},
          {update, M, Needs()}, {update, M, kind(), Needs()}, {update, M, kind(), purge(), purge(), Needs()},
          {update, M, timeout(), kind(), purge(), purge(), Needs()},
          {update, M, pick([static, dynamic]), timeout(), kind(), purge(), purge(), Needs()}]).

purge() -> pick([soft_purge, brutal_purge]).
kind() -> pick([soft, {advanced, []}, {advanced, {from, "1"}}, {advanced, pick([1, x, <<"é"/utf8>>])}]).
timeout() -> pick([default, infinity, 1, 5000, 1 bsl 70]).

%% The whole application at once, or somebody else's.
whole(A, #{rels := Rels, bases := Bases}, Script) ->
    pick([[{restart_application, A}], [{restart_application, A} | Script],
          insert({restart_application, pick(apps())}, Script),
          insert({pick([remove_application, add_application]), pick(apps())}, Script),
          insert({remove_application, pick(app_names(Rels, pick(Bases)))}, Script),
          insert({add_application, pick(app_names(Rels, "top")), pick([load, none, temporary])}, Script)]).

extras(A, Target) ->
    [pick([{apply, {io, format, ["x"]}}, {apply, {A, start, []}}, {sync_nodes, id, [n@h]},
           {sync_nodes, {id, 1}, {m, f, [A]}}, restart_emulator, restart_new_emulator, restart, reboot,
           {purge, [A]}, {remove, {A, purge(), purge()}}, {code_change, [{A, []}]},
           {code_change, pick([up, down]), [{A, x}]}, {apply, {m, f, [a | b]}},
           {load_object_code, {A, Target, few(pool(A), 3)}},
           {load_object_code, {pick(apps()), pick(["1", Target]), [pick(pool(A))]}}])
     || _ <- lists:seq(1, 2), once(9)].

%% Suspend, load and resume written out; now and then half of it is missing.
by_hand(A, Target, Stay, Script) when Stay =/= [] ->
    M = pick(Stay),
    Free = [I || I <- Script, not (is_tuple(I) andalso tuple_size(I) > 1 andalso element(2, I) =:= M)],
    case rand:uniform(40) of
        1 -> Free ++ drop([{load_object_code, {A, Target, [M]}}, {suspend, [pick([M, {M, 10}])]},
                           {load, {M, purge(), purge()}}, {code_change, up, [{M, []}]}, {resume, [M]}]);
        2 -> Free ++ drop([{stop, [M]}, {load, {M, purge(), purge()}}, {start, [M]},
                           {load_object_code, {A, Target, [M, M]}}]);
        _ -> Script
    end;
by_hand(_, _, _, Script) -> Script.

drop(L) -> case once(4) of true -> lists:delete(pick(L), L); false -> L end.

points(Script, A, Target) ->
    Harmless = [{apply, {io, nl, []}}, {load_object_code, {A, Target, few(pool(A), 2)}}],
    case rand:uniform(120) of
        N when N < 20 -> few(Harmless, 2) ++ [point_of_no_return | Script];
        20 -> insert(point_of_no_return, Script);
        21 -> [point_of_no_return, point_of_no_return | Script];
        _ -> Script
    end.

%% A part of the script as a list of its own: short forms in it are not filled in.
splice(Script) ->
    case once(100) of
        true -> {A, B} = lists:split(rand:uniform(length(Script) + 1) - 1, Script), [A | B];
        false -> Script
    end.

%% Wrong inputs of every class: anywhere in a script, anything.
spoil(Script) ->
    case rand:uniform(100) of
        1 -> insert(pick(wrong()), Script);
        2 when Script =/= [] -> I = pick(Script), replace_one(I, mutate(I), Script);
        3 when Script =/= [] -> pick([Script ++ tail, none, {Script}, [hd(Script) | <<>>], [[a | b] | Script]]);
        _ -> Script
    end.

replace_one(_, New, [_]) -> [New];
replace_one(Old, New, [Old | T]) -> [New | T];
replace_one(Old, New, [H | T]) -> [H | replace_one(Old, New, T)].

wrong() ->
    [mnesia_backup, nothing, {}, {update}, "text", 17, {load_module}, {load_module, "m"}, {load_module, m, soft},
     {update, m, {advanced}}, {update, m, up}, {update, m, default, soft, soft_purge, soft_purge, []},
     {update, m, static, default, hard, soft_purge, soft_purge, []}, {update, m, elastic, default, soft, soft_purge, soft_purge, []},
     {update, m, 0, soft, soft_purge, soft_purge, []}, {update, m, -5, soft, soft_purge, soft_purge, []},
     {update, m, 1.5, soft, soft_purge, soft_purge, []}, {load_module, m, never, soft_purge, []},
     {load_module, m, soft_purge, soft_purge, m}, {load_module, m, soft_purge, soft_purge, [m | m]},
     {load_module, m, soft_purge, soft_purge, ["m"]}, {add_application, x, now}, {add_application, "x"},
     {remove_application, {x}}, {restart_application, 1}, {load_object_code, {"a", "1", []}}, {load_object_code, {a, 1, []}},
     {load_object_code, {a, "1", m}}, {load_object_code, {a, "1"}}, {load_object_code, {a, "1", [1]}}, {load, m},
     {load, {m, soft_purge, never}}, {load, {nobody, soft_purge, soft_purge}}, {remove, {1, soft_purge, soft_purge}}, {purge, m},
     {purge, [m | n]}, {suspend, m}, {suspend, [{m, 0}]}, {suspend, [{m, 1, 2}]}, {suspend, [m]}, {resume, [m]}, {resume, [{m, 1}]},
     {code_change, m}, {code_change, [m]}, {code_change, [{"m", x}]}, {code_change, sideways, []}, {code_change, sideways, m},
     {code_change, up, [{m}]}, {code_change, sideways, [m]}, {stop, [m]}, {start, [m]}, {stop, {m}}, {start, [1]},
     {sync_nodes, x, y}, {sync_nodes, x, ["n"]}, {sync_nodes, x, {m, f, a}}, {sync_nodes, x, {m, "f", []}},
     {sync_nodes, x, {m, f}}, {sync_nodes, x, [n | m]}, {apply, {m, f}}, {apply, {m, f, a}}, {apply, {m, 1, []}},
     {apply, {"m", f, []}}, {apply, m, f, []}, {update, m, soft, [m | n]}, [[{load_module, m}]], [a | b]].

%% One element of the term becomes something else.
mutate(T) when is_tuple(T), tuple_size(T) > 0 ->
    I = rand:uniform(tuple_size(T)),
    case once(6) of
        true -> erlang:delete_element(I, T);
        false -> setelement(I, T, mutate(element(I, T)))
    end;
mutate([H | T]) -> pick([[mutate(H) | T], [H, H | T], [H | tail], H]);
mutate(_) -> pick([0, -1, 1.0, "text", <<"binary">>, [], {}, atom, soft, soft_purge, default, [a | b], {a, b}, #{k => v}]).
