%% SPDX-License-Identifier: Apache-2.0
%% Those that were born meanwhile are changed as the others.
Changes = erase(relevo_change),
Change = fun(P, M) ->
             {_, Vsn, Extra} = lists:keyfind(M, 1, Changes),
             ok = sys:change_code(P, M, Vsn, Extra, 30000)
         end,
[catch Change(P, M) =:= ok orelse exit(P, kill)
 || Born <- [get(relevo_born)], is_list(Born), {P, M} <- Born, lists:keymember(M, 1, Changes)].
