%% SPDX-License-Identifier: Apache-2.0
%% Owns the listening socket.
-module(tally_tcp_listener).
-behaviour(gen_server).
-export([start_link/0, socket/0]).
-export([init/1, handle_call/3, handle_cast/2]).

-include_lib("kernel/include/logger.hrl").

start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

socket() ->
    gen_server:call(?MODULE, socket).

init([]) ->
    {ok, Ip} = application:get_env(tally_tcp, ip),
    {ok, Port} = application:get_env(tally_tcp, port),
    Options = [binary, {ip, Ip}, {active, false}, {packet, line}, {recbuf, 1024},
               {backlog, 1024}, {nodelay, true}, {reuseaddr, true},
               {send_timeout, 5000}, {send_timeout_close, true}],
    case gen_tcp:listen(Port, Options) of
        {ok, Socket} ->
            ?LOG_INFO("listening on ~s:~b", [inet:ntoa(Ip), Port]),
            {ok, Socket};
        {error, Reason} ->
            {stop, {listen, Ip, Port, Reason}}
    end.

handle_call(socket, _From, Socket) ->
    {reply, Socket, Socket}.

handle_cast(_Request, Socket) ->
    {noreply, Socket}.
