%% SPDX-License-Identifier: Apache-2.0
%% Gives a node whose RELEASES is missing, unsound, or holds what release_handler made up for the
%% release that runs, one that says what runs, and has release_handler read it.  In one call: who
%% asked may go away, the node is not left without its release_handler.
%% Answers adopted, already, or {refused, Why} (nothing was changed).
{Name, _} = init:script_id(),
Sound = case file:consult(filename:join(RelDir, "RELEASES")) of
            {ok, [[_ | _]]} -> true;
            _ -> false
        end,
Adopt = fun() ->
                case PutRight(Booted) of
                    ok -> adopted;
                    {error, {no_rel_file, _}} -> {refused, no_rel_file};
                    {error, Why} -> {refused, Why}
                end
        end,
case Handler(which_releases, []) of
    {error, NoHandler} -> {refused, NoHandler};
    {ok, Held} ->
        Ours = [{V, L, S} || {N, V, L, S} <- Held, N =:= Name],
        case {Ours, lists:keyfind(Booted, 1, Ours), lists:keymember(current, 3, Ours)} of
            {[], _, _} -> {refused, not_its_own_folder};
            {_, _, true} when not Sound -> {refused, not_committed};
            {_, {_, [_ | _], _}, _} when Sound -> already;
            _ -> Adopt()
        end
end
