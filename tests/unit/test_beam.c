// SPDX-License-Identifier: Apache-2.0
/* BEAM files: containers good and damaged, facts of modules that erlc compiles here,
 * and stripping, with OTP as the judge.
 */
#include "base/file.h"
#include "base/hash.h"
#include "erlang/code/code.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct arena arena;
static const char *folder;

/* ---- containers ---- */

#define ATU8 "AtU8\0\0\0\x07\0\0\0\x01\x02hi\0"
#define REST "Code\0\0\0\0StrT\0\0\0\0ImpT\0\0\0\x04\0\0\0\0ExpT\0\0\0\x04\0\0\0\0"

/* clang-format off */
static const struct container {
	const char *name;
	struct span chunks;             /* behind "FOR1", the right size, "BEAM" */
	const char *module;             /* NULL: … */
	const char *error;              /* … must be refused like that */
} containers[] = {
	{ "the least there is", { ATU8 REST, sizeof(ATU8 REST) - 1 }, "hi", NULL },
	{ "Latin-1 atoms", { "Atom\0\0\0\x07\0\0\0\x01\x02h\xfc\0" REST, 16 + sizeof(REST) - 1 }, "h\u00fc", NULL },
	{ "compact lengths", { "AtU8\0\0\0\x07\xff\xff\xff\xff\x20hi\0" REST, 16 + sizeof(REST) - 1 }, "hi", NULL },
	{ "compact length of two bytes", { "AtU8\0\0\0\x08\xff\xff\xff\xff\x08\x02hi" REST, 16 + sizeof(REST) - 1 }, "hi", NULL },
	{ "empty", { "", 0 }, NULL, "chunk Code is missing" },
	{ "no atoms", { REST, sizeof(REST) - 1 }, NULL, "chunk AtU8 is missing" },
	{ "no atom in the table", { "AtU8\0\0\0\x04\0\0\0\0" REST, 12 + sizeof(REST) - 1 }, NULL, "atom table: 0 atoms in 4 bytes" },
	{ "more atoms than bytes", { "AtU8\0\0\0\x06\0\0\0\x03\x02h\0\0" REST, 16 + sizeof(REST) - 1 }, NULL, "atom table: 3 atoms in 6 bytes" },
	{ "the smallest count", { "AtU8\0\0\0\x07\x80\0\0\0\x20hi\0" REST, 16 + sizeof(REST) - 1 }, NULL, "atom table: 2147483648 atoms in 7 bytes" },
	{ "atom cut off", { "AtU8\0\0\0\x07\0\0\0\x01\x09hi\0" REST, 16 + sizeof(REST) - 1 }, NULL, "atom table: damaged" },
	{ "length of another kind", { "AtU8\0\0\0\x07\xff\xff\xff\xff\x21hi\0" REST, 16 + sizeof(REST) - 1 }, NULL, "atom table: damaged" },
	{ "a name that is a path", { "AtU8\0\0\0\x07\0\0\0\x01\x02./\0" REST, 16 + sizeof(REST) - 1 }, NULL, "\"./\" is no name of a module" },
	{ "chunk beyond the end", { "Code\xff\xff\xff\xff", 8 }, NULL, "byte 12: a chunk of 4294967295 bytes reaches beyond the end" },
};
/* clang-format on */

static void add_word(struct str *out, size_t word)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		str_addc(out, (char)(word >> shift));
}

static void check_container(void **state)
{
	const struct container *row = *state;
	owned_str struct str bytes = STR_EMPTY;
	struct beam beam;
	struct error err;

	str_adds(&bytes, "FOR1");
	add_word(&bytes, row->chunks.len + 4);
	str_adds(&bytes, "BEAM");
	str_add(&bytes, row->chunks);
	if (row->error) {
		assert_int_equal(beam_open(&beam, &arena, str_span(&bytes), &err), -1);
		assert_string_equal(err.text, row->error);
		return;
	}
	assert_int_equal(beam_open(&beam, &arena, str_span(&bytes), &err), 0);
	assert_string_equal(beam.module, row->module);
	/* Whatever is cut off is missed. */
	for (size_t len = 0; len < bytes.len; len++)
		assert_int_equal(beam_open(&beam, &arena, (struct span){ bytes.ptr, len }, &err),
				 -1);
}

/* ---- modules that erlc compiles ---- */

#define SERVER \
	"init(_) -> {ok,1}. handle_call(_,_,S) -> {reply,ok,S}. handle_cast(_,S) -> {noreply,S}. "

/* clang-format off */
static const struct module {
	const char *name, *source;
	unsigned roles;
	bool code_change, on_load, nif;
} modules[] = {
	{ "plain", "-export([f/0]). f() -> ok.", 0, false, false, false },
	{ "server", "-behaviour(gen_server). -export([init/1,handle_call/3,handle_cast/2,code_change/3]). "
	  SERVER "code_change(_,S,_) -> {ok,S}.", BEAM_GEN_SERVER, true, false, false },
	{ "american", "-behavior(gen_server). -export([init/1,handle_call/3,handle_cast/2]). " SERVER,
	  BEAM_GEN_SERVER, false, false, false },
	{ "untold", "-export([init/1,handle_call/3,handle_cast/2]). " SERVER, BEAM_GEN_SERVER, false, false, false },
	{ "statem", "-behaviour(gen_statem). -export([init/1,callback_mode/0,code_change/4]). "
	  "init(_) -> {ok,a,1}. callback_mode() -> state_functions. code_change(_,A,B,_) -> {ok,A,B}.",
	  BEAM_GEN_STATEM, true, false, false },
	{ "statem3", "-behaviour(gen_statem). -export([init/1,callback_mode/0,code_change/3]). "
	  "init(_) -> {ok,a,1}. callback_mode() -> state_functions. code_change(_,A,_) -> {ok,A}.",
	  BEAM_GEN_STATEM, false, false, false },
	{ "event", "-behaviour(gen_event). -export([init/1,handle_event/2,handle_call/2]). "
	  "init(_) -> {ok,1}. handle_event(_,S) -> {ok,S}. handle_call(_,S) -> {ok,ok,S}.",
	  BEAM_GEN_EVENT, false, false, false },
	{ "special", "-export([system_continue/3,system_terminate/4,system_code_change/4]). "
	  "system_continue(_,_,_) -> ok. system_terminate(_,_,_,_) -> ok. system_code_change(_,_,_,_) -> ok.",
	  BEAM_SPECIAL, true, false, false },
	{ "sup", "-behaviour(supervisor). -export([init/1]). init(_) -> {ok,{{one_for_one,1,1},[]}}.",
	  BEAM_SUPERVISOR, false, false, false },
	{ "both", "-behaviour(application). -behaviour(supervisor). -export([init/1,start/2,stop/1]). "
	  "init(_) -> {ok,{{one_for_one,1,1},[]}}. start(_,_) -> supervisor:start_link(?MODULE,[]). stop(_) -> ok.",
	  BEAM_SUPERVISOR | BEAM_APPLICATION, false, false, false },
	{ "native", "-on_load(go/0). -export([f/0]). go() -> erlang:load_nif(\"x\",0). f() -> ok.", 0, false, true, true },
	{ "onload", "-on_load(go/0). -export([f/1]). f(X) -> [fun(Y) -> Y + X end, a, 'b c', 17.5]. go() -> ok.",
	  0, false, true, false },
	{ "Elixir.P", "-export(['__protocol__'/1]). '__protocol__'(_) -> ok.", BEAM_PROTOCOL, false, false, false },
	{ "Elixir.P.List", "-export(['__impl__'/1]). '__impl__'(_) -> ok.", BEAM_PROTOCOL_IMPL, false, false, false },
	/* Parts of Phoenix, Ecto and Oban: by what they say, and by what they export where nothing is said. */
	{ "Elixir.Endpoint", "-behaviour('Elixir.Phoenix.Endpoint'). -behaviour('Elixir.Plug'). "
	  "-export(['__sockets__'/0,config_change/2]). '__sockets__'() -> []. config_change(_,_) -> ok.",
	  BEAM_ENDPOINT, false, false, false },
	{ "Elixir.Router", "-behaviour('Elixir.Plug'). -export(['__routes__'/0,'__match_route__'/3,init/1,call/2]). "
	  "'__routes__'() -> []. '__match_route__'(_,_,_) -> error. init(O) -> O. call(C,_) -> C.", BEAM_ROUTER, false, false, false },
	{ "Elixir.Controller", "-behaviour('Elixir.Plug'). -export([action/2,init/1,call/2]). "
	  "action(C,_) -> C. init(O) -> O. call(C,_) -> C.", BEAM_CONTROLLER, false, false, false },
	{ "Elixir.Plain.Plug", "-behaviour('Elixir.Plug'). -export([init/1,call/2]). init(O) -> O. call(C,_) -> C.", 0, false, false, false },
	{ "Elixir.Socket", "-behaviour('Elixir.Phoenix.Socket'). -behaviour('Elixir.Phoenix.Socket.Transport'). "
	  "-export(['__channel__'/1,init/1]). '__channel__'(_) -> nil. init(S) -> {ok,S}.", BEAM_SOCKET, false, false, false },
	{ "Elixir.Channel", "-behaviour('Elixir.Phoenix.Channel'). -export([join/3,code_change/3]). "
	  "join(_,_,S) -> {ok,S}. code_change(_,S,_) -> {ok,S}.", BEAM_CHANNEL, true, false, false },
	{ "Elixir.Untold.Channel", "-export([join/3,'__socket__'/1,'__intercepts__'/0]). "
	  "join(_,_,S) -> {ok,S}. '__socket__'(_) -> ok. '__intercepts__'() -> [].", BEAM_CHANNEL, false, false, false },
	{ "Elixir.View", "-behaviour('Elixir.Phoenix.LiveView'). -export(['__live__'/0,render/1]). "
	  "'__live__'() -> #{kind => view}. render(A) -> A.", BEAM_LIVE_VIEW, false, false, false },
	{ "Elixir.Untold.View", "-export(['__live__'/0,mount/3,code_change/3]). '__live__'() -> #{kind => view}. "
	  "mount(_,_,S) -> {ok,S}. code_change(_,S,_) -> {ok,S}.", BEAM_LIVE_VIEW, true, false, false },
	{ "Elixir.Part", "-behaviour('Elixir.Phoenix.LiveComponent'). -export(['__live__'/0,render/1]). "
	  "'__live__'() -> #{kind => component}. render(A) -> A.", BEAM_LIVE_COMPONENT, false, false, false },
	{ "Elixir.Parts", "-export(['__components__'/0]). '__components__'() -> #{}.", BEAM_COMPONENTS, false, false, false },
	{ "Elixir.Presence", "-behaviour('Elixir.Phoenix.Presence'). -export([init/1]). init(_) -> {ok,#{}}.", BEAM_PRESENCE, false, false, false },
	{ "Elixir.Repo", "-behaviour('Elixir.Ecto.Repo'). -export(['__adapter__'/0]). '__adapter__'() -> x.", BEAM_REPO, false, false, false },
	{ "Elixir.Schema", "-export(['__schema__'/1,'__schema__'/2]). '__schema__'(_) -> []. '__schema__'(_,_) -> [].", BEAM_SCHEMA, false, false, false },
	{ "Elixir.Job", "-behaviour('Elixir.Oban.Worker'). -export(['__opts__'/0,perform/1]). '__opts__'() -> []. perform(_) -> ok.",
	  BEAM_JOB, false, false, false },
};
/* clang-format on */

static void write_file(const char *name, const char *text)
{
	struct error err;

	assert_int_equal(file_write(path_join(&arena, folder, name), span_of(text), 0644, &err), 0);
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

static int setup(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(dir_make_temp(&folder, &arena, "/tmp/relevo-beam", &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(modules); i++)
		write_file(arena_printf(&arena, "%s.erl", modules[i].name),
			   arena_printf(&arena, "-module('%s').\n%s\n", modules[i].name,
					modules[i].source));
	run("erlc *.erl");
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

static struct span bytes_of(const char *name)
{
	owned_str struct str bytes = STR_EMPTY;
	struct error err;

	if (file_read(path_join(&arena, folder, name), BEAM_MAX, &bytes, &err))
		fail_msg("%s", err.text);
	return (struct span){ arena_dup(&arena, str_span(&bytes)), bytes.len };
}

static struct beam open_module(const char *name)
{
	struct beam beam;
	struct error err;

	if (beam_open(&beam, &arena, bytes_of(arena_printf(&arena, "%s.beam", name)), &err))
		fail_msg("%s", err.text);
	return beam;
}

static void check_module(void **state)
{
	const struct module *row = *state;
	struct beam beam = open_module(row->name);
	struct beam_facts *facts;
	struct code *code;
	struct error err;

	assert_string_equal(beam.module, row->name);
	assert_int_equal(beam_read_facts(&facts, &arena, &beam, &err), 0);
	assert_int_equal(code_read(&code, &arena, &beam, facts, &err), 0);
	assert_int_equal(facts->roles, row->roles);
	assert_int_equal(facts->code_change, row->code_change);
	assert_int_equal(code->on_load, row->on_load);
	assert_int_equal(facts->nif, row->nif);
	assert_non_null(facts->vsn);
	assert_true(beam_exports(facts, "module_info", 0));
	assert_false(beam_exports(facts, "module_info", 7));
	assert_true(beam_imports(facts, "erlang", "get_module_info", 1));
}

static void literals(void **state)
{
	struct beam beam = open_module("onload");
	owned_str struct str text = STR_EMPTY;
	const struct term *list;
	struct error err;

	(void)state;
	assert_int_equal(beam_read_literals(&list, &arena, &beam, &err), 0);
	term_print(&text, list);
	assert_string_equal(str_text(&text), "[[a,'b c',17.5]]");
	beam = open_module("plain");
	beam.chunks[BEAM_LITT] = (struct span){ NULL, 0 };
	assert_int_equal(beam_read_literals(&list, &arena, &beam, &err), 0);
	assert_true(term_is_nil(list));
	/* As OTP 28 writes them: no size, not compressed. */
	beam.chunks[BEAM_LITT] = SPAN("\0\0\0\0\0\0\0\x01\0\0\0\x03\x83\x61\x07");
	assert_int_equal(beam_read_literals(&list, &arena, &beam, &err), 0);
	assert_int_equal(list->seq.len, 1);
	beam.chunks[BEAM_LITT] = SPAN("\0\0\0\0\0\0\0\x02\0\0\0\x03\x83\x61\x07");
	assert_int_equal(beam_read_literals(&list, &arena, &beam, &err), -1);
	assert_string_equal(err.text, "literals: cut off");
	beam.chunks[BEAM_LITT] = SPAN("\xff\0\0\0");
	assert_int_equal(beam_read_literals(&list, &arena, &beam, &err), -1);
}

/* The module with one chunk more. */
#define MORE(chunk)                                                                    \
	"erl -noshell -eval '{ok, _, Chunks} = beam_lib:all_chunks(\"server.beam\"), " \
	"{ok, B} = beam_lib:build_module(Chunks ++ [" chunk "]), "                     \
	"ok = file:write_file(\"o/server.beam\", B), halt().'"

/* Stripping takes nothing away that has an effect. */
static void strip_again(const struct beam *beam)
{
	owned_str struct str out = STR_EMPTY;
	uint8_t a[BEAM_DIGEST], b[BEAM_DIGEST];
	struct beam stripped;
	struct error err;

	assert_int_equal(beam_strip(&out, bytes_of("o/server.beam"), &err), 0);
	assert_int_equal(beam_open(&stripped, &arena, str_span(&out), &err), 0);
	beam_digest(beam, a);
	beam_digest(&stripped, b);
	assert_memory_equal(a, b, BEAM_DIGEST);
	beam_md5(beam, a);
	beam_md5(&stripped, b);
	assert_memory_equal(a, b, BEAM_DIGEST);
}

/* Lines, debug information and documentation are no change; code is, and what nobody knows. */
static void digests(void **state)
{
	static const struct {
		const char *what, *command;
		bool same_md5, same_digest;
	} rows[] = {
		{ "another line",
		  "sed '1s/^/\\n\\n/' server.erl > o/server.erl && erlc -o o o/server.erl", true,
		  true },
		{ "debug information", "erlc +debug_info -o o server.erl", true, true },
		{ "compressed", "erlc +compressed -o o server.erl", true, true },
		{ "no lines", "erlc +no_line_info -o o server.erl", false, false },
		{ "other code",
		  "sed 's/{ok,1}/{ok,2}/' server.erl > o/server.erl && erlc -o o o/server.erl",
		  false, false },
		{ "documentation", MORE("{\"Docs\", <<1>>}"), true, true },
		{ "for a debugger", MORE("{\"DbgB\", <<1>>}"), false, true },
		{ "native records", MORE("{\"Recs\", <<1>>}"), false, false },
		{ "a chunk of a later OTP", MORE("{\"Zorg\", <<1>>}"), true, false },
	};
	struct beam before = open_module("server"), after;
	uint8_t a[BEAM_DIGEST], b[BEAM_DIGEST];

	(void)state;
	run("mkdir -p o");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		run(rows[i].command);
		after = open_module("o/server");
		beam_md5(&before, a);
		beam_md5(&after, b);
		if ((memcmp(a, b, BEAM_DIGEST) == 0) != rows[i].same_md5)
			fail_msg("%s: md5", rows[i].what);
		beam_digest(&before, a);
		beam_digest(&after, b);
		if ((memcmp(a, b, BEAM_DIGEST) == 0) != rows[i].same_digest)
			fail_msg("%s: digest", rows[i].what);
		if (beam_same(&before, &after) != rows[i].same_digest)
			fail_msg("%s: the same", rows[i].what);
		strip_again(&after);
	}
}

/* ---- stripping ---- */

static void strip_to(const char *name, const char *to)
{
	owned_str struct str out = STR_EMPTY;
	struct error err;

	if (beam_strip(&out, bytes_of(arena_printf(&arena, "%s.beam", name)), &err))
		fail_msg("%s", err.text);
	assert_int_equal(file_write(arena_printf(&arena, "%s/%s/%s.beam", folder, to, name),
				    str_span(&out), 0644, &err),
			 0);
}

static void strip(void **state)
{
	uint8_t a[BEAM_DIGEST], b[BEAM_DIGEST];
	struct beam before, after;

	(void)state;
	run("mkdir -p s");
	for (size_t i = 0; i < ARRAY_LEN(modules); i++) {
		strip_to(modules[i].name, "s");
		before = open_module(modules[i].name);
		after = open_module(arena_printf(&arena, "s/%s", modules[i].name));
		beam_digest(&before, a);
		beam_digest(&after, b);
		assert_memory_equal(a, b, BEAM_DIGEST);
	}
	run("erl -noshell -pa s -eval '{ok,1} = server:init(x), "
	    "{module,_} = code:load_file(list_to_atom(\"Elixir.P\")), halt().'");
	run("mkdir -p otp && erl -noshell -eval '"
	    "Kept = [\"Attr\" | beam_lib:significant_chunks()], "
	    "Strip = fun(F) -> {ok, {_, Chunks}} = beam_lib:chunks(F, Kept, "
	    "[allow_missing_chunks]), "
	    "{ok, B} = beam_lib:build_module([C || {_, D} = C <- Chunks, D =/= missing_chunk]), "
	    "ok = file:write_file(\"otp/\" ++ F, B) end, "
	    "lists:foreach(Strip, filelib:wildcard(\"*.beam\")), halt().'");
	run("diff -r s otp");
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(literals),
		cmocka_unit_test(digests),
		cmocka_unit_test(strip),
	};
	const size_t a = ARRAY_LEN(containers), b = ARRAY_LEN(modules), c = ARRAY_LEN(others);
	struct CMUnitTest tests[ARRAY_LEN(containers) + ARRAY_LEN(modules) + ARRAY_LEN(others)];

	for (size_t i = 0; i < a; i++)
		tests[i] =
			(struct CMUnitTest){ .name = containers[i].name,
					     .test_func = check_container,
					     .initial_state = (void *)(uintptr_t)&containers[i] };
	for (size_t i = 0; i < b; i++)
		tests[a + i] =
			(struct CMUnitTest){ .name = modules[i].name,
					     .test_func = check_module,
					     .initial_state = (void *)(uintptr_t)&modules[i] };
	memcpy(tests + a + b, others, c * sizeof(others[0]));
	return cmocka_run_group_tests_name("beam", tests, setup, teardown);
}
