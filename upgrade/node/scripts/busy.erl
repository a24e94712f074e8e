%% SPDX-License-Identifier: Apache-2.0
%% How busy the schedulers are, in thousandths, over Ms milliseconds.  The measuring that
%% is switched on for it ends with this process.
erlang:system_flag(scheduler_wall_time, true),
Online = erlang:system_info(schedulers_online),
Times = fun() ->
                [{Id, Active, Total}
                 || {Id, Active, Total} <- lists:sort(erlang:statistics(scheduler_wall_time)),
                    Id =< Online]
        end,
Before = Times(),
timer:sleep(Ms),
After = Times(),
Spent = [{A2 - A1, T2 - T1} || {{I, A1, T1}, {I, A2, T2}} <- lists:zip(Before, After)],
{Active, Total} = lists:foldl(fun({A, T}, {As, Ts}) -> {As + A, Ts + T} end, {0, 0}, Spent),
case Total of
    0 -> 0;
    _ -> 1000 * Active div Total
end
