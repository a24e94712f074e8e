%% SPDX-License-Identifier: Apache-2.0
%% Installs the release Vsn, up or down, from its configuration to its protocols, in this
%% one call: whoever asked for it may go away, the node brings it to its end.
%% Bound: Vsn, CodeChangeTimeout, SuspendTimeout, ConfigTimeout (milliseconds).
%% Answers {installed, {From, Groups}}, {refused, Why} (nothing changed), {failed, Why}
%% (changed and put back), {restarting, Why} (the node goes down to the permanent
%% release), {half, Why} (installed, but the protocols are not).
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
%% The steps that release_handler would take.
Relup = fun(V, Direction, Other) ->
                case file:consult(filename:join([RelDir, V, "relup"])) of
                    {ok, [Ways]} when tuple_size(Ways) =:= 3 ->
                        [Steps || {To, _, Steps} <- element(Direction, Ways), To =:= Other];
                    _ -> []
                end
        end,
Restarts = fun() ->
                   {ok, Known} = Handler(which_releases, []),
                   [Now | _] = [V || S <- [current, permanent], {_, V, _, State} <- Known,
                                     State =:= S],
                   case Relup(Vsn, 2, Now) ++ Relup(Now, 3, Vsn) of
                       [Steps | _] ->
                           lists:member(restart_new_emulator, Steps)
                               orelse lists:member(restart_emulator, Steps);
                       [] -> false
                   end
           end,
Install = fun() ->
                  case release_handler:install_release(Vsn, Options) of
                      {ok, From, _} ->
                          try Protocols() of
                              _ -> {installed, From}
                          catch _:Why -> {half, Why}
                          end;
                      {continue_after_restart, _, _} -> {restarting, restart_new_emulator};
                      {error, Why} -> Refused(Why)
                  end
          end,
%% How long each process is held, by what release_handler sends to it; unknown where somebody
%% else traces release_handler.  The messages wait here until it is done.
Read = fun Read(Since, Pauses) ->
               receive
                   {trace_ts, _, send, {system, _, suspend}, P, Ts} ->
                       Read(Since#{P => Ts}, Pauses);
                   {trace_ts, _, send, {system, _, resume}, P, Ts} when is_map_key(P, Since) ->
                       #{P := Began} = Since,
                       Read(maps:remove(P, Since), [{P, (Ts - Began) div 1000} | Pauses]);
                   {trace_ts, _, send, _, _, _} -> Read(Since, Pauses)
               after 0 -> Pauses
               end
       end,
Kind = fun(P) ->
               case process_info(P, dictionary) of
                   {_, Dictionary} ->
                       case proplists:get_value('$initial_call', Dictionary) of
                           {supervisor, M, _} -> M;
                           {M, _, _} -> M;
                           _ -> other
                       end;
                   undefined -> other
               end
       end,
%% [{Module, Processes, LongestUs}]
Groups = fun(Pauses) ->
                 Add = fun({P, Us}, Sums) ->
                               maps:update_with(Kind(P), fun({N, Max}) -> {N + 1, max(Max, Us)} end,
                                                {1, Us}, Sums)
                       end,
                 [{M, N, Us} || {M, {N, Us}} <- maps:to_list(lists:foldl(Add, #{}, Pauses))]
         end,
Measured = fun() ->
                   Rh = whereis(release_handler),
                   %% A second tracer would be an error in the node's log.
                   catch erlang:trace_info(Rh, tracer) =:= {tracer, []} andalso
                       erlang:trace(Rh, true, [send, monotonic_timestamp]),
                   Result = Install(),
                   catch erlang:trace(Rh, false, [send]),
                   Delivered = erlang:trace_delivered(all),
                   receive {trace_delivered, all, Delivered} -> ok after 5000 -> ok end,
                   Pauses = Read(#{}, []),
                   case Result of
                       {installed, From} -> {installed, {From, Groups(Pauses)}};
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
case Restarts() of
    true -> {refused, the_relup_restarts_the_emulator};
    false -> WithConfig()
end
