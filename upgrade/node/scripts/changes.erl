%% SPDX-License-Identifier: Apache-2.0
%% The difference that the configuration of Vsn would make.  Bound: Vsn, ShowValues, Apps, Shipped (its
%% sys.config), Brought and Copies (vm.erl; "" also where it needs no code to evaluate it).
%% Answers {ok, Differences} or {error, Why}; the folder is gone then.
Judge = fun(Tree) ->
                Ebin = fun(App, V) ->
                               filename:join([Tree, "lib", atom_to_list(App) ++ "-" ++ V, "ebin"])
                       end,
                case EvaluateIn(Vsn, Tree) of
                    none -> {ok, Differences(Shipped, Apps, Ebin)};
                    {ok, Evaluated} -> {ok, Differences(Evaluated, Apps, Ebin)};
                    Error -> Error
                end
        end,
InTree(Brought, Copies, Judge)
