%% SPDX-License-Identifier: Apache-2.0
%% Compares files below Root with a manifest.  Bound: Files = [{Path, Size, Md5, Sha256}],
%% Modules = [{Path, Md5}] (of beams: another build of equal code is no difference),
%% Missing = ignore | report.
%% Answers {HowManyDiffer, [{Path, missing | differs}]}, the first 20 of them.
Code = maps:from_list(Modules),
SameModule = fun(Path, File) ->
                     case Code of
                         #{Path := Md5} -> SameCode(File, Md5);
                         _ -> false
                     end
             end,
%% Whoever assembles a release may write an .app file anew (mix does since Elixir 1.18): what
%% counts of it is in the boot file.
SameApp = fun(Path, File) ->
                  %% On what is no text, file:consult/1 may fail in a way of its own.
                  filename:extension(Path) =:= ".app" andalso
                      case catch file:consult(File) of
                          {ok, [{application, App, Keys}]} ->
                              Vsn = proplists:get_value(vsn, Keys),
                              Ebin = lists:concat(["lib/", App, "-", Vsn, "/ebin/", App, ".app"]),
                              Ebin =:= Path;
                          _ -> false
                      end
          end,
%% Most files are small, and read at once: asking less often counts.
Sum = fun(File, Size, Sha256) when Hasher =:= sha256, Sha256 =/= "", Size > 1048576 -> Digest(File);
         (File, _, Sha256) ->
              case file:read_file(File) of
                  {ok, Bytes} when Hasher =:= sha256, Sha256 =/= "" ->
                      Hex(crypto:hash(sha256, Bytes));
                  {ok, Bytes} -> Hex(erlang:md5(Bytes));
                  {error, _} -> ""
              end
      end,
Compare = fun({Path, Size, Md5, Sha256}) ->
                  File = filename:join(Root, Path),
                  Wanted = case Hasher of
                               sha256 when Sha256 =/= "" -> Sha256;
                               _ -> Md5
                           end,
                  Right = Sum(File, Size, Sha256) =:= Wanted,
                  case Right orelse filelib:is_regular(File) of
                      false when Missing =:= ignore -> ok;
                      false -> {Path, missing};
                      true ->
                          case Right orelse SameModule(Path, File) orelse SameApp(Path, File) of
                              true -> ok;
                              false -> {Path, differs}
                          end
                  end
          end,
Faults = [F || F <- lists:map(Compare, Files), F =/= ok],
{length(Faults), lists:sublist(Faults, 20)}
