%% SPDX-License-Identifier: Apache-2.0
%% Takes the lock of the one relevo that may change this node; it goes with the connection.
%% Bound: Me.  Answers mine, {held, ByNode}, or busy: what somebody began before still runs.
Take = fun(Asker) ->
               try register(relevo_lock, self()) of
                   true -> link(Me), Asker ! {self(), mine}, receive after infinity -> ok end
               catch error:badarg -> Asker ! {self(), {held, ''}}
               end
       end,
Lock = case whereis(relevo_lock) of
           undefined ->
               Asker = self(),
               Taker = spawn(fun() -> Take(Asker) end),
               receive {Taker, Taken} -> Taken end;
           Holder ->
               case process_info(Holder, links) of
                   {links, [Me]} -> mine;
                   {links, [Other | _]} -> {held, node(Other)};
                   _ -> {held, ''}
               end
       end,
case {Lock, whereis(relevo_upgrade)} of
    {mine, Change} when is_pid(Change) -> busy;
    _ -> Lock
end
