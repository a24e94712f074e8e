%% SPDX-License-Identifier: Apache-2.0
%% Compares files below Root with a manifest.  Bound: Algorithm = sha256 | md5, Files = [{Path, Size,
%% Digest, Md5}], packed, Md5 being that of a module's code (another build of equal code is no
%% difference), <<>> for other files; Missing = ignore | report.  A module that is not there is told
%% also when others are not: it would be put into a folder from which code is loaded.
%% Answers {HowManyDiffer, [{Path, missing | differs}]}, the first 20 of them.
Sum = Summer(Algorithm),
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
Same = fun(Bytes, File, Digest, Md5) ->
               Path = unicode:characters_to_list(Bytes),
               case Md5 =/= <<>> andalso SameCode(File, Md5) orelse SameApp(Path, File) of
                   true -> [];
                   false when Digest =:= none, Missing =:= ignore, Md5 =:= <<>> -> [];
                   false when Digest =:= none -> [{Path, missing}];
                   false -> [{Path, differs}]
               end
       end,
Compare = fun({Path, _, Wanted, Md5}) ->
                  File = filename:join(Root, unicode:characters_to_list(Path)),
                  case Sum(File) of
                      Wanted -> [];
                      Digest -> Same(Path, File, Digest, Md5)
                  end
          end,
Faults = lists:append(lists:map(Compare, binary_to_term(zlib:unzip(Files)))),
{length(Faults), lists:sublist(Faults, 20)}
