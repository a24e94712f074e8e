%% SPDX-License-Identifier: Apache-2.0
%% Whether what stands in for Phoenix, LiveView and Bandit in examples/desk has the shapes of the real
%% ones (docs/phoenix.md is about those): behaviours, exports, processes, states, tables.  Evaluated on a
%% node with an open page and a channel; answers the names of those that differ.
E = 'Elixir.Desk.Endpoint',
Behaves = fun(M) -> lists:append([Bs || {K, Bs} <- M:module_info(attributes), K =:= behaviour]) end,
Exports = fun(M, Fs) -> Fs -- M:module_info(exports) =:= [] end,
Children = fun(S) -> supervisor:which_children(S) end,
Pool = fun(S) -> [{P, Ms} || {_, Sup, supervisor, _} <- Children(S), {_, P, _, Ms} <- Children(Sup)] end,
Call = fun(P) -> {dictionary, D} = process_info(P, dictionary), proplists:get_value('$initial_call', D) end,
In = fun(P) -> {current_function, {M, F, _}} = process_info(P, current_function), {M, F} end,
Idle = fun(P) -> lists:member(In(P), [{gen_server, loop}, {erlang, hibernate}]) end,
[{Page, PageModules} | _] = Pool('Elixir.Desk.Endpoint.Phoenix.LiveView.Socket'),
[{Channel, ChannelModules} | _] = Pool('Elixir.Desk.Endpoint.Desk.UserSocket'),
PageState = sys:get_state(Page),
{ok, Bandit} = 'Elixir.Bandit.PhoenixAdapter':bandit_pid(E, http),
{ok, Connections} = 'Elixir.ThousandIsland':connection_pids(Bandit),
Upgraded = [S || C <- Connections, Idle(C), {_, #{connection := #{}}} = S <- [sys:get_state(C)]],
Rows = ets:tab2list(E),
Ids = [Id || {Id, _, _, _} <- Children(E)],
Shapes =
    [{endpoint, ['Elixir.Phoenix.Endpoint', 'Elixir.Plug'] -- Behaves(E) =:= []
                    andalso Exports(E, [{'__sockets__', 0}, {config_change, 2}])},
     {sockets, lists:all(fun({Path, S, Opts}) -> is_binary(Path) andalso is_atom(S) andalso is_list(Opts) end,
                         E:'__sockets__'())},
     {endpoint_children, ['Elixir.Phoenix.Config', {E, http}, 'Elixir.Desk.UserSocket', {terminator, 'Elixir.Desk.UserSocket'}] -- Ids =:= []},
     {endpoint_process, is_pid(whereis(E)) andalso is_pid(whereis('Elixir.Desk.Endpoint.Config'))},
     {router, Exports('Elixir.Desk.Router', [{'__routes__', 0}, {'__match_route__', 3}])},
     {live_route, [] =/= [V || #{metadata := #{phoenix_live_view := {V, _, _, #{extra := #{on_mount := H}}}}} <- 'Elixir.Desk.Router':'__routes__'(), is_list(H)]},
     {controller, Exports('Elixir.Desk.PageController', [{action, 2}, {init, 1}, {call, 2}])},
     {socket, Behaves('Elixir.Desk.UserSocket') =:= ['Elixir.Phoenix.Socket', 'Elixir.Phoenix.Socket.Transport']
                  andalso Exports('Elixir.Desk.UserSocket', [{'__channel__', 1}, {drainer_spec, 1}])},
     {channel, Behaves('Elixir.Desk.RoomChannel') =:= ['Elixir.Phoenix.Channel']
                   andalso Exports('Elixir.Desk.RoomChannel', [{join, 3}, {'__socket__', 1}, {'__intercepts__', 0}])},
     {live_view, Behaves('Elixir.Desk.NotesLive') =:= ['Elixir.Phoenix.LiveView']},
     {live, case 'Elixir.Desk.NotesLive':'__live__'() of #{kind := view, lifecycle := #{mount := []}} -> true; _ -> false end},
     {page_modules, PageModules =:= ['Elixir.Phoenix.LiveView.Channel']},
     {page_call, case Call(Page) of {_, mount, 3} -> true; _ -> false end},
     {page_idle, Idle(Page)},
     {page_state, [components, fingerprints, topic, socket, serializer, join_ref, redirect_count, upload_names,
                   upload_pids, await_asyncs_on_graceful_shutdown] -- maps:keys(PageState) =:= []},
     {page_socket, case PageState of
                       #{socket := #{'__struct__' := 'Elixir.Phoenix.LiveView.Socket', view := _,
                                     assigns := #{flash := _, live_action := _, '__changed__' := _},
                                     private := #{lifecycle := #{handle_info := _}}},
                         components := {#{}, _, _}} -> true;
                       _ -> false
                   end},
     {channel_modules, ChannelModules =:= ['Elixir.Desk.RoomChannel']},
     {channel_call, Call(Channel) =:= {'Elixir.Desk.RoomChannel', join, 3}},
     {channel_state, case sys:get_state(Channel) of
                         #{'__struct__' := 'Elixir.Phoenix.Socket', assigns := #{}, joined := true} -> true;
                         _ -> false
                     end},
     {web_socket, lists:all(fun({#{'__struct__' := 'Elixir.ThousandIsland.Socket'},
                                 #{connection := #{websock := S, websock_state := {#{channels := _, channels_inverse := _}, _}}}}) -> is_atom(S);
                               (_) -> false
                            end, Upgraded) andalso Upgraded =/= []},
     {connection_call, lists:all(fun(C) -> Call(C) =:= {'Elixir.Bandit.DelegatingHandler', init, 1} end, Connections)},
     {static, [] =/= [P || {{'__phoenix_static__', P}, cache, {D, _}} <- Rows, is_binary(D)]},
     {latest, [] =/= [M || {cache_static_manifest_latest, M} <- Rows, is_map(M)]},
     {term, case persistent_term:get({'Elixir.Phoenix.Endpoint', E}) of
                #{url := _, static_url := _, host := _, path := _} -> true;
                _ -> false
            end},
     {telemetry, case telemetry:list_handlers([]) of [#{id := _, event_name := _, function := _, config := _} | _] -> true; _ -> false end},
     {view_code_change, Exports('Elixir.Phoenix.LiveView.Channel', [{code_change, 3}])
                            andalso Exports('Elixir.Phoenix.Channel.Server', [{code_change, 3}])}],
[Name || {Name, false} <- Shapes]
