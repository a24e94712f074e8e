%% SPDX-License-Identifier: Apache-2.0
%% Hands every new connection to a process of its own.
%%
%% It waits for a short while only and goes on by a fully qualified call, which always enters the
%% newest code: nothing of the old code is left soon after an upgrade.
-module(tally_tcp_acceptor).
-export([start_link/0, init/1, loop/1]).

-define(WAIT_MS, 500).

start_link() ->
    proc_lib:start_link(?MODULE, init, [self()]).

init(Parent) ->
    proc_lib:init_ack(Parent, {ok, self()}),
    loop(tally_tcp_listener:socket()).

loop(Listener) ->
    case gen_tcp:accept(Listener, ?WAIT_MS) of
        {ok, Socket} -> tally_tcp_conn_sup:serve(Socket);
        {error, timeout} -> ok;
        {error, closed} -> exit(listener_closed);
        %% The peer has gone already, or no file descriptor is left: both pass.
        {error, _Reason} -> timer:sleep(100)
    end,
    ?MODULE:loop(Listener).
