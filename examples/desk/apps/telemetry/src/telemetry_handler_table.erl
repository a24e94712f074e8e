%% SPDX-License-Identifier: Apache-2.0
-module(telemetry_handler_table).
-behaviour(gen_server).
-export([start_link/0, init/1, handle_call/3, handle_cast/2]).

start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

init([]) ->
    persistent_term:put(telemetry, ets:new(?MODULE, [duplicate_bag, public, {read_concurrency, true}])),
    {ok, []}.

handle_call(_, _, State) -> {reply, ok, State}.
handle_cast(_, State) -> {noreply, State}.
