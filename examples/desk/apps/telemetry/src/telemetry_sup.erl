%% SPDX-License-Identifier: Apache-2.0
-module(telemetry_sup).
-behaviour(supervisor).
-export([start_link/0, init/1]).

start_link() ->
    supervisor:start_link({local, ?MODULE}, ?MODULE, []).

init([]) ->
    {ok, {#{}, [#{id => telemetry_handler_table, start => {telemetry_handler_table, start_link, []}}]}}.
