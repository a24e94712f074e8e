%% SPDX-License-Identifier: Apache-2.0
-module(meter_sup).
-behaviour(supervisor).
-behaviour(application).
-export([start/2, stop/1, init/1]).

start(_, _) -> supervisor:start_link({local, ?MODULE}, ?MODULE, []).
stop(_) -> ok.

init([]) ->
    {ok, {#{strategy => one_for_one, intensity => 5, period => 10},
          [#{id => meter, start => {meter, start_link, []}, modules => [meter]} | more()]}}.

-ifdef(TWO).
more() -> [#{id => second, start => {gen_event, start_link, []}, modules => dynamic}].
-else.
more() -> [].
-endif.
