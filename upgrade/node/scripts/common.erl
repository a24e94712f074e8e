%% SPDX-License-Identifier: Apache-2.0
%% Stands before every other text: where this node keeps its releases, as
%% release_handler finds it out.
Root = code:root_dir(),
RelDir = case application:get_env(sasl, releases_dir) of
             {ok, Configured} when is_list(Configured) -> Configured;
             _ ->
                 case os:getenv("RELDIR") of
                     false -> filename:join(Root, "releases");
                     FromEnv -> FromEnv
                 end
         end,
%% The start script that relx writes boots the version it was written for, whatever is
%% permanent.  Answers that version; "" where a script is another one, or reads it somewhere.
StartScript = filename:join([Root, "bin", element(1, init:script_id())]),
PinnedVersion = fun() ->
                        Line = "^REL_VSN=\"([^$\"]+)\"$",
                        case file:read_file(StartScript) of
                            {ok, Script} ->
                                case re:run(Script, Line, [multiline, {capture, [1], list}]) of
                                    {match, [Pinned]} -> Pinned;
                                    nomatch -> ""
                                end;
                            {error, _} -> ""
                        end
                end,
%% {ok, Value}, or {error, Reason} where release_handler is not there to ask.
Handler = fun(Function, Args) ->
                  case whereis(release_handler) of
                      undefined -> {error, sasl_not_running};
                      _ -> {ok, apply(release_handler, Function, Args)}
                  end
          end,
%% SHA-256 where the node has crypto loaded or may load it, else MD5, which every node has.
Hasher = case code:ensure_loaded(crypto) of
             {module, crypto} -> sha256;
             _ -> md5
         end,
Hex = fun(Bytes) ->
              lists:flatten(io_lib:format("~*.16.0b", [2 * byte_size(Bytes),
                                                       binary:decode_unsigned(Bytes)]))
      end,
%% Of a file, read in pieces; "" when it cannot be read.
Digest = fun(File) ->
                 {Start, Add, End} =
                     case Hasher of
                         sha256 -> {crypto:hash_init(sha256), fun crypto:hash_update/2,
                                    fun crypto:hash_final/1};
                         md5 -> {erlang:md5_init(), fun erlang:md5_update/2,
                                 fun erlang:md5_final/1}
                     end,
                 Read = fun Read(Fd, Sum) ->
                                case file:read(Fd, 1048576) of
                                    {ok, Bytes} -> Read(Fd, Add(Sum, Bytes));
                                    eof -> Hex(End(Sum));
                                    {error, _} -> ""
                                end
                        end,
                 case file:open(File, [read, raw, binary]) of
                     {ok, Fd} -> Sum = Read(Fd, Start), file:close(Fd), Sum;
                     {error, _} -> ""
                 end
         end,
%% Is the module in this file of that MD5 (hex)?  Of what tools strip, one keeps the chunk
%% that names the features of the language, another drops it; the MD5 covers it.
SameCode = fun(File, Md5) ->
                   Is = fun(Chunks) ->
                                {ok, Beam} = beam_lib:build_module(Chunks),
                                {ok, {_, Sum}} = beam_lib:md5(Beam),
                                Hex(Sum) =:= Md5
                        end,
                   case beam_lib:all_chunks(File) of
                       {ok, _, All} ->
                           Bare = lists:keydelete("Meta", 1, All),
                           %% What compilers say unless they are told otherwise.
                           Usual = [{"Meta", term_to_binary([{enabled_features, F}])}
                                    || F <- [[], [maybe_expr]]],
                           try lists:any(Is, [All, Bare | [[Meta | Bare] || Meta <- Usual]])
                           catch error:{badmatch, _} -> false
                           end;
                       _ -> false
                   end
           end,
%% Whether a folder of lib/ belongs to a release that the node knows, or code comes from it.
LibsInUse = fun() ->
                    {ok, KnownReleases} = Handler(which_releases, []),
                    UsedLibs = lists:append([L || {_, _, L, _} <- KnownReleases])
                        ++ [filename:basename(filename:dirname(D)) || D <- code:get_path()],
                    fun(Lib) -> lists:member(Lib, UsedLibs) end
            end,
%% Whether a folder erts-VSN belongs to a release that is recorded, or the VM comes from it.
ErtsInUse = fun() ->
                    Recorded = case file:consult(filename:join(RelDir, "RELEASES")) of
                                   {ok, [Entries]} when is_list(Entries) ->
                                       ["erts-" ++ E || {release, _, _, E, _, _} <- Entries,
                                                        is_list(E)];
                                   _ -> []
                               end,
                    UsedErts = ["erts-" ++ erlang:system_info(version),
                                filename:basename(filename:dirname(os:getenv("BINDIR", "")))
                                | Recorded],
                    fun(Erts) -> lists:member(Erts, UsedErts) end
            end,
%% What df says is free for us where releases are; infinity where there is no df: there,
%% the disk itself will tell.
FreeBytes = fun() ->
                    Said = fun Said(Port, Text) ->
                                   receive
                                       {Port, {data, More}} -> Said(Port, [Text, More]);
                                       {Port, {exit_status, 0}} -> iolist_to_binary(Text);
                                       {Port, {exit_status, _}} -> <<>>
                                   after 5000 -> <<>>
                                   end
                           end,
                    Ask = fun(false) -> <<>>;
                             (Df) ->
                                  Said(open_port({spawn_executable, Df},
                                                 [{args, ["-Pk", RelDir]}, {env, [{"LC_ALL", "C"}]},
                                                  exit_status, binary]), [])
                          end,
                    case string:lexemes(Ask(os:find_executable("df")), "\n") of
                        [_, Line | _] ->
                            try binary_to_integer(lists:nth(4, string:lexemes(Line, " "))) * 1024
                            catch _:_ -> infinity
                            end;
                        _ -> infinity
                    end
            end
