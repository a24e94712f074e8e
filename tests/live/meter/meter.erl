%% SPDX-License-Identifier: Apache-2.0
%% A counter that a test upgrades while it counts.  What it does wrong, and when, is chosen by
%% macros as it is compiled; see tests/tools/meter.
-module(meter).
-behaviour(gen_server).
-export([start_link/0, count/0, kind/0, gate/0, dawdle/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, code_change/3, terminate/2]).

start_link() -> gen_server:start_link({local, meter}, ?MODULE, [], []).

%% Counts, and tells.
count() -> gen_server:call(meter, count).

%% The shape of the state, the environment and the code, to see whether they fit together.
kind() -> {gen_server:call(meter, shape), application:get_env(meter, colour), ?KIND}.

%% Passes when release_handler checks, fails when it installs.
gate() ->
    Passed = persistent_term:get({meter, gate}, 0),
    persistent_term:put({meter, gate}, Passed + 1),
    0 = Passed rem 2.

%% A request that takes its time, or until somebody tells it to stop.
dawdle(Ms) -> receive stop -> ok after Ms -> ok end.

-ifdef(PAIR).
init([]) -> {ok, {pair, 0, []}}.
handle_call(count, _, {pair, N, L}) -> {reply, N + 1, {pair, N + 1, L}};
handle_call(shape, _, State) -> {reply, element(1, State), State}.
-else.
init([]) -> {ok, {single, 0}}.
handle_call(count, _, {single, N}) -> {reply, N + 1, {single, N + 1}};
handle_call(shape, _, State) -> {reply, element(1, State), State}.
-endif.

handle_cast(_, State) -> {noreply, State}.

handle_info(die, _) -> exit(as_told);
handle_info(_, State) -> {noreply, State}.

code_change(_, State, fail) -> unforeseen(fun() -> exit({no_way_from, State}) end);
code_change(_, State, raise) -> unforeseen(fun() -> error({no_way_from, State}) end);
code_change(_, _, hang) -> timer:sleep(infinity);
code_change(_, _, nonsense) -> nonsense;
code_change(_, State, slowly) -> timer:sleep(1500), {ok, State};
code_change(_, State, linger) -> spawn(fun linger/0), {ok, State};
code_change(_, State, ail) -> spawn(fun ail/0), {ok, State};
code_change({down, _}, {pair, N, _}, _) -> {ok, {single, N}};
code_change({down, _}, State, _) -> {ok, State};
code_change(_, {single, N}, Then) -> later(Then), {ok, {pair, N, []}}.

%% A plan would say that it fails, if nothing outside had a say in it.
unforeseen(Fails) ->
    case os:getenv("METER_FORGIVES") of
        false -> Fails();
        _ -> {ok, {single, 0}}
    end.

%% A local call: it never leaves the code that it was started in.
linger() -> receive after infinity -> ok end.

%% As a channel that nobody starts again, until the release is taken back.
ail() ->
    proc_lib:spawn(fun() -> exit(as_told) end),
    timer:sleep(100),
    [ail() || ?KIND =:= element(3, meter:kind())].

later({die_after, Ms}) -> erlang:send_after(Ms, self(), die);
later(_) -> ok.

terminate(_, _) -> ok.
