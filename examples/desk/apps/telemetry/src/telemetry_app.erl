%% SPDX-License-Identifier: Apache-2.0
-module(telemetry_app).
-behaviour(application).
-export([start/2, stop/1]).

start(_, _) ->
    telemetry_sup:start_link().

stop(_) ->
    ok.
