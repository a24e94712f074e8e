%% SPDX-License-Identifier: Apache-2.0
%% The process through which one connection asks: it keeps the texts that were sent, parsed, so that
%% each goes over once, and ends with the connection; what it was asked for goes on to its end.
%% Bound: Me.  Answers {Pid, FreeAtoms}; the pid takes {Me, keep, Number, Zipped} and
%% {Me, run, Ref, Numbers, Bound}, and answers that with {Ref, Value | {badrpc, {'EXIT', Why}}}, or
%% {badrpc, {not_up, Why}} where the node starts, stops or restarts meanwhile.
%% Where hardly an atom is left, a text with its variables would be the end of the node:
%% {atoms, FreeAtoms}.
Parse = fun(Zipped) ->
                Text = unicode:characters_to_list(zlib:unzip(Zipped)),
                {ok, Tokens, _} = erl_scan:string(Text ++ "."),
                {ok, Exprs} = erl_parse:parse_exprs(Tokens),
                Exprs
        end,
%% Why something failed, without the value that it failed for, which may be a secret.
Why = fun({Kind, {error, _} = Error}) when is_atom(Kind) -> {Kind, Error};
         ({Kind, Value}) when is_atom(Kind), not is_atom(Value), not is_integer(Value) -> Kind;
         (Other) -> Other
      end,
%% A node that comes up or goes down lacks what every text counts on, and that is no fault of theirs.
%% init answers nobody from when it stops the applications on.
IsUp = fun() ->
               {Asked, Monitor} = spawn_monitor(fun() -> exit({status, init:get_status()}) end),
               receive
                   {'DOWN', Monitor, process, Asked, {status, Status}} ->
                       Status =:= {starting, started} orelse element(1, Status) =:= started
               after 1000 -> false
               end
       end,
Failed = fun(Reason) ->
                 case IsUp() of
                     true -> {badrpc, {'EXIT', Reason}};
                     false -> {badrpc, {not_up, Reason}}
                 end
         end,
Run = fun(Ref, Exprs, Bound) ->
              Me ! {Ref, try erl_eval:expr({block, 0, Exprs}, orddict:from_list(Bound), none, none, value)
                         catch error:R -> Failed(Why(R));
                               exit:R -> Failed(R);
                               throw:R -> R
                         end}
      end,
Loop = fun Loop(Texts) ->
               receive
                   {Me, keep, Number, Zipped} -> Loop(Texts#{Number => Parse(Zipped)});
                   {Me, run, Ref, Numbers, Bound} ->
                       Exprs = lists:append([maps:get(N, Texts) || N <- Numbers]),
                       spawn(fun() -> Run(Ref, Exprs, Bound) end),
                       Loop(Texts)
               end
       end,
case erlang:system_info(atom_limit) - erlang:system_info(atom_count) of
    Free when Free < 5000 -> {atoms, Free};
    Free -> {spawn(fun() -> link(Me), Loop(#{}) end), Free}
end
