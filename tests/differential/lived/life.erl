%% SPDX-License-Identifier: Apache-2.0
%% On the node: one system is started, taken to its next release, back and up again by
%% release_handler, under a light load of calls, and looked at after each step.
-module(life).
-export([lead/1]).
-define(WAIT, 10000).

%% Answers [] or what went wrong: [{Step, What}].
%% renew: what runs is started anew before the way back, as it is sooner or later.
%% used: states are what use has made of them; otherwise what they begin with.
lead(#{releases := Releases, apps := Apps, all := All, paths := Paths, modules := Modules, old := Old, new := New, renew := Renew, used := Used}) ->
    Logged = listen(),
    Before = processes(),
    begin_at(Releases, Paths, Modules, Apps),
    put(used, Used),
    use(Old), use(Old),
    Was = lists:sort(look(Old) ++ logged(Logged)),
    Was =:= [] orelse exit({bad_start, Was}),
    Renewed = [{renewed, New} || Renew],
    Found = steps([{up, "2", Old, New}] ++ Renewed ++ [{down, "1", New, Old}, {again, "2", Old, New}], Before, Logged, []),
    finish(All, Paths),
    Found.

begin_at(Releases, Paths, Modules, Apps) ->
    _ = application:stop(sasl),
    application:set_env(sasl, releases_dir, Releases),
    ok = application:start(sasl),
    ok = code:add_pathsz(Paths),
    [{module, M} = code:load_file(M) || M <- Modules],
    [ok = application:start(App) || App <- Apps].

steps([], _, _, Found) -> Found;
steps([{renewed, Side} | Steps], Before, Logged, []) ->
    renew(Side), use(Side), use(Side),
    steps(Steps, Before, Logged, [{renewed, F} || F <- look(Side) ++ logged(Logged)]);
steps([{Step, Vsn, From, To} | Steps], Before, Logged, []) ->
    Used = get(used),
    Watched = watched(processes() -- [Logged | Before]),
    {Load, Loads} = spawn_monitor(fun() -> Used andalso load(From) end),
    Result = release_handler:install_release(Vsn, [{error_action, reboot}]),
    exit(Load, kill),
    receive {'DOWN', Loads, _, _, _} -> ok end, % the next step must not find it dying
    use(To), use(To),
    Used orelse wake(To),
    Found = [{install, Result} || element(1, Result) =/= ok] ++ look(To) ++ gone(Watched, To) ++
        logged(Logged),
    steps(Steps, Before, Logged, [{Step, F} || F <- Found]);
steps(_, _, _, Found) -> Found.

%% In this order: who ends in between is gone, and no one of whom a monitor says noproc.
watched(Processes) ->
    Monitored = [{P, monitor(process, P)} || P <- Processes],
    [{P, who(P), Ref} || {P, Ref} <- Monitored].

%% All children of the applications' own supervisors, who count it as no crash.
renew(#{tree := Tree}) ->
    [begin
         Ids = [Id || {Id, _, _, _} <- supervisor:which_children(S)],
         [ok = supervisor:terminate_child(S, Id) || Id <- Ids],
         [{ok, _} = supervisor:restart_child(S, Id) || Id <- lists:reverse(Ids)]
     end || {S, _} <- Tree, lists:suffix("_sup", atom_to_list(S))].

finish(Apps, Paths) ->
    [application:stop(A) || A <- lists:reverse(Apps)],
    [application:unload(A) || A <- Apps],
    timer:sleep(10), % a timer that is set calls once more
    Dir = filename:dirname(filename:dirname(filename:dirname(filename:dirname(hd(Paths))))),
    Own = fun(P) -> is_list(P) andalso lists:prefix(Dir, P) end,
    [begin code:purge(M), code:delete(M), code:purge(M) end || {M, P} <- code:all_loaded(), Own(P)],
    [code:del_path(P) || P <- code:get_path(), Own(P)].

%% ---- what is seen ----

who(P) ->
    case process_info(P, [registered_name, dictionary, initial_call]) of
        [{_, Name}, _, _] when is_atom(Name) -> Name;
        [_, {_, Dictionary}, {_, Call}] -> proplists:get_value('$initial_call', Dictionary, Call);
        undefined -> gone
    end.

%% A process may end in good order where its supervisor no longer has it.
gone(Watched, #{stay := Stay}) ->
    [{died, Who, Why} || {P, Who, Ref} <- Watched, not is_process_alive(P),
                         Why <- [receive {'DOWN', Ref, _, _, R} -> R after 0 -> unknown end],
                         case is_atom(Who) of
                             true -> lists:member(Who, Stay);
                             false -> Why =/= normal andalso Why =/= shutdown
                         end].

look(#{probes := Probes, tree := Tree}) ->
    lists:append([probe(P) || P <- Probes] ++ [sup(S, Ids) || {S, Ids} <- Tree]).

sup(S, Ids) ->
    try lists:sort([{Id, is_pid(P)} || {Id, P, _, _} <- supervisor:which_children(S)]) of
        Have ->
            [{children, S, Have, Ids} || Have =/= [{Id, true} || Id <- lists:sort(Ids)]] ++
                as_said(S, S:init([]))
    catch _:Why -> [{supervisor, S, Why}]
    end.

as_said(S, {ok, {Flags, Specs}}) ->
    State = sys:get_state(S, ?WAIT),
    Has = #{strategy => element(3, State), intensity => element(6, State), period => element(7, State)},
    [{flags, S, Has} || maps:with(maps:keys(Flags), Has) =/= Flags] ++
        [{spec, S, maps:get(id, Spec)}
         || #{strategy := Strategy} <- [Flags], Strategy =/= simple_one_for_one, Spec <- Specs,
            {ok, Is} <- [supervisor:get_childspec(S, maps:get(id, Spec))],
            maps:with(maps:keys(Spec), Is) =/= Spec].

%% Each answers with the mark of the code it runs, when its state is as that code wants it.
probe({_, Mark, _} = Probe) ->
    try ask(Probe, check) of
        Mark -> [];
        Other -> [{answer, Probe, Other}]
    catch _:Why -> [{probe, Probe, strip(Why)}]
    end.

strip({{R, [{_, _, _, _} | _]}, {gen_server, call, _}}) -> R;
strip({{R, [{_, _, _, _} = At | _]}, _}) -> {R, At};
strip(R) -> R.

ask({call, _, Name}, What) -> gen_server:call(Name, What, ?WAIT);
ask({event, _, {Manager, Handler}}, What) -> gen_event:call(Manager, Handler, What, ?WAIT);
ask({loop, _, Name}, What) ->
    Ref = make_ref(),
    Name ! {What, self(), Ref},
    receive {Ref, Answer} -> Answer after ?WAIT -> exit(silent) end;
ask({children, Mark, Sup}, What) ->
    Answers = [gen_server:call(P, What, ?WAIT) || {_, P, _, _} <- supervisor:which_children(Sup)],
    case lists:usort(Answers) of [Mark] -> Mark; Others -> Others end.

%% A loop enters the new code with the next message.
wake(#{probes := Probes}) ->
    [catch ask(P, check) || {loop, _, _} = P <- Probes].

use(#{probes := Probes}) ->
    get(used) andalso [catch ask(P, bump) || P <- Probes].

load(#{probes := Probes} = Side) ->
    [catch ask(P, What) || P <- Probes, What <- [check, bump]],
    receive after 1 -> load(Side) end.

%% ---- errors that are logged ----

listen() ->
    case whereis(life_log) of
        undefined ->
            P = spawn(fun() -> heard([]) end),
            register(life_log, P),
            Hear = fun(#{level := Level} = Event, _) ->
                           logger:compare_levels(Level, error) =:= lt orelse (P ! {heard, Event}),
                           stop
                   end,
            ok = logger:add_primary_filter(life, {Hear, none}),
            P;
        P -> P
    end.

heard(Events) ->
    receive
        {heard, Event} -> heard([Event | Events]);
        {take, From} -> From ! {events, lists:reverse(Events)}, heard([])
    end.

logged(P) ->
    P ! {take, self()},
    receive {events, Events} -> [{logged, say(E)} || E <- Events] end.

say(Event) ->
    lists:flatten(logger_formatter:format(Event, #{template => [msg], single_line => true, chars_limit => 400})).
