%% SPDX-License-Identifier: Apache-2.0
%% Is the code that is loaded the code of the release?  Bound: Modules = [{Module, Application, Md5}],
%% packed, names as binaries, of two entries for a module the later one counts.
%% Answers {HowManyCompared, [{Module, differs | missing}]}.
%% A name that is no atom here is of no module that is loaded, and becomes none.
Known = fun(Name) -> try [binary_to_existing_atom(Name, utf8)] catch error:badarg -> [] end end,
Wanted = maps:to_list(maps:from_list([{M, {A, Md5}} || {Name, A, Md5} <- binary_to_term(zlib:unzip(Modules)),
                                                       M <- Known(Name)])),
%% In embedded mode nothing is loaded on demand: what is not loaded now will never be.
Listed = case code:get_mode() of
             embedded ->
                 maps:from_list([{M, true} || {A, _, _} <- application:loaded_applications(),
                                              {ok, Ms} <- [application:get_key(A, modules)],
                                              M <- Ms]);
             _ -> #{}
         end,
%% Another build of equal code, if it was loaded from a file that is still there.
SameFile = fun(M, Md5) ->
                   File = code:which(M),
                   is_list(File) andalso
                       beam_lib:md5(File) =:= {ok, {M, M:module_info(md5)}} andalso
                       SameCode(File, Md5)
           end,
Compare = fun({M, {Application, Md5}}) ->
                  case erlang:module_loaded(M) of
                      true ->
                          case M:module_info(md5) of
                              Md5 -> same;
                              _ ->
                                  case SameFile(M, Md5) of
                                      true -> same;
                                      false -> {M, differs}
                                  end
                          end;
                      false when Application =:= <<>> -> unloaded;
                      false ->
                          case maps:is_key(M, Listed) of
                              true -> {M, missing};
                              false -> unloaded
                          end
                  end
          end,
Results = lists:map(Compare, Wanted),
{length([same || same <- Results]), lists:sublist([R || {_, _} = R <- Results], 1000)}
