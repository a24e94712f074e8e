%% SPDX-License-Identifier: Apache-2.0
%% Who is there: registered processes (one that comes back with another pid was
%% restarted) and the applications that run.
{lists:sort([{N, P} || N <- registered(), P <- [whereis(N)], is_pid(P)]),
 lists:sort([A || {A, _, _} <- application:which_applications(5000)])}
