%% SPDX-License-Identifier: Apache-2.0
%% Forgets the release Vsn and deletes the files that only it uses.
PutBack(Vsn),
Kept(remove_release, [Vsn])
