%% SPDX-License-Identifier: Apache-2.0
%% Remembers the names of the counters that were made last.
-module(tally_recent).
-behaviour(gen_event).
-export([init/1, handle_event/2, handle_call/2, code_change/3]).

-vsn(1).

-record(recent, {max, names = []}).

init(Max) ->
    {ok, #recent{max = Max}}.

handle_event({made, Name}, #recent{max = Max, names = Names} = Recent) ->
    {ok, Recent#recent{names = lists:sublist([Name | Names], Max)}}.

handle_call(recent, #recent{names = Names} = Recent) ->
    {ok, Names, Recent}.

code_change(_Version, Recent, _Extra) ->
    {ok, Recent}.
