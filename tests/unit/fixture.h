// SPDX-License-Identifier: Apache-2.0
/* fixture.h - releases for tests, from a few words.
 *
 *	"shop 1.0: cart=server v1 calls(price), price=plain v1; web 1.0: …"
 *
 * Each module is KIND plus a version word that ends up in its code; calls(a b) makes it
 * call a and b.  Words in capitals are no applications: CONSOLIDATED holds protocols,
 * CONFIG and VMARGS give those files another content, FILE lies below lib.  All trees of a program
 *are compiled by one VM.
 */
#pragma once
#include "release/read/release.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct arena fixture_arena;
static const char *fixture_dir;

/* clang-format off */
static const struct fixture_kind {
	const char *name, *source;
} fixture_kinds[] = {
	{ "plain", "" },
	{ "server", "-behaviour(gen_server). -export([init/1,handle_call/3,handle_cast/2,code_change/3]). "
	  "init(_) -> {ok,1}. handle_call(_,_,S) -> {reply,ok,S}. handle_cast(_,S) -> {noreply,S}. "
	  "code_change(_,S,_) -> {ok,S}." },
	{ "soft", "-behaviour(gen_server). -export([init/1,handle_call/3,handle_cast/2]). "
	  "init(X) -> {ok,X}. handle_call(_,_,S) -> {reply,ok,S}. handle_cast(_,S) -> {noreply,S}." },
	{ "statem", "-behaviour(gen_statem). -export([init/1,callback_mode/0,code_change/4]). "
	  "init(_) -> {ok,a,1}. callback_mode() -> state_functions. code_change(_,A,B,_) -> {ok,A,B}." },
	/* States that are records; r3 has a code_change that looks at them. */
	{ "r1", "-behaviour(gen_server). -export([init/1,handle_call/3,handle_cast/2,code_change/3]). "
	  "-record(state,{a}). init(_) -> {ok,#state{}}. handle_call(_,_,#state{a=A}=S) -> {reply,A,S}. "
	  "handle_cast(_,S) -> {noreply,S}. code_change(_,S,_) -> {ok,S}." },
	{ "r2", "-behaviour(gen_server). -export([init/1,handle_call/3,handle_cast/2,code_change/3]). "
	  "-record(state,{a,b}). init(_) -> {ok,#state{}}. handle_call(_,_,#state{a=A}=S) -> {reply,A,S}. "
	  "handle_cast(_,S) -> {noreply,S}. code_change(_,S,_) -> {ok,S}." },
	{ "r3", "-behaviour(gen_server). -export([init/1,handle_call/3,handle_cast/2,code_change/3]). "
	  "-record(state,{a,b}). init(_) -> {ok,#state{}}. handle_call(_,_,#state{a=A}=S) -> {reply,A,S}. "
	  "handle_cast(_,S) -> {noreply,S}. code_change({down,_},#state{a=A},_) -> {ok,{state,A}}; "
	  "code_change(_,{state,A},_) -> {ok,#state{a=A}}." },
	/* Structs as Elixir makes them; s1 and s2 are processes too. */
	{ "t1", "-export(['__struct__'/0]). '__struct__'() -> #{'__struct__' => ?MODULE, a => nil}." },
	{ "t2", "-export(['__struct__'/0]). '__struct__'() -> #{'__struct__' => ?MODULE, a => nil, b => 1, c => 2}." },
	{ "s1", "-behaviour(gen_server). -export([init/1,handle_call/3,handle_cast/2,code_change/3,'__struct__'/0]). "
	  "init(_) -> {ok,'__struct__'()}. handle_call(_,_,S) -> {reply,ok,S}. handle_cast(_,S) -> {noreply,S}. "
	  "code_change(_,S,_) -> {ok,S}. '__struct__'() -> #{'__struct__' => ?MODULE, a => nil}." },
	{ "s2", "-behaviour(gen_server). -export([init/1,handle_call/3,handle_cast/2,code_change/3,'__struct__'/0]). "
	  "init(_) -> {ok,'__struct__'()}. handle_call(_,_,S) -> {reply,ok,S}. handle_cast(_,S) -> {noreply,S}. "
	  "code_change(_,S,_) -> {ok,S}. '__struct__'() -> #{'__struct__' => ?MODULE, a => nil, b => 1}." },
	{ "sup", "-behaviour(supervisor). -export([init/1]). init(_) -> {ok,{{one_for_one,1,1},[]}}." },
	{ "opaque", "-behaviour(supervisor). -export([init/1]). init(_) -> {ok,{{one_for_one,1,1},[application:get_env(a,v()),c()]}}." },
	{ "app", "-behaviour(application). -export([start/2,stop/1]). stop(_) -> ok. "
	  "start(_,_) -> supervisor:start_link(?MODULE,[])." },
	{ "nif", "-on_load(go/0). go() -> erlang:load_nif(\"x\",0)." },
	{ "onload", "-on_load(go/0). go() -> ok." },
	{ "impl", "-export(['__impl__'/1]). '__impl__'(_) -> ok." },
	{ "protocol", "-export(['__protocol__'/1]). '__protocol__'(_) -> ok." },
};
/* clang-format on */

static void fixture_write(const char *path, const char *text)
{
	struct error err;

	if (dir_make(path_dir(&fixture_arena, path), &err) ||
	    file_write(path, span_of(text), 0644, &err))
		fail_msg("%s", err.text);
}

/* Cuts "NAME" and "TEXT" out of "NAME<separator>TEXT". */
static const char *fixture_cut(struct span *rest, char separator)
{
	struct span part = { "", 0 };

	if (!span_next(rest, separator, &part))
		return "";
	return arena_dup(&fixture_arena, span_trim(part));
}

/* "server v1 calls(a b)" to Erlang. */
static void fixture_module(const char *ebin, const char *name, struct span text)
{
	const char *kind = fixture_cut(&text, ' '), *vsn = fixture_cut(&text, ' '), *source = NULL;
	owned_str struct str erl = STR_EMPTY;
	struct span calls = span_trim(text), callee;

	for (size_t i = 0; i < ARRAY_LEN(fixture_kinds); i++)
		if (strcmp(kind, fixture_kinds[i].name) == 0)
			source = fixture_kinds[i].source;
	if (!source)
		fail_msg("no kind of module: %s", kind);
	str_addf(&erl, "-module('%s'). -export([v/0,c/0]).\n%s\nv() -> '%s'.\nc() -> [x", name,
		 source, vsn);
	if (span_starts(calls, "calls(")) {
		calls = (struct span){ calls.ptr + 6, calls.len - 7 };
		while (span_next(&calls, ' ', &callee))
			str_addf(&erl, ", '" SPAN_FMT "':v()", SPAN_ARG(callee));
	}
	str_adds(&erl, "].\n");
	fixture_write(arena_printf(&fixture_arena, "%s/%s.erl", ebin, name), str_text(&erl));
}

/* The list of modules: "a=plain v1, b=server v2 calls(a)". */
static void fixture_modules(const char *ebin, struct span text, struct str *names)
{
	struct span one;

	while (span_next(&text, ',', &one)) {
		struct span rest = span_trim(one);
		const char *name = fixture_cut(&rest, '=');

		fixture_module(ebin, name, rest);
		str_addf(names, "%s'%s'", names->len ? "," : "", name);
	}
}

struct fixture {
	const char *root, *vsn_dir, *erts;
	struct str rel; /* ",{shop,\"1.0\"}" … */
};

/* Words in capitals, which are no applications; false: none of those. */
static bool fixture_special(struct fixture *fix, const char *name, const char *value,
			    struct span rest)
{
	owned_str struct str names = STR_EMPTY;

	if (strcmp(name, "CONSOLIDATED") == 0)
		fixture_modules(arena_printf(&fixture_arena, "%s/consolidated", fix->vsn_dir), rest,
				&names);
	else if (strcmp(name, "CONFIG") == 0)
		fixture_write(arena_printf(&fixture_arena, "%s/sys.config", fix->vsn_dir), value);
	else if (strcmp(name, "VMARGS") == 0)
		fixture_write(arena_printf(&fixture_arena, "%s/vm.args", fix->vsn_dir), value);
	else if (strcmp(name, "FILE") == 0)
		fixture_write(arena_printf(&fixture_arena, "%s/lib/%s", fix->root, value),
			      arena_dup(&fixture_arena, span_trim(rest)));
	else if (strcmp(name, "ERTS") == 0)
		fix->erts = value;
	else
		return false;
	return true;
}

/* "shop 1.0 elixir env: MODULES": what stands behind the version may be missing. */
static void fixture_app(struct fixture *fix, struct span text)
{
	struct span rest = text, head = { "", 0 };
	owned_str struct str names = STR_EMPTY;
	const char *name, *vsn, *ebin, *flags;

	span_next(&rest, ':', &head);
	head = span_trim(head);
	name = fixture_cut(&head, ' ');
	vsn = fixture_cut(&head, ' ');
	flags = arena_dup(&fixture_arena, head);
	if (fixture_special(fix, name, vsn, rest))
		return;
	ebin = arena_printf(&fixture_arena, "%s/lib/%s-%s/ebin", fix->root, name, vsn);
	fixture_modules(ebin, rest, &names);
	fixture_write(
		arena_printf(&fixture_arena, "%s/%s.app", ebin, name),
		arena_printf(&fixture_arena,
			     "{application,%s,[{vsn,\"%s\"},{description,\"\"},{modules,[%s]},"
			     "{registered,[]},{applications,[%s]},{env,[%s]}]}.",
			     name, vsn, str_text(&names), strstr(flags, "elixir") ? "elixir" : "",
			     strstr(flags, "env") ? "{a,1}" : ""));
	str_addf(&fix->rel, ",{%s,\"%s\"}", name, vsn);
}

/* Writes the tree NAME, a release fix VSN, from its description. */
static void fixture_tree(const char *name, const char *vsn, const char *text)
{
	const char *base = strstr(text, "kernel ") ? "" : "kernel 8.5; stdlib 4.2; sasl 4.2; ";
	struct span rest = span_of(arena_printf(&fixture_arena, "%s%s", base, text)), one;
	struct fixture fix = { .erts = "13.1.5" };

	fix.root = arena_printf(&fixture_arena, "%s/%s", fixture_dir, name);
	fix.vsn_dir = arena_printf(&fixture_arena, "%s/releases/%s", fix.root, vsn);
	while (span_next(&rest, ';', &one))
		if (span_trim(one).len > 0)
			fixture_app(&fix, span_trim(one));
	fixture_write(arena_printf(&fixture_arena, "%s/fix.rel", fix.vsn_dir),
		      arena_printf(&fixture_arena, "{release,{\"fix\",\"%s\"},{erts,\"%s\"},[%s]}.",
				   vsn, fix.erts, str_text(&fix.rel) + 1));
	str_done(&fix.rel);
}

/* Compiles every module of every tree, all in one VM. */
static void fixture_compile(void)
{
	const char *line = arena_printf(
		&fixture_arena,
		"cd %s && erl -noshell -eval '"
		"[{ok,_} = compile:file(F, [{outdir,filename:dirname(F)},deterministic,report]) "
		"|| F <- filelib:wildcard(\"**/*.erl\")], halt().' </dev/null",
		fixture_dir);

	if (system(line) != 0)
		fail_msg("%s", line);
}

static struct release *fixture_open(const char *name)
{
	struct release *release;
	struct error err;

	if (release_open(&release, arena_printf(&fixture_arena, "%s/%s", fixture_dir, name), &err))
		fail_msg("%s", err.text);
	return release;
}

static void fixture_begin(void)
{
	struct error err;

	if (dir_make_temp(&fixture_dir, &fixture_arena, "/tmp/relevo-fixture", &err))
		fail_msg("%s", err.text);
}

static void fixture_end(void)
{
	struct error err;

	if (tree_remove(fixture_dir, &err))
		fail_msg("%s", err.text);
	arena_done(&fixture_arena);
}
