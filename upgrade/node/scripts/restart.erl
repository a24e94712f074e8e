%% SPDX-License-Identifier: Apache-2.0
%% Restarts the VM into the release Vsn: the permanent one, or another one, which is then booted
%% once, on trial (see bin/NAME), or made permanent before.  Who asked may go away.
%% Bound: Vsn, Trial = true | false.  Answers {refused, Why} (nothing was changed), or
%% {restarting, Vsn}.
New = filename:join(RelDir, "new_start_erl.data"),
Record = fun(Known, State) ->
                 Marked = [{release, N, V, E, L, State(V, S)} || {release, N, V, E, L, S} <- Known],
                 Put(filename:join(RelDir, "RELEASES"), AsRecords(Marked))
         end,
%% Both files, or, where the second cannot be written, none.
Both = fun(Known, State, File, Erts) ->
               Record(Known, State),
               try Put(File, [Erts, $\s, Vsn])
               catch exit:Why -> Record(Known, fun(_, S) -> S end), exit(Why)
               end
       end,
%% release_handler takes the release that boots for the current one when it is tmp_current.
Choose = fun(Known, Erts) when Trial ->
                 Both(Known, fun(V, _) when V =:= Vsn -> tmp_current; (_, S) -> S end, New, Erts);
            (Known, Erts) ->
                 Both(Known, fun(V, _) when V =:= Vsn -> permanent;
                                (_, permanent) -> old;
                                (_, S) -> S
                             end, filename:join(RelDir, "start_erl.data"), Erts)
         end,
Ready = fun() ->
                {ok, [Known]} = file:consult(filename:join(RelDir, "RELEASES")),
                Boot = filename:join([RelDir, Vsn, "start.boot"]),
                case {lists:keyfind(Vsn, 3, Known), filelib:is_regular(Boot)} of
                    {false, _} -> {refused, no_such_release};
                    {_, false} -> {refused, {no_such_file, Boot}};
                    {{release, _, _, _, _, permanent}, _} -> file:delete(New), go;
                    {{release, _, _, Erts, _, _}, _} -> SyncRelease(Vsn), Choose(Known, Erts), go
                end
        end,
Patience = case os:getenv("RELEASE_STOP_TIMEOUT") of
               false -> 60000;
               Seconds -> list_to_integer(Seconds) * 1000
           end,
%% The answer goes first.  75 asks the start script, or the system's supervisor, for a new start;
%% heart makes one unless the VM was stopped.  An application that does not stop is not waited for.
Leave = fun() ->
                timer:sleep(300),
                case whereis(heart) of
                    undefined -> init:stop(75);
                    _ -> init:reboot()
                end,
                timer:sleep(Patience),
                erlang:halt(75, [{flush, false}])
        end,
case Ready() of
    go ->
        unregister(relevo_upgrade),
        register(relevo_upgrade, spawn(Leave)),
        {restarting, Vsn};
    Refused -> Refused
end
