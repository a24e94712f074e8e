%% SPDX-License-Identifier: Apache-2.0
%% storm RELEVO FOLDER WAYS: processes whose state changes are started without a pause, by supervisors of several
%% kinds, while a node is taken up and down WAYS times; none may be left with a state that its code does not know.
-module(storm).
-export([main/1, lead/3]).

main([Relevo, Folder, Ways]) ->
    Kinds = [list_to_atom(K) || K <- string:lexemes(os:getenv("KINDS", "simple nested added dynamic"), " ")],
    Tally = [{Kind, kind(Relevo, filename:join(Folder, Kind), list_to_integer(Ways), Kind)} || Kind <- Kinds],
    [io:format("~-8s ~b born meanwhile, ~b of them failed~n", [Kind, Born, Failed]) || {Kind, {Born, Failed}} <- Tally],
    halt(case [K || {K, {Born, Failed}} <- Tally, Failed > 0 orelse Born =:= 0] of [] -> 0; _ -> 1 end).

kind(Relevo, Dir, Ways, Kind) ->
    Life = pairs:write(Dir, #{apps => [#{name => "storm", nr => 1, old => version(Kind, old), new => version(Kind, new)}]}),
    Out = os:cmd(lists:flatten(io_lib:format("~ts plan --require hot --out ~ts/plan ~ts/1 ~ts/2 || echo 'not hot'", [Relevo, Dir, Dir, Dir]))),
    string:find(Out, "not hot") =:= nomatch orelse begin io:format("~ts: ~ts~n", [Kind, Out]), halt(1) end,
    os:getenv("CONTROL") =:= false orelse bare(filename:join(Dir, "plan/relup")),
    pairs:releases(Dir, none),
    {ok, Peer, _} = peer:start(#{connection => standard_io, wait_boot => 60000,
                                 args => ["-boot", "start_sasl", "-kernel", "logger_level", "critical", "-pa",
                                          filename:dirname(code:which(?MODULE)) | elixir()]}),
    try peer:call(Peer, ?MODULE, lead, [Life, Kind, Ways], 300000)
    after peer:stop(Peer)
    end.

elixir() ->
    case code:which('Elixir.DynamicSupervisor') of
        non_existing -> [];
        File -> ["-pa", filename:dirname(File)]
    end.

%% CONTROL: the relup as systools makes it.
bare(File) ->
    {ok, [{Vsn, Up, Down}]} = file:consult(File),
    Bare = fun(Ways) -> [{V, D, [S || S <- Steps, not (is_tuple(S) andalso element(1, S) =:= apply)]} || {V, D, Steps} <- Ways] end,
    ok = file:write_file(File, io_lib:format("~p.~n", [{Vsn, Bare(Up), Bare(Down)}])).

%% ---- on the node ----

lead(#{releases := Releases, apps := Apps, paths := Paths, modules := Modules}, Kind, Ways) ->
    application:stop(sasl),
    application:set_env(sasl, releases_dir, Releases),
    ok = application:start(sasl),
    ok = code:add_pathsz(Paths),
    [{module, M} = code:load_file(M) || M <- Modules],
    [ok = application:start(App) || App <- Apps],
    Idle = [begin {ok, P} = storm_starter:start(Kind), P end || _ <- lists:seq(1, 500)],
    Self = self(),
    Starters = [spawn_link(fun() -> starts(Self, Kind, 0, 0) end) || _ <- lists:seq(1, 4)],
    ways(Ways),
    [P ! enough || P <- Starters],
    Counts = [receive {P, Born, Failed} -> {Born, Failed} end || P <- Starters],
    Lost = length([P || P <- Idle, not answers(P)]),
    {lists:sum([B || {B, _} <- Counts]), lists:sum([F || {_, F} <- Counts]) + Lost}.

ways(0) -> ok;
ways(N) ->
    timer:sleep(50),
    {ok, _, _} = release_handler:install_release(case N rem 2 of 0 -> "2"; 1 -> "1" end, []),
    ways(N - 1).

starts(Parent, Kind, Born, Failed) ->
    receive enough -> Parent ! {self(), Born, Failed}
    after 0 ->
        Fine = try {ok, P} = storm_starter:start(Kind), answers(P) andalso stops(P)
               catch Class:Why:Where -> tell({Kind, Class, Why, Where}), false
               end,
        starts(Parent, Kind, Born + 1, Failed + case Fine of true -> 0; false -> 1 end)
    end.

answers(P) ->
    try gen_server:call(P, bump, infinity) of
        N -> is_integer(N)
    catch Class:Why -> tell({bump, Class, Why}), false
    end.

%% What failed, and how: the count alone is no help to who reads it.
tell(What) -> io:format(standard_error, "~p~n", [What]).

stops(P) -> ok =:= gen_server:call(P, stop, infinity).

%% ---- the system ----

version(Kind, Side) ->
    Modules = [{"storm_app", app(), process}, {"storm_starter", starter(), library}, {"storm_child", child(Side), process}
               | sups(Kind)],
    #{modules => Modules, env => [], probes => [], stay => [], tree => []}.

app() -> "-module(storm_app). -behaviour(application). -export([start/2, stop/1]).\n"
         "start(_, _) -> storm_sup:start_link().\nstop(_) -> ok.\n".

starter() ->
    "-module(storm_starter). -export([start/1]).\n"
    "start(simple) -> supervisor:start_child(storm_sup, []);\n"
    "start(nested) -> {ok, S} = supervisor:start_child(storm_sup, []), supervisor:start_child(S, #{id => c, restart => temporary, significant => true, start => {storm_child, start_link, []}});\n"
    "start(dynamic) -> 'Elixir.DynamicSupervisor':start_child(storm_sup, #{id => c, restart => temporary, start => {storm_child, start_link, []}});\n"
    "start(added) -> supervisor:start_child(storm_sup, #{id => make_ref(), restart => temporary, start => {storm_child, start_link, []}}).\n".

sups(simple) -> [{"storm_sup", sup("storm_sup", "storm_child"), process}];
sups(nested) -> [{"storm_sup", sup("storm_sup", "storm_inner"), process},
                 {"storm_inner", "-module(storm_inner). -behaviour(supervisor). -export([start_link/0, init/1]).\n"
                  "start_link() -> supervisor:start_link(storm_inner, []).\n"
                  "init([]) -> {ok, {#{auto_shutdown => any_significant}, []}}.\n", process}];
sups(dynamic) -> [{"storm_sup", "-module(storm_sup). -export([start_link/0]).\n"
                   "start_link() -> 'Elixir.DynamicSupervisor':start_link([{name, storm_sup}, {strategy, one_for_one}]).\n", library}];
sups(added) -> [{"storm_sup", "-module(storm_sup). -behaviour(supervisor). -export([start_link/0, init/1]).\n"
                 "start_link() -> supervisor:start_link({local, storm_sup}, storm_sup, []).\n"
                 "init([]) -> {ok, {#{}, []}}.\n", process}].

sup(Name, Child) ->
    Type = case Child of "storm_inner" -> ", type => supervisor, restart => temporary"; _ -> ", restart => temporary" end,
    units:fill("-module(@SUP@). -behaviour(supervisor). -export([start_link/0, init/1]).\n"
               "start_link() -> supervisor:start_link({local, @SUP@}, @SUP@, []).\n"
               "init([]) -> {ok, {#{strategy => simple_one_for_one},\n"
               "    [#{id => c, start => {@CHILD@, start_link, []}@TYPE@}]}}.\n",
               [{"SUP", Name}, {"CHILD", Child}, {"TYPE", Type}]).

child(Side) ->
    "-module(storm_child). -behaviour(gen_server).\n"
    "-export([start_link/0, init/1, handle_call/3, handle_cast/2, code_change/3]).\n"
    "start_link() -> gen_server:start_link(storm_child, [], []).\n"
    "handle_cast(_, S) -> {noreply, S}.\n" ++
    case Side of
        old ->
            "init(_) -> {ok, {ticks, 0}}.\n"
            "handle_call(stop, _, {ticks, _} = S) -> {stop, normal, ok, S};\n"
            "handle_call(bump, _, {ticks, N}) -> {reply, N + 1, {ticks, N + 1}}.\n"
            "code_change(_, S, _) -> {ok, S}.\n";
        new ->
            "init(_) -> {ok, {ticks, 0, []}}.\n"
            "handle_call(stop, _, {ticks, _, _} = S) -> {stop, normal, ok, S};\n"
            "handle_call(bump, _, {ticks, N, L}) -> {reply, N + 1, {ticks, N + 1, L}}.\n"
            "code_change({down, _}, {ticks, N, _}, _) -> {ok, {ticks, N}};\n"
            "code_change(_, {ticks, N}, _) -> {ok, {ticks, N, []}}.\n"
    end.
