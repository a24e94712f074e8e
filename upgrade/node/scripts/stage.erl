%% SPDX-License-Identifier: Apache-2.0
%% Takes a tarball in.  Bound: Me (whom to tell), Tag, Base, Size, Sha256, Md5 (hex texts),
%% Room (bytes that unpacking it will take), Peer and File: another node that has it, and where ("":
%% none); what that one gives need not be sent.  HandOn: whether to keep it, for others to fetch, once
%% release_handler has unpacked and removed it; recover.erl takes it away.
%% Answers present, {no_room, Free, Needed}, or the pid of a process that says
%% {Tag, {ready, Offset}}, takes {Tag, Offset, Bytes}, answers each with {Tag, Offset}, and
%% {Tag, finish} with {Tag, done | damaged}; and {Tag, {error, Why}} for what fails.
Target = filename:join(RelDir, Base ++ ".tar.gz"),
FromHex = fun(Text) -> <<(list_to_integer(Text, 16)):(length(Text) * 4)>> end,
Wanted = case Hasher of
             sha256 -> FromHex(Sha256);
             md5 -> FromHex(Md5)
         end,
Sum = Summer(Hasher),
%% Named by what it will be, so that only pieces of the very same file are gone on with.
Part = filename:join(RelDir, Base ++ "." ++ lists:sublist(Sha256, 16) ++ ".part"),
IsRight = fun(File) ->
                  filelib:file_size(File) =:= Size andalso Sum(File) =:= Wanted
          end,
Offer = fun() ->
               Offered = filename:join(RelDir, Base ++ ".parcel"),
               HandOn andalso [file:delete(Offered), file:make_link(Target, Offered)]
       end,
Finish = fun(Fd) ->
                 ok = file:sync(Fd),
                 ok = file:close(Fd),
                 case IsRight(Part) of
                     true -> ok = file:rename(Part, Target), Offer(), done;
                     false -> file:delete(Part), damaged
                 end
         end,
Loop = fun Loop(Fd) ->
               receive
                   {Tag, finish} -> Me ! {Tag, Finish(Fd)};
                   {Tag, Offset, Bytes} ->
                       case file:pwrite(Fd, Offset, Bytes) of
                           ok -> Me ! {Tag, Offset}, Loop(Fd);
                           Error -> Me ! {Tag, Error}
                       end
               end
       end,
%% By a hidden connection, which is no part of a cluster, and is gone again unless it was there.
{ok, ReadTokens, _} = erl_scan:string("{ok, F} = file:open(File, [read, raw, binary]), "
                                      "{ok, B} = file:pread(F, At, 1048576), file:close(F), B."),
{ok, Read} = erl_parse:parse_exprs(ReadTokens),
Pull = fun Pull(Node, Fd, At) when At < Size ->
               {value, Bytes, _} = erpc:call(Node, erl_eval, exprs, [Read, [{'At', At}, {'File', File}]], 30000),
               ok = file:pwrite(Fd, At, Bytes),
               Pull(Node, Fd, At + byte_size(Bytes));
           Pull(_, _, _) -> ok
       end,
Fetch = fun(_) when Peer =:= "" -> ok;
           (Fd) ->
                Node = list_to_atom(Peer),
                Met = lists:member(Node, nodes(connected)),
                try true = net_kernel:hidden_connect_node(Node), Pull(Node, Fd, filelib:file_size(Part))
                catch _:_ -> ok
                end,
                Met orelse erlang:disconnect_node(Node)
        end,
Take = fun() ->
               %% Dies with the connection.  A receiver of a connection that broke
               %% unnoticed must not write into the same file.
               link(Me),
               case whereis(relevo_receiver) of
                   undefined -> ok;
                   Former ->
                       Watch = monitor(process, Former),
                       exit(Former, kill),
                       receive {'DOWN', Watch, _, _, _} -> ok end
               end,
               register(relevo_receiver, self()),
               [file:delete(F) || F <- filelib:wildcard(filename:join(RelDir, Base ++ ".*.part")),
                                  F =/= Part],
               case file:open(Part, [read, write, raw, binary]) of
                   {ok, Fd} ->
                       file:change_mode(Part, 8#644),
                       Fetch(Fd),
                       Me ! {Tag, {ready, filelib:file_size(Part)}}, Loop(Fd);
                   Error -> Me ! {Tag, Error}
               end
       end,
case filelib:is_regular(Target) andalso IsRight(Target) of
    true -> Offer(), present;
    false ->
        %% What is there of the tarball takes no room a second time.
        Needed = max(0, Size - filelib:file_size(Part)) + Room,
        case FreeBytes() of
            Bytes when Bytes < Needed -> {no_room, Bytes, Needed};
            _ -> spawn(Take)
        end
end
