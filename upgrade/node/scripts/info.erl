%% SPDX-License-Identifier: Apache-2.0
%% What runs here.  The release is the one that release_handler holds for current, or,
%% without sasl, the one that was booted.
{BootName, BootVsn} = init:script_id(),
{RelName, RelVsn} =
    case Handler(which_releases, []) of
        {ok, Releases} ->
            case [{N, V} || {N, V, _, current} <- Releases]
                ++ [{N, V} || {N, V, _, permanent} <- Releases] of
                [Now | _] -> Now;
                [] -> {BootName, BootVsn}
            end;
        _ -> {BootName, BootVsn}
    end,
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
