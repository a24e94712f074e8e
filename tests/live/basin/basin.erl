%% SPDX-License-Identifier: Apache-2.0
%% A system that is odd but sound, and that a rehearsal must not misjudge: a child that is killed to
%% stop it, a supervisor of its own kind, jobs that crash now and then.  KIND chooses what is wrong
%% with it besides; see tests/live/rehearse_odd.sh.
-module(basin).
-behaviour(gen_server).
-export([start_link/1, init/1, handle_call/3, handle_cast/2, handle_info/2, code_change/3]).
-export([plug/0, job/0, failing/0, renew/0]).

start_link(Name) -> gen_server:start_link({local, Name}, ?MODULE, Name, []).

%% As the processes that supervise in libraries call themselves; it dies of any question but those
%% that such a process must answer.
init(warden) ->
    put('$initial_call', {supervisor, ?MODULE, 1}),
    {ok, Child} = start_link(ward),
    {ok, {warden, Child}};
init(clock) ->
    timer:send_interval(100, tick),
    {ok, ?KIND};
init(Name) -> {ok, Name}.

handle_call(which_children, _, {warden, Child} = S) ->
    {reply, [{ward, Child, worker, [?MODULE]}], S};
handle_call(count_children, _, {warden, _} = S) ->
    {reply, [{specs, 1}, {active, 1}, {supervisors, 0}, {workers, 1}], S}.

handle_cast(_, S) -> {noreply, S}.

handle_info(tick, State) when ?KIND =:= old, State =:= halting -> erlang:halt(1);
handle_info(tick, State) ->
    proc_lib:spawn(?MODULE, failing, []),
    proc_lib:spawn(?MODULE, job, []),
    {noreply, State}.

code_change(_, S, _) -> {ok, S}.

failing() -> exit(as_always).
job() -> case ?KIND of crashing -> exit(since_the_upgrade); _ -> ok end.

plug() -> {ok, proc_lib:spawn_link(fun() -> receive never -> ok end end)}.

%% As an appup does with acceptors.
renew() ->
    ok = supervisor:terminate_child(basin_sup, plug),
    {ok, _} = supervisor:restart_child(basin_sup, plug).
