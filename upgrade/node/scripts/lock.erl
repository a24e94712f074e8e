%% SPDX-License-Identifier: Apache-2.0
%% Takes the lock of the one relevo that may change this node; it goes with the connection.
%% A rollout comes with a token, which is greater than that of any before it: one that was overtaken
%% is not let in any more.
%% Bound: Me, Token (0: no rollout).  Answers mine, {held, ByNode}, busy: what somebody began before
%% still runs, or overtaken.
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
Latest = application:get_env(relevo, token, 0),
case {Lock, whereis(relevo_upgrade)} of
    {mine, Change} when is_pid(Change) -> busy;
    {mine, _} when Token =/= 0, Token < Latest -> overtaken;
    {mine, _} when Token =/= 0 -> application:set_env(relevo, token, Token), mine;
    _ -> Lock
end
