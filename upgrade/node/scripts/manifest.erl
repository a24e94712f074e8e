%% SPDX-License-Identifier: Apache-2.0
%% The manifest that came with the release Vsn, as bytes; <<>> when there is none.
case file:read_file(filename:join([RelDir, Vsn, "relevo.manifest.json"])) of
    {ok, Json} -> Json;
    {error, _} -> <<>>
end
