%% SPDX-License-Identifier: Apache-2.0
%% The supervisors whose children may be born at any time, and whom they have: before any is suspended.
{_, Supervisors} = get(relevo_born),
Is = fun(P, Callback) ->
         lists:member(Callback, Supervisors) orelse
             case process_info(P, registered_name) of {_, Name} -> lists:member(Name, Supervisors); _ -> false end
     end,
put(relevo_held, [{P, Links} || P <- processes(), {supervisor, Callback, _} <- [catch proc_lib:translate_initial_call(P)],
                                Is(P, Callback), {links, Links} <- [process_info(P, links)]]).
