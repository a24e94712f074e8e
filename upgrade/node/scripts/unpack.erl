%% SPDX-License-Identifier: Apache-2.0
%% Bound: Base, Vsn.  {ok, Vsn} or {error, Why}.  What is unpacked then is on the disk.
Unpacked = Kept(unpack_release, [Base]),
case Unpacked of
    {error, {existing_release, Vsn}} -> SyncRelease(Vsn), {ok, Vsn};
    {ok, _} -> SyncRelease(Vsn), Unpacked;
    _ -> Unpacked
end
