%% SPDX-License-Identifier: Apache-2.0
-module(tally_tcp_sup).
-behaviour(supervisor).
-export([start_link/0, init/1]).

start_link() ->
    supervisor:start_link({local, ?MODULE}, ?MODULE, []).

%% A new listener has a new socket, which the acceptor must be told.
init([]) ->
    {ok, {#{strategy => rest_for_one},
          [#{id => tally_tcp_conn_sup,
             start => {tally_tcp_conn_sup, start_link, []},
             type => supervisor},
           #{id => tally_tcp_listener, start => {tally_tcp_listener, start_link, []}},
           #{id => tally_tcp_acceptor, start => {tally_tcp_acceptor, start_link, []}}]}}.
