%% SPDX-License-Identifier: Apache-2.0
%% Before the node is taken back: pages that are open name static files of From with a digest in their
%% names, and look for them below To.  Those that To lacks are copied there, whole, with .gz and .br.
%% Bound: From, To, versions as strings.  Answers {HowMany, [Text]}, what went wrong.
Folders = fun(V) ->
                  case RelOf(V) of
                      {_, _, Apps} ->
                          [{element(1, A), filename:join([Root, "lib", lists:concat([element(1, A), "-", element(2, A)]),
                                                          "priv", "static"])} || A <- Apps];
                      none -> []
                  end
          end,
Targets = Folders(To),
Pairs = [{Is, Was} || {App, Is} <- Folders(From), {_, Was} <- [lists:keyfind(App, 1, Targets) || lists:keymember(App, 1, Targets)],
                      Is =/= Was, filelib:is_regular(filename:join(Was, "cache_manifest.json"))],
Named = fun(Dir) ->
                {ok, Json} = case file:read_file(filename:join(Dir, "cache_manifest.json")) of
                                 {error, _} -> {ok, <<>>};
                                 Read -> Read
                             end,
                case re:run(Json, "\"([^\"\\\\]+-[0-9a-f]{32}\\.[^\"\\\\]+)\"", [global, {capture, [1], list}]) of
                    {match, Found} ->
                        [N || N <- lists:usort(lists:append(Found)),
                              filename:pathtype(N) =:= relative, not lists:member("..", filename:split(N))];
                    nomatch -> []
                end
        end,
Copy = fun(One, Other) ->
               case filelib:ensure_dir(Other) of
                   ok ->
                       case file:copy(One, Other ++ ".new") of
                           {ok, _} -> SyncFile(Other ++ ".new"), file:rename(Other ++ ".new", Other);
                           Error -> file:delete(Other ++ ".new"), Error
                       end;
                   Error -> Error
               end
       end,
Copied = [{Copy(filename:join(Is, File), filename:join(Was, File)), File}
          || {Is, Was} <- Pairs, N <- Named(Is), Ending <- ["", ".gz", ".br"], File <- [N ++ Ending],
             filelib:is_regular(filename:join(Is, File)), not filelib:is_file(filename:join(Was, File))],
{length([ok || {ok, _} <- Copied]),
 [unicode:characters_to_binary(io_lib:format("~ts: ~tp", [F, Why])) || {{error, Why}, F} <- Copied]}
