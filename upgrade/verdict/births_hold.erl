%% SPDX-License-Identifier: Apache-2.0
%% release_handler has suspended those that it listed.  Now the supervisors are, so that no more are
%% born, and then who was born meanwhile.
{Modules, Supervisors} = get(relevo_born),
Suspends = fun(P) -> case catch sys:suspend(P) of ok -> true; _ -> catch sys:resume(P), false end end,
Runs = fun(P) -> case catch sys:get_status(P) of {status, _, _, [_, running | _]} -> true; _ -> false end end,
Hold = fun Hold([], Held, Born) -> {Held, Born};
           Hold([{S, Had} | Rest], Held, Born) ->
               Links = case Suspends(S) andalso process_info(S, links) of {links, L} -> L -- [S | Held ++ Had]; _ -> [] end,
               New = [{P, catch proc_lib:translate_initial_call(P)} || P <- Links, is_pid(P)],
               Below = [{P, []} || {P, {supervisor, Callback, _}} <- New, lists:member(Callback, Supervisors)],
               Hold(Below ++ Rest, [S | Held], [{P, M} || {P, {M, _, _}} <- New, lists:member(M, Modules)] ++ Born)
       end,
{Held, Born} = Hold(get(relevo_held), [], []),
put(relevo_held, Held),
put(relevo_born, [{P, M} || {P, M} <- Born, Runs(P), Suspends(P)]).
