%% SPDX-License-Identifier: Apache-2.0
%% The supervisors whose children may be born at any time, and whom they have: before any is suspended.  Who is born while
%% this is asked is not among those whom they have: it may be a supervisor that is not listed here.
{Modules, Supervisors} = get(relevo_born),
Is = fun(P, Callback) ->
         lists:member(Callback, Supervisors) orelse
             case process_info(P, registered_name) of {_, Name} -> lists:member(Name, Supervisors); _ -> false end
     end,
Calls = [{P, M, Arg} || P <- processes(), {M, Arg, _} <- [catch proc_lib:translate_initial_call(P)]],
Holders = [P || {P, supervisor, Callback} <- Calls, Is(P, Callback)],
Had = maps:from_list([{P, had} || P <- Holders ++ [P || {P, M, _} <- Calls, lists:member(M, Modules)]]),
put(relevo_held, [{P, [L || L <- Links, is_map_key(L, Had)]} || P <- Holders, {links, Links} <- [process_info(P, links)]]).
