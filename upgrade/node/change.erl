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
end
