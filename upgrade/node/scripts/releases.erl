%% SPDX-License-Identifier: Apache-2.0
%% What the node knows of releases, and whether RELEASES on disk is sound: without it
%% release_handler makes an entry up with which a downgrade crashes.
Sound = case file:consult(filename:join(RelDir, "RELEASES")) of
            {ok, [List]} when is_list(List), List =/= [] ->
                case [R || R <- List, not (tuple_size(R) =:= 6
                                           andalso element(1, R) =:= release
                                           andalso is_list(element(5, R)))] of
                    [] ->
                        %% One of the Erlang that is installed, which another release
                        %% was started in.
                        {BootName, _} = init:script_id(),
                        case [R || R <- List, element(2, R) =:= BootName] of
                            [] -> "that of another release";
                            _ -> ""
                        end;
                    _ -> "malformed"
                end;
            {ok, _} -> "malformed";
            {error, enoent} -> "missing";
            {error, _} -> "unreadable"
        end,
[{releases, case Handler(which_releases, []) of
                {ok, Known} -> Known;
                {error, Why} -> Why
            end},
 {releases_file, Sound},
 %% The witnesses beside release_handler: what booted, what a start would boot, what is written.
 {booted_name, element(1, init:script_id())},
 {booted_version, Booted},
 {start_version, element(2, BootsIn("start_erl.data"))},
 {start_is_there, IsBootable(element(2, BootsIn("start_erl.data")))},
 {copy_is_left, filelib:is_regular(filename:join(RelDir, "RELEASES.relevo"))},
 {records_differ, case Handler(which_releases, []) of {ok, _} -> RecordsDiffer(); _ -> false end},
 %% From what it was taken back last (reverted.erl).
 {reverted, case file:read_file(filename:join(RelDir, "relevo.reverted")) of
                {ok, Reverted} -> string:lexemes(binary_to_list(Reverted), " \n");
                {error, _} -> []
            end},
 %% What nobody has seen to have gone well (started.erl).
 {unseen, case string:lexemes(os:getenv("RELEVO_UNSEEN", ""), " ") of
              [_, Unseen] -> Unseen;
              _ -> ""
          end},
 {releases_dir, RelDir},
 {root, Root},
 {erts, erlang:system_info(version)},
 {otp, erlang:system_info(otp_release)},
 {mode, code:get_mode()},
 %% The one upgrade that may run at a time registers itself by this name.
 {busy, whereis(relevo_upgrade) =/= undefined},
 {lock, case whereis(relevo_lock) of
            undefined -> "";
            Holder ->
                case process_info(Holder, links) of
                    {links, [Other | _]} -> atom_to_list(node(Other));
                    _ -> "?"
                end
        end},
 %% init tells when the node is about to go down or restart.
 {status, case init:get_status() of
              %% All runs, but what -s or -eval call does not return.
              {starting, started} -> started;
              {Status, _} -> Status
          end},
 {pinned_version, PinnedVersion()},
 %% Who starts the release again when its VM ends, and whether the start script knows of trials.
 {keeper, case {whereis(heart), os:getenv("RELEASE_KEEPER")} of
              {undefined, Keeper} when Keeper =:= false; Keeper =:= "none" -> "";
              {undefined, Keeper} -> Keeper;
              _ -> "heart"
          end},
 {trials, os:getenv("RELEASE_TRIALS") =/= false},
 {failed_trial, case file:read_file(filename:join(RelDir, "failed_start_erl.data")) of
                    {ok, Failed} ->
                        case string:lexemes(binary_to_list(Failed), " \n") of
                            [_, FailedVsn | _] -> FailedVsn;
                            _ -> ""
                        end;
                    _ -> ""
                end},
 {env_version, case os:getenv("RELEASE_VSN") of false -> ""; EnvVsn -> EnvVsn end},
 {crypto, Hasher =:= sha256}]
