%% SPDX-License-Identifier: Apache-2.0
%% Remembers that the node is being taken back, so that the same command, said again, does not go
%% further back.  Bound: Mark = none, or the text "FROM TO".  Answers ok.
Note = filename:join(RelDir, "relevo.reverted"),
case Mark of
    none ->
        case file:delete(Note) of
            {error, enoent} -> ok;
            Deleted -> Deleted
        end;
    _ -> Put(Note, Mark), ok
end
