%% SPDX-License-Identifier: Apache-2.0
%% Installs the release Vsn, up or down, from its configuration to its protocols, in this
%% one call: whoever asked for it may go away, the node brings it to its end.
%% Bound: Vsn, CodeChangeTimeout, SuspendTimeout, ConfigTimeout (milliseconds).
%% Answers {installed, {From, Groups}}, {refused, Why} (nothing changed), {failed, Why}
%% (changed and put back), {restarting, Why} (the node goes down to the permanent
%% release), {half, Why} (installed, but its protocols are not).
Options = [{error_action, restart},
           {code_change_timeout, CodeChangeTimeout},
           {suspend_timeout, SuspendTimeout}],
%% release_handler gives every application its new description and environment before
%% anything else and does not take that back when it then refuses.
Applications = [begin
                    {ok, Keys} = application:get_all_key(A),
                    {application, A,
                     lists:keystore(env, 1, Keys, {env, application:get_all_env(A)})}
                end || {A, _, _} <- application:loaded_applications()],
%% Consolidated protocols belong to no application, so no relup speaks of them.
LoadProtocol = fun(File) ->
                       M = list_to_atom(filename:basename(File, ".beam")),
                       {ok, Beam} = file:read_file(File),
                       Md5 = code:module_md5(Beam),
                       case erlang:module_loaded(M) andalso M:module_info(md5) =:= Md5 of
                           true -> ok;
                           false ->
                               code:purge(M),
                               {module, M} = code:load_binary(M, File, Beam)
                       end,
                       code:soft_purge(M)
               end,
Protocols = fun() ->
                    Dir = filename:join([RelDir, Vsn, "consolidated"]),
                    [code:del_path(D) || D <- code:get_path(),
                                         filename:basename(D) =:= "consolidated"],
                    case filelib:is_dir(Dir) of
                        true ->
                            code:add_patha(Dir),
                            lists:foreach(LoadProtocol,
                                          filelib:wildcard(filename:join(Dir, "*.beam")));
                        false -> ok
                    end
            end,
Refused = fun(Why) ->
                  %% An error after the point of no return: the answer comes first, then
                  %% the node begins to go down.
                  timer:sleep(300),
                  case init:get_status() of
                      {started, _} ->
                          application_controller:change_application_data(Applications, []),
                          {failed, Why};
                      _ -> {restarting, Why}
                  end
          end,
Steps = WayTo(Vsn),
Restarts = lists:member(restart_new_emulator, Steps) orelse lists:member(restart_emulator, Steps),
%% Until somebody has seen what came of it (started.erl).  A VM that ends forgets it.
Unseen = fun() -> os:putenv("RELEVO_UNSEEN", NowRuns() ++ " " ++ Vsn) end,
Install = fun() ->
                  Before = os:getenv("RELEVO_UNSEEN", ""),
                  Unseen(),
                  case release_handler:install_release(Vsn, Options) of
                      {ok, From, _} ->
                          try Protocols() of
                              _ -> {installed, From}
                          catch _:Why -> {half, Why}
                          end;
                      {continue_after_restart, _, _} -> {restarting, restart_new_emulator};
                      {error, Why} -> os:putenv("RELEVO_UNSEEN", Before), Refused(Why)
                  end
          end,
%% How long each process is held, by what release_handler sends to it; unknown where somebody
%% else traces release_handler.  The messages wait here until it is done.  There are some for each
%% of perhaps very many processes: what is done with each is done by compiled functions.
Traced = fun Traced(Tries, Delivered) ->
                 {messages, All} = process_info(self(), messages),
                 case Tries =:= 0 orelse lists:member({trace_delivered, all, Delivered}, All) of
                     true -> All;
                     false -> timer:sleep(10), Traced(Tries - 1, Delivered)
                 end
         end,
%% {Processes, Times} of what was sent, by process.
Sent = fun(Table, What) ->
               lists:unzip(lists:keysort(1, ets:select(Table, [{{trace_ts, '_', send, {system, '_', What}, '$1', '$2'},
                                                                [], [{{'$1', '$2'}}]}])))
       end,
%% {Processes, Nanoseconds}; where one was not resumed, of none.
Pauses = fun(Messages) ->
                 Table = ets:new(relevo_upgrade, [duplicate_bag]),
                 ets:insert(Table, lists:filter(fun erlang:is_tuple/1, Messages)),
                 {Ps, From} = Sent(Table, suspend),
                 {Others, To} = Sent(Table, resume),
                 ets:delete(Table),
                 case Others of
                     Ps -> {Ps, lists:zipwith(fun erlang:'-'/2, To, From)};
                     _ -> {[], []}
                 end
         end,
Kind = fun({dictionary, Dictionary}) ->
               case proplists:get_value('$initial_call', Dictionary) of
                   {supervisor, M, _} -> M;
                   {M, _, _} -> M;
                   _ -> other
               end;
          (undefined) -> other
       end,
%% [{Module, Processes, LongestUs}].  Most processes of a kind have equal dictionaries.
Groups = fun({Ps, Times}) ->
                 Dictionaries = lists:zipwith(fun erlang:process_info/2, Ps,
                                              lists:duplicate(length(Ps), dictionary)),
                 Table = ets:new(relevo_upgrade, [duplicate_bag]),
                 ets:insert(Table, lists:zip(Dictionaries, Times)),
                 Add = fun(D, Sums) ->
                               Equal = ets:lookup(Table, D),
                               Us = element(2, lists:max(Equal)) div 1000,
                               {N, Max} = maps:get(Kind(D), Sums, {0, 0}),
                               Sums#{Kind(D) => {N + length(Equal), max(Max, Us)}}
                       end,
                 Sums = lists:foldl(Add, #{}, lists:usort(Dictionaries)),
                 ets:delete(Table),
                 [{M, N, Us} || {M, {N, Us}} <- maps:to_list(Sums)]
         end,
Measured = fun() ->
                   Rh = whereis(release_handler),
                   %% A second tracer would be an error in the node's log.
                   catch erlang:trace_info(Rh, tracer) =:= {tracer, []} andalso
                       erlang:trace(Rh, true, [send, monotonic_timestamp]),
                   Result = Install(),
                   catch erlang:trace(Rh, false, [send]),
                   Messages = Traced(500, erlang:trace_delivered(all)),
                   case Result of
                       {installed, From} -> {installed, {From, Groups(Pauses(Messages))}};
                       _ -> Result
                   end
           end,
Swapped = fun() -> Replace(Vsn), try Measured() after PutBack(Vsn) end end,
WithConfig = fun() ->
                     case filelib:is_regular(ReadyFile(Vsn)) of
                         true -> Swapped();
                         false ->
                             case Prepare(Vsn) of
                                 none -> Measured();
                                 {ok, _} -> Swapped();
                                 {error, Why} -> {refused, Why}
                             end
                     end
             end,
PutBack(Vsn),
case Restarts of
    true -> {refused, the_relup_restarts_the_emulator};
    false -> WithConfig()
end
