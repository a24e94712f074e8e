#!/usr/bin/env escript
%% SPDX-License-Identifier: Apache-2.0
%% client.escript PORT STOP: an XMPP client that writes to itself on one connection, until there is
%% a file STOP.  Twenty messages are on their way at any time; each must come back, in its order.
%% Between them the server is asked what it is; a line is printed whenever that is something else.
%% The last line counts, with the longest time without an answer.

-define(WINDOW, 20).
-record(client, {socket, stop, jid, sent = 0, got = 0, name = none, last, pause = 0}).

-mode(compile).

main([Port, Stop]) ->
    {ok, Socket} = gen_tcp:connect({127, 0, 0, 1}, list_to_integer(Port), [binary, {active, false}]),
    open(Socket),
    send(Socket, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>"),
    await(Socket, "<success"),
    open(Socket),
    send(Socket, "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"),
    {match, [Jid]} = re:run(await(Socket, "</iq>"), "<jid>(.*)</jid>", [{capture, [1], binary}]),
    send(Socket, "<presence/>"),
    talk(#client{socket = Socket, stop = Stop, jid = Jid, last = now_ms()}, <<>>).

open(Socket) ->
    send(Socket, "<stream:stream xmlns='jabber:client' to='localhost' version='1.0'"
         " xmlns:stream='http://etherx.jabber.org/streams'>"),
    await(Socket, "</stream:features>").

send(Socket, Text) ->
    ok = gen_tcp:send(Socket, Text).

await(Socket, Text) -> await(Socket, Text, <<>>).

await(Socket, Text, Had) ->
    case string:find(Had, Text) of
        nomatch -> await(Socket, Text, <<Had/binary, (receive_more(Socket))/binary>>);
        _ -> Had
    end.

receive_more(Socket) ->
    case gen_tcp:recv(Socket, 0, 30000) of
        {ok, More} -> More;
        {error, Why} -> wrong("the connection", Why)
    end.

wrong(What, Why) ->
    io:format("wrong: ~s: ~p~n", [What, Why]),
    halt(1).

talk(#client{sent = Sent, got = Got} = C, Rest) when Sent < Got + ?WINDOW ->
    Ask = case Sent rem ?WINDOW of
              0 -> "<iq type='get' id='v' to='localhost'><query xmlns='jabber:iq:version'/></iq>";
              _ -> ""
          end,
    send(C#client.socket, ["<message type='chat' to='", C#client.jid, "'><body>",
                           integer_to_list(Sent), "</body></message>", Ask]),
    talk(C#client{sent = Sent + 1}, Rest);
talk(C, Rest) ->
    Answer = "<body>([0-9]+)</body>|<name>([^<]*)</name>|(type='error'|</stream:stream>)",
    case re:run(Rest, Answer) of
        nomatch -> talk(C, <<Rest/binary, (receive_more(C#client.socket))/binary>>);
        {match, [{At, Len} | Parts]} ->
            <<_:At/binary, _:Len/binary, More/binary>> = Rest,
            [{From, Size} | _] = Found = [P || {F, _} = P <- Parts, F >= 0],
            Now = now_ms(),
            Pause = max(C#client.pause, Now - C#client.last),
            answered(length(Parts) - length(Found), binary:part(Rest, From, Size), More,
                     C#client{last = Now, pause = Pause})
    end.

answered(0, Number, More, #client{got = Got} = C) ->
    binary_to_integer(Number) =:= Got orelse wrong("a message", {Number, instead_of, Got}),
    Next = C#client{got = Got + 1},
    case Got rem ?WINDOW =:= 0 andalso filelib:is_regular(C#client.stop) of
        true -> io:format("~w messages, longest pause ~w ms~n", [Got + 1, C#client.pause]);
        false -> talk(Next, More)
    end;
answered(1, Name, More, #client{name = Name} = C) ->
    timer:sleep(5),     % the machine has other things to do
    talk(C, More);
answered(1, Name, More, C) ->
    io:format("~s at message ~w~n", [Name, C#client.got]),
    talk(C#client{name = Name}, More);
answered(2, Error, _, C) ->
    wrong("an answer", {Error, C#client.got}).

now_ms() -> erlang:monotonic_time(millisecond).
