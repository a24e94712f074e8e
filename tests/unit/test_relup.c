// SPDX-License-Identifier: Apache-2.0
/* Relups from releases that are put together by hand: what systools was seen to make of the
 * same input, and what it refuses.
 */
#include "upgrade/relup/regex.h"
#include "upgrade/relup/relup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { APPS_MAX = 12, APPUPS_MAX = 4 };

static const struct term *parse(struct arena *arena, const char *text)
{
	struct error err;
	const struct term *term;

	if (term_parse(&term, arena, span_of(text), "test", &err))
		fail_msg("%s: %s", text, err.text);
	return term;
}

/* ---- releases ---- */

/* {App, Vsn, Type, [Module]}, in start order. */
static void add_app(struct resolved_app *out, struct rel_app *entry, struct arena *arena,
		    const struct term *spec)
{
	static const enum start_type types[] = { START_PERMANENT, START_TRANSIENT, START_TEMPORARY,
						 START_LOAD, START_NONE };
	struct app *app = arena_new(arena, struct app);
	const struct term *modules = term_at(spec, 3);
	const char **names = arena_array(arena, modules->seq.len + 1, const char *);

	for (size_t i = 0; i < modules->seq.len; i++)
		names[i] = term_atom_name(term_at(modules, i));
	app->name = term_atom_name(term_at(spec, 0));
	assert_true(term_get_string(term_at(spec, 1), arena, &app->vsn));
	app->dir = app->name;
	app->modules = (struct names){ names, modules->seq.len };
	entry->name = app->name;
	entry->vsn = app->vsn;
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (term_is_atom(term_at(spec, 2), start_type_name(types[i])))
			entry->type = types[i];
	out->app = app;
	out->entry = entry;
}

/* {Name, Vsn, Erts, [App]} */
static struct resolved *release(struct arena *arena, const char *text)
{
	const struct term *term = parse(arena, text), *specs = term_at(term, 3);
	struct resolved *release = arena_new(arena, struct resolved);
	struct rel *rel = arena_new(arena, struct rel);
	struct resolved_app *apps = arena_array(arena, specs->seq.len, struct resolved_app);
	struct rel_app *entries = arena_array(arena, specs->seq.len, struct rel_app);

	rel->name = term_atom_name(term_at(term, 0));
	assert_true(term_get_string(term_at(term, 1), arena, &rel->vsn));
	assert_true(term_get_string(term_at(term, 2), arena, &rel->erts));
	for (size_t i = 0; i < specs->seq.len; i++)
		add_app(&apps[i], &entries[i], arena, term_at(specs, i));
	rel->apps = entries;
	rel->len = specs->seq.len;
	*release = (struct resolved){ rel, tree_system(), apps, specs->seq.len };
	return release;
}

struct given {
	const char *top, *base;
	const char *appups[APPUPS_MAX]; /* {App, Appup} */
	bool restart_emulator;
	const char *description;
};

static int make(const struct term **out, const struct term **warnings, struct arena *arena,
		const struct given *given, struct error *err)
{
	struct appup appups[APPUPS_MAX];
	const struct relup_base up = { release(arena, given->base), given->description };
	const struct relup_base down = { up.release, NULL };
	struct relup_input input = { release(arena, given->top), &up, 1, &down, 1, appups, 0,
				     given->restart_emulator };

	for (; input.appups_len < APPUPS_MAX && given->appups[input.appups_len];
	     input.appups_len++) {
		const struct term *term = parse(arena, given->appups[input.appups_len]);

		appups[input.appups_len] = (struct appup){ term_atom_name(term_at(term, 0)),
							   term_at(term, 1), "x.appup" };
	}
	return relup_make(out, warnings, arena, &input, err);
}

static void assert_term(const struct term *got, const char *want, struct arena *arena)
{
	owned_str struct str a = STR_EMPTY, b = STR_EMPTY;

	term_print(&a, got);
	term_print(&b, parse(arena, want));
	assert_string_equal(str_text(&a), str_text(&b));
}

/* ---- what systools made of the same input ---- */

#define SASL "{kernel,\"8.5.3\",permanent,[]},{sasl,\"4.2\",permanent,[]}"

/* clang-format off */
static const struct example {
	const char *name;
	struct given given;
	const char *relup, *warnings;
} examples[] = {
	{
		.name = "one application, every kind of module",
		.given = {
			.base = "{ex,\"1\",\"13\",[" SASL ",{a,\"1\",permanent,[old,p,q,r,s,a_sup]}]}.",
			.top = "{ex,\"2\",\"13\",[" SASL ",{a,\"2\",permanent,[new,p,q,r,s,a_sup]}]}.",
			.appups = { "{a,{\"2\","
				"[{\"1\",[{add_module,new},{update,p,{advanced,xp},[q]},"
				"{update,q,5000,{advanced,xq},soft_purge,soft_purge,[p,r]},"
				"{load_module,r},{update,a_sup,supervisor},"
				"{load_module,s,soft_purge,brutal_purge,[new]},{delete_module,old}]}],"
				"[{\"1\",[{add_module,old},{load_module,s,[new]},{update,a_sup,supervisor},"
				"{load_module,r},{update,q,5000,{advanced,xq},soft_purge,soft_purge,[p,r]},"
				"{update,p,{advanced,xp},[q]},{delete_module,new}]}]}}." },
			.description = "from v1",
		},
		.relup =
			"{\"2\",[{\"1\",\"from v1\",[{load_object_code,{a,\"2\",[s,new,p,q,r,a_sup]}},"
			"point_of_no_return,{load,{new,brutal_purge,brutal_purge}},"
			"{load,{s,soft_purge,brutal_purge}},{suspend,[p,{q,5000}]},"
			"{load,{r,brutal_purge,brutal_purge}},{load,{q,soft_purge,soft_purge}},"
			"{load,{p,brutal_purge,brutal_purge}},{code_change,up,[{p,xp},{q,xq}]},"
			"{resume,[q,p]},{suspend,[a_sup]},{load,{a_sup,brutal_purge,brutal_purge}},"
			"{code_change,up,[{a_sup,[]}]},{resume,[a_sup]},"
			"{remove,{old,brutal_purge,brutal_purge}},{purge,[old]}]}],"
			"[{\"1\",[],[{load_object_code,{a,\"1\",[old,s,a_sup,q,p,r]}},point_of_no_return,"
			"{load,{old,brutal_purge,brutal_purge}},{load,{s,brutal_purge,brutal_purge}},"
			"{remove,{new,brutal_purge,brutal_purge}},{purge,[new]},{suspend,[a_sup]},"
			"{load,{a_sup,brutal_purge,brutal_purge}},{code_change,down,[{a_sup,[]}]},"
			"{resume,[a_sup]},{suspend,[{q,5000},p]},{code_change,down,[{q,xq},{p,xp}]},"
			"{load,{q,soft_purge,soft_purge}},{load,{p,brutal_purge,brutal_purge}},"
			"{load,{r,brutal_purge,brutal_purge}},{resume,[p,q]}]}]}.",
		.warnings = "[].",
	},
	{
		.name = "applications added, removed, restarted; a pattern",
		.given = {
			.base = "{ex,\"1\",\"13\",[" SASL ",{gone,\"1\",permanent,[g1,g2]},"
				"{ra,\"1\",temporary,[ra1,ra2]},{same,\"1\",permanent,[s]}]}.",
			.top = "{ex,\"2\",\"13\",[" SASL ",{ra,\"2\",temporary,[ra1,ra3]},"
				"{same,\"1\",permanent,[s]},{plus,\"1\",transient,[n1,n2]},"
				"{plusl,\"1\",load,[n3]},{plusn,\"1\",none,[n4]}]}.",
			.appups = { "{ra,{\"2\",[{<<\"1(\\\\.[0-9]+)*\">>,[{restart_application,ra}]}],"
				"[{<<\"1(?:\\\\.[0-9]+)*\">>,[{restart_application,ra}]}]}}." },
			.description = "from v1",
		},
		.relup =
			"{\"2\",[{\"1\",\"from v1\",[{load_object_code,{plus,\"1\",[n1,n2]}},"
			"{load_object_code,{plusl,\"1\",[n3]}},{load_object_code,{plusn,\"1\",[n4]}},"
			"{load_object_code,{ra,\"2\",[ra1,ra3]}},point_of_no_return,"
			"{load,{n1,brutal_purge,brutal_purge}},{load,{n2,brutal_purge,brutal_purge}},"
			"{apply,{application,start,[plus,transient]}},"
			"{load,{n3,brutal_purge,brutal_purge}},{apply,{application,load,[plusl]}},"
			"{load,{n4,brutal_purge,brutal_purge}},{apply,{application,stop,[ra]}},"
			"{remove,{ra1,brutal_purge,brutal_purge}},{remove,{ra2,brutal_purge,brutal_purge}},"
			"{purge,[ra1,ra2]},{load,{ra1,brutal_purge,brutal_purge}},"
			"{load,{ra3,brutal_purge,brutal_purge}},{apply,{application,start,[ra,temporary]}},"
			"{apply,{application,stop,[gone]}},{remove,{g1,brutal_purge,brutal_purge}},"
			"{remove,{g2,brutal_purge,brutal_purge}},{purge,[g1,g2]},"
			"{apply,{application,unload,[gone]}}]}],"
			"[{\"1\",[],[{load_object_code,{gone,\"1\",[g1,g2]}},"
			"{load_object_code,{ra,\"1\",[ra1,ra2]}},point_of_no_return,"
			"{load,{g1,brutal_purge,brutal_purge}},{load,{g2,brutal_purge,brutal_purge}},"
			"{apply,{application,start,[gone,permanent]}},{apply,{application,stop,[ra]}},"
			"{remove,{ra1,brutal_purge,brutal_purge}},{remove,{ra3,brutal_purge,brutal_purge}},"
			"{purge,[ra1,ra3]},{load,{ra1,brutal_purge,brutal_purge}},"
			"{load,{ra2,brutal_purge,brutal_purge}},{apply,{application,start,[ra,temporary]}},"
			"{apply,{application,stop,[plus]}},{remove,{n1,brutal_purge,brutal_purge}},"
			"{remove,{n2,brutal_purge,brutal_purge}},{purge,[n1,n2]},"
			"{apply,{application,unload,[plus]}},{apply,{application,stop,[plusl]}},"
			"{remove,{n3,brutal_purge,brutal_purge}},{purge,[n3]},"
			"{apply,{application,unload,[plusl]}},{apply,{application,stop,[plusn]}},"
			"{remove,{n4,brutal_purge,brutal_purge}},{purge,[n4]},"
			"{apply,{application,unload,[plusn]}}]}]}.",
		.warnings = "[].",
	},
	{
		.name = "another ERTS",
		.given = {
			.base = "{ex,\"1\",\"13.1\",[" SASL ",{a,\"1\",permanent,[m]}]}.",
			.top = "{ex,\"2\",\"13.1.5\",[" SASL ",{a,\"2\",permanent,[m]}]}.",
			.appups = { "{a,{\"2\",[{\"1\",[{update,m,{advanced,[]}}]}],"
				"[{\"1\",[{update,m,{advanced,[]}}]}]}}." },
			.description = "from v1",
		},
		.relup =
			"{\"2\",[{\"1\",\"from v1\",[restart_new_emulator,{load_object_code,{a,\"2\",[m]}},"
			"point_of_no_return,{suspend,[m]},{load,{m,brutal_purge,brutal_purge}},"
			"{code_change,up,[{m,[]}]},{resume,[m]}]}],"
			"[{\"1\",[],[{load_object_code,{a,\"1\",[m]}},point_of_no_return,{suspend,[m]},"
			"{code_change,down,[{m,[]}]},{load,{m,brutal_purge,brutal_purge}},{resume,[m]},"
			"restart_emulator]}]}.",
		.warnings = "[{erts_vsn_changed,{{\"ex\",\"13.1.5\"},{\"ex\",\"13.1\"}}},"
			"{erts_vsn_changed,{{\"ex\",\"13.1.5\"},{\"ex\",\"13.1\"}}}].",
	},
	{
		.name = "another ERTS, restart_emulator, an appup of another version",
		.given = {
			.base = "{ex,\"1\",\"13.1\",[" SASL ",{a,\"1\",permanent,[m]}]}.",
			.top = "{ex,\"2\",\"13.1.5\",[" SASL ",{a,\"2\",permanent,[m]}]}.",
			.appups = { "{a,{\"3\",[{\"1\",[{update,m,{advanced,[]}}]}],"
				"[{\"1\",[{update,m,{advanced,[]}}]}]}}." },
			.restart_emulator = true,
			.description = "from v1",
		},
		.relup =
			"{\"2\",[{\"1\",\"from v1\",[restart_new_emulator,{load_object_code,{a,\"2\",[m]}},"
			"point_of_no_return,{suspend,[m]},{load,{m,brutal_purge,brutal_purge}},"
			"{code_change,up,[{m,[]}]},{resume,[m]},restart_emulator]}],"
			"[{\"1\",[],[{load_object_code,{a,\"1\",[m]}},point_of_no_return,{suspend,[m]},"
			"{code_change,down,[{m,[]}]},{load,{m,brutal_purge,brutal_purge}},{resume,[m]},"
			"restart_emulator]}]}.",
		.warnings = "[{erts_vsn_changed,{{\"ex\",\"13.1.5\"},{\"ex\",\"13.1\"}}},"
			"{bad_vsn,{\"3\",\"2\"}},"
			"{erts_vsn_changed,{{\"ex\",\"13.1.5\"},{\"ex\",\"13.1\"}}},{bad_vsn,{\"3\",\"2\"}}].",
	},
	{
		.name = "two applications, written by hand, a point of no return",
		.given = {
			.base = "{ex,\"1\",\"13\",[" SASL ",{x,\"1\",permanent,[x1,x2]},"
				"{y,\"1\",permanent,[y1,y2]}]}.",
			.top = "{ex,\"2\",\"13\",[" SASL ",{x,\"2\",permanent,[x1,x2]},"
				"{y,\"2\",permanent,[y1,y2]}]}.",
			.appups = {
				"{x,{\"2\",[{\"1\",[{apply,{io,format,[\"before~n\"]}},point_of_no_return,"
				"{load_module,x1},{apply,{io,format,[\"after~n\"]}},"
				"{sync_nodes,id1,[n1@h,n2@h]},{update,x2,{advanced,[]}}]}],"
				"[{\"1\",[{load_module,x1},{update,x2,static,default,{advanced,[]},"
				"soft_purge,soft_purge,[x1]}]}]}}.",
				"{y,{\"2\",[{\"1\",[{load_object_code,{y,\"2\",[y2]}},{stop,[y2]},"
				"{load,{y2,brutal_purge,brutal_purge}},{start,[y2]},{load_module,y1,[x2]}]}],"
				"[{\"1\",[{load_module,y1},{update,y2,soft}]}]}}.",
			},
			.description = "from v1",
		},
		.relup =
			"{\"2\",[{\"1\",\"from v1\",[{load_object_code,{y,\"2\",[y2,y1]}},"
			"{load_object_code,{x,\"2\",[x1,x2]}},{apply,{io,format,[\"before~n\"]}},"
			"point_of_no_return,{load,{x1,brutal_purge,brutal_purge}},"
			"{apply,{io,format,[\"after~n\"]}},{sync_nodes,id1,[n1@h,n2@h]},{suspend,[x2]},"
			"{load,{x2,brutal_purge,brutal_purge}},{load,{y1,brutal_purge,brutal_purge}},"
			"{code_change,up,[{x2,[]}]},{resume,[x2]},{stop,[y2]},"
			"{load,{y2,brutal_purge,brutal_purge}},{start,[y2]}]}],"
			"[{\"1\",[],[{load_object_code,{x,\"1\",[x2,x1]}},"
			"{load_object_code,{y,\"1\",[y1,y2]}},point_of_no_return,{suspend,[x2]},"
			"{load,{x2,soft_purge,soft_purge}},{load,{x1,brutal_purge,brutal_purge}},"
			"{code_change,down,[{x2,[]}]},{resume,[x2]},"
			"{load,{y1,brutal_purge,brutal_purge}},{suspend,[y2]},"
			"{load,{y2,brutal_purge,brutal_purge}},{resume,[y2]}]}]}.",
		.warnings = "[].",
	},
};

/* clang-format on */

static void check_example(void **state)
{
	const struct example *example = *state;
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *relup, *warnings;
	struct error err;

	if (make(&relup, &warnings, &arena, &example->given, &err))
		fail_msg("%s", err.text);
	assert_term(relup, example->relup, &arena);
	assert_term(warnings, example->warnings, &arena);
}

/* ---- scripts of one application: what comes out, or why it is refused ---- */

/* clang-format off */
static const struct row {
	const char *name;
	const char *up;                 /* the upgrade script of a, from "1" to "2" */
	const char *want;               /* the instructions, when it is not refused */
	const char *otp;
} rows[] = {
	/* forms */
	{ "short update is soft", "[{update,m1}]",
	  "[{load_object_code,{a,\"2\",[m1]}},point_of_no_return,{suspend,[m1]},"
	  "{load,{m1,brutal_purge,brutal_purge}},{resume,[m1]}].", NULL },
	{ "nothing to do", "[]", "[point_of_no_return].", NULL },
	{ "a list stands for its elements", "[[{load_module,m1,soft_purge,soft_purge,[]}]]",
	  "[{load_object_code,{a,\"2\",[m1]}},point_of_no_return,{load,{m1,soft_purge,soft_purge}}].",
	  NULL },
	{ "in it, short forms are not filled in", "[[{load_module,m1}]]", NULL, "bad_instruction" },
	{ "restart_emulator goes last, once", "[restart_emulator,{load_module,m1},restart_emulator]",
	  "[{load_object_code,{a,\"2\",[m1]}},point_of_no_return,{load,{m1,brutal_purge,brutal_purge}},"
	  "restart_emulator].", NULL },
	{ "restart_new_emulator goes first, once",
	  "[{load_module,m1},restart_new_emulator,restart_new_emulator]",
	  "[restart_new_emulator,{load_object_code,{a,\"2\",[m1]}},point_of_no_return,"
	  "{load,{m1,brutal_purge,brutal_purge}}].", NULL },
	{ "the last place of a module counts",
	  "[{load_object_code,{a,\"2\",[m1,m2]}},{load_object_code,{b,\"1\",[b1]}},"
	  "{load_object_code,{a,\"2\",[m3,m1]}}]",
	  "[{load_object_code,{a,\"2\",[m2,m3,m1]}},{load_object_code,{b,\"1\",[b1]}},"
	  "point_of_no_return].", NULL },
	/* order */
	{ "free modules go by instruction",
	  "[{load_module,m3},{load_module,m1,[m3,m2]},{load_module,m2}]",
	  "[{load_object_code,{a,\"2\",[m1,m3,m2]}},point_of_no_return,"
	  "{load,{m2,brutal_purge,brutal_purge}},{load,{m3,brutal_purge,brutal_purge}},"
	  "{load,{m1,brutal_purge,brutal_purge}}].", NULL },
	{ "a circle goes together, by its first instruction",
	  "[{load_module,m4,[m3]},{load_module,m2,[m3,m1]},{load_module,m1,[m2]},{load_module,m3}]",
	  "[{load_object_code,{a,\"2\",[m4,m2,m1,m3]}},point_of_no_return,"
	  "{load,{m3,brutal_purge,brutal_purge}},{load,{m1,brutal_purge,brutal_purge}},"
	  "{load,{m2,brutal_purge,brutal_purge}},{load,{m4,brutal_purge,brutal_purge}}].", NULL },
	{ "a module may depend on itself", "[{load_module,m1,[m1]}]",
	  "[{load_object_code,{a,\"2\",[m1]}},point_of_no_return,"
	  "{load,{m1,brutal_purge,brutal_purge}}].", NULL },
	/* refusals */
	{ "two points", "[point_of_no_return,point_of_no_return]", NULL,
	  "too_many_point_of_no_return" },
	{ "module before the point", "[{load_module,m1},point_of_no_return]", NULL,
	  "bad_op_before_point_of_no_return" },
	{ "no instruction", "[{frobnicate,m1}]", NULL, "bad_instruction" },
	{ "mnesia_backup", "[mnesia_backup]", NULL, "not_yet_implemented" },
	{ "module", "[{load_module,\"m1\"}]", NULL, "bad_module" },
	{ "change", "[{update,m1,{very,advanced}}]", NULL, "bad_change" },
	{ "purge", "[{load_module,m1,gently,soft_purge,[]}]", NULL, "bad_purge_method" },
	{ "type of module", "[{update,m1,elastic,default,soft,soft_purge,soft_purge,[]}]", NULL,
	  "bad_mod_type" },
	{ "timeout", "[{update,m1,0,soft,soft_purge,soft_purge,[]}]", NULL, "bad_timeout" },
	{ "list", "[{purge,m1}]", NULL, "bad_list" },
	{ "list with a tail", "[{purge,[m1|m2]}]", NULL, "bad_list" },
	{ "arguments", "[{apply,{io,nl,none}}]", NULL, "bad_args_list" },
	{ "function", "[{apply,{io,\"nl\",[]}}]", NULL, "bad_func" },
	{ "node", "[{sync_nodes,id,[\"n@h\"]}]", NULL, "bad_node" },
	{ "application", "[{restart_application,\"a\"}]", NULL, "bad_application" },
	{ "start type", "[{add_application,b,eternal}]", NULL, "bad_start_type" },
	{ "lib", "[{load_object_code,{\"a\",\"2\",[m1]}}]", NULL, "bad_lib" },
	{ "version of a lib", "[{load_object_code,{a,2,[m1]}}]", NULL, "bad_lib_vsn" },
	{ "mode", "[{code_change,sideways,[]}]", NULL, "bad_mode" },
	{ "code change", "[{code_change,up,[m1]}]", NULL, "bad_code_change" },
	{ "the list of a code change comes before its mode", "[{code_change,sideways,m1}]", NULL,
	  "bad_list" },
	{ "load without code", "[{load,{m1,soft_purge,soft_purge}}]", NULL, "no_object_code" },
	{ "suspend without resume", "[{suspend,[{m1,5000}]}]", NULL, "suspended_not_resumed" },
	{ "resume without suspend", "[{resume,[m1]}]", NULL, "resumed_not_suspended" },
	{ "start without stop", "[{start,[m1]}]", NULL, "start_not_stop" },
	{ "stop without start", "[{stop,[m1]}]", NULL, "stop_not_start" },
	{ "application nowhere", "[{restart_application,zz}]", NULL, "no_such_application" },
	{ "removed, but there", "[{remove_application,b}]", NULL, "removed_application_present" },
	{ "two instructions for one module", "[{load_module,m1},{delete_module,m1}]", NULL,
	  "muldef_module" },
	{ "depends on what nobody changes", "[{load_module,m1,[m2]}]", NULL, "undef_module" },
	{ "module in no application", "[{load_module,zz}]", NULL, "no_such_module" },
	{ "two versions of one application",
	  "[{load_object_code,{a,\"1\",[m1]}},{load_module,m2}]", NULL, "conflicting_versions" },
	/* what makes systools crash */
	{ "a script that is none", "soft", NULL, "bad_appup" },
	{ "a script with a tail", "[{load_module,m1}|soft]", NULL, "bad_appup" },
	{ "a list with a tail for an instruction", "[[{load_module,m1}|soft]]", NULL, "bad_appup" },
};

/* clang-format on */

static void check_row(void **state)
{
	const struct row *row = *state;
	owned_arena struct arena arena = ARENA_EMPTY;
	struct given given = {
		.base = "{ex,\"1\",\"13\",[" SASL
			",{a,\"1\",permanent,[m1,m2]},{b,\"1\",permanent,[b1]}]}.",
		.top = "{ex,\"2\",\"13\",[" SASL
		       ",{a,\"2\",permanent,[m1,m2,m3,m4]},{b,\"1\",permanent,[b1]}]}.",
		.appups = { arena_printf(&arena, "{a,{\"2\",[{\"1\",%s}],[{\"1\",[]}]}}.",
					 row->up) },
	};
	const struct term *relup, *warnings;
	struct error err;

	int ret = make(&relup, &warnings, &arena, &given, &err);
	if (row->otp) {
		assert_int_equal(ret, -1);
		assert_string_equal(err.otp, row->otp);
		assert_int_equal(err.kind, ERROR_INVALID);
		return;
	}
	if (ret)
		fail_msg("%s", err.text);
	assert_term(term_at(term_at(term_at(relup, 1), 0), 2), row->want, &arena);
}

/* ---- the choice of entries ---- */

#define BASE "{ex,\"1\",\"13\",[" SASL ",{a,\"1.2\",permanent,[m]}]}."
#define TOP "{ex,\"2\",\"13\",[" SASL ",{a,\"2\",permanent,[m]}]}."

/* clang-format off */
static const struct choice {
	const char *name, *base, *top, *appup;
	const char *otp;                /* NULL: fine */
} choices[] = {
	{ "no entry", BASE, TOP, "{a,{\"2\",[{\"1\",[]}],[{\"1.2\",[]}]}}.", "no_relup" },
	{ "no entry down", BASE, TOP, "{a,{\"2\",[{\"1.2\",[]}],[]}}.", "no_relup" },
	{ "no appup", BASE, TOP, NULL, "file_problem" },
	{ "an appup that is none", BASE, TOP, "{a,{\"2\",[]}}.", "file_problem" },
	{ "entries of other shapes are passed over", BASE, TOP,
	  "{a,{\"2\",[soft,{\"1.2\"},{\"1.2\",[]}],[{\"1.2\",[]}]}}.", NULL },
	{ "a pattern that fits a part only", BASE, TOP,
	  "{a,{\"2\",[{<<\"1\">>,[]}],[{\"1.2\",[]}]}}.", "no_relup" },
	{ "a pattern whose first match is a part", BASE, TOP,
	  "{a,{\"2\",[{<<\"1|1[.]2\">>,[]}],[{\"1.2\",[]}]}}.", "no_relup" },
	{ "a pattern that is wrong", BASE, TOP, "{a,{\"2\",[{<<\"(1\">>,[]}],[{\"1.2\",[]}]}}.",
	  "bad_appup" },
	{ "entries that are no list", BASE, TOP, "{a,{\"2\",none,[{\"1.2\",[]}]}}.", "bad_appup" },
	{ "entries with a tail", BASE, TOP, "{a,{\"2\",[{\"1\",[]}|none],[{\"1.2\",[]}]}}.",
	  "bad_appup" },
	{ "the tail is not reached", BASE, TOP, "{a,{\"2\",[{\"1.2\",[]}|none],[{\"1.2\",[]}]}}.",
	  NULL },
	{ "no sasl in the base", "{ex,\"1\",\"13\",[{a,\"1.2\",permanent,[m]}]}.", TOP, NULL,
	  "missing_sasl" },
	{ "no sasl in the top", BASE, "{ex,\"2\",\"13\",[{a,\"2\",permanent,[m]}]}.", NULL,
	  "missing_sasl" },
};

/* clang-format on */

static void check_choice(void **state)
{
	const struct choice *choice = *state;
	owned_arena struct arena arena = ARENA_EMPTY;
	struct given given = { .base = choice->base,
			       .top = choice->top,
			       .appups = { choice->appup } };
	const struct term *relup, *warnings;
	struct error err;

	int ret = make(&relup, &warnings, &arena, &given, &err);
	assert_int_equal(ret, choice->otp ? -1 : 0);
	if (choice->otp)
		assert_string_equal(err.otp, choice->otp);
}

static void check_old_sasl(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct given given = {
		.base = "{ex,\"1\",\"5.8\",[{sasl,\"2.1.9\",permanent,[]}]}.",
		.top = "{ex,\"2\",\"13\",[{sasl,\"2.1.9\",permanent,[]}]}.",
		.restart_emulator = true,
	};
	const struct term *relup, *warnings;
	struct error err;

	(void)state;
	assert_int_equal(make(&relup, &warnings, &arena, &given, &err), 0);
	assert_term(relup,
		    "{\"2\",[{\"1\",[],[point_of_no_return,restart_new_emulator]}],"
		    "[{\"1\",[],[point_of_no_return,restart_emulator]}]}.",
		    &arena);
	assert_true(term_is_atom(term_at(warnings, 1), "pre_R15_emulator_upgrade"));
}

/* ---- size ---- */

enum { CHAIN = 10000 };

/* m0 needs m1 needs m2 …: loaded from the last to the first. */
static void check_chain(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str modules = STR_EMPTY, script = STR_EMPTY;
	struct given given = { .restart_emulator = false };
	const struct term *relup, *warnings, *list;
	struct error err;

	(void)state;
	for (int i = 0; i < CHAIN; i++) {
		str_addf(&modules, "%sm%d", i ? "," : "", i);
		if (i + 1 < CHAIN)
			str_addf(&script, "{load_module,m%d,[m%d]},", i, i + 1);
	}
	str_addf(&script, "{load_module,m%d}", CHAIN - 1);
	given.base = "{ex,\"1\",\"13\",[" SASL ",{a,\"1\",permanent,[]}]}.";
	given.top = arena_printf(&arena, "{ex,\"2\",\"13\",[" SASL ",{a,\"2\",permanent,[%s]}]}.",
				 str_text(&modules));
	given.appups[0] =
		arena_printf(&arena, "{a,{\"2\",[{\"1\",[%s]}],[{\"1\",[]}]}}.", str_text(&script));
	if (make(&relup, &warnings, &arena, &given, &err))
		fail_msg("%s", err.text);
	list = term_at(term_at(term_at(relup, 1), 0), 2);
	assert_int_equal(list->seq.len, CHAIN + 2);
	assert_string_equal(term_atom_name(term_at(term_at(term_at(list, 2), 1), 0)), "m9999");
	assert_string_equal(term_atom_name(term_at(term_at(term_at(list, CHAIN + 1), 1), 0)), "m0");
}

/* ---- patterns ---- */

static void check_patterns(void **state)
{
	static const struct {
		const char *pattern, *version;
		bool fits;
	} cases[] = {
		{ "5\\.1(?:\\.[0-9]+)*", "5.1.2", true },
		{ "5\\.1(?:\\.[0-9]+)*", "5.10", false },
		{ "^8\\.5$", "8.5", true },
		{ "", "", true },
		{ "", "1", false },
		{ "1.0-ü", "1.0-ü", true },
		{ "1|1\\.0", "1.0", false },
		{ "\\y1", "y1", true },
		{ "(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", false },
	};
	struct error err;
	bool fits;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(
			version_matches(&fits, span_of(cases[i].pattern), cases[i].version, &err),
			0);
		assert_int_equal(fits, cases[i].fits);
	}
	assert_int_equal(version_matches(&fits, span_of("1("), "1", &err), -1);
	assert_int_equal(version_matches(&fits, span_of("\xff"), "1", &err), -1);
}

#define TABLE(table, function)                                        \
	for (size_t i = 0; i < ARRAY_LEN(table); i++)                 \
		tests[len++] = (struct CMUnitTest)                    \
		{                                                     \
			.name = table[i].name, .test_func = function, \
			.initial_state = (void *)(uintptr_t)&table[i] \
		}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(examples) + ARRAY_LEN(rows) + ARRAY_LEN(choices) + 3];
	size_t len = 0;

	TABLE(examples, check_example);
	TABLE(rows, check_row);
	TABLE(choices, check_choice);
	tests[len++] = (struct CMUnitTest)cmocka_unit_test(check_old_sasl);
	tests[len++] = (struct CMUnitTest)cmocka_unit_test(check_chain);
	tests[len++] = (struct CMUnitTest)cmocka_unit_test(check_patterns);
	assert_int_equal(len, ARRAY_LEN(tests));
	return cmocka_run_group_tests_name("relup", tests, NULL, NULL);
}
