%% SPDX-License-Identifier: Apache-2.0
-module(tally_sup).
-behaviour(supervisor).
-export([start_link/0, init/1]).

start_link() ->
    supervisor:start_link({local, ?MODULE}, ?MODULE, []).

init([]) ->
    {ok, {#{strategy => rest_for_one},
          [#{id => tally_events, start => {tally_events, start_link, []}, modules => dynamic},
           #{id => tally_gate, start => {tally_gate, start_link, []}},
           #{id => tally_counter_sup,
             start => {tally_counter_sup, start_link, []},
             type => supervisor}]}}.
