%% SPDX-License-Identifier: Apache-2.0
%% One client's connection, kept for as long as the client likes.
-module(tally_tcp_conn).
-behaviour(gen_server).
-export([start_link/1, serve/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, code_change/3]).

-vsn(1).

-record(conn, {socket}).

start_link(Socket) ->
    gen_server:start_link(?MODULE, Socket, []).

%% Starts to serve, once the socket belongs to the process.
serve(Pid) ->
    gen_server:cast(Pid, serve).

init(Socket) ->
    {ok, #conn{socket = Socket}}.

handle_call(_Request, _From, Conn) ->
    {noreply, Conn}.

handle_cast(serve, Conn) ->
    wait(Conn).

handle_info({tcp, Socket, Line}, #conn{socket = Socket} = Conn) ->
    case gen_tcp:send(Socket, [answer(string:lexemes(Line, " \r\n")), $\n]) of
        ok -> wait(Conn);
        {error, _Reason} -> {stop, normal, Conn}
    end;
handle_info({tcp_closed, _Socket}, Conn) ->
    {stop, normal, Conn};
handle_info({tcp_error, _Socket, _Reason}, Conn) ->
    {stop, normal, Conn}.

code_change(_Version, Conn, _Extra) ->
    {ok, Conn}.

wait(#conn{socket = Socket} = Conn) ->
    case inet:setopts(Socket, [{active, once}]) of
        ok -> {noreply, Conn};
        {error, _Reason} -> {stop, normal, Conn}
    end.

answer([<<"ADD">>, Name]) -> shown(tally:add(Name, 1));
answer([<<"GET">>, Name]) -> shown(tally:get(Name));
answer([<<"RECENT">>]) -> ["OK" | [[$\s, Name] || Name <- tally:recent()]];
answer([<<"CLOSE">>]) -> shown(tally:close());
answer([<<"OPEN">>]) -> shown(tally:open());
answer([<<"VERSION">>]) -> ["OK ", tally:version()];
answer(_Words) -> "ERROR what?".

shown(ok) -> "OK";
shown({ok, Number}) -> ["OK ", integer_to_list(Number)];
shown({error, Reason}) -> ["ERROR ", atom_to_list(Reason)].
