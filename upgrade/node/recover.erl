%% SPDX-License-Identifier: Apache-2.0
%% Puts back each sys.config that an interrupted upgrade left aside.  Answers the versions.
Left = filelib:wildcard(filename:join([RelDir, "*", "sys.config.relevo"])),
Versions = [filename:basename(filename:dirname(File)) || File <- Left],
%% Evaluated for an installation that did not follow.
[file:delete(F) || F <- filelib:wildcard(filename:join([RelDir, "*", "sys.config.ready"]))],
[PutBack(V) || V <- Versions],
Versions
