%% SPDX-License-Identifier: Apache-2.0
%% A folder into which a release is brought to look at what its configuration would be; it goes
%% with the connection.  Bound: Me.  Answers {ok, Dir}, or {error, Why}.
case MakeFolder() of
    none -> NoFolder;
    Made ->
        {ok, Tokens, _} = erl_scan:string(
                            "monitor_node(Node, true), "
                            "receive {nodedown, _} -> ok after 1800000 -> ok end, "
                            "file:del_dir_r(Dir)."),
        {ok, Guard} = erl_parse:parse_exprs(Tokens),
        spawn(erl_eval, exprs, [Guard, [{'Node', node(Me)}, {'Dir', Made}]]),
        {ok, Made}
end
