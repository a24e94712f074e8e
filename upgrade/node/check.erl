%% SPDX-License-Identifier: Apache-2.0
%% Would the installation of Vsn work, as far as can be told without doing it?
%% Answers {ok, Notes} or {error, Why}; Notes = [{kills, Module, HowManyProcesses} |
%% {config, [{App, Key}]}].
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
%% Keys whose values will be other ones; the values stay here.
Changed = fun(Config) ->
                  [{App, Key} || {App, Env} <- Config, is_list(Env),
                                 lists:keymember(App, 1, application:loaded_applications()),
                                 {Key, Value} <- Env,
                                 Key =/= config_provider_init,
                                 application:get_env(App, Key) =/= {ok, Value}]
          end,
case Checked of
    {ok, _, _} ->
        case Prepare(Vsn) of
            {ok, Config} -> {ok, [{config, Changed(Config)} | Lingering]};
            none -> {ok, Lingering};
            Error -> Error
        end;
    _ -> Checked
end
