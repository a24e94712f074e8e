%% SPDX-License-Identifier: Apache-2.0
-module(meter_sup).
-behaviour(supervisor).
-behaviour(application).
-ifndef(BOOT).
-define(BOOT, well).
-endif.
-export([start/2, stop/1, init/1]).

start(_, _) ->
    boot(?BOOT),
    supervisor:start_link({local, ?MODULE}, ?MODULE, []).

boot(well) -> ok;
boot(fail) -> exit(as_told);
boot(hang) -> timer:sleep(infinity);
boot(ail) -> timer:apply_interval(1000, erlang, apply, [fun() -> meter ! die end, []]).

stop(_) -> ok.

init([]) ->
    {ok, {#{strategy => one_for_one, intensity => 5, period => 10},
          [#{id => meter, start => {meter, start_link, []}, modules => [meter]} | more()]}}.

-ifdef(TWO).
more() -> [#{id => second, start => {gen_event, start_link, []}, modules => dynamic}].
-else.
more() -> [].
-endif.
