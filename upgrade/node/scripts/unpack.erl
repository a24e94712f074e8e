%% SPDX-License-Identifier: Apache-2.0
%% Bound: Base, Vsn.  {ok, Vsn} or {error, Why}.
Unpacked = Kept(unpack_release, [Base]),
case Unpacked of
    {error, {existing_release, Vsn}} -> {ok, Vsn};
    _ -> Unpacked
end
