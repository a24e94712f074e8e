%% SPDX-License-Identifier: Apache-2.0
%% lived RELEVO FOLDER COUNT SEED FORCE: made-up systems (pairs.erl) and their next releases, judged by
%% relevo, and lived through on a node where the verdict is hot, or where one in FORCE is not.
-module(lived).
-export([main/1]).

main([Relevo, Folder, Count, Seed, Force]) ->
    [C, S, F] = [list_to_integer(N) || N <- [Count, Seed, Force]],
    Run = #{relevo => Relevo, folder => Folder, force => F},
    {Tally, Node} = lists:foldl(fun(Nr, Sum) -> one(Nr, Run#{seed => S + Nr}, Sum) end,
                                {#{}, none}, lists:seq(1, C)),
    stop(Node),
    told(Tally),
    halt(case Tally of #{wrong := _} -> 1; _ -> 0 end).

one(Nr, #{seed := Seed, folder := Folder} = Run, {Tally, Node}) ->
    rand:seed(exsss, Seed),
    Dir = filename:join(Folder, integer_to_list(Seed)),
    Pair = pairs:make("c" ++ integer_to_list(Nr)),
    Life = pairs:write(Dir, Pair),
    {Verdict, Codes} = plan(Dir, Run),
    pairs:releases(Dir, Pair),
    case is_lived(Verdict, Codes, Run) of
        false -> clean(Dir), {count([{seen, Verdict}], Tally), Node};
        true ->
            {Found, There} = lives(lives_of(Verdict), Life, Node),
            %% What was forced may have left a node that is about to go down.
            Next = case Verdict of hot -> There; _ -> stop(There), none end,
            {judge(Verdict, Codes, Found, Run#{dir => Dir, edits => maps:get(edits, Pair)}, Tally), Next}
    end.

%% {Renew, Used}: whether all that runs is started anew before the way back, and whether it is used at all.  What was announced may be a matter of a moment, of what is started meanwhile, of how long a process has run: it gets
%% several chances to come.
lives_of(hot) -> [units:pick(all_lives())];
lives_of(_) -> all_lives().

all_lives() -> [{false, true}, {true, true}, {false, false}, {true, false}].

lives([{Renew, Used} | More], Life, Node) ->
    case live(Life#{renew => Renew, used => Used}, Node) of
        {[], There} when More =/= [] -> lives(More, Life, There);
        End -> End
    end.

is_lived(hot, _, _) -> true;
is_lived(impossible, _, _) -> false;
is_lived(_, Codes, #{force := Force}) ->
    %% That a child is restarted is a step of the relup: nothing is to be seen of whether it comes.
    Force > 0 andalso Codes -- [relup_failed, appup_invalid] =:= Codes andalso Codes =/= [child_restarted] andalso
        rand:uniform(Force) =:= 1.

plan(Dir, #{relevo := Relevo}) ->
    Out = os:cmd(lists:flatten(io_lib:format("~ts plan -q --json --out ~ts/plan ~ts/1 ~ts/2 | tee ~ts/plan.json | jq -r '"
                               "[.verdict] + [.reasons[] | select(.severity != \"info\") | .code] | .[]'",
                               [Relevo, Dir, Dir, Dir, Dir]))),
    [Verdict | Codes] = [list_to_atom(W) || W <- string:lexemes(Out, "\n")],
    {Verdict, lists:usort(Codes)}.

judge(hot, _, [], #{dir := Dir}, Tally) -> clean(Dir), count([{seen, hot}, lived], Tally);
judge(hot, _, Found, #{dir := Dir, seed := Seed, edits := Edits}, Tally) ->
    io:format("~nhot, but (seed ~b, kept in ~ts) ~0p:~n", [Seed, Dir, Edits]),
    [io:format("  ~0p~n", [F]) || F <- lists:sublist(Found, 8)],
    count([{seen, hot}, lived, wrong], Tally);
judge(Verdict, Codes, Found, #{dir := Dir, seed := Seed, edits := Edits}, Tally) ->
    os:getenv("KEEP_FALSE") =/= false andalso Found =:= [] andalso
        io:format("false alarm (seed ~b): ~p ~p~n", [Seed, Codes, Edits]),
    clean(Dir),
    Well = case Found of [] -> false_alarm; _ -> true_alarm end,
    count([{seen, Verdict} | [{Well, C} || C <- Codes]], Tally).

count(Keys, Tally) -> lists:foldl(fun(K, T) -> maps:update_with(K, fun(N) -> N + 1 end, 1, T) end, Tally, Keys).

told(Tally) ->
    Get = fun(K) -> maps:get(K, Tally, 0) end,
    [io:format("~-24ts lived as announced ~b times, without harm ~b~n", [C, Get({true_alarm, C}), Get({false_alarm, C})])
     || C <- lists:usort([C || {A, C} <- maps:keys(Tally), A =/= seen])],
    io:format("lived: ~b hot, ~b hot_with_warnings, ~b restart; ~b of the hot ones went wrong~n",
              [Get({seen, V}) || V <- [hot, hot_with_warnings, restart]] ++ [Get(wrong)]).

clean(Dir) -> os:getenv("KEEP") =:= false andalso file:del_dir_r(Dir).

%% ---- the node: one for many lives ----

live(Life, Node) ->
    {Peer, _} = Here = node_up(Node),
    try peer:call(Peer, life, lead, [Life], 120000) of
        [] -> {[], Here};
        Found -> stop(Here), {Found, none}
    catch _:Why -> stop(Here), {[{node, Why}], none}
    end.

node_up(none) ->
    {ok, Peer, _} = peer:start(#{connection => standard_io, wait_boot => 60000,
                                 args => ["-boot", "start_sasl", "-mode", "embedded", "-kernel", "logger_level", "error",
                                          "-pa", filename:dirname(code:which(life))]}),
    {module, _} = peer:call(Peer, code, load_file, [life]),
    {Peer, up};
node_up(Node) -> Node.

stop({Peer, _}) -> catch peer:stop(Peer);
stop(none) -> ok.
