%% SPDX-License-Identifier: Apache-2.0
%% Pairs of releases: systems of one or two applications made of units (units.erl) picked at random, each
%% with its next version; compiled, and put where relevo and release_handler look for them.
-module(pairs).
-export([make/1, write/2, releases/2]).

%% ALONE: of one unit each, where it is to be seen which one goes wrong.
make(Prefix) ->
    case os:getenv("ALONE") of
        false -> several(Prefix);
        _ ->
            Name = Prefix ++ "a",
            {Edit, Old, New} = units:make(Name ++ "1"),
            #{apps => [#{name => Name, nr => 1, old => version(Name, "#{}", [Old]), new => version(Name, "#{}", [New])}], edits => [Edit]}
    end.

several(Prefix) ->
    Names = [Prefix ++ "a", Prefix ++ "b"],
    Apps = [app(Name, I) || {I, Name} <- lists:enumerate(lists:sublist(Names, rand:uniform(2)))],
    #{apps => moved(housed([only_in(A) || A <- Apps])), edits => lists:append([E || #{edits := E} <- Apps])}.

%% An application with some units; what of a unit is a library may lie in the other one.
app(Name, Nr) ->
    Units = [units:make(Name ++ integer_to_list(N)) || N <- lists:seq(1, 1 + rand:uniform(2))],
    Kept = [{E, O, case rand:uniform(12) of 1 -> none; _ -> N end} || {E, O, N} <- Units],
    Come = [units:make(Name ++ "9") || rand:uniform(6) =:= 1],
    Order = case rand:uniform(10) of 1 -> fun lists:reverse/1; _ -> fun(L) -> L end end,
    Flags = flags(),
    #{name => Name, nr => Nr,
      edits => [case N of none -> {gone, E}; _ -> E end || {E, _, N} <- Kept] ++ [{came, E} || {E, _, _} <- Come],
      old => version(Name, Flags, [O || {_, O, _} <- Kept]),
      new => version(Name, case rand:uniform(8) of 1 -> flags(); _ -> Flags end,
                     Order([N || {_, _, N} <- Kept, N =/= none] ++ [N || {_, _, N} <- Come]))}.

flags() ->
    io_lib:format("#{strategy => ~p, intensity => ~b}",
                  [units:pick([one_for_one, one_for_all, rest_for_one]), rand:uniform(4)]).

only_in(#{nr := 2} = App) ->
    case rand:uniform(12) of 1 -> App#{old := none}; 2 -> App#{new := none}; _ -> App end;
only_in(App) -> App.

%% What of the units of one application is a library lies in the other one, before and after.  Not where a fun of it is
%% held: who holds one of an application is expected to depend on it, which these do not.
housed([#{edits := E}, #{edits := F}] = Apps) ->
    case [H || {holder, _, _} = H <- lists:flatten([[case U of {_, In} when is_tuple(In) -> In; _ -> U end] || U <- E ++ F])] of
        [] -> housed_anywhere(Apps);
        _ -> Apps
    end;
housed(Apps) -> Apps.

housed_anywhere([A, B]) ->
    case rand:uniform(4) of
        1 -> {A1, B1} = house(A, B), [A1, B1];
        2 -> {B1, A1} = house(B, A), [A1, B1];
        _ -> [A, B]
    end.

house(From, To) ->
    lists:foldl(fun(Side, {#{} = F, #{} = T}) ->
                        case {maps:get(Side, F), maps:get(Side, T)} of
                            {#{modules := Ms} = V, #{modules := Other} = W} ->
                                Libraries = [M || {_, _, library} = M <- Ms],
                                {F#{Side := V#{modules := Ms -- Libraries}}, T#{Side := W#{modules := Other ++ Libraries}}};
                            _ -> {F, T}
                        end
                end, {From, To}, [old, new]).

%% A module without a part in the supervision tree moves to the other application.
moved([#{new := #{modules := [_ | _] = Ms} = New} = A, #{old := #{}, new := #{modules := Other} = To} = B] = Apps) ->
    case [M || {_, _, library} = M <- Ms] of
        [M | _] ->
            case rand:uniform(6) of
                1 -> [A#{new := New#{modules := Ms -- [M]}}, B#{new := To#{modules := Other ++ [M]}}];
                _ -> Apps
            end;
        [] -> Apps
    end;
moved(Apps) -> Apps.

version(Name, Flags, Units) ->
    All = fun(Key) -> lists:append([maps:get(Key, U, []) || U <- Units]) end,
    Sup = Name ++ "_sup",
    Children = All(children),
    Modules = [{Name ++ "_app", units:fill(app_text(), [{"NAME", Name}, {"CONFIG", lists:append(All(config))}]), process},
               {Sup, units:fill(sup_text(), [{"SUP", Sup}, {"FLAGS", Flags},
                                             {"CHILDREN", lists:join(",\n    ", [T || {_, T} <- Children])}]), process}
               | All(modules)],
    #{modules => Modules, env => All(env), probes => All(probes), stay => All(stay),
      tree => [{list_to_atom(Sup), [list_to_atom(Id) || {Id, _} <- Children]} | All(tree)]}.

app_text() ->
    "-module(@NAME@_app). -behaviour(application). -export([start/2, stop/1, config_change/3]).\n"
    "start(_, _) -> @NAME@_sup:start_link().\nstop(_) -> ok.\n"
    "config_change(_Changed, _New, _Gone) -> @CONFIG@ ok.\n".

sup_text() ->
    "-module(@SUP@). -behaviour(supervisor). -export([start_link/0, init/1]).\n"
    "start_link() -> supervisor:start_link({local, ?MODULE}, ?MODULE, []).\n"
    "init([]) -> {ok, {@FLAGS@, [\n    @CHILDREN@]}}.\n".

%% ---- as files ----

%% Answers what life:lead/1 is told.
write(Dir, #{apps := Apps}) ->
    Old = [side(Dir, 1, A, maps:get(old, A)) || #{old := #{}} = A <- Apps],
    New = [side(Dir, 2, A, maps:get(new, A), same(A)) || #{new := #{}} = A <- Apps],
    release(Dir, 1, Old), release(Dir, 2, New),
    #{releases => filename:join(Dir, "releases"), apps => [N || {N, _, _} <- Old],
      all => lists:usort([N || {N, _, _} <- Old ++ New]), paths => [E || {_, _, E} <- Old],
      modules => [list_to_atom(M) || #{old := #{modules := Ms}} <- Apps, {M, _, _} <- Ms],
      old => seen([V || #{old := #{} = V} <- Apps]), new => seen([V || #{new := #{} = V} <- Apps])}.

same(#{old := #{modules := M, env := E}, new := #{modules := M, env := E}}) -> 1;
same(#{old := none}) -> 1;
same(_) -> 2.

seen(Versions) -> maps:from_list([{K, lists:append([maps:get(K, V) || V <- Versions])} || K <- [probes, tree, stay]]).

side(Dir, Side, App, Version) -> side(Dir, Side, App, Version, 1).
side(Dir, Side, #{name := Name}, #{modules := Modules, env := Env}, Nr) ->
    Vsn = integer_to_list(Nr),
    Ebin = filename:join([Dir, integer_to_list(Side), "lib", Name ++ "-" ++ Vsn, "ebin"]),
    App = {application, list_to_atom(Name),
           [{vsn, Vsn}, {description, Name}, {modules, [list_to_atom(M) || {M, _, _} <- Modules]}, {registered, []},
            {env, Env}, {applications, [kernel, stdlib]}, {mod, {list_to_atom(Name ++ "_app"), []}}]},
    put_file(filename:join(Ebin, Name ++ ".app"), io_lib:format("~p.~n", [App])),
    [begin source(Ebin, M, Text), put_file(filename:join(Ebin, M ++ ".beam"), compiled(M, Text)) end || {M, Text, _} <- Modules],
    {list_to_atom(Name), Vsn, Ebin}.

%% TEXTS: also as they were compiled, beside the beams.
source(Ebin, Name, Text) ->
    os:getenv("TEXTS") =:= false orelse put_file(filename:join(Ebin, Name ++ ".erl"), Text).

compiled(Name, Text) ->
    {ok, Tokens, _} = erl_scan:string(lists:flatten(Text)),
    Forms = forms(Tokens, []),
    case compile:forms([{attribute, 1, file, {Name ++ ".erl", 1}} | Forms], [deterministic, binary, return_errors]) of
        {ok, _, Beam} -> Beam;
        Error -> io:format("~ts~n~p~n", [Text, Error]), halt(2)
    end.

forms([], Forms) -> lists:reverse(Forms);
forms(Tokens, Forms) ->
    {Form, [Dot | Rest]} = lists:splitwith(fun(T) -> element(1, T) =/= dot end, Tokens),
    case erl_parse:parse_form(macro(Form) ++ [Dot]) of
        {ok, Parsed} -> 
            case Parsed of {attribute, _, module, M} -> put(module, M); _ -> ok end,
            forms(Rest, [Parsed | Forms]);
        Error -> io:format("~p~n~p~n", [Form, Error]), halt(2)
    end.

%% ?MODULE, the only macro.
macro([{'?', _}, {var, L, 'MODULE'} | Ts]) -> [{atom, L, get(module)} | macro(Ts)];
macro([T | Ts]) -> [T | macro(Ts)];
macro([]) -> [].

base() ->
    [begin {ok, V} = application:get_key(A, vsn), {A, V, filename:join(code:lib_dir(A), "ebin")} end || A <- [kernel, stdlib, sasl]].

release(Dir, Side, Apps) ->
    _ = application:load(sasl),
    S = integer_to_list(Side),
    Root = filename:join(Dir, S),
    [begin
         Lib = filename:join([Root, "lib", lists:concat([A, "-", V])]),
         ok = filelib:ensure_dir(Lib),
         ok = file:make_symlink(filename:dirname(E), Lib)
     end || {A, V, E} <- base()],
    Rel = {release, {"lived", S}, {erts, erlang:system_info(version)}, [{A, V} || {A, V, _} <- base() ++ Apps]},
    put_file(filename:join([Root, "releases", S, "lived.rel"]), io_lib:format("~p.~n", [Rel])),
    put_file(filename:join([Root, "releases", S, "sys.config"]), "[].\n"),
    put_file(filename:join([Root, "releases", "start_erl.data"]), [erlang:system_info(version), " ", S]),
    Loads = [begin {ok, [T]} = file:consult(filename:join(E, lists:concat([A, ".app"]))), {apply, {application, load, [T]}} end
             || {A, _, E} <- base() ++ Apps],
    put_file(filename:join([Dir, "releases", S, "start.boot"]), term_to_binary({script, {"lived", S}, Loads})),
    put_file(filename:join([Dir, "releases", S, "sys.config"]), "[].\n"),
    put_file(filename:join([Dir, "releases", S, "libs"]), io_lib:format("~p.~n", [base() ++ Apps])).

%% What release_handler goes by; the relup is there by now.
releases(Dir, _) ->
    Libs = fun(S) ->
                   {ok, [L]} = file:consult(filename:join([Dir, "releases", S, "libs"])),
                   [{A, V, filename:dirname(E)} || {A, V, E} <- L]
           end,
    Erts = erlang:system_info(version),
    _ = file:copy(filename:join([Dir, "plan", "relup"]), filename:join([Dir, "releases", "2", "relup"])),
    put_file(filename:join([Dir, "releases", "RELEASES"]),
             io_lib:format("~p.~n", [[{release, "lived", "1", Erts, Libs("1"), permanent},
                                      {release, "lived", "2", Erts, Libs("2"), unpacked}]])).

put_file(File, Data) ->
    ok = filelib:ensure_dir(File),
    ok = file:write_file(File, Data).
