%% SPDX-License-Identifier: Apache-2.0
%% The supervisor of all counters.  Where they are is in a table that lives as long as it does.
-module(tally_counter_sup).
-behaviour(supervisor).
-export([start_link/0, make/1, init/1]).

start_link() ->
    supervisor:start_link({local, ?MODULE}, ?MODULE, []).

%% Who comes second gets the counter of who came first.
make(Name) ->
    case supervisor:start_child(?MODULE, [Name]) of
        {ok, Pid} -> Pid;
        {error, {already_started, Pid}} -> Pid
    end.

init([]) ->
    tally_counter:new_table(),
    {ok, {#{strategy => simple_one_for_one},
          [#{id => tally_counter, start => {tally_counter, start_link, []}, restart => transient}]}}.
