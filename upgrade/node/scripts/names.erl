%% SPDX-License-Identifier: Apache-2.0
%% How many of Names (binaries, packed) are no atoms here.
All = binary_to_term(zlib:unzip(Names)),
length(All) - length(Atoms(Names))
