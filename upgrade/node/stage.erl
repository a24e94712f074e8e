%% SPDX-License-Identifier: Apache-2.0
%% Takes a tarball in.  Bound: Me (whom to tell), Tag, Base, Size, Sha256, Md5 (hex texts).
%% Answers present, or the pid of a process that takes {Tag, Offset, Bytes}, answers each
%% with {Tag, Offset}, and {Tag, finish} with {Tag, done} or {Tag, {error, Why}}.
Target = filename:join(RelDir, Base ++ ".tar.gz"),
Part = Target ++ ".part",
Wanted = case Hasher of
             sha256 -> Sha256;
             md5 -> Md5
         end,
IsRight = fun(File) ->
                  filelib:file_size(File) =:= Size andalso Digest(File) =:= Wanted
          end,
Finish = fun(Fd) ->
                 ok = file:sync(Fd),
                 ok = file:close(Fd),
                 case IsRight(Part) of
                     true -> ok = file:rename(Part, Target), done;
                     false -> {error, digest_differs}
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
               case file:open(Part, [write, raw, binary]) of
                   {ok, Fd} -> Me ! {Tag, ready}, Loop(Fd);
                   Error -> Me ! {Tag, Error}
               end
       end,
case filelib:is_regular(Target) andalso IsRight(Target) of
    true -> present;
    false -> spawn(Take)
end
