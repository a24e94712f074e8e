%% SPDX-License-Identifier: Apache-2.0
%% How many processes have crashed since this was first asked over this connection, supervised or
%% not, and what the last of them began with.  With Keep milliseconds: over any connection, until nobody
%% has asked for that long.  Bound: Me, Keep.  Answers {HowMany, Text}.
%% A filter of the logger sees the reports and lets them pass; it goes with the connection, or with its
%% time.  It is stored with all that it knows, so it is made apart from what is known here.
{Counter, Wait} = case Keep of
                      0 -> {relevo_crashes, infinity};
                      _ -> {relevo_crashes_kept, Keep}
                  end,
Source = "fun(#{level := L, msg := Msg, meta := #{pid := P} = Meta}, Counter) "
    "       when L =:= error; L =:= critical; L =:= alert; L =:= emergency -> "
    "         Began = case Msg of "
    "                     {report, #{label := {proc_lib, crash}, report := [[_ | _] = Info | _]}} -> "
    "                         proplists:get_value(initial_call, Info, crash); "
    "                     {report, #{label := {_, terminate}}} -> crash; "
    "                     _ when is_map_key(crash_reason, Meta) -> crash; "
    "                     _ -> case Meta of "
    "                              #{error_logger := #{emulator := true}} -> crash; "
    "                              _ -> other "
    "                          end "
    "                 end, "
    "         [Counter ! {crashed, P, Began} || Began =/= other], "
    "         ignore; "
    "   (_, _) -> ignore "
    "end.",
Text = fun({M, F, A}) when is_list(A) -> io_lib:format("~tp:~tp/~b", [M, F, length(A)]);
          ({M, F, A}) -> io_lib:format("~tp:~tp/~tp", [M, F, A]);
          (_) -> ""
       end,
Loop = fun Loop(Seen, Last) ->
               receive
                   %% One process may be reported more than once.
                   {crashed, P, Began} when map_size(Seen) < 100000 ->
                       Loop(Seen#{P => true}, case Began of crash -> Last; _ -> Began end);
                   {count, Asker, Tag} ->
                       Asker ! {Tag, {map_size(Seen), lists:flatten(Text(Last))}},
                       Loop(Seen, Last);
                   {'EXIT', _, _} -> logger:remove_primary_filter(Counter);
                   _ -> Loop(Seen, Last)
               after Wait -> logger:remove_primary_filter(Counter)
               end
       end,
Begin = fun(Asker, Tag) ->
                process_flag(trap_exit, true),
                [link(Me) || Keep =:= 0],
                register(Counter, self()),
                {ok, Tokens, _} = erl_scan:string(Source),
                {ok, Exprs} = erl_parse:parse_exprs(Tokens),
                {value, Filter, _} = erl_eval:exprs(Exprs, []),
                logger:remove_primary_filter(Counter),
                ok = logger:add_primary_filter(Counter, {Filter, self()}),
                Asker ! {Tag, {0, ""}},
                Loop(#{}, none)
        end,
Asked = make_ref(),
Asking = self(),
case whereis(Counter) of
    undefined -> spawn(fun() -> Begin(Asking, Asked) end);
    Running -> Running ! {count, Asking, Asked}
end,
receive {Asked, Counted} -> Counted after 5000 -> exit(crashes_are_not_counted) end
