#!/usr/bin/env escript
%% SPDX-License-Identifier: Apache-2.0
%%! +Bd -kernel logger_level error
%% boot_judge.escript TREE...: start.boot of releases that relevo built is what
%% systools:make_script makes of the same .rel, with the two things that Mix changes in it undone:
%% the folder of consolidated protocols in the code path, and the boot of configuration providers.
-module(boot_judge).
-mode(compile).
-export([main/1]).

main(Trees) ->
    Results = [judge(Tree) || Tree <- Trees],
    halt(case lists:all(fun(Same) -> Same end, Results) of true -> 0; false -> 1 end).

judge(Tree) ->
    {ok, Data} = file:read_file(filename:join([Tree, "releases", "start_erl.data"])),
    [_, Vsn] = string:lexemes(binary_to_list(Data), " "),
    Dir = filename:join([Tree, "releases", Vsn]),
    [Rel] = filelib:wildcard(filename:join(Dir, "*.rel")),
    Name = filename:rootname(Rel),
    Tmp = string:trim(os:cmd("mktemp -d")),
    %% Applications of the tree are below RELEASE_LIB; OTP's own come from where OTP is.
    Own = [E || E <- filelib:wildcard(filename:join([Tree, "lib", "*", "ebin"])), not of_otp(E)],
    {ok, _, _} = systools:make_script(Name, [{path, Own}, {outdir, Tmp}, silent, no_dot_erlang,
                                             {variables, [{"RELEASE_LIB", filename:join(Tree, "lib")}]}]),
    Otp = read(filename:join(Tmp, filename:basename(Name) ++ ".boot")),
    Ours = read(filename:join(Dir, "start.boot")),
    ok = file:del_dir_r(Tmp),
    Added = length(element(3, Ours)) - length(element(3, undone(Ours))),
    Same = undone(Ours) =:= Otp,
    io:format("ok: ~ts: ~w instructions ~ts systools', ~w of Mix's own~n",
              [Rel, length(element(3, Ours)), case Same of true -> "equal"; false -> "DIFFERENT from" end, Added]),
    Same.

of_otp(Ebin) ->
    App = filename:basename(filename:dirname(Ebin)),
    filelib:is_dir(filename:join(code:lib_dir(), App)).

read(File) ->
    {ok, Bin} = file:read_file(File),
    binary_to_term(Bin).

undone({script, Id, Instructions}) ->
    {script, Id, lists:append([undone_one(I) || I <- Instructions])}.

undone_one({apply, {'Elixir.Config.Provider', boot, []}}) -> [];
undone_one({path, Dirs}) -> [{path, [D || D <- Dirs, string:find(D, "/consolidated") =:= nomatch]}];
undone_one(Other) -> [Other].
