%% SPDX-License-Identifier: Apache-2.0
%% A folder into which a release is brought to look at what its configuration would be; it goes
%% with the connection.  Bound: Me.  Answers {ok, Dir}, or {error, Why}.
case MakeFolder() of
    none -> NoFolder;
    Made ->
        spawn(fun() ->
                      monitor_node(node(Me), true),
                      receive {nodedown, _} -> ok after 1800000 -> ok end,
                      file:del_dir_r(Made)
              end),
        {ok, Made}
end
