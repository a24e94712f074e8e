%% SPDX-License-Identifier: Apache-2.0
%% Everybody passes here before anything is added: open, or closed for a reason.
-module(tally_gate).
-behaviour(gen_statem).
-export([start_link/0, enter/0, open/0, close/1]).
-export([callback_mode/0, init/1, handle_event/4, code_change/4]).

%% 2: the state closed is {closed, Why}.
-vsn(2).

-record(gate, {refused = 0}).

start_link() ->
    gen_statem:start_link({local, ?MODULE}, ?MODULE, [], []).

enter() ->
    gen_statem:call(?MODULE, enter).

open() ->
    gen_statem:call(?MODULE, open).

%% How many were refused since it was opened is told when it is opened again.
close(Why) ->
    gen_statem:call(?MODULE, {close, Why}).

callback_mode() ->
    handle_event_function.

init([]) ->
    {ok, open, #gate{}}.

handle_event({call, From}, enter, open, _Gate) ->
    {keep_state_and_data, {reply, From, ok}};
handle_event({call, From}, enter, {closed, _} = Closed, #gate{refused = Refused} = Gate) ->
    {keep_state, Gate#gate{refused = Refused + 1}, {reply, From, Closed}};
handle_event({call, From}, {close, Why}, _State, Gate) ->
    {next_state, {closed, Why}, Gate, {reply, From, ok}};
%% Whoever asked 1.0.0 for it, and waits while the code is replaced.
handle_event({call, From}, close, _State, Gate) ->
    {next_state, {closed, <<"nobody said why">>}, Gate, {reply, From, ok}};
handle_event({call, From}, open, _State, #gate{refused = Refused}) ->
    {next_state, open, #gate{}, {reply, From, {ok, Refused}}}.

code_change(1, closed, Gate, _Extra) ->
    {ok, {closed, <<"nobody said why">>}, Gate};
code_change({down, 1}, {closed, _Why}, Gate, _Extra) ->
    {ok, closed, Gate};
code_change(_Version, open, Gate, _Extra) ->
    {ok, open, Gate}.
