%% SPDX-License-Identifier: Apache-2.0
%% Tells those who want to know (gen_event handlers) what happens.
-module(tally_events).
-export([start_link/0, made/1, made/0, recent/0]).

start_link() ->
    {ok, Pid} = gen_event:start_link({local, ?MODULE}),
    {ok, Max} = application:get_env(tally, recent),
    ok = gen_event:add_handler(Pid, tally_recent, Max),
    {ok, Pid}.

made(Name) ->
    gen_event:notify(?MODULE, {made, Name}).

%% How many counters were made.
made() ->
    gen_event:call(?MODULE, tally_recent, made).

recent() ->
    gen_event:call(?MODULE, tally_recent, recent).
