%% SPDX-License-Identifier: Apache-2.0
%% What runs here.  The release is the one that was booted; where there is a release_handler,
%% releases.erl tells more.
{RelName, RelVsn} = init:script_id(),
{Uptime, _} = erlang:statistics(wall_clock),
[{name, RelName},
 {version, RelVsn},
 {otp, erlang:system_info(otp_release)},
 {erts, erlang:system_info(version)},
 {elixir, case application:get_key(elixir, vsn) of
              {ok, Elixir} -> Elixir;
              undefined -> ""
          end},
 {uptime, Uptime},
 {root, Root},
 {releases_dir, RelDir},
 {mode, code:get_mode()},
 {applications, lists:sort([{A, V} || {A, _, V} <- application:which_applications(5000)])}]
