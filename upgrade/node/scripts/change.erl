%% SPDX-License-Identifier: Apache-2.0
%% Stands before what changes the node: one change at a time, and only by the relevo that has the
%% lock (lock.erl).  A request whose connection broke may arrive late, when another has it.
%% Bound: Me.
Begin = fun Begin() ->
                try register(relevo_upgrade, self())
                catch error:badarg ->
                        %% The change before this one has answered, but is not quite gone.
                        Watch = monitor(process, relevo_upgrade),
                        receive {'DOWN', Watch, _, _, _} -> Begin()
                        after 5000 -> exit(another_change_runs)
                        end
                end
        end,
Begin(),
case [L || P <- [whereis(relevo_lock)], is_pid(P), {links, L} <- [process_info(P, links)]] of
    [[Me]] -> ok;
    _ -> exit(the_lock_is_lost)
end,
%% release_handler writes over what it must not lose: on a full disk nothing of it is left.  So a
%% copy is made first, which takes its place again when the call fails.
Records = [filename:join(RelDir, File) || File <- ["RELEASES", "start_erl.data"]],
KeepCopy = fun(File) ->
                   {ok, Bytes} = file:read_file(File),
                   case file:write_file(File ++ ".new", Bytes, [sync]) of
                       ok -> file:rename(File ++ ".new", File ++ ".relevo");
                       Error -> file:delete(File ++ ".new"), exit(Error)
                   end
           end,
Kept = fun(Function, Args) ->
               Copied = [File || File <- Records, filelib:is_regular(File), KeepCopy(File) =:= ok],
               {ok, Result} = Handler(Function, Args),
               case Result of
                   {error, _} -> [file:rename(File ++ ".relevo", File) || File <- Copied];
                   _ -> [file:delete(File ++ ".relevo") || File <- Copied]
               end,
               Result
       end
