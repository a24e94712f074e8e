%% SPDX-License-Identifier: Apache-2.0
%% The supervisor of all connections.
-module(tally_tcp_conn_sup).
-behaviour(supervisor).
-export([start_link/0, serve/1, init/1]).

start_link() ->
    supervisor:start_link({local, ?MODULE}, ?MODULE, []).

%% Gives a socket of the caller to a new process that serves it.
serve(Socket) ->
    {ok, Pid} = supervisor:start_child(?MODULE, [Socket]),
    gen_tcp:controlling_process(Socket, Pid),
    tally_tcp_conn:serve(Pid).

init([]) ->
    {ok, {#{strategy => simple_one_for_one},
          [#{id => tally_tcp_conn, start => {tally_tcp_conn, start_link, []}, restart => temporary}]}}.
