%% SPDX-License-Identifier: Apache-2.0
%% Asks the observer of observe.erl.  Bound: What = watch | take.
%% Answers what it says, or gone: the VM was restarted.
case whereis(relevo_rehearsal) of
    undefined -> gone;
    Observer ->
        Tag = erlang:monitor(process, Observer),
        Observer ! {What, self(), Tag},
        receive
            {Tag, Answer} -> erlang:demonitor(Tag, [flush]), Answer;
            {'DOWN', Tag, _, _, _} -> gone
        end
end
