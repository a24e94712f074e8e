%% SPDX-License-Identifier: Apache-2.0
%% Other VMs of this machine that were booted from the same folder of releases: each has a
%% release_handler that writes its own RELEASES there, and removes what it does not know.  Answers
%% [{Pid, Node}] as texts.  Those that only talk to a node, or evaluate something, are none.
Args = fun(Pid) ->
               case file:read_file("/proc/" ++ Pid ++ "/cmdline") of
                   {ok, Bytes} -> [binary_to_list(A) || A <- binary:split(Bytes, <<0>>, [global])];
                   {error, _} -> []
               end
       end,
After = fun(Flags, All) ->
                case lists:dropwhile(fun(A) -> not lists:member(A, Flags) end, All) of
                    [_, Value | _] -> Value;
                    _ -> ""
                end
        end,
IsOfRelDir = fun(Boot) ->
                     filename:dirname(filename:dirname(Boot)) =:= RelDir
                         andalso not lists:prefix("start_clean", filename:basename(Boot))
             end,
Processes = case file:list_dir("/proc") of
                {ok, Names} -> [P || [C | _] = P <- Names, C >= $0, C =< $9, P =/= os:getpid()];
                {error, _} -> []
            end,
[{P, After(["-name", "-sname"], All)}
 || P <- Processes, "beam" ++ _ <- [filename:basename(hd(Args(P) ++ [""]))],
    All <- [Args(P)], IsOfRelDir(After(["-boot"], All))]
