%% SPDX-License-Identifier: Apache-2.0
%% Parts of systems, each in two versions that differ by one edit:
%%   {Edit, Old, New}   each #{modules => [{Name, Text, library | process}], children => [{Id, Spec}],
%%                            probes => what answers with which mark (life.erl), tree => [{Supervisor, Ids}],
%%                            stay => registered processes that must live on}
-module(units).
-export([make/1, pick/1, fill/2]).

%% BLIND: also edits that harm in a way that files do not show.
make(Id) ->
    {Edit, _, _} = Unit = any(Id),
    case is_blind(Edit) andalso os:getenv("BLIND") =:= false of
        true -> make(Id);
        false -> Unit
    end.

%% ONLY: of this kind alone.
any(Id) ->
    Kinds = #{server => fun server/1, statem => fun statem/1, event => fun event/1, loop => fun loop/1, pool => fun pool/1,
              caller => fun caller/1, holder => fun holder/1, timer => fun timer/1, tree => fun tree/1, env => fun env/1,
              items => fun items/1},
    Kind = case os:getenv("ONLY") of
               false -> pick([server, server | maps:keys(Kinds)]);
               Only -> list_to_atom(Only)
           end,
    (maps:get(Kind, Kinds))(Id).

%% Rows of a table without a name; the process dictionary, which only code_change knows; a state that comes by
%% handle_continue, and that code_change does not know on the way back.
is_blind({loop, {Edit, _, _, Outer, _}}) -> Edit =/= body andalso lists:member(Outer, [dictionary, ets]);
is_blind({Kind, {Edit, _, Outer, Init, Change}}) when Edit =/= body, (Kind =:= server orelse Kind =:= pool) ->
    lists:member(Outer, [dictionary, ets]) orelse Init =:= continue andalso not lists:member(Change, [absent, keep, logs, right]);
%% What is read there, changed and put back may be anything.
is_blind({items, {Edit, _, dictionary, _}}) -> Edit =:= swap orelse Edit =:= retype;
%% Nobody suspends the process that calls two libraries while one after the other is loaded.
is_blind({caller, deeper, _}) -> true;
is_blind({holder, mfa, lost}) -> true;
is_blind(_) -> false.

pick(List) -> lists:nth(rand:uniform(length(List)), List).

%% @NAME@ in a text becomes its value.
fill(Text, Values) ->
    lists:foldl(fun({Name, Value}, T) -> lists:flatten(string:replace(T, "@" ++ Name ++ "@", Value, all)) end,
                lists:flatten(Text), Values).

child(Id) -> child(Id, "").
child(Id, More) -> {Id, fill("#{id => @ID@, start => {@ID@, start_link, []}@MORE@}", [{"ID", Id}, {"MORE", More}])}.

mark(Old, Old) -> {"1", "1"};
mark(_, _) -> {"1", "2"}.

%% The mark is part of the text: what is the same keeps it.
both(Edit, Make, A, B) ->
    {X, Y} = mark(A, B),
    {Edit, Make(A, X), Make(B, Y)}.

one(Id, Text, Mark) -> one(Id, Text, Mark, []).
one(Id, Text, Mark, Libraries) ->
    #{modules => [{Id, Text, process} | [{M, T, library} || {M, T} <- Libraries]], children => [child(Id)],
      probes => [{call, list_to_integer(Mark), list_to_atom(Id)}], stay => [list_to_atom(Id)]}.

%% ---- states ----

fields() -> [{"count", "is_integer", "0"}, {"name", "is_atom", "none"}, {"jobs", "is_list", "[]"},
             {"tab", "is_map", "#{}"}, {"last", "is_atom", "never"}, {"rate", "is_float", "1.5"}].

fields_some() -> lists:sublist(fields(), 1 + rand:uniform(3)).

%% {What, Fields}
edit_fields(Fs) ->
    [F | Rest] = Fs,
    case rand:uniform(9) of
        N when N =< 3 -> {body, Fs};
        N when N =< 5 -> {grow, Fs ++ [lists:nth(length(Fs) + 1, fields())]};
        6 -> {insert, [F, lists:last(fields()) | Rest]};
        7 -> {shrink, lists:droplast(Fs)};
        8 -> {swap, Rest ++ [F]};
        9 -> {retype, [F | lists:droplast(Rest)] ++ [{element(1, lists:last(Rest)), "is_binary", "<<>>"}]}
    end.

names(Fs) -> [N || {N, _, _} <- Fs].
var([C | Cs]) -> [string:to_upper(C) | Cs].
join(L) -> lists:join(", ", L).

%% Native records, where there are such.
forms(Forms) -> Forms ++ [native || list_to_integer(erlang:system_info(otp_release)) >= 29].

definition(native, Fs) -> ["-record #st{", join([[N, " = ", D] || {N, _, D} <- Fs]), "}.\n"];
definition(record, Fs) -> ["-record(st, {", join([[N, " = ", D] || {N, _, D} <- Fs]), "}).\n"];
definition(_, _) -> "".

fresh(record, _) -> "#st{}";
fresh(native, _) -> "#st{}";
fresh(map, Fs) -> ["#{", join([[N, " => ", D] || {N, _, D} <- Fs]), "}"];
fresh(tuple, Fs) -> ["{", join([D || {_, _, D} <- Fs]), "}"].

%% The state taken apart by literal patterns, as code that knows an old shape does.
pattern(native, Fs) -> ["#st{", join([[N, " = ", var(N)] || N <- names(Fs)]), "}"];
pattern(record, Fs) -> ["{st, ", join([var(N) || N <- names(Fs)]), "}"];
pattern(map, Fs) -> ["#{", join([[N, " := ", var(N)] || N <- names(Fs)]), "}"];
pattern(tuple, Fs) -> ["{", join([var(N) || N <- names(Fs)]), "}"].

made(record, Fs, From) -> ["{st, ", join(values(Fs, From)), "}"];
made(map, Fs, From) -> ["#{", join(lists:zipwith(fun(N, V) -> [N, " => ", V] end, names(Fs), values(Fs, From))), "}"];
made(tuple, Fs, From) -> ["{", join(values(Fs, From)), "}"].

values(Fs, From) -> [case lists:member(F, From) of true -> var(N); false -> D end || {N, _, D} = F <- Fs].

unused(Fs, From) -> [[", _ = ", var(N)] || {N, _, _} = F <- From, not lists:member(F, Fs)].

%% A module can make and take apart what its own definition says alone.
convert(Name, native, From, To) ->
    Both = [F || F <- From, lists:member(F, To)],
    [Name, "(", pattern(native, Both), ") -> _ = 0, ", pattern(native, Both), ".\n"];
convert(Name, Form, From, To) ->
    [Name, "(", pattern(Form, From), ") -> _ = 0", unused(To, From), ", ", made(Form, To, From), ".\n"].

own(record, Fs) -> ["#st{", join([[N, " = ", var(N)] || N <- names(Fs)]), "}"];
own(Form, Fs) -> pattern(Form, Fs).

%% check1/1 is true for what has this shape, bump1/1 uses it.
functions(Form, Fs) ->
    ["check1(", own(Form, Fs), ") when ", join([[T, "(", var(N), ")"] || {N, T, _} <- Fs]), " -> true.\n",
     case Form of
         tuple -> ["bump1(", pattern(tuple, Fs), ") -> {",
                   join([case N of "count" -> "Count + 1"; _ -> var(N) end || N <- names(Fs)]), "}.\n"];
         map -> "bump1(#{count := N} = S) -> S#{count := N + 1}.\n";
         _ -> "bump1(#st{count = N} = S) -> S#st{count = N + 1}.\n"
     end].

%% How what is described lies in the state: {Init, each/2}.
outer(none, New) -> {New, "each(F, S) -> F(S).\n"};
outer(list, New) -> {["[", New, ", ", New, "]"], "each(F, L) -> [F(S) || S <- L].\n"};
outer(map, New) -> {["#{item => ", New, ", n => 0}"], "each(F, #{item := S} = M) -> M#{item := F(S)}.\n"};
outer(tuple, New) -> {["{state, 0, ", New, "}"], "each(F, {state, N, S}) -> {state, N, F(S)}.\n"};
outer(keyed, _) -> {"#{}", "each(F, M) when M =:= #{} -> F(new()), #{a => new()};\neach(F, M) -> maps:map(fun(_, S) -> F(S) end, M).\n"};
outer(late, _) -> {"undefined", "each(F, undefined) -> F(new()), new();\neach(F, S) -> F(S).\n"};
outer(dictionary, New) -> {["begin put(st, ", New, "), none end"], "each(F, none) -> put(st, F(get(st))), none.\n"};
outer(ets, New) -> {["begin T = ets:new(t, []), ets:insert(T, {k, ", New, "}), T end"],
                    "each(F, T) -> [{k, S}] = ets:lookup(T, k), ets:insert(T, {k, F(S)}), T.\n"}.

outers() -> [none, none, none, none, none, list, map, tuple, keyed, late, dictionary, ets].

init(plain, State) -> ["init(_) -> {ok, ", State, "}.\n"];
init(helper, State) -> ["init(A) -> make(A).\nmake(_) -> S = ", State, ", {ok, S}.\n"];
init(timeout, State) -> ["init(_) -> process_flag(trap_exit, true), {ok, ", State, ", infinity}.\n"];
init(continue, State) -> ["init(_) -> {ok, start, {continue, more}}.\nhandle_continue(more, start) -> {noreply, ", State, "}.\n"];
init(choice, State) -> ["init(A) -> case A of none -> {stop, none}; _ -> {ok, ", State, "} end.\n"];
init(caught, State) -> ["init(_) -> try {ok, ", State, "} catch _:R -> {stop, R} end.\n"].

inits() -> [plain, plain, helper, timeout, continue, choice, caught].

changes(body) -> [absent, keep, keep, logs, guarded];
changes(_) -> [absent, keep, logs, right, right, right, right, by_shape, up_only, lenient, by_version, junk, refuses].

%% code_change, with Extra for the arguments in front of and behind the state.
change(Kind, Form, A, B) -> change(Kind, Form, A, B, fun(V, S) -> ["code_change(", V, ", ", S, ", _)"] end, fun(S) -> ["{ok, ", S, "}"] end).
change(absent, _, _, _, _, _) -> "";
change(keep, _, _, _, H, R) -> [H("_", "S"), " -> ", R("S"), ".\n"];
change(logs, _, _, _, H, R) -> [H("V", "S"), " -> logger:debug(\"from ~p\", [V]), ", R("S"), ".\n"];
change(guarded, _, _, _, H, R) -> [H("{down, _}", "S"), " -> ", R("S"), ";\n", H("_", "S"), " -> ", R("S"), ".\n"];
change(right, Form, A, B, H, R) ->
    [H("{down, _}", "S"), " -> ", R("each(fun back1/1, S)"), ";\n", H("_", "S"), " -> ", R("each(fun to1/1, S)"), ".\n",
     convert("to1", Form, A, B), convert("back1", Form, B, A)];
change(by_shape, Form, A, B, H, R) ->
    [H("{down, _}", "S"), " -> ", R("each(fun back1/1, S)"), ";\n", H("_", "S"), " -> ", R("each(fun to1/1, S)"), ".\n",
     guard_shape(convert("to1", Form, A, B)), guard_shape(convert("back1", Form, B, A))];
change(up_only, Form, A, B, H, R) -> [H("_", "S"), " -> ", R("each(fun to1/1, S)"), ".\n", convert("to1", Form, A, B)];
change(lenient, Form, A, B, H, R) ->
    [H("_", "S"), " -> ", R("each(fun to1/1, S)"), ".\n", guard_shape(convert("to1", Form, A, B))];
change(by_version, Form, A, B, H, R) ->
    [H("\"1\"", "S"), " -> ", R("each(fun to1/1, S)"), ";\n", H("_", "S"), " -> ", R("S"), ".\n", convert("to1", Form, A, B)];
change(junk, _, _, _, H, R) -> [H("_", "S"), " -> ", R("{converted, S}"), ".\n"];
change(refuses, _, _, _, H, _) -> [H("_", "_"), " -> {error, not_possible}.\n"].

%% … and anything else stays as it is.
guard_shape(Text) -> [lists:droplast(lists:droplast(lists:flatten(Text))), ";\n", hd(string:lexemes(lists:flatten(Text), "(")), "(S) -> S.\n"].

exported(Text) -> ["-compile(export_all). -compile(nowarn_export_all).\n", Text].

%% ---- gen_server ----

server(Id) ->
    {What, A, B, Text} = stateful(Id, false),
    both({server, What}, fun({old, _} = V, M) -> one(Id, Text(V, M), M);
                            ({new, _} = V, M) -> one(Id, Text(V, M), M) end, {old, A}, {new, B}).

stateful(Id, _) ->
    Form = pick(forms([record, record, record, map, tuple])),
    A = fields_some(),
    {Edit, B} = edit_fields(A),
    Outer = pick(outers()), Init = pick(inits()), Change = pick(changes(Edit)),
    Here = rand:uniform(3) > 1,
    Text = fun(V, M) -> server_text(Id, M, Form, Outer, Init, V, Change, A, B, Here) end,
    {{Edit, Form, Outer, Init, Change}, A, B, Text}.

server_text(Id, Mark, Form, Outer, Init, {Side, Fs}, Change, A, B, Direct) ->
    {State, Each} = outer(Outer, fresh(Form, Fs)),
    ["-module(", Id, "). -behaviour(gen_server).\n",
     exported(["start_link() -> gen_server:start_link({local, ", Id, "}, ", Id, ", [], []).\n"]),
     definition(Form, Fs), init(Init, State), "new() -> ", fresh(Form, Fs), ".\n", Each, functions(Form, Fs),
     case Direct andalso Outer =:= none of
         true -> ["handle_call(check, _, S) -> true = check1(S), {reply, ", Mark, ", S};\nhandle_call(bump, _, S) -> {reply, ok, bump1(S)}.\n"];
         false -> ["handle_call(check, _, S) -> each(fun(X) -> true = check1(X), X end, S), {reply, ", Mark, ", S};\n"
                   "handle_call(bump, _, S) -> {reply, ok, each(fun bump1/1, S)}.\n"]
     end,
     "handle_cast(_, S) -> {noreply, S}.\n",
     case Side of old -> "code_change(_, S, _) -> {ok, S}.\n"; new -> change(Change, Form, A, B) end].

%% ---- gen_statem ----

statem(Id) ->
    Form = pick(forms([record, map, tuple])),
    A = fields_some(),
    {Edit, B} = edit_fields(A),
    Mode = pick([state_functions, handle_event_function]),
    Change = pick(changes(Edit)),
    {Busy, What} = case rand:uniform(5) of 1 -> {"working", renamed}; _ -> {"busy", kept} end,
    Mode2 = case rand:uniform(10) of 1 -> pick([state_functions, handle_event_function]); _ -> Mode end,
    Text = fun(Side, Fs, State, Md, M) -> statem_text(Id, M, Form, Side, Fs, State, Md, Change, A, B) end,
    {{statem, {Edit, Form, Mode, Mode2, What, Change}}, one(Id, Text(old, A, "busy", Mode, "1"), "1"),
     one(Id, Text(new, B, Busy, Mode2, "2"), "2")}.

statem_text(Id, Mark, Form, Side, Fs, Busy, Mode, Change, A, B) ->
    ["-module(", Id, "). -behaviour(gen_statem).\n",
     exported(["start_link() -> gen_statem:start_link({local, ", Id, "}, ", Id, ", [], []).\n"]),
     definition(Form, Fs), "callback_mode() -> ", atom_to_list(Mode), ".\n",
     "init(_) -> {ok, idle, ", fresh(Form, Fs), "}.\neach(F, S) -> F(S).\n", functions(Form, Fs),
     [case Mode of
          state_functions -> [S, "(T, E, D) -> on(T, E, ", Next, ", D).\n"];
          handle_event_function -> ""
      end || {S, Next} <- [{"idle", Busy}, {Busy, "idle"}]],
     case Mode of
         state_functions -> "";
         handle_event_function -> ["handle_event(T, E, idle, D) -> on(T, E, ", Busy, ", D);\nhandle_event(T, E, ", Busy, ", D) -> on(T, E, idle, D).\n"]
     end,
     "on({call, From}, check, _, D) -> true = check1(D), {keep_state_and_data, [{reply, From, ", Mark, "}]};\n"
     "on({call, From}, bump, Next, D) -> {next_state, Next, bump1(D), [{reply, From, ok}]}.\n",
     case {Side, Change} of
         {old, _} -> "code_change(_, S, D, _) -> {ok, S, D}.\n";
         _ -> change(Change, Form, A, B, fun(V, D) -> ["code_change(", V, ", T, ", D, ", _)"] end,
                     fun(D) -> ["{ok, T, ", D, "}"] end)
     end].

%% ---- gen_event ----

event(Id) ->
    Form = pick(forms([record, map, tuple])),
    A = fields_some(),
    {Edit, B} = edit_fields(A),
    Change = pick(changes(Edit)),
    Modules = pick(["", ", modules => dynamic", fill(", modules => [@ID@]", [{"ID", Id}])]),
    Make = fun(Side, Fs, M) ->
        {_, Each} = outer(none, ""),
        Text = ["-module(", Id, "). -behaviour(gen_event).\n",
                exported(["start_link() -> {ok, P} = gen_event:start_link({local, ", Id, "_m}), ok = gen_event:add_handler(P, ", Id, ", []), {ok, P}.\n"]),
                definition(Form, Fs), "init(_) -> {ok, ", fresh(Form, Fs), "}.\n", Each, functions(Form, Fs),
                "handle_event(_, S) -> {ok, S}.\n"
                "handle_call(check, S) -> true = check1(S), {ok, ", M, ", S};\nhandle_call(bump, S) -> {ok, ok, bump1(S)}.\n",
                case Side of old -> "code_change(_, S, _) -> {ok, S}.\n"; new -> change(Change, Form, A, B) end],
        #{modules => [{Id, Text, process}], children => [child(Id, Modules)],
          probes => [{event, list_to_integer(M), {list_to_atom(Id ++ "_m"), list_to_atom(Id)}}], stay => [list_to_atom(Id ++ "_m")]}
    end,
    {{event, {Edit, Form, Change, Modules}}, Make(old, A, "1"), Make(new, B, "2")}.

%% ---- loops ----

loop(Id) ->
    Kind = pick([local, qualified, qualified, hibernating, spawned, special]),
    Form = pick(forms([record, map, tuple])),
    A = fields_some(),
    {Edit, B} = edit_fields(A),
    Outer = pick(outers()),
    Change = pick(changes(Edit)),
    Make = fun(Side, Fs, M) ->
        #{modules => [{Id, loop_text(Id, M, {Kind, Outer}, Form, Side, Fs, Change, A, B), process}], children => [child(Id)],
          probes => [{loop, list_to_integer(M), list_to_atom(Id)}], stay => [list_to_atom(Id)]}
    end,
    {{loop, {Edit, Kind, Form, Outer, Change}}, Make(old, A, "1"), Make(new, B, "2")}.

loop_text(Id, Mark, {Kind, Outer}, Form, Side, Fs, Change, A, B) ->
    {State, Each} = outer(Outer, fresh(Form, Fs)),
    Again = fun(S) ->
                    case Kind of
                        local -> ["loop(P, ", S, ")"];
                        special -> ["loop(P, ", S, ")"];
                        hibernating -> ["proc_lib:hibernate(", Id, ", loop, [P, ", S, "])"];
                        _ -> [Id, ":loop(P, ", S, ")"]
                    end
            end,
    ["-module(", Id, ").\n",
     exported(""), definition(Form, Fs),
     case Kind of
                  spawned -> ["start_link() -> P = self(), W = spawn_link(fun() -> receive go -> loop(P, ", State, ") end end),\n"
                              "  register(", Id, ", W), W ! go, {ok, W}.\n"];
                  _ -> ["start_link() -> proc_lib:start_link(", Id, ", begin_loop, [self()]).\n"
                        "begin_loop(P) -> register(", Id, ", self()), proc_lib:init_ack({ok, self()}), loop(P, ", State, ").\n"]
              end,
     "new() -> ", fresh(Form, Fs), ".\n", Each, functions(Form, Fs),
     "loop(P, S) -> receive\n"
     "  {check, From, Ref} -> each(fun(X) -> true = check1(X), X end, S), From ! {Ref, ", Mark, "}, ", Again("S"), ";\n"
     "  {bump, From, Ref} -> From ! {Ref, ok}, ", Again("each(fun bump1/1, S)"),
     case Kind of
         special -> [";\n  {system, From, Req} -> sys:handle_system_msg(Req, From, P, ", Id, ", [], S)"];
         _ -> ""
     end, "\n end.\n",
     case Kind of
         special ->
             ["system_continue(P, _, S) -> loop(P, S).\nsystem_terminate(R, _, _, _) -> exit(R).\n",
              case Side of
                  old -> "system_code_change(S, _, _, _) -> {ok, S}.\n";
                  new -> change(Change, Form, A, B, fun(V, S) -> ["system_code_change(", S, ", _, ", V, ", _)"] end,
                                fun(S) -> ["{ok, ", S, "}"] end)
              end];
         _ -> [case Side of old -> ""; new -> "" end]
     end].

%% ---- a supervisor whose children are all alike ----

pool(Id) ->
    Worker = Id ++ "_w", Starter = Id ++ "_s",
    {What, A, B, Text} = stateful(Worker, true),
    Make = fun(V, M) ->
        Sup = fill("-module(@ID@). -behaviour(supervisor). -export([start_link/0, init/1]).\n"
                   "start_link() -> supervisor:start_link({local, @ID@}, @ID@, []).\n"
                   "init([]) -> {ok, {#{strategy => simple_one_for_one}, [#{id => w, start => {@ID@_w, start, []}}]}}.\n", [{"ID", Id}]),
        Start = fill("-module(@ID@_s). -behaviour(gen_server). -export([start_link/0, init/1, handle_call/3, handle_cast/2]).\n"
                     "start_link() -> gen_server:start_link({local, @ID@_s}, @ID@_s, [], []).\n"
                     "init(_) -> [{ok, _} = supervisor:start_child(@ID@, []) || _ <- [1, 2, 3]], {ok, none}.\n"
                     "handle_call(_, _, S) -> {reply, 1, S}.\nhandle_cast(_, S) -> {noreply, S}.\n", [{"ID", Id}]),
        #{modules => [{Worker, [Text(V, M), fill("start() -> gen_server:start_link(@W@, [], []).\n", [{"W", Worker}])], process},
                      {Id, Sup, process}, {Starter, Start, process}],
          children => [child(Id, ", type => supervisor"), child(Starter)],
          probes => [{children, list_to_integer(M), list_to_atom(Id)}], stay => [list_to_atom(Id), list_to_atom(Starter)]}
    end,
    both({pool, What}, Make, {old, A}, {new, B}).

%% ---- calls between modules ----

caller(Id) ->
    Lib = Id ++ "_lib", Deep = Id ++ "_deep",
    Edit = pick([arity, semantics, added, removed, new_module, deeper, renamed]),
    Old = {"@LIB@:get(S)", "get(S) -> S + @DEEP@:one().\nunused() -> 1.\n", "one() -> 1.\n"},
    New = case Edit of
              arity -> {"@LIB@:get(S, 1)", "get(S, N) -> S + N * @DEEP@:one().\nunused() -> 1.\n", "one() -> 1.\n"};
              semantics -> {"@LIB@:get(S)", "get(S) -> S + 2 * @DEEP@:one().\nunused() -> 1.\n", "one() -> 1.\n"};
              added -> {"@LIB@:more(@LIB@:get(S))", "get(S) -> S + @DEEP@:one().\nmore(S) -> S.\nunused() -> 1.\n", "one() -> 1.\n"};
              removed -> {"@LIB@:get(S)", "get(S) -> S + @DEEP@:one().\n", "one() -> 1.\n"};
              new_module -> {"@DEEP@2:get(S)", "get(S) -> S + @DEEP@:one().\nunused() -> 1.\n", "one() -> 1.\n"};
              deeper -> {"@LIB@:get(S)", "get(S) -> S + @DEEP@:one(2).\nunused() -> 1.\n", "one(N) -> N.\n"};
              renamed -> {"@LIB@:fetch(S)", "fetch(S) -> S + @DEEP@:one().\nunused() -> 1.\n", "one() -> 1.\n"}
          end,
    %% A worker that asks all the time: whatever is missing for a moment kills it.
    Kind = pick([server, loop, timed]),
    Make = fun({Call, LibText, DeepText}, M) ->
        V = [{"LIB", Lib}, {"DEEP", Deep}, {"ID", Id}, {"MARK", M}],
        C = fill(Call, V),
        Text = fill(caller_text(Kind, C), V),
        More = [{Deep ++ "2", fill("-module(@DEEP@2). -export([get/1]).\nget(S) -> S + @DEEP@:one().\n", V)} || Edit =:= new_module, M =:= "2"],
        (one(Id, Text, M, [{Lib, [fill("-module(@LIB@).\n", V), exported(fill(LibText, V))]},
                          {Deep, [fill("-module(@DEEP@).\n", V), exported(fill(DeepText, V))]} | More]))#{
            probes => [{case Kind of loop -> loop; _ -> call end, list_to_integer(M), list_to_atom(Id)}]}
    end,
    {{caller, Edit, Kind}, Make(Old, "1"), Make(New, case element(1, Old) =:= element(1, New) of true -> "1"; false -> "2" end)}.

caller_text(server, C) ->
    ["-module(@ID@). -behaviour(gen_server).\n",
     exported("start_link() -> gen_server:start_link({local, @ID@}, @ID@, [], []).\ninit(_) -> {ok, 0}.\n"),
     "handle_call(check, _, S) -> ", C, ", {reply, @MARK@, S};\nhandle_call(bump, _, S) -> {reply, ok, ", C, "}.\n"
     "handle_cast(_, S) -> {noreply, S}.\ncode_change(_, S, _) -> {ok, S}.\n"];
caller_text(timed, C) ->
    ["-module(@ID@). -behaviour(gen_server).\n",
     exported("start_link() -> gen_server:start_link({local, @ID@}, @ID@, [], []).\ninit(_) -> {ok, 0, 1}.\n"),
     "handle_call(check, _, S) -> {reply, @MARK@, S, 1};\nhandle_call(bump, _, S) -> {reply, ok, S, 1}.\n"
     "handle_cast(_, S) -> {noreply, S, 1}.\nhandle_info(timeout, S) -> {noreply, ", C, ", 1}.\ncode_change(_, S, _) -> {ok, S}.\n"];
caller_text(loop, C) ->
    ["-module(@ID@).\n",
     exported("start_link() -> proc_lib:start_link(@ID@, begin_loop, [self()]).\n"),
     "begin_loop(P) -> register(@ID@, self()), proc_lib:init_ack({ok, self()}), loop(P, 0).\n"
     "loop(P, S) -> receive {check, From, Ref} -> From ! {Ref, @MARK@}, ?MODULE:loop(P, S);\n"
     "  {bump, From, Ref} -> From ! {Ref, ok}, ?MODULE:loop(P, ", C, ")\n after 1 -> ?MODULE:loop(P, ", C, ") end.\n"].

%% ---- funs, and names of functions, that are kept ----

holder(Id) ->
    Lib = Id ++ "_lib",
    Kind = pick([closure, external, own, table, mfa]),
    Edit = pick([same, library, library, holder, lost]),
    Kept = case Kind of
               closure -> "@LIB@:make()";
               external -> "fun @LIB@:run/1";
               own -> "fun(X) -> X + 1 end";
               table -> "begin ets:new(@ID@_t, [named_table]), ets:insert(@ID@_t, {f, @LIB@:make()}), fun lists:sum/1 end";
               mfa -> "{@LIB@, run}"
           end,
    Use = case Kind of
              table -> "[{f, F}] = ets:lookup(@ID@_t, f), F(1)";
              mfa -> "{M, F} = S, M:F(1)";
              _ -> "S(1)"
          end,
    Make = fun(Run, LibMark, M) ->
        V = [{"KEPT", Kept}, {"USE", Use}, {"ID", Id}, {"LIB", Lib}, {"MARK", M}, {"M", LibMark}, {"RUN", Run}],
        F = fun(T) -> fill(fill(T, V), V) end,
        one(Id, F(["-module(@ID@). -behaviour(gen_server).\n",
                   exported("start_link() -> gen_server:start_link({local, @ID@}, @ID@, [], []).\ninit(_) -> {ok, @KEPT@}.\n"),
                   "handle_call(check, _, S) -> @USE@, {reply, @MARK@, S};\nhandle_call(bump, _, S) -> {reply, ok, S}.\n"
                   "handle_cast(_, S) -> {noreply, S}.\ncode_change(_, S, _) -> {ok, S}.\n"]), M,
            [{Lib, F(["-module(@LIB@).\n", exported("make() -> fun(X) -> X + @M@ end.\n@RUN@(X) -> X + @M@.\n")])}])
    end,
    {LibMark, Run, Mark} = case Edit of
        same -> {"1", "run", "2"};
        library -> {"2", "run", "1"};
        holder -> {"1", "run", "2"};
        lost -> {"2", "go", "1"}
    end,
    {{holder, Kind, Edit}, Make("run", "1", "1"), Make(Run, LibMark, Mark)}.

%% ---- timers ----

timer(Id) ->
    Kind = pick([send_after, interval, info]),
    Edit = pick([body, body, message, faster]),
    Make = fun(Tick, Ms, M) ->
        V = [{"ID", Id}, {"TICK", Tick}, {"MS", Ms}, {"MARK", M}],
        Set = case Kind of
                  send_after -> "erlang:send_after(@MS@, self(), @TICK@)";
                  interval -> "timer:send_interval(@MS@, @TICK@)";
                  info -> "erlang:start_timer(@MS@, self(), @TICK@)"
              end,
        Clause = case Kind of info -> "{timeout, _, @TICK@}"; _ -> "@TICK@" end,
        Again = case Kind of interval -> "ok"; _ -> Set end,
        Text = fill(["-module(@ID@). -behaviour(gen_server).\n",
                     exported("start_link() -> gen_server:start_link({local, @ID@}, @ID@, [], []).\n"),
                     "init(_) -> ", Set, ", {ok, 0}.\n"
                     "handle_call(check, _, S) -> {reply, @MARK@, S};\nhandle_call(bump, _, S) -> timer:sleep(2), {reply, ok, S}.\n"
                     "handle_cast(_, S) -> {noreply, S}.\nhandle_info(", Clause, ", S) -> ", Again, ", {noreply, S + 1}.\n"
                     "code_change(_, S, _) -> {ok, S}.\n"], V),
        one(Id, Text, M)
    end,
    {Tick, Ms} = case Edit of body -> {"tick", "2"}; message -> {"tock", "2"}; faster -> {"tick", "1"} end,
    {{timer, Kind, Edit}, Make("tick", "2", "1"), Make(Tick, Ms, "2")}.

%% ---- a supervisor of some ----

tree(Id) ->
    Edit = pick([added, removed, restarted, shutdown, argument, flags, order, renamed, none, both]),
    Workers = [Id ++ "_" ++ [C] || C <- "abc"],
    Old = [{W, worker_spec(W, W, "1", "")} || W <- lists:sublist(Workers, 2)],
    [A, B] = Old,
    C = {hd(lists:nthtail(2, Workers)), worker_spec(hd(lists:nthtail(2, Workers)), hd(lists:nthtail(2, Workers)), "1", "")},
    {WA, _} = A,
    New = case Edit of
              added -> pick([[A, B, C], [C, A, B]]);
              removed -> [B];
              restarted -> [{WA, worker_spec(WA, WA, "1", ", restart => transient")}, B];
              shutdown -> [{WA, worker_spec(WA, WA, "1", ", shutdown => 1000")}, B];
              argument -> [{WA, worker_spec(WA, WA, "2", "")}, B];
              order -> [B, A];
              renamed -> [{WA ++ "x", worker_spec(WA ++ "x", WA, "1", "")}, B];
              both -> [B, C];
              _ -> Old
          end,
    Flags = fun(N) -> "#{strategy => one_for_one, intensity => " ++ N ++ ", period => 5}" end,
    Shape = pick([plain, variable, function, comprehension]),
    Make = fun(Specs, F, Side) ->
        Text = sup_text(Shape, Id, F, Specs),
        Started = [W || W <- Workers, lists:any(fun({_, T}) -> string:find(T, "{" ++ W ++ ",") =/= nomatch end, Specs)],
        #{modules => [{Id, Text, process} | [{W, worker_text(W), process} || W <- Started]],
          children => [child(Id, ", type => supervisor")],
          probes => [{call, 1, list_to_atom(W)} || W <- Started], tree => [{list_to_atom(Id), [list_to_atom(I) || {I, _} <- Specs]}],
          stay => [list_to_atom(Id) | [list_to_atom(W) || W <- Started, Edit =/= argument orelse Side =:= none, Edit =/= renamed]]}
    end,
    {{tree, Edit, Shape}, Make(Old, Flags("3"), old), Make(New, Flags(case Edit of flags -> "7"; _ -> "3" end), new)}.

worker_spec(Id, W, Arg, More) -> fill("#{id => @ID@, start => {@W@, start_link, [@A@]}@M@}", [{"ID", Id}, {"W", W}, {"A", Arg}, {"M", More}]).

worker_text(W) ->
    fill(["-module(@W@). -behaviour(gen_server).\n",
          exported("start_link(A) -> gen_server:start_link({local, @W@}, @W@, A, []).\ninit(A) -> {ok, A}.\n"
                   "handle_call(_, _, S) -> {reply, 1, S}.\nhandle_cast(_, S) -> {noreply, S}.\n")], [{"W", W}]).

sup_text(Shape, Id, Flags, Specs) ->
    List = ["[", lists:join(",\n   ", [T || {_, T} <- Specs]), "]"],
    ["-module(", Id, "). -behaviour(supervisor). -export([start_link/0, init/1]).\n"
     "start_link() -> supervisor:start_link({local, ", Id, "}, ", Id, ", []).\n",
     case Shape of
         plain -> ["init([]) -> {ok, {", Flags, ", ", List, "}}.\n"];
         variable -> ["init(_) -> Specs = ", List, ", Flags = ", Flags, ", {ok, {Flags, Specs}}.\n"];
         function -> ["init(_) -> {ok, {", Flags, ", children()}}.\nchildren() -> ", List, ".\n"];
         comprehension -> ["init(_) -> {ok, {", Flags, ", [S || S <- ", List, ", is_map(S)]}}.\n"]
     end].

%% ---- configuration ----

env(Id) ->
    App = list_to_atom(lists:droplast(Id)),
    Edit = pick([value, added, gone, none]),
    Text = fill(["-module(@ID@). -behaviour(gen_server).\n",
                 exported("start_link() -> gen_server:start_link({local, @ID@}, @ID@, [], []).\n"
                          "value() -> application:get_env(@APP@, @ID@, none).\ninit(_) -> {ok, value()}.\n"
                          "handle_call(check, _, S) -> {reply, case value() of S -> 1; _ -> stale end, S};\nhandle_call(bump, _, S) -> {reply, ok, S}.\n"
                          "handle_cast(changed, _) -> {noreply, value()}.\n")], [{"ID", Id}, {"APP", atom_to_list(App)}]),
    Make = fun(Env) -> (one(Id, Text, "1"))#{env => Env, config => [fill("gen_server:cast(@ID@, changed),", [{"ID", Id}])]} end,
    Key = list_to_atom(Id),
    {Old, New} = case Edit of
                     value -> {[{Key, 1}], [{Key, 2}]};
                     added -> {[], [{Key, 2}]};
                     gone -> {[{Key, 1}], []};
                     none -> {[{Key, 1}], [{Key, 1}]}
                 end,
    {{env, Edit}, Make(Old), Make(New)}.

%% ---- what a library makes, and a process that is the same keeps ----

items(Id) ->
    Lib = Id ++ "_item",
    Form = pick(forms([record, map, tuple])),
    A = fields_some(),
    {Edit, B} = edit_fields(A),
    Outer = pick([none, list, map, tuple, dictionary, ets]),
    {State, Each} = outer(Outer, [Lib, ":new()"]),
    Changed = rand:uniform(2) =:= 1,
    Server = fun(M) ->
        ["-module(", Id, "). -behaviour(gen_server).\n",
         exported(["start_link() -> gen_server:start_link({local, ", Id, "}, ", Id, ", [], []).\ninit(_) -> {ok, ", State, "}.\n", Each]),
         "handle_call(check, _, S) -> each(fun(X) -> true = ", Lib, ":check1(X), X end, S), {reply, ", M, ", S};\n"
         "handle_call(bump, _, S) -> {reply, ok, each(fun ", Lib, ":bump1/1, S)}.\n"
         "handle_cast(_, S) -> {noreply, S}.\ncode_change(_, S, _) -> {ok, S}.\n"]
    end,
    Item = fun(Fs, M) -> ["-module(", Lib, ").\n", exported(definition(Form, Fs)), "mark() -> ", M, ".\nnew() -> ", fresh(Form, Fs), ".\n", functions(Form, Fs)] end,
    Mark = case Changed of true -> "2"; false -> "1" end,
    {{items, {Edit, Form, Outer, Changed}}, one(Id, Server("1"), "1", [{Lib, Item(A, "1")}]), one(Id, Server(Mark), Mark, [{Lib, Item(B, "2")}])}.
