%% SPDX-License-Identifier: Apache-2.0
%% Handlers of events, as the library of that name has them.
-module(telemetry).
-export([attach/4, execute/3, list_handlers/1]).

attach(Id, Event, Function, Config) ->
    ets:insert(table(), {Event, Id, Function, Config}),
    ok.

%% One that fails is detached.
execute(Event, Measurements, Metadata) ->
    lists:foreach(fun({_, _, Function, Config} = Handler) ->
                          try Function(Event, Measurements, Metadata, Config)
                          catch _:_ -> ets:delete_object(table(), Handler)
                          end
                  end, ets:lookup(table(), Event)).

list_handlers(Prefix) ->
    [#{id => Id, event_name => Event, function => Function, config => Config}
     || {Event, Id, Function, Config} <- ets:tab2list(table()), lists:prefix(Prefix, Event)].

table() ->
    persistent_term:get(telemetry).
