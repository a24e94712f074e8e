%% SPDX-License-Identifier: Apache-2.0
%% A folder into which a release is brought to look at what its configuration would be; it goes
%% with the connection.  Bound: Me.  Answers {ok, Dir}, busy (a release is being brought in
%% already), or {error, Why}.
case whereis(relevo_receiver) of
    undefined ->
        case MakeFolder() of
            none -> NoFolder;
            Made ->
                spawn(fun() ->
                              monitor_node(node(Me), true),
                              receive {nodedown, _} -> ok after 1800000 -> ok end,
                              file:del_dir_r(Made)
                      end),
                {ok, Made}
        end;
    _ -> busy
end
