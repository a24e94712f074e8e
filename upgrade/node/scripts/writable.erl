%% SPDX-License-Identifier: Apache-2.0
%% May the node write what an installation writes, and has it room in its table of files?  Tried, and
%% taken back.  Bound: Erts.  Answers ok or {error, Why, Path};
%% elsewhere: release_handler unpacks at the root of the Erlang that runs, which is not the release's.
Try = fun(Dir) ->
              Probe = filename:join(Dir, "relevo-probe-" ++ os:getpid() ++ "-"
                                    ++ integer_to_list(erlang:unique_integer([positive]))),
              case file:make_dir(Probe) of
                  ok -> file:del_dir(Probe), ok;
                  {error, Why} -> {error, Why, Dir}
              end
      end,
Append = fun(File) ->
                 case file:open(File, [append, raw]) of
                     {ok, Fd} -> file:close(Fd), ok;
                     {error, Why} -> {error, Why, File}
                 end
         end,
Dirs = [RelDir, filename:join(Root, "lib")]
    ++ [Root || not filelib:is_dir(filename:join(Root, "erts-" ++ Erts))],
Files = [F || N <- ["RELEASES", "start_erl.data"], F <- [filename:join(RelDir, N)],
              filelib:is_regular(F)],
%% As many as unpacking has open at once, and some.
Opened = [file:open("/dev/null", [read, raw]) || _ <- lists:seq(1, 16)],
[file:close(Fd) || {ok, Fd} <- Opened],
Full = [{error, Why, "/dev/null"} || {error, Why} <- Opened, Why =/= enoent],
Inode = fun(Dir) ->
                case file:read_file_info(Dir) of
                    {ok, Info} -> {element(10, Info), element(12, Info)};
                    {error, _} -> none
                end
        end,
Elsewhere = [{error, elsewhere, Root} || Inode(RelDir) =/= Inode(filename:join(Root, "releases"))],
case Elsewhere ++ Full ++ [E || E <- [R || Elsewhere =:= [], R <- lists:map(Try, Dirs)] ++ lists:map(Append, Files), E =/= ok] of
    [] -> ok;
    [First | _] -> First
end
