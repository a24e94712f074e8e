%% SPDX-License-Identifier: Apache-2.0
%% One counter: a process that knows how far it has counted.
-module(tally_counter).
-behaviour(gen_server).
-export([new_table/0, find/1, start_link/1, add/2, get/1]).
-export([init/1, handle_call/3, handle_cast/2, code_change/3]).

-vsn(1).

-record(counter, {name, total = 0}).

new_table() ->
    ets:new(?MODULE, [named_table, public, {read_concurrency, true}]).

find(Name) ->
    case ets:lookup(?MODULE, Name) of
        [{Name, Pid}] -> Pid;
        [] -> undefined
    end.

%% Runs in the supervisor, so nobody makes one of the same name at the same time.
start_link(Name) ->
    Old = find(Name),
    case is_pid(Old) andalso is_process_alive(Old) of
        true -> {error, {already_started, Old}};
        false -> gen_server:start_link(?MODULE, Name, [])
    end.

add(Pid, N) ->
    gen_server:call(Pid, {add, N}).

get(Pid) ->
    gen_server:call(Pid, get).

init(Name) ->
    ets:insert(?MODULE, {Name, self()}),
    tally_events:made(Name),
    {ok, #counter{name = Name}}.

handle_call({add, N}, _From, Counter) ->
    Total = Counter#counter.total + N,
    {reply, Total, Counter#counter{total = Total}};
handle_call(get, _From, Counter) ->
    {reply, Counter#counter.total, Counter}.

handle_cast(_Request, Counter) ->
    {noreply, Counter}.

code_change(_Version, Counter, _Extra) ->
    {ok, Counter}.
