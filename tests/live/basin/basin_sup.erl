%% SPDX-License-Identifier: Apache-2.0
-module(basin_sup).
-behaviour(supervisor).
-behaviour(application).
-export([start/2, stop/1, init/1]).

start(_, _) -> supervisor:start_link({local, ?MODULE}, ?MODULE, []).
stop(_) -> ok.

init([]) ->
    {ok, {#{intensity => 0},
          [#{id => plug, start => {basin, plug, []}, shutdown => brutal_kill},
           #{id => warden, start => {basin, start_link, [warden]}, type => supervisor},
           #{id => clock, start => {basin, start_link, [clock]}}]}}.
