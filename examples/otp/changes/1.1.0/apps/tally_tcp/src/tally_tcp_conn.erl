%% SPDX-License-Identifier: Apache-2.0
%% One client's connection, kept for as long as the client likes.
-module(tally_tcp_conn).
-behaviour(gen_server).
-export([start_link/1, serve/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, code_change/3]).

%% Counts the shapes that the state has had.
-vsn(2).

-record(conn, {socket, lines = 0}).

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

handle_info({tcp, Socket, Line}, #conn{socket = Socket, lines = Lines} = Conn) ->
    case gen_tcp:send(Socket, [answer(string:lexemes(Line, " \r\n"), Lines + 1), $\n]) of
        ok -> wait(Conn#conn{lines = Lines + 1});
        {error, _Reason} -> {stop, normal, Conn}
    end;
handle_info({tcp_closed, _Socket}, Conn) ->
    {stop, normal, Conn};
handle_info({tcp_error, _Socket, _Reason}, Conn) ->
    {stop, normal, Conn}.

code_change(1, {conn, Socket}, _Extra) ->
    {ok, #conn{socket = Socket}};
code_change({down, 1}, #conn{socket = Socket}, _Extra) ->
    {ok, {conn, Socket}}.

wait(#conn{socket = Socket} = Conn) ->
    case inet:setopts(Socket, [{active, once}]) of
        ok -> {noreply, Conn};
        {error, _Reason} -> {stop, normal, Conn}
    end.

answer([<<"LINES">>], Lines) -> shown({ok, Lines});
answer(Words, _Lines) -> answer(Words).

answer([<<"ADD">>, Name]) -> shown(tally:add(Name, 1));
answer([<<"GET">>, Name]) -> shown(tally:get(Name));
answer([<<"STAT">>, Name]) -> shown(tally:stat(Name));
answer([<<"MADE">>]) -> shown({ok, tally_events:made()});
answer([<<"RECENT">>]) -> ["OK" | [[$\s, Name] || Name <- tally:recent()]];
answer([<<"CLOSE">> | Why]) -> shown(tally:close(lists:join($\s, Why)));
answer([<<"OPEN">>]) -> shown(tally:open());
answer([<<"VERSION">>]) -> ["OK ", tally:version()];
answer(_Words) -> "ERROR what?".

shown(ok) -> "OK";
shown({ok, {Total, Adds, Most}}) -> io_lib:format("OK ~b ~b ~b", [Total, Adds, Most]);
shown({ok, Number}) -> ["OK ", integer_to_list(Number)];
shown({error, {closed, Why}}) -> ["ERROR closed ", Why];
shown({error, Reason}) -> ["ERROR ", atom_to_list(Reason)].
