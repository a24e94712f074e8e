%% SPDX-License-Identifier: Apache-2.0
%% Configuration as a person may see it.  Of a value only numbers, booleans and atoms are shown, of
%% others that there is one, "..."; with ShowValues also these, but what may be a secret is "******".
%%
%% A secret is what stands under a key (also above it, also a text, also the first of two) whose name
%% holds one of these words; a text that holds one of them with = or : behind it, or as the option of a
%% command; a PEM block; bytes that are no text; what stands behind "Bearer" or "Basic"; long words of
%% letters and digits.  Of URLs, user and password and what stands behind the ? are left out.
Words = "pass|pwd|secret|token|key|cookie|salt|credential|private|dsn|auth|sign|licen[sc]e"
    "|bearer|jwt|hmac|seed|nonce|phrase|session|webhook|certificate|conn[a-z]*[_-]?str",
IsText = fun(V) -> V =/= [] andalso is_list(V) andalso io_lib:printable_unicode_list(V) end,
AsBytes = fun(Name) when is_atom(Name) -> atom_to_binary(Name, utf8);
             (Name) when is_binary(Name) -> Name;
             (Name) ->
                  case IsText(Name) of
                      true -> unicode:characters_to_binary(Name);
                      false -> <<>>
                  end
          end,
IsSecretName = fun(Name) -> re:run(AsBytes(Name), Words, [caseless]) =/= nomatch end,
Stars = "******",
%% Of texts, as bytes.
Without = fun(Text, {Regex, With}) -> re:replace(Text, Regex, With, [global, caseless, {return, binary}]) end,
IsSecretText = "(" ++ Words ++ ")[a-z0-9_-]*[\"']?[[:space:]]*[=:]|-----BEGIN"
    "|(^|[[:space:]])--?[a-z-]*(" ++ Words ++ ")[a-z0-9_-]*[[:space:]]",
Clean = fun(Text) ->
                Seen = lists:foldl(fun(Rule, T) -> Without(T, Rule) end, Text,
                                   [{"://[^[:space:]\"'<>]*@", "://******@"},
                                    {"(://[^?[:space:]]*\\?)[^[:space:]]*", "\\1******"},
                                    {"(bearer|basic)[[:space:]]+[^[:space:]\"']+", "\\1 ******"},
                                    {"(?<![a-z0-9+=_/.-])(?=[a-z+=_-]*[0-9])(?=[0-9+=_-]*[a-z])[a-z0-9+=_-]{20,}(?![a-z0-9+=_/.-])",
                                     "******"}]),
                case re:run(Seen, IsSecretText, [caseless]) of
                    nomatch -> Seen;
                    _ -> <<"******">>
                end
        end,
Redact = fun Redact(V) when is_map(V) ->
                 maps:from_list([{Redact(K), case IsSecretName(K) of
                                                 true -> Stars;
                                                 false -> Redact(E)
                                             end} || {K, E} <- maps:to_list(V)]);
             Redact(V) when is_binary(V) ->
                 case io_lib:printable_unicode_list(unicode:characters_to_list(V)) of
                     true -> Clean(V);
                     false -> list_to_binary(Stars)
                 end;
             Redact(V) when is_bitstring(V) -> Stars;
             Redact(V) when is_tuple(V), tuple_size(V) > 1 ->
                 case IsSecretName(element(1, V)) of
                     true -> {element(1, V), Stars};
                     false -> list_to_tuple([Redact(E) || E <- tuple_to_list(V)])
                 end;
             Redact(V) when is_tuple(V) -> list_to_tuple([Redact(E) || E <- tuple_to_list(V)]);
             Redact([K, _] = V) when is_binary(K); is_list(K); is_atom(K) ->
                 case IsSecretName(K) of
                     true -> [K, Stars];
                     false -> [Redact(E) || E <- V]
                 end;
             Redact([E | Rest] = V) ->
                 case IsText(V) of
                     true ->
                         unicode:characters_to_list(Clean(unicode:characters_to_binary(V)));
                     false -> [Redact(E) | Redact(Rest)]
                 end;
             Redact(V) when is_function(V) ->
                 %% One that is made in place has taken along what it knows.
                 case erlang:fun_info(V, type) of
                     {type, external} -> V;
                     _ -> Stars
                 end;
             Redact(V) -> V
         end,
%% The value of a key, on one line.
Show = fun(Key, V) ->
               Seen = case IsSecretName(Key) of
                          true -> Stars;
                          false when is_number(V); is_atom(V); V =:= [] -> V;
                          false when ShowValues -> Redact(V);
                          false -> hidden
                      end,
               case Seen of
                   hidden -> <<"...">>;
                   _ -> unicode:characters_to_binary(io_lib:format("~0tp", [Seen], [{chars_limit, 120}]))
               end
       end,
%% What the environment of the applications will be, beside what it is.  Apps is
%% [{App, Vsn, Module, Env}] of the release; Dir(App, Vsn) says where its ebin would be.
%% [{App, Key, added | changed | removed, Was, Becomes, Heard}], Heard being whether
%% config_change/3 of the application is told.  The command line stays above both.
Exports = fun(Dir, Module) ->
                  case beam_lib:chunks(filename:join(Dir, Module), [exports]) of
                      {ok, {_, [{exports, Functions}]}} -> lists:member({config_change, 3}, Functions);
                      _ -> erlang:function_exported(Module, config_change, 3)
                  end
          end,
Given = fun(App) -> [list_to_atom(Key) || {A, [Key | _]} <- init:get_arguments(), A =:= App] end,
%% What these applications set for themselves when they start, or a boot takes away again.
Own = [{elixir, config_provider_init}, {elixir, config_provider_booted}, {kernel, connect_all},
       {kernel, logger}, {runtime_tools, ttb_autostart_module}],
Compare = fun(App, Now, New, Heard) ->
                  Keys = lists:usort([K || {K, _} <- Now ++ New]) -- Given(App),
                  [case {lists:keyfind(K, 1, Now), lists:keyfind(K, 1, New)} of
                       {false, {_, To}} -> {App, K, added, <<>>, Show(K, To), Heard};
                       {{_, Was}, false} -> {App, K, removed, Show(K, Was), <<>>, Heard};
                       {{_, Was}, {_, To}} -> {App, K, changed, Show(K, Was), Show(K, To), Heard}
                   end || K <- Keys, K =/= included_applications,
                          not lists:member({App, K}, Own),
                          lists:keyfind(K, 1, Now) =/= lists:keyfind(K, 1, New)]
          end,
Differences = fun(Config, Apps, Dir) ->
                      Live = [A || {A, _, _} <- application:which_applications(5000)],
                      Of = fun({App, Vsn, Module, Env}) ->
                                   Set = lists:append([E || {A, E} <- Config, A =:= App, is_list(E)]),
                                   New = maps:to_list(maps:merge(maps:from_list(Env),
                                                                 maps:from_list(Set))),
                                   Heard = Module =/= [] andalso lists:member(App, Live)
                                       andalso Exports(Dir(App, Vsn), Module),
                                   Compare(App, application:get_all_env(App), New, Heard)
                           end,
                      lists:append([Of(A) || {App, _, _, _} = A <- Apps,
                                             lists:keymember(App, 1, application:loaded_applications())])
              end
