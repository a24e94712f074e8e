%% SPDX-License-Identifier: Apache-2.0
%% The manifest that came with the release Vsn, as it is: as a packed term.  <<>> where there is none.
case file:read_file(filename:join([RelDir, Vsn, "relevo.manifest.json"])) of
    {ok, Json} -> term_to_binary(Json, [compressed]);
    {error, _} -> <<>>
end
