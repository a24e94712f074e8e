%% SPDX-License-Identifier: Apache-2.0
%% What the node is told once it runs another release, up or down: endpoints (of Phoenix) read the
%% manifest of their static files and their URLs anew, what the release asks for is called, and idle
%% pages (of LiveView) are rendered anew.  Bound: From, To, versions as strings, and Render.
%% Answers [{endpoints, HowMany}, {called, HowMany}, {rendered, HowMany}, {pages, HowMany, Why}
%% (not rendered), {failed, [Text]}]; each may be missing.
Text = fun(Format, Args) -> unicode:characters_to_binary(io_lib:format(Format, Args, [{chars_limit, 300}])) end,
%% In a process of its own, so that nothing of it is left here; [] or what went wrong.
Within = fun(Wait, What, Fun) ->
                 {Pid, Monitor} = spawn_monitor(fun() -> Fun(), exit(done) end),
                 receive
                     {'DOWN', Monitor, _, _, done} -> [];
                     {'DOWN', Monitor, _, _, Reason} ->
                         Short = case Reason of
                                     {R, [_ | _]} -> R; % without the stack
                                     R -> R
                                 end,
                         [Text("~ts: ~tP", [What, Short, 12])]
                 after Wait ->
                         exit(Pid, kill),
                         [Text("~ts: no answer within ~b s", [What, Wait div 1000])]
                 end
         end,
%% The numbers that a version begins with.
Numbers = fun(App) ->
                  case application:get_key(App, vsn) of
                      {ok, V} -> [list_to_integer(N) || N <- string:lexemes(hd(string:lexemes(V, "-+")), "."),
                                                        lists:all(fun(C) -> C >= $0 andalso C =< $9 end, N)];
                      undefined -> none
                  end
          end,
%% Until then config_change/2 without changes left the cache as it was.
Clears = Numbers(phoenix) =:= none orelse Numbers(phoenix) >= [1, 7, 13],
Tell = fun(E) ->
               [begin
                    'Elixir.Phoenix.Config':clear_cache(E),
                    ets:delete(E, cache_static_manifest_latest)
                end || not Clears],
               E:config_change([], [])
       end,
Told = [{E, Within(5000, Text("~ts:config_change/2", [E]), fun() -> Tell(E) end)} || E <- Endpoints()],
%% [{Module, Function}], of the release that runs.
Wanted = case file:consult(filename:join([RelDir, To, "relevo.after"])) of
             {ok, [List]} when is_list(List) -> [{M, F} || {M, F} <- List, is_atom(M), is_atom(F)];
             _ -> []
         end,
Called = [Within(30000, Text("~ts:~ts/2", [M, F]), fun() -> M:F(From, To) end) || {M, F} <- Wanted],
Pages = fun() -> Pick(PagesAndChannels(), {{'$1', ['Elixir.Phoenix.LiveView.Channel']}, [], ['$1']}) end,
%% A hundred at a time, and no more as long as processes wait to run: rendering is not to be felt.
Limit = 4 * erlang:system_info(schedulers_online),
Await = fun Await(0) -> ok;
            Await(N) ->
                timer:sleep(10),
                case erlang:statistics(total_run_queue_lengths) > Limit of
                    true -> Await(N - 1);
                    false -> ok
                end
        end,
Send = fun Send([]) -> ok;
           Send(Ps) ->
               {Now, Later} = lists:split(min(100, length(Ps)), Ps),
               lists:foreach(fun(P) -> P ! {phoenix_live_reload, relevo, To} end, Now),
               Await(50),
               Send(Later)
       end,
LiveView = Numbers(phoenix_live_view),
Rendered = case Pages() of
               [] -> [];
               Ps when not Render -> [{pages, length(Ps), <<"as was asked for">>}];
               Ps when LiveView < [1, 1, 17] ->
                   [{pages, length(Ps), <<"versions of LiveView before 1.1.17 cannot be told to">>}];
               Ps -> Send(Ps), [{rendered, length(Ps)}]
           end,
[{endpoints, length([E || {E, []} <- Told])}, {called, length([C || C <- Called, C =:= []])},
 {failed, lists:append([F || {_, F} <- Told] ++ Called)} | Rendered]
