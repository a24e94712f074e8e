// SPDX-License-Identifier: Apache-2.0
/* What modules do, read from their code: compiled here by erlc and elixirc, and asked both as they
 * are and stripped.
 */
#include "base/file.h"
#include "erlang/code/children.h"
#include "erlang/code/code_facts.h"
#include "erlang/code/code_native.h"
#include "erlang/code/code_run.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct arena arena;
static const char *folder;

/* ---- sources ---- */

#define GS "use GenServer\ndef init(a), do: {:ok, a}\n"
#define CALLS "handle_call(_,_,S) -> {reply,ok,S}. handle_cast(_,S) -> {noreply,S}. "
#define EXPORTS "-behaviour(gen_server). -export([init/1,handle_call/3,handle_cast/2]). "
#define SERVER EXPORTS CALLS
#define CHANGE EXPORTS "-export([code_change/3]). " CALLS "init(_) -> {ok,1}. "
#define STATEM                                              \
	"-export([init/1,callback_mode/0,code_change/4]). " \
	"init(_) -> {ok,a,1}. callback_mode() -> state_functions. "

/* clang-format off */
/* Names that begin with a capital are Elixir modules. */
static const struct change {
	const char *name, *source;
	enum beam_role role;
	enum code_change want;
} changes[] = {
	{ "absent", SERVER "init(_) -> {ok,1}.", BEAM_GEN_SERVER, CODE_CHANGE_ABSENT },
	{ "keeps", CHANGE "code_change(_,S,_) -> {ok,S}.", BEAM_GEN_SERVER, CODE_CHANGE_KEEPS },
	{ "logs", CHANGE "code_change(V,S,_) -> logger:info(\"from ~p\", [V]), {ok,S}.", BEAM_GEN_SERVER, CODE_CHANGE_KEEPS },
	{ "logs_macro", "-include_lib(\"kernel/include/logger.hrl\"). " CHANGE
	  "code_change(V,S,_) -> ?LOG_NOTICE(#{from => V, state => S}), {ok,S}.", BEAM_GEN_SERVER, CODE_CHANGE_KEEPS },
	{ "matches", "-record(state,{a,b}). " CHANGE "code_change(_,#state{a=1}=S,_) -> {ok,S}; code_change(_,S,_) -> {ok,S}.",
	  BEAM_GEN_SERVER, CODE_CHANGE_KEEPS },
	{ "down_only", CHANGE "code_change({down,_},S,_) -> {ok,S}; code_change(_,S,[]) -> {ok,S}; code_change(_,_,_) -> {error,no}.",
	  BEAM_GEN_SERVER, CODE_CHANGE_KEEPS },
	{ "catches", CHANGE "code_change(V,S,_) -> try list_to_atom(V) of A -> put(x,A) catch _:_ -> ok end, {ok,S}.",
	  BEAM_GEN_SERVER, CODE_CHANGE_KEEPS },
	{ "identity", CHANGE "code_change(_,S,_) -> {ok,same(S)}. same(S) -> erlang:display(S), S.", BEAM_GEN_SERVER, CODE_CHANGE_KEEPS },
	{ "receives", CHANGE "code_change(_,S,_) -> receive x -> ok after 0 -> ok end, {ok,S}.", BEAM_GEN_SERVER, CODE_CHANGE_KEEPS },
	{ "converts", CHANGE "code_change(_,{state,A},_) -> {ok,{state,A,0}}.", BEAM_GEN_SERVER, CODE_CHANGE_CONVERTS },
	{ "by_version", CHANGE "code_change(\"1\",{state,A},_) -> {ok,{state,A,0}}; code_change(_,S,_) -> {ok,S}.",
	  BEAM_GEN_SERVER, CODE_CHANGE_CONVERTS },
	{ "helper", CHANGE "code_change(_,S,_) -> {ok,convert(S)}. convert({state,A}) -> {state,A,0}; convert(S) -> S.",
	  BEAM_GEN_SERVER, CODE_CHANGE_CONVERTS },
	{ "maps_put", CHANGE "code_change(_,S,_) -> {ok,maps:put(x,1,S)}.", BEAM_GEN_SERVER, CODE_CHANGE_CONVERTS },
	{ "elsewhere", CHANGE "code_change(V,S,E) -> other:code_change(V,S,E).", BEAM_GEN_SERVER, CODE_CHANGE_UNKNOWN },
	{ "refuses", CHANGE "code_change(_,_,_) -> {error,never}.", BEAM_GEN_SERVER, CODE_CHANGE_UNKNOWN },
	{ "other_arg", CHANGE "code_change(_,_,E) -> {ok,E}.", BEAM_GEN_SERVER, CODE_CHANGE_CONVERTS },
	{ "endless", CHANGE "code_change(V,S,_) -> {ok,f(V,0,S)}. f(V,N,S) -> case get(N) of V -> S; X -> f([X,N,V],N+1,S) end.",
	  BEAM_GEN_SERVER, CODE_CHANGE_CONVERTS },
	{ "statem_keeps", STATEM "code_change(_,A,B,_) -> {ok,A,B}.", BEAM_GEN_STATEM, CODE_CHANGE_KEEPS },
	{ "statem_state", STATEM "code_change(_,old,B,_) -> {ok,new,B}; code_change(_,A,B,_) -> {ok,A,B}.", BEAM_GEN_STATEM, CODE_CHANGE_CONVERTS },
	{ "statem_data", STATEM "code_change(_,A,B,_) -> {ok,A,[B]}.", BEAM_GEN_STATEM, CODE_CHANGE_CONVERTS },
	{ "statem_swap", STATEM "code_change(_,A,B,_) -> {ok,B,A}.", BEAM_GEN_STATEM, CODE_CHANGE_CONVERTS },
	{ "special_keeps", "-export([system_code_change/4]). system_code_change(S,_,_,_) -> {ok,S}.", BEAM_SPECIAL, CODE_CHANGE_KEEPS },
	{ "special_converts", "-export([system_code_change/4]). system_code_change(S,_,_,_) -> {ok,[S]}.", BEAM_SPECIAL, CODE_CHANGE_CONVERTS },
	{ "no_role", CHANGE "code_change(_,S,_) -> {ok,S}.", BEAM_APPLICATION, CODE_CHANGE_UNKNOWN },
	{ "Default", GS, BEAM_GEN_SERVER, CODE_CHANGE_KEEPS },
	{ "ByHand", GS "def code_change(_old, state, _extra), do: {:ok, state}", BEAM_GEN_SERVER, CODE_CHANGE_KEEPS },
	{ "Logs", "require Logger\n" GS "def code_change(old, state, _extra) do\nLogger.info(\"from #{inspect(old)}\")\n{:ok, state}\nend",
	  BEAM_GEN_SERVER, CODE_CHANGE_KEEPS },
	{ "Puts", GS "def code_change(_, state, _), do: {:ok, Map.put(state, :new, 1)}", BEAM_GEN_SERVER, CODE_CHANGE_CONVERTS },
	{ "Updates", GS "def code_change(_, state, _), do: {:ok, %{state | new: 1}}", BEAM_GEN_SERVER, CODE_CHANGE_CONVERTS },
	{ "PutNew", GS "def code_change(_, state, _), do: {:ok, Map.put_new(state, :new, 1)}", BEAM_GEN_SERVER, CODE_CHANGE_CONVERTS },
	{ "Down", GS "def code_change({:down, _}, state, _), do: {:ok, Map.delete(state, :new)}\ndef code_change(_, state, _), do: {:ok, state}",
	  BEAM_GEN_SERVER, CODE_CHANGE_CONVERTS },
};

static const struct shape {
	const char *name, *source;
	enum beam_role role;
	const char *want;
} shapes[] = {
	{ "s_record", "-record(state,{a,b=2}). " SERVER "init(X) -> {ok,#state{a=X}}.", BEAM_GEN_SERVER, "a tuple of 3, beginning with state" },
	{ "s_literal", "-record(state,{a,b=2}). " SERVER "init(_) -> {ok,#state{}}.", BEAM_GEN_SERVER, "a tuple of 3, beginning with state" },
	/* Of two to the power of sixty parts. */
	{ "s_shared", SERVER "init(_) -> {ok,f(\"123123456789012345678901234567890123456789012345678901234567\",[])}. "
	  "f([],X) -> X; f([_|T],X) -> f(T,{X,X}).", BEAM_GEN_SERVER, "a tuple of 2" },
	{ "s_timeout", "-record(state,{a,b=2}). " SERVER "init(_) -> {ok,#state{},0}.", BEAM_GEN_SERVER, "a tuple of 3, beginning with state" },
	{ "s_continue", SERVER "init(X) -> {ok,#{x => X, \"y\" => 1},{continue,go}}.", BEAM_GEN_SERVER, "a map with x" },
	{ "s_helper", "-record(s,{a,b,c}). " SERVER "init(X) -> S = new(X), {ok,S}. new([]) -> #s{}; new(X) -> #s{c=X}.",
	  BEAM_GEN_SERVER, "a tuple of 4, beginning with s" },
	{ "s_update", "-record(s,{a,b,c}). " SERVER "init(X) -> S = #s{}, S1 = S#s{a=X}, self() ! go, {ok,S1#s{b=self()}}.",
	  BEAM_GEN_SERVER, "a tuple of 4, beginning with s" },
	{ "s_ignore", SERVER "init([]) -> ignore; init(bad) -> {stop,bad}; init(X) -> process_flag(trap_exit,true), {ok,{X,1}}.",
	  BEAM_GEN_SERVER, "a tuple of 2" },
	{ "s_two", SERVER "init([]) -> {ok,{a,1}}; init(X) -> {ok,{b,X}}.", BEAM_GEN_SERVER, "unknown" },
	{ "s_atom", SERVER "init(_) -> {ok,idle}.", BEAM_GEN_SERVER, "atom" },
	{ "s_list", SERVER "init(X) -> {ok,[X]}.", BEAM_GEN_SERVER, "a list" },
	{ "s_given", SERVER "init(X) -> {ok,X}.", BEAM_GEN_SERVER, "unknown" },
	{ "s_remote", SERVER "init(_) -> {ok,ets:lookup_element(x,a,2)}.", BEAM_GEN_SERVER, "unknown" },
	{ "s_table", SERVER "init(_) -> {ok,ets:new(x,[])}.", BEAM_GEN_SERVER, "reference" },
	{ "s_ssl", SERVER "init(_) -> {ok,S} = ssl:connect(h,1,[]), {ok,S}.", BEAM_GEN_SERVER, "a socket of ssl" },
	{ "s_tcp", SERVER "init(_) -> case gen_tcp:listen(1,[]) of {ok,S} -> {ok,S}; {error,E} -> {stop,E} end.", BEAM_GEN_SERVER, "port" },
	{ "s_tls", SERVER "init(S) -> {ok,T} = ssl:handshake(S), ok = ssl:setopts(T,[]), {ok,T}.", BEAM_GEN_SERVER, "a socket of ssl" },
	{ "s_wrong", SERVER "init([]) -> {ok,S} = ssl:connect(h,1,[]), gen_tcp:send(S,x), {ok,S}; init(_) -> {ok,1}.", BEAM_GEN_SERVER, "integer" },
	{ "s_wrapped", SERVER "init([]) -> {ok,S} = gen_tcp:connect(h,1,[]), inet:setopts({tcp,S},[]), {ok,S}; init(_) -> {ok,1}.", BEAM_GEN_SERVER, "integer" },
	{ "s_beyond", SERVER "init([]) -> T = t(), element(3,T), {ok,T}; init(_) -> {ok,1}. t() -> {self(),b}.", BEAM_GEN_SERVER, "integer" },
	{ "s_segment", SERVER "init([]) -> {ok,<<(l())/binary,1>>}; init(_) -> {ok,1}. l() -> [self()].", BEAM_GEN_SERVER, "integer" },
	{ "s_sent", SERVER "init([]) -> l() ! x, {ok,x}; init(_) -> {ok,1}. l() -> [self()].", BEAM_GEN_SERVER, "integer" },
	{ "s_named", SERVER "init(_) -> {ok,ets:new(x,[set,named_table])}.", BEAM_GEN_SERVER, "atom" },
	{ "s_options", SERVER "init(O) -> {ok,ets:new(x,O)}.", BEAM_GEN_SERVER, "unknown" },
	{ "s_sorted", SERVER "init(X) -> {ok,lists:sort(X)}.", BEAM_GEN_SERVER, "a list" },
	{ "s_appended", SERVER "init(X) -> {ok,X ++ [1]}.", BEAM_GEN_SERVER, "a list" },
	{ "s_either", SERVER "init(X) -> {ok,max(length(X),1)}.", BEAM_GEN_SERVER, "integer" },
	{ "s_counted", SERVER "init(_) -> N = hd(lists:seq(3,3)), case {round(math:pow(2,N)),1 bsl N,timer:seconds(N),min(N,5),max(N,1)} of "
	  "{8,8,3000,3,3} -> {ok,{as,N}}; _ -> {ok,1} end.", BEAM_GEN_SERVER, "a tuple of 2, beginning with as" },
	{ "s_back_and_forth", SERVER "init(_) -> N = hd(lists:seq(999999999,999999999)), case round(math:pow(-1,N)) of "
	  "-1 -> {ok,{as,N}}; _ -> {ok,1} end.", BEAM_GEN_SERVER, "a tuple of 2, beginning with as" },
	{ "s_with", SERVER "init(X) -> {ok,maps:with([a],#{a => X,b => 1})}.", BEAM_GEN_SERVER, "a map with a" },
	{ "s_without", SERVER "init(X) -> {ok,maps:without([a],#{a => X,b => 1})}.", BEAM_GEN_SERVER, "a map with b" },
	{ "s_updated", SERVER "init(X) -> {ok,maps:update(a,X,#{a => 1})}.", BEAM_GEN_SERVER, "a map with a" },
	{ "s_put", SERVER "init(X) -> M = #{a => 1}, {ok,M#{b => X}}.", BEAM_GEN_SERVER, "a map with a, b" },
	{ "s_unknown_map", SERVER "init(X) -> {ok,X#{b => X}}.", BEAM_GEN_SERVER, "a map with b, …" },
	{ "s_try", "-record(s,{a}). " SERVER "init(X) -> try {ok,#s{a=open(X)}} catch _:E -> {stop,E} end. open(X) -> erlang:open_port(X,[]).",
	  BEAM_GEN_SERVER, "a tuple of 2, beginning with s" },
	{ "s_statem", "-export([init/1]). -record(d,{a,b}). init(X) -> {ok,idle,#d{a=X}}.", BEAM_GEN_STATEM, "a tuple of 3, beginning with d" },
	{ "s_actions", "-export([init/1]). init(X) -> {ok,idle,#{n => X},[{state_timeout,1,x}]}.", BEAM_GEN_STATEM, "a map with n" },
	{ "s_event", "-export([init/1]). init(X) -> {ok,{st,X}}.", BEAM_GEN_EVENT, "a tuple of 2, beginning with st" },
	{ "s_nif", "-on_load(go/0). " EXPORTS "go() -> erlang:load_nif(\"x\",0). new(_) -> exit(no_nif). " CALLS "init(X) -> {ok,{new(X),1}}.",
	  BEAM_GEN_SERVER, "a tuple of 2" },
	{ "s_none", "-export([f/0]). f() -> ok.", BEAM_GEN_SERVER, "unknown" },
	{ "Struct", "defstruct [:b, a: 1]\nuse GenServer\ndef init(x), do: {:ok, %__MODULE__{b: x}}", BEAM_GEN_SERVER, "the struct Elixir.Struct with a, b" },
	{ "StructBang", "defstruct [:b, a: 1]\nuse GenServer\ndef init(x), do: {:ok, struct!(__MODULE__, x)}", BEAM_GEN_SERVER, "the struct Elixir.StructBang with a, b" },
	{ "Powers", "use GenServer\ndef init(_), do: (if hd(Enum.to_list(3..3)) |> then(&(2 ** &1 + Integer.pow(2, &1))) == 16, do: {:ok, {:as, 1}}, else: {:ok, 1})", BEAM_GEN_SERVER,
	  "a tuple of 2, beginning with as" },
	{ "StructTwice", "defstruct [:b, a: 1]\nuse GenServer\ndef init(x) do\ns = %__MODULE__{b: x}\nProcess.send_after(self(), :go, 10)\n"
	  "{:ok, %{s | a: x[:a]}, {:continue, :go}}\nend", BEAM_GEN_SERVER, "the struct Elixir.StructTwice with a, b" },
	{ "PlainMap", "use GenServer\ndef init(opts), do: {:ok, %{name: Keyword.fetch!(opts, :name), n: 0}}", BEAM_GEN_SERVER, "a map with n, name" },
	{ "OfOther", "use GenServer\ndef init(opts), do: {:ok, %Struct{a: opts}}", BEAM_GEN_SERVER, "the struct Elixir.Struct with a, b" },
	{ "Case", "defstruct [:b, a: 1]\nuse GenServer\ndef init(x) do\ncase File.read(x) do\n{:ok, t} -> {:ok, %__MODULE__{b: t}}\n"
	  "{:error, e} -> {:stop, e}\nend\nend", BEAM_GEN_SERVER, "the struct Elixir.Case with a, b" },
};

#define SUP "-behaviour(supervisor). -export([init/1]). "
#define WORKER "use GenServer\ndef start_link(a), do: GenServer.start_link(__MODULE__, a)\ndef init(a), do: {:ok, a}\n"
#define ESUP(children) "use Supervisor\ndef init(arg) do\n_ = arg\nchildren = " children "\nSupervisor.init(children, strategy: :one_for_one)\nend"
#define EAPP(children) "use Application\ndef start(_, _) do\nchildren = " children "\n" \
	"Supervisor.start_link(children, strategy: :rest_for_one, name: X.Sup)\nend"

/* One child a line, then "| what is opaque". */
static const struct sup {
	const char *name, *source, *want;
} sups[] = {
	{ "sup_tuples", SUP "init(_) -> {ok,{{one_for_all,1,5},[{a,{a,start_link,[1]},permanent,2000,worker,[a]},"
	  "{b,{b,start_link,[]},temporary,infinity,supervisor,[b]}]}}.",
	  "one_for_all\na: a:start_link(1) permanent worker 2000\nb: b:start_link() temporary supervisor infinity\n" },
	{ "sup_maps", SUP "init(X) -> {ok,{#{strategy => one_for_one},[#{id => a, start => {a,start_link,[X]}},"
	  "#{id => {b,1}, start => {b,start,[]}, restart => transient, type => supervisor, modules => dynamic}]}}.",
	  "one_for_one\na: a:start_link(…) permanent worker 5000\n{b,1}: b:start() transient supervisor infinity\n" },
	{ "sup_helper", SUP "init(X) -> Flags = #{}, {ok,{Flags,[child(a,X),child(b,2)]}}. "
	  "child(M,A) -> #{id => M, start => {M,start_link,[A]}, shutdown => 100}.",
	  "one_for_one\na: a:start_link(…) permanent worker 100\nb: b:start_link(2) permanent worker 100\n" },
	{ "sup_macro", "-define(CHILD(I), {I,{I,start_link,[]},permanent,5000,worker,[I]}). " SUP
	  "init([]) -> {ok,{{one_for_one,5,10},[?CHILD(a),?CHILD(b)]}}.",
	  "one_for_one\na: a:start_link() permanent worker 5000\nb: b:start_link() permanent worker 5000\n" },
	{ "sup_comprehension", SUP "init(_) -> {ok,{#{strategy => one_for_one},[spec(M) || M <- [a,b,c]]}}. "
	  "spec(M) -> #{id => M, start => {M,start_link,[]}}.",
	  "one_for_one\na: a:start_link() permanent worker 5000\nb: b:start_link() permanent worker 5000\nc: c:start_link() permanent worker 5000\n" },
	{ "sup_map", SUP "init(_) -> {ok,{#{},lists:map(fun(M) -> #{id => M, start => {M,start_link,[]}} end, [a,b])}}.",
	  "one_for_one\na: a:start_link() permanent worker 5000\nb: b:start_link() permanent worker 5000\n" },
	{ "sup_append", SUP "init(_) -> {ok,{#{},[s(a)] ++ more()}}. more() -> [s(b)]. s(M) -> #{id => M, start => {M,start_link,[]}}.",
	  "one_for_one\na: a:start_link() permanent worker 5000\nb: b:start_link() permanent worker 5000\n" },
	{ "sup_same", SUP "init(X) -> case X of [] -> logger:info(\"x\"); _ -> ok end, {ok,{#{},[#{id => a, start => {a,f,[]}}]}}.",
	  "one_for_one\na: a:f() permanent worker 5000\n" },
	{ "sup_ignore", SUP "init([]) -> ignore; init(_) -> {ok,{#{},[#{id => a, start => {a,f,[]}}]}}.", "one_for_one\na: a:f() permanent worker 5000\n" },
	{ "sup_simple", SUP "init(_) -> {ok,{{simple_one_for_one,0,1},[{c,{c,start_link,[]},temporary,5000,worker,[c]}]}}.",
	  "simple_one_for_one\nc: c:start_link() temporary worker 5000\n" },
	{ "sup_none", SUP "init(_) -> {ok,{{one_for_one,1,1},[]}}.", "one_for_one\n" },
	{ "sup_branch", SUP "init(X) -> {ok,{#{},case X of [] -> []; _ -> [#{id => a, start => {a,f,[]}}] end}}.", "| init/1 has several lists" },
	{ "sup_env", SUP "init(_) -> {ok,{#{},[#{id => a, start => {a,f,[]}}|application:get_env(x,y,[])]}}.",
	  "one_for_one\na: a:f() permanent worker 5000\n| application:get_env/3" },
	{ "sup_remote", SUP "init(X) -> other:init(X).", "| other:init/1" },
	{ "sup_part", SUP "init(_) -> {ok,{#{},[other:spec(), #{id => a, start => {a,f,[]}, restart => other:restart()}]}}.",
	  "one_for_one\n_: _:_(…) _ _ _ (not seen: other:spec/0)\na: a:f() _ worker 5000 (not seen: other:restart/0)\n" },
	{ "sup_id", SUP "init(X) -> {ok,{#{},[#{id => X, start => {a,f,[]}}]}}.",
	  "one_for_one\n_: a:f() permanent worker 5000 (not seen: a value at run time)\n" },
	{ "W", WORKER, NULL },
	{ "V", "use GenServer, restart: :transient, shutdown: 100, id: :vee\ndef start_link(a), do: GenServer.start_link(__MODULE__, a)\ndef init(a), do: {:ok, a}\n", NULL },
	{ "U", "def child_spec(opts), do: %{id: {U, opts[:name]}, start: {U, :go, [opts]}, type: :supervisor}", NULL },
	{ "SupModules", ESUP("[W, {V, [n: 1]}]"),
	  "one_for_one\n'Elixir.W': Elixir.W:start_link([]) permanent worker 5000\nvee: Elixir.V:start_link([{n,1}]) transient worker 100\n" },
	{ "SupArg", ESUP("[{W, arg}, {U, name: :x}]"),
	  "one_for_one\n'Elixir.W': Elixir.W:start_link(…) permanent worker 5000\n"
	  "{'Elixir.U',x}: Elixir.U:go([{name,x}]) permanent supervisor infinity\n" },
	{ "SupMaps", ESUP("[%{id: :m, start: {W, :start_link, [1]}}, Supervisor.child_spec({W, 2}, id: :two, restart: :temporary)]"),
	  "one_for_one\nm: Elixir.W:start_link(1) permanent worker 5000\ntwo: Elixir.W:start_link(2) temporary worker 5000\n" },
	{ "SupStd", ESUP("[{Registry, keys: :unique, name: My.Reg}, {DynamicSupervisor, name: My.Dyn, strategy: :one_for_one}, "
	  "{Task.Supervisor, name: My.Tasks}, {Agent, fn -> 1 end}, {Task, &IO.puts/1}]"),
	  "one_for_one\n'Elixir.My.Reg': Elixir.Registry:start_link([{keys,unique},{name,'Elixir.My.Reg'}]) permanent supervisor infinity\n"
	  "'Elixir.My.Dyn': Elixir.DynamicSupervisor:start_link([{name,'Elixir.My.Dyn'},{strategy,one_for_one}]) permanent supervisor infinity\n"
	  "'Elixir.My.Tasks': Elixir.Task.Supervisor:start_link([{name,'Elixir.My.Tasks'}]) permanent supervisor infinity\n"
	  "'Elixir.Agent': Elixir.Agent:start_link(…) permanent worker 5000\n"
	  "'Elixir.Task': Elixir.Task:start_link(fun 'Elixir.IO':puts/1) temporary worker 5000\n" },
	{ "SupFor", ESUP("for n <- [1, 2], do: Supervisor.child_spec({W, n}, id: {W, n})"),
	  "one_for_one\n{'Elixir.W',1}: Elixir.W:start_link(1) permanent worker 5000\n{'Elixir.W',2}: Elixir.W:start_link(2) permanent worker 5000\n" },
	{ "SupMap", ESUP("Enum.map([:a, :b], &%{id: &1, start: {W, :start_link, [&1]}})"),
	  "one_for_one\na: Elixir.W:start_link(a) permanent worker 5000\nb: Elixir.W:start_link(b) permanent worker 5000\n" },
	{ "SupConcat", ESUP("[W] ++ [{V, 1}]"),
	  "one_for_one\n'Elixir.W': Elixir.W:start_link([]) permanent worker 5000\nvee: Elixir.V:start_link(1) transient worker 100\n" },
	{ "SupMissing", ESUP("[W, Nowhere]"),
	  "one_for_one\n'Elixir.W': Elixir.W:start_link([]) permanent worker 5000\n_: _:_(…) _ _ _ (not seen: Elixir.Nowhere:child_spec/1)\n" },
	{ "SupIf", ESUP("if arg, do: [W], else: []"), "| init/1 has several lists" },
	{ "SupSup", ESUP("[SupModules, {SupDyn, []}]"),
	  "one_for_one\n'Elixir.SupModules': Elixir.SupModules:start_link([]) permanent supervisor infinity\n"
	  "'Elixir.SupDyn': Elixir.SupDyn:start_link([]) permanent supervisor infinity\n" },
	{ "SupDyn", "use DynamicSupervisor\ndef init(_), do: DynamicSupervisor.init(strategy: :one_for_one)", "dynamic\n" },
	{ "App", EAPP("[W, {V, 2}]"),
	  "rest_for_one\n'Elixir.W': Elixir.W:start_link([]) permanent worker 5000\nvee: Elixir.V:start_link(2) transient worker 100\n" },
	{ "AppEnv", EAPP("[{W, Application.get_env(:x, :y)}] ++ extra()") "\ndefp extra, do: Application.get_env(:x, :z, [])",
	  "rest_for_one\n'Elixir.W': Elixir.W:start_link(…) permanent worker 5000\n| Elixir.Application:get_env/3" },
	{ "AppNone", "use Application\ndef start(_, _), do: SupModules.start_link([])", "" },
};
/* clang-format on */

/* ---- compiling ---- */

static bool is_elixir(const char *name)
{
	return name[0] >= 'A' && name[0] <= 'Z';
}

static void write_source(const char *name, const char *source)
{
	bool elixir = is_elixir(name);
	const char *text = elixir ? arena_printf(&arena, "defmodule %s do\n%s\nend\n", name, source)
				  : arena_printf(&arena, "-module('%s').\n%s\n", name, source);
	struct error err;

	assert_int_equal(
		file_write(arena_printf(&arena, "%s/%s.%s", folder, name, elixir ? "ex" : "erl"),
			   span_of(text), 0644, &err),
		0);
}

static void run(const char *command)
{
	const char *line =
		arena_printf(&arena, "cd %s && %s >log 2>&1 </dev/null", folder, command);

	if (system(line) != 0) {
		if (system(arena_printf(&arena, "cat %s/log", folder)) == 0)
			fail_msg("%s", line);
		fail();
	}
}

static const struct {
	const char *name, *source;
} others[] = {
	{ "Fields", "defstruct [:b, :c, a: 1, d: %{x: [1]}, e: &String.trim/1]" },
	{ "remote", "-export([f/1,g/0]). f(X) -> lists:map(fun lists:reverse/1, X), "
		    "io:format(\"~p\", [X]), ?MODULE:g(), X + 1. "
		    "g() -> [fun io:nl/0, fun (Y) -> erlang:phash2(Y) end]." },
	{ "deaf", "-export([loop/0]). loop() -> receive X -> X end, loop()." },
	{ "hears", "-export([loop/2]). loop(P,D) -> receive {system,F,R} -> "
		   "sys:handle_system_msg(R,F,P,?MODULE,D,[]); "
		   "_ -> loop(P,D) end." },
	{ "recs", "-export([f/2]). -record(a,{x,y}). f(#a{x=X},b) -> {made,X}; f(_,_) -> "
		  "[{lit,1,2},{a,1,2}]." },
	{ "texts", "-export([a/1,b/1,c/1,d/1,e/1,f/1,g/1,i/1]). "
		   "a(X) -> <<\"user:\",X/binary>>. b(X) -> k(k(X)). k(X) -> <<\"k\",X/binary>>. "
		   "c(_) -> k(<<\"all\">>). d(X) -> <<X/binary,\":user\">>. "
		   "e(X) -> iolist_to_binary([\"us\",[$e,<<\"r\">>],k(X),$-]). f(X) -> "
		   "list_to_binary([X,\"user\"]). "
		   "g(X) -> <<\"a\\n\",X/binary>>. i(X) -> <<\"n\",X/bits>>." },
	{ "Texts", "def a(x), do: \"user:#{x}\"; def b(x), do: key(:room, x); defp key(k, x), do: "
		   "\"#{k}:\" <> x; "
		   "def c(x), do: Enum.join([\"user\", :a, x], \"/\"); def d(x), do: "
		   "IO.iodata_to_binary([\"u\" | x])" },
};

static void find_folders(void);

static int setup(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(dir_make_temp(&folder, &arena, "/tmp/relevo-code", &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(changes); i++)
		write_source(changes[i].name, changes[i].source);
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
		write_source(shapes[i].name, shapes[i].source);
	for (size_t i = 0; i < ARRAY_LEN(sups); i++)
		write_source(sups[i].name, sups[i].source);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		write_source(others[i].name, others[i].source);
	run("erlc +debug_info *.erl");
	run("elixirc *.ex");
	find_folders();
	return 0;
}

static int teardown(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(tree_remove(folder, &err), 0);
	arena_done(&arena);
	return 0;
}

/* ---- opening ---- */

static bool strip;

static const struct code *open_file(const char *path)
{
	owned_str struct str bytes = STR_EMPTY, stripped = STR_EMPTY;
	struct code *code;
	struct span kept;
	struct error err;

	if (file_read(path, BEAM_MAX, &bytes, &err))
		return NULL;
	if (beam_strip(&stripped, str_span(&bytes), &err))
		fail_msg("%s: %s", path, err.text);
	kept = str_span(strip ? &stripped : &bytes);
	kept.ptr = arena_dup(&arena, kept);
	if (code_open(&code, &arena, kept, &err))
		fail_msg("%s: %s", path, err.text);
	assert_null(code->unread);
	return code;
}

/* The tests' own folder first, then those of Elixir and stdlib. */
static const char *folders[3];

static void find_folders(void)
{
	owned_str struct str text = STR_EMPTY;
	struct span rest, line;
	struct error err;

	run("elixir -e 'for a <- [:elixir, :stdlib], do: IO.puts(:code.lib_dir(a, :ebin))'");
	if (file_read(arena_printf(&arena, "%s/log", folder), 4096, &text, &err))
		fail_msg("%s", err.text);
	rest = str_span(&text);
	folders[0] = folder;
	for (size_t i = 1; i < ARRAY_LEN(folders) && span_next(&rest, '\n', &line); i++)
		folders[i] = arena_dup(&arena, line);
}

static const struct code *open_module(void *ctx, const char *module)
{
	const struct code *code = NULL;

	(void)ctx;
	for (size_t i = 0; !code && i < ARRAY_LEN(folders); i++)
		code = open_file(arena_printf(&arena, "%s/%s.beam", folders[i], module));
	return code;
}

static const struct code_library library = { open_module, NULL, NULL, NULL, NULL };

static const struct code *open_named(const char *name)
{
	const struct code *code = open_module(
		NULL, arena_printf(&arena, "%s%s", is_elixir(name) ? "Elixir." : "", name));

	if (!code)
		fail_msg("there is no %s", name);
	return code;
}

/* ---- tests ---- */

static void check_change(void **state)
{
	const struct change *row = *state;
	enum code_change got;

	for (int i = 0; i < 2; i++) {
		strip = i;
		got = code_change(open_named(row->name), row->role);
		if (got != row->want)
			fail_msg("%s instead of %s", code_change_name(got),
				 code_change_name(row->want));
	}
}

static void check_shape(void **state)
{
	const struct shape *row = *state;
	owned_str struct str text = STR_EMPTY;
	struct code_shape shape;

	for (int i = 0; i < 2; i++) {
		strip = i;
		shape = code_init_shape(open_named(row->name), row->role, &library, &arena);
		str_clear(&text);
		code_shape_print(&text, &shape);
		assert_string_equal(str_text(&text), row->want);
	}
}

static void print_children(struct str *out, const struct children *children)
{
	if (children->dynamic)
		str_adds(out, "dynamic\n");
	if (children->strategy)
		str_addf(out, "%s\n", children->strategy);
	for (size_t i = 0; i < children->len; i++) {
		child_print(out, &children->items[i]);
		str_addc(out, '\n');
	}
	if (children->opaque)
		str_addf(out, "| %s", children->opaque);
}

static void check_sup(void **state)
{
	const struct sup *row = *state;
	owned_str struct str text = STR_EMPTY;
	struct children children;
	bool found = true;

	for (int i = 0; row->want && i < 2; i++) {
		const struct code *code;

		strip = i;
		code = open_named(row->name);
		children =
			code_exports(code, "start", 2)
				? code_started_children(code, "start", 2, &library, &arena, &found)
				: code_children(code, NULL, &library, &arena);
		str_clear(&text);
		print_children(&text, &children);
		if (!found)
			str_clear(&text);
		assert_string_equal(str_text(&text), row->want);
	}
}

static void fields(void **state)
{
	static const struct {
		const char *name, *value;
	} want[] = { { "a", "1" },
		     { "b", "nil" },
		     { "c", "nil" },
		     { "d", "#{x => [1]}" },
		     { "e", "fun 'Elixir.String':trim/1" } };
	struct code_struct found = code_struct(open_named("Fields"), &arena);
	owned_str struct str text = STR_EMPTY;

	(void)state;
	assert_true(found.defined);
	assert_int_equal(found.len, ARRAY_LEN(want));
	for (size_t i = 0; i < found.len; i++) {
		assert_string_equal(found.fields[i].name, want[i].name);
		str_clear(&text);
		term_print(&text, found.fields[i].value);
		assert_string_equal(str_text(&text), want[i].value);
	}
	assert_false(code_struct(open_named("keeps"), &arena).defined);
}

static void records(void **state)
{
	struct code_records found = code_records(open_named("recs"), &arena);
	owned_str struct str text = STR_EMPTY;

	(void)state;
	for (size_t i = 0; i < found.len; i++)
		str_addf(&text, "%s %llx ", found.items[i].name,
			 (unsigned long long)found.items[i].sizes);
	assert_string_equal(str_text(&text), "a 8 made 4 lit 8 ");
}

static void texts(void **state)
{
	static const struct {
		const char *module, *function, *value;
	} rows[] = {
		{ "texts", "a", "<<\"user:\",_/binary>>" },
		{ "texts", "b", "<<\"kk\",_/binary>>" },
		{ "texts", "c", "<<\"kall\">>" },
		{ "texts", "d", "_" },
		{ "texts", "e", "<<\"userk\",_/binary>>" },
		{ "texts", "f", "_" },
		{ "texts", "g", "<<\"a\",_/binary>>" },
		{ "texts", "i", "_" },
		{ "Texts", "a", "<<\"user:\",_/binary>>" },
		{ "Texts", "b", "<<\"room:\",_/binary>>" },
		{ "Texts", "c", "<<\"user/a/\",_/binary>>" },
		{ "Texts", "d", "<<\"u\",_/binary>>" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows) * 2; i++) {
		const size_t nr = i % ARRAY_LEN(rows);
		const struct value *arg = &value_unknown;
		owned_str struct str text = STR_EMPTY;
		struct eval eval = { .arena = &arena };
		const struct code *code;

		/* As an older compiler builds them, too. */
		if (i == ARRAY_LEN(rows))
			run("erlc +no_bs_create_bin texts.erl");
		code = open_named(rows[nr].module);
		value_print(&text,
			    eval_one(&eval, code, code_function(code, rows[nr].function, 1), &arg));
		assert_string_equal(str_text(&text), rows[nr].value);
	}
}

static void remotes(void **state)
{
	static const char *const want[] = {
		"f/1 lists:reverse/1 captured",
		"f/1 lists:map/2",
		"f/1 io:format/2",
		"f/1 remote:g/0",
		"f/1 erlang:+/2",
		"g/0 io:nl/0 captured",
		"module_info/0 erlang:get_module_info/1",
		"module_info/1 erlang:get_module_info/2",
		"-g/0-fun-0-/1 erlang:phash2/1",
	};
	struct code_remotes found = code_remote(open_named("remote"), &arena);
	owned_str struct str text = STR_EMPTY;

	(void)state;
	for (size_t i = 0; i < found.len; i++) {
		const struct code_remote *r = &found.items[i];

		str_clear(&text);
		str_addf(&text, "%s/%u %s:%s/%u%s", r->from->name, r->from->arity, r->to.module,
			 r->to.name, r->to.arity, r->capture ? " captured" : "");
		if (i < ARRAY_LEN(want))
			assert_string_equal(str_text(&text), want[i]);
	}
	assert_int_equal(found.len, ARRAY_LEN(want));
}

static void loops(void **state)
{
	(void)state;
	assert_int_equal(code_loop(open_named("deaf")), CODE_LOOP_DEAF);
	assert_int_equal(code_loop(open_named("hears")), CODE_LOOP_SYSTEM);
	assert_int_equal(code_loop(open_named("keeps")), CODE_LOOP_NONE);
}

/* ---- digests ---- */

/* "f/1 g/0 " of the functions that differ, or are on one side only. */
static const char *changed(const struct code *a, const struct code *b)
{
	const struct code_digest *old = code_digests(a, &arena), *new = code_digests(b, &arena);
	owned_str struct str text = STR_EMPTY;

	for (size_t i = 0; i < b->len; i++) {
		const struct code_function *f = &b->functions[i];
		const struct code_function *before = code_function(a, f->name, f->arity);

		if (!before || memcmp(old[before - a->functions].sum, new[i].sum, BEAM_DIGEST))
			str_addf(&text, "%s/%u ", f->name, f->arity);
	}
	return arena_dup(&arena, str_span(&text));
}

static const char *const digested = "-export([f/1,g/1,h/1]). -record(r,{a}). f(X) -> case X of a "
				    "-> lists:map(fun(Y) -> Y + 1 end, [{x}]); "
				    "b -> g(\"text\"); _ -> {no,X,77777777777777777777777} end. "
				    "g(X) -> try h(X) catch _:_ -> #r{a=X} end. "
				    "h(<<X:16,\"abc\",Y/binary>>) -> <<\"def\",X:32,Y/binary>>; "
				    "h(#{k := V}) -> [V,literal,[1,2,{3}]].";

static void digests(void **state)
{
	/* clang-format off */
	static const struct {
		const char *what, *sed, *want;
	} rows[] = {
		{ "the same", "", "" },
		{ "lines", "s/^-export/\\n\\n&/; s/ g(X) ->/\\n\\n&/", "" },
		{ "a function in front, with labels, atoms, literals, strings, imports of its own",
		  "s/ f(X) ->/ new(A) -> case A of one -> io:nl(); two -> {[lit],<<\"zz\",A:8>>} end.\\n&/; s/\\[f/[new\\/1,f/", "new/1 " },
		{ "an atom", "s/{no,/{yes,/", "f/1 " },
		{ "a literal", "s/{x}/{z}/", "f/1 " },
		{ "a large number", "s/777777,*}/7777778}/", "f/1 " },
		{ "a string in a binary", "s/\"abc\"/\"abd\"/", "h/1 " },
		{ "a string that is put", "s/\"def\"/\"deg\"/", "h/1 " },
		{ "a call of another function", "s/ b -> g(/ b -> h(/", "f/1 " },
		{ "a remote call", "s/lists:map/lists:filtermap/", "f/1 " },
		{ "a fun", "s/Y + 1/Y + 2/", "-f/1-fun-0-/1 " },
		{ "a key", "s/k :=/kk :=/", "h/1 " },
		{ "a record", "s/{a})/{a,b})/", "g/1 " },
	};
	/* clang-format on */
	const struct code *before, *after;

	(void)state;
	write_source("digested", digested);
	run("mkdir -p o n && erlc -o o digested.erl");
	before = open_file(arena_printf(&arena, "%s/o/digested.beam", folder));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		run(arena_printf(&arena,
				 "sed '%s' digested.erl > n/digested.erl && erlc "
				 "+nowarn_unused_function -o n n/digested.erl",
				 rows[i].sed));
		for (int j = 0; j < 2; j++) {
			strip = j;
			after = open_file(arena_printf(&arena, "%s/n/digested.beam", folder));
			if (strcmp(changed(before, after), rows[i].want) != 0)
				fail_msg("%s: %s", rows[i].what, changed(before, after));
		}
	}
}

/* ---- code that is damaged, or of a later OTP ---- */

#define HEAD "\0\0\0\x10\0\0\0\0\0\0\0\xbf\0\0\0\x03\0\0\0\x01"
#define BEGIN "\x01\x10\x02\x12\x22\x10\x01\x20" /* label 1, func_info m f 1, label 2 */

#define BYTES(text)                    \
	{                              \
		text, sizeof(text) - 1 \
	}

/* clang-format off */
static const struct raw {
	const char *name;
	struct span chunk;
	const char *text;               /* of the instructions; NULL: … */
	const char *error, *unread;     /* … either of these */
} raws[] = {
	{ "a function", BYTES(HEAD BEGIN "\x13\x03"), "label u2\nreturn\n", NULL, NULL },
	{ "instructions of OTP 26 to 29", BYTES(HEAD BEGIN
	  "\xb5\x22\x30\x03\x13\x17\x20\x20\x13" "\xb7\x10\x10" "\xb8\x10\x10\x10\x10" "\xb9\x05\x00\x03\x13\x23\x33" "\xba\x25\x03"
	  "\xbb\x25\x03\x12\x22" "\xbc\x03\x25\x17\x20\x22\x13" "\xbd\x25\x12\x22\x03\x13\x17\x00" "\xbe\x25\x03\x12" "\xbf\x25\x03\x12\x22\x13" "\x03"),
	  "label u2\nupdate_record f u3 x0 x1 [u2 x1]\nbif3 f0 erlang:+/2 x0 x1 x2 x3\nis_any_native_record f2 x0\n"
	  "is_native_record f2 x0 m f\nget_record_elements x0 f2 [f x1]\nput_record f2 m f x0 x1 []\n"
	  "is_record_accessible f2 x0 m\nget_record_field f2 x0 m f x1\n", NULL, NULL },
	{ "numbers", BYTES(HEAD BEGIN "\x40\x41\x03" "\x40\x29\xff\x03" "\x40\x19\xff\xff\x03" "\x40\x19\x80\x00\x03"
	  "\x40\xd9\x80\0\0\0\0\0\0\0\x03" "\x40\xd9\x7f\xff\xff\xff\xff\xff\xff\xff\x03"
	  "\x40\xf9\x00\x00\x80\0\0\0\0\0\0\0\x03" "\x40\xf9\x00\xff\0\0\0\0\0\0\0\0\x03" "\x03"),
	  "label u2\nmove 4 x0\nmove 511 x0\nmove -1 x0\nmove -32768 x0\nmove -9223372036854775808 x0\nmove 9223372036854775807 x0\n"
	  "move 9223372036854775808 x0\nmove -18446744073709551616 x0\n", NULL, NULL },
	{ "a float, a float register, a typed register", BYTES(HEAD BEGIN "\x40\x07\x3f\xf8\0\0\0\0\0\0\x03" "\x60\x27\x10\x03" "\x40\x57\x03\x00\x13" "\x03"),
	  "label u2\nmove 1.5 x0\nfmove r1 x0\nmove x0 x1\n", NULL, NULL },
	{ "a float that is infinite", BYTES(HEAD BEGIN "\x40\x07\x7f\xf0\0\0\0\0\0\0\x03\x03"), NULL, "code, 2 bytes before its end: a float that is no number", NULL },
	{ "an allocation list", BYTES(HEAD BEGIN "\x10\x37\x20\x00\x30\x10\x20\x10\x03"), "label u2\ntest_heap [u0 u3 u1 u2] u1\n", NULL, NULL },
	{ "another instruction set", BYTES("\0\0\0\x10\0\0\0\x01\0\0\0\xb4\0\0\0\x03\0\0\0\x01"), NULL, NULL, "its instruction set is of a later version of OTP" },
	{ "a later instruction in the header", BYTES("\0\0\0\x10\0\0\0\0\0\0\0\xc0\0\0\0\x03\0\0\0\x01" BEGIN "\x13\x03"), NULL, NULL,
	  "instruction 192 is of a later version of OTP" },
	{ "a later instruction", BYTES(HEAD BEGIN "\xc0\x03"), NULL, NULL, "instruction 192 is of a later version of OTP" },
	{ "no header", BYTES("\0\0"), NULL, "code, 2 bytes before its end: cut off", NULL },
	{ "a short header", BYTES("\0\0\0\x04\0\0\0\0"), NULL, "code, 0 bytes before its end: its header is too short", NULL },
	{ "labels beyond belief", BYTES("\0\0\0\x10\0\0\0\0\0\0\0\xb4\xff\0\0\x03\0\0\0\x01"), NULL, "code, 0 bytes before its end: more labels than bytes", NULL },
	{ "no end", BYTES(HEAD BEGIN "\x13"), NULL, "code, 0 bytes before its end: cut off", NULL },
	{ "half an instruction", BYTES(HEAD BEGIN "\x40\x03"), NULL, "code, 0 bytes before its end: cut off", NULL },
	{ "an atom that is none", BYTES(HEAD BEGIN "\x40\x92\x03\x03"), NULL, "code, 2 bytes before its end: an atom that is none", NULL },
	{ "a literal that is none", BYTES(HEAD BEGIN "\x40\x47\x90\x03\x03"), NULL, "code, 2 bytes before its end: a literal that is none", NULL },
	{ "a label out of bounds", BYTES(HEAD "\x01\x40\x02\x12\x22\x10\x01\x20\x03"), NULL, "code, 7 bytes before its end: a label out of bounds", NULL },
	{ "a list that is too long", BYTES(HEAD BEGIN "\xa4\x03\x17\xf0\x03"), NULL, "code, 1 bytes before its end: a list that is too long", NULL },
	{ "a list in a list", BYTES(HEAD BEGIN "\xa4\x03\x17\x10\x17\x10\x17\x10\x17\x10\x03\x03"), NULL, "code, 7 bytes before its end: an operand inside another", NULL },
	{ "a length of a length", BYTES(HEAD BEGIN "\x40\xf9\xf8\x00\x03"), NULL, "code, 4 bytes before its end: a length of a length", NULL },
	{ "a typed constant", BYTES(HEAD BEGIN "\x40\x57\x12\x00\x03\x03"), NULL, "code, 3 bytes before its end: a type of what is no register", NULL },
	{ "an unknown kind", BYTES(HEAD BEGIN "\x40\x67\x12\x00\x03\x03"), NULL, "code, 4 bytes before its end: an operand of an unknown kind", NULL },
	{ "a number of 65 bits", BYTES(HEAD BEGIN "\x10\xf8\x00\x01\0\0\0\0\0\0\0\0\x00\x03"), NULL, "code, 2 bytes before its end: a number that is too large", NULL },
};
/* clang-format on */

static void check_raw(void **state)
{
	static const char *const atoms[] = { "m", "f" };
	static const struct beam_function imports[] = { { "erlang", "+", 2 } };
	const struct beam_facts facts = { .module = "m",
					  .atoms = { atoms, 2 },
					  .imports = { imports, 1 } };
	const struct raw *row = *state;
	owned_str struct str text = STR_EMPTY;
	struct beam beam = { .module = "m" };
	struct code *code;
	struct error err;

	beam.chunks[BEAM_CODE] = row->chunk;
	if (row->error) {
		assert_int_equal(code_read(&code, &arena, &beam, &facts, &err), -1);
		assert_string_equal(err.text, row->error);
		return;
	}
	if (code_read(&code, &arena, &beam, &facts, &err))
		fail_msg("%s", err.text);
	if (row->unread) {
		assert_string_equal(code->unread, row->unread);
		assert_int_equal(code->len, 0);
		assert_null(code_digests(code, &arena));
		assert_int_equal(code_change(code, BEAM_GEN_SERVER), CODE_CHANGE_UNKNOWN);
		assert_int_equal(code_loop(code), CODE_LOOP_UNKNOWN);
		assert_non_null(code_children(code, NULL, NULL, &arena).opaque);
		return;
	}
	assert_int_equal(code->len, 1);
	for (size_t i = 0; i < code->functions[0].len; i++)
		code_print_op(&text, code, &code->functions[0].ops[i], NULL, NULL);
	assert_string_equal(str_text(&text), row->text);
}

/* ---- native records ---- */

/* Compiled by OTP 29:
 *	-export_record([st]).
 *	-record #st{n = 0, list = [a, {b}], open}.
 *	-record #own{'a field' = 300}.
 *	init(_) -> {ok, {#st{open = 1}, #own{}}}.
 *	handle_call(_, _, {#st{n = N} = S, O}) -> {reply, N, {S#st{list = []}, O}}; …
 */
static void native_records(void **state)
{
	owned_str struct str bytes = STR_EMPTY, text = STR_EMPTY;
	const struct value *arg = &value_unknown, *made;
	struct eval eval = { .arena = &arena };
	const struct code_native *own;
	struct values values;
	struct code *code;
	struct error err;

	(void)state;
	assert_int_equal(
		file_read("tests/fuzz/corpus/fuzz_code/native_records.beam", 4096, &bytes, &err),
		0);
	assert_int_equal(code_open(&code, &arena, str_span(&bytes), &err), 0);
	assert_null(code->unread);
	assert_int_equal(code->natives_len, 2);
	assert_string_equal(code->natives[0].name, "st");
	assert_true(code->natives[0].exported);
	assert_int_equal(code->natives[0].len, 3);
	assert_true(code_native_has(&code->natives[0], "open"));
	assert_null(code->natives[0].fields[2].value);
	own = code_native(code, "own");
	assert_false(own->exported);
	assert_string_equal(own->fields[0].name, "a field");
	assert_int_equal(own->fields[0].value->integer, 300);
	values = eval_function(&eval, code, code_function(code, "init", 1), &arg);
	assert_int_equal(values.len, 1);
	made = value_element(values.items[0], 1, &arena);
	assert_int_equal(value_is_native(value_element(made, 0, &arena), &arena), YES);
	for (size_t i = 0; i < 2; i++) {
		struct code_shape shape = code_shape_of(value_element(made, i, &arena), &arena);

		code_shape_print(&text, &shape);
		str_addc(&text, '\n');
	}
	assert_string_equal(str_text(&text), "the native record small:st with list, n, open\n"
					     "the native record small:own with a field\n");
}

/* ---- all ---- */

static struct CMUnitTest tests[256];
static size_t tests_len;

#define ADD(rows, check_fn)                                               \
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)                      \
		tests[tests_len++] = (struct CMUnitTest)                  \
		{                                                         \
			.name = (rows)[i].name, .test_func = (check_fn),  \
			.initial_state = (void *)(uintptr_t) & (rows)[i], \
		}

int main(void)
{
	const struct CMUnitTest single[] = {
		cmocka_unit_test(native_records), cmocka_unit_test(fields),
		cmocka_unit_test(records),        cmocka_unit_test(texts),
		cmocka_unit_test(remotes),        cmocka_unit_test(loops),
		cmocka_unit_test(digests),
	};

	ADD(raws, check_raw);
	ADD(changes, check_change);
	ADD(shapes, check_shape);
	ADD(sups, check_sup);
	for (size_t i = 0; i < ARRAY_LEN(single); i++)
		tests[tests_len++] = single[i];
	return _cmocka_run_group_tests("code", tests, tests_len, setup, teardown);
}
