%% SPDX-License-Identifier: Apache-2.0
%% Would the installation of Vsn work, as far as can be told without doing it?
%% Answers {ok, Notes} or {error, Why}; Notes = [{kills, Module, HowManyProcesses} |
%% {config, Differences}].  Bound too: Apps and Shipped (its sys.config), of the release, and
%% ShowValues (redact.erl).
PutBack(Vsn),
{ok, Checked} = Handler(check_install_release, [Vsn]),
%% Modules that are loaded over: processes still in the code before the present one die.
Loads = case file:consult(filename:join([RelDir, Vsn, "relup"])) of
            {ok, [{_, Ups, _}]} ->
                [M || {From, _, Steps} <- Ups, From =:= Running, {load, {M, _, _}} <- Steps];
            _ -> []
        end,
Lingering = [{kills, M, length(In)}
             || M <- lists:usort(Loads), erlang:check_old_code(M),
                In <- [[P || P <- processes(), erlang:check_process_code(P, M) =:= true]],
                In =/= []],
Ebin = fun(App, V) -> filename:join([Root, "lib", atom_to_list(App) ++ "-" ++ V, "ebin"]) end,
case Checked of
    {ok, _, _} ->
        case Prepare(Vsn) of
            {ok, Evaluated} -> {ok, [{config, Differences(Evaluated, Apps, Ebin)} | Lingering]};
            none -> {ok, [{config, Differences(Shipped, Apps, Ebin)} | Lingering]};
            Error -> Error
        end;
    _ -> Checked
end
