%% SPDX-License-Identifier: Apache-2.0
%% SHA-256 of the manifest that came with the release Vsn, in hex; where the node cannot compute it, or
%% Whole is true, the manifest itself, as a packed term; "" where there is none.
case {Whole, Hasher, file:read_file(filename:join([RelDir, Vsn, "relevo.manifest.json"]))} of
    {_, _, {error, _}} -> "";
    {false, sha256, {ok, Json}} ->
        lists:flatten([io_lib:format("~2.16.0b", [B]) || <<B>> <= crypto:hash(sha256, Json)]);
    {_, _, {ok, Json}} -> term_to_binary(Json, [compressed])
end
