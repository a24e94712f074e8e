%% SPDX-License-Identifier: Apache-2.0
%% pause RELEVO FOLDER COUNT: COUNT processes of a server whose callbacks change and whose state does not, called
%% without a pause by four clients while release_handler goes up and down: the longest that a call took, and
%% how many processes lost their state.  With the relup of relevo, and with the usual one, which suspends all.
-module(pause).
-export([main/1, lead/2]).

main([Relevo, Folder, Count]) ->
    Life = pairs:write(Folder, #{apps => [#{name => "crowd", nr => 1, old => version("N"), new => version("N + 0")}]}),
    Longest = [run(Relevo, Folder, Life, list_to_integer(Count), Options) || Options <- ["", "--suspend-always"]],
    [{_, Quiet, _}, {_, Usual, _}] = Longest,
    [io:format("  ~-22s longest pause ~8.1f ms, ~b states lost~n", [What, Us / 1000, Lost]) || {What, Us, Lost} <- Longest],
    io:format("  ~.1f times shorter~n", [Usual / Quiet]),
    halt(case [L || {_, _, L} <- Longest, L > 0] of [] -> 0; _ -> 1 end).

run(Relevo, Folder, Life, Count, Options) ->
    os:cmd(lists:flatten(io_lib:format("~ts plan ~s --out ~ts/plan ~ts/1 ~ts/2", [Relevo, Options, Folder, Folder, Folder]))),
    pairs:releases(Folder, none),
    {ok, Peer, _} = peer:start(#{connection => standard_io, wait_boot => 60000,
                                 args => ["+P", "500000", "-boot", "start_sasl", "-kernel", "logger_level", "critical",
                                          "-pa", filename:dirname(code:which(?MODULE))]}),
    try peer:call(Peer, ?MODULE, lead, [Life, Count], 600000) of
        {Us, Lost} -> {case Options of "" -> "relevo's relup"; _ -> "the usual relup" end, Us, Lost}
    after peer:stop(Peer)
    end.

lead(#{releases := Releases, apps := Apps, paths := Paths, modules := Modules}, Count) ->
    application:stop(sasl),
    application:set_env(sasl, releases_dir, Releases),
    ok = application:start(sasl),
    ok = code:add_pathsz(Paths),
    [{module, M} = code:load_file(M) || M <- Modules],
    [ok = application:start(App) || App <- Apps],
    All = list_to_tuple([element(2, {ok, _} = supervisor:start_child(crowd_sup, [N])) || N <- lists:seq(1, Count)]),
    Self = self(),
    Clients = [spawn_link(fun() -> client(Self, All, 0) end) || _ <- lists:seq(1, 4)],
    timer:sleep(1000),
    [P ! clear || P <- Clients], % what the start took is not counted
    [begin {ok, _, _} = release_handler:install_release(V, []), timer:sleep(500) end || V <- ["2", "1"]],
    [P ! {tell, Self} || P <- Clients],
    Longest = lists:max([receive {longest, Us} -> Us end || _ <- Clients]),
    {Longest, length([N || N <- lists:seq(1, Count), gen_server:call(element(N, All), get, infinity) =/= N])}.

client(Lead, All, Longest) ->
    receive
        clear -> client(Lead, All, 0);
        {tell, Lead} -> Lead ! {longest, Longest}
    after 0 ->
        From = erlang:monotonic_time(microsecond),
        _ = gen_server:call(element(rand:uniform(tuple_size(All)), All), get, infinity),
        client(Lead, All, max(Longest, erlang:monotonic_time(microsecond) - From))
    end.

version(Answer) ->
    #{modules => [{"crowd_app", "-module(crowd_app). -behaviour(application). -export([start/2, stop/1]).\n"
                   "start(_, _) -> crowd_sup:start_link().\nstop(_) -> ok.\n", process},
                  {"crowd_sup", "-module(crowd_sup). -behaviour(supervisor). -export([start_link/0, init/1]).\n"
                   "start_link() -> supervisor:start_link({local, crowd_sup}, crowd_sup, []).\n"
                   "init([]) -> {ok, {#{strategy => simple_one_for_one},\n"
                   "    [#{id => c, restart => temporary, start => {crowd, start_link, []}}]}}.\n", process},
                  {"crowd", "-module(crowd). -behaviour(gen_server).\n"
                   "-export([start_link/1, init/1, handle_call/3, handle_cast/2, code_change/3]).\n"
                   "start_link(N) -> gen_server:start_link(crowd, N, []).\n"
                   "init(N) -> {ok, {crowd, N}}.\n"
                   "handle_call(get, _, {crowd, N} = S) -> {reply, " ++ Answer ++ ", S}.\n"
                   "handle_cast(_, S) -> {noreply, S}.\n"
                   "code_change(_, S, _) -> {ok, S}.\n", process}],
      env => [], probes => [], stay => [], tree => []}.
