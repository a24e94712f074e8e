%% SPDX-License-Identifier: Apache-2.0
%% A handler of Cowboy whose requests last until the node ends.
-module(slow_handler).
-export([init/2, websocket_handle/2, websocket_info/2]).

init(Req, ready) ->
    {ok, cowboy_req:reply(200, #{}, <<"ready">>, Req), ready};
init(Req, slow) ->
    receive never -> {ok, Req, slow} end;
init(Req, stream) ->
    Begun = cowboy_req:stream_reply(200, Req),
    cowboy_req:stream_body(<<"begun">>, nofin, Begun),
    receive never -> {ok, Begun, stream} end;
init(Req, socket) ->
    {cowboy_websocket, Req, socket}.

websocket_handle(_, State) -> {ok, State}.
websocket_info(_, State) -> {ok, State}.
