%% SPDX-License-Identifier: Apache-2.0
%% What can be done with counters.
-module(tally).
-export([add/2, get/1, stat/1, recent/0, open/0, close/1, version/0]).

%% Adds to a counter, which is made by the first one who adds to it.
add(Name, N) ->
    case tally_gate:enter() of
        ok -> {ok, tally_counter:add(counter(Name), N)};
        {closed, _Why} = Closed -> {error, Closed}
    end.

get(Name) ->
    case tally_counter:find(Name) of
        undefined -> {error, unknown};
        Pid -> {ok, tally_counter:get(Pid)}
    end.

%% The total, how often something was added, and the most that was added at once.
stat(Name) ->
    case tally_counter:find(Name) of
        undefined -> {error, unknown};
        Pid -> {ok, tally_counter:stat(Pid)}
    end.

%% The names of the counters made last, the newest first.
recent() ->
    tally_events:recent().

open() ->
    tally_gate:open().

%% While the gate is closed nothing is added, and everybody who tries is told why.
close(Why) ->
    tally_gate:close(Why).

version() ->
    {ok, Version} = application:get_key(tally, vsn),
    Version.

counter(Name) ->
    case tally_counter:find(Name) of
        undefined -> tally_counter_sup:make(Name);
        Pid -> Pid
    end.
