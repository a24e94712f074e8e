%% SPDX-License-Identifier: Apache-2.0
%% Remembers the names of the counters that were made last, and how many there were in all.
-module(tally_recent).
-behaviour(gen_event).
-export([init/1, handle_event/2, handle_call/2, code_change/3]).

%% Counts the shapes that the state has had.
-vsn(2).

-record(recent, {max, made = 0, names = []}).

init(Max) ->
    {ok, #recent{max = Max}}.

handle_event({made, Name}, #recent{max = Max, made = Made, names = Names} = Recent) ->
    {ok, Recent#recent{made = Made + 1, names = lists:sublist([Name | Names], Max)}}.

handle_call(made, #recent{made = Made} = Recent) ->
    {ok, Made, Recent};
handle_call(recent, #recent{names = Names} = Recent) ->
    {ok, Names, Recent}.

%% Those that are forgotten are not counted.
code_change(1, {recent, Max, Names}, _Extra) ->
    {ok, #recent{max = Max, made = length(Names), names = Names}};
code_change({down, 1}, #recent{max = Max, names = Names}, _Extra) ->
    {ok, {recent, Max, Names}}.
