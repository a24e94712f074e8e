// SPDX-License-Identifier: Apache-2.0
/* Records and structs that changed, and who keeps one from before: in the state of another
 * module's processes, in a table, in a message under way.  What nobody keeps is made anew for each
 * call, and not worth a word.
 */
#include "erlang/code/code_facts.h"
#include "erlang/code/code_native.h"
#include "erlang/code/code_states.h"
#include "upgrade/verdict/verdict_kept.h"
#include "upgrade/verdict/verdict_running.h"
#include "upgrade/verdict/verdict_states.h"

/* ---- who may have to do with it ---- */

struct shared {
	struct judge *judge;
	struct name_table *names; /* tags and modules that changed */
	struct name_table *given; /* functions that return something of another shape */
	bool *naming;             /* of modules of the old release that did not change */
};

/* An exported function that returns a fun of its own, also in something: who keeps it keeps the
 * old code.
 */
static bool gives_fun(struct judge *judge, const struct code *code)
{
	for (size_t i = 0; i < code->len; i++) {
		owned_arena struct arena scratch = ARENA_EMPTY;
		struct eval eval = { .arena = &scratch,
				     .library = &judge->modules->library[SIDE_OLD],
				     .limit = 2000 };
		const struct code_function *function = &code->functions[i];
		struct type *type;
		struct values values;

		if (!function_makes_fun(function) ||
		    !code_exports(code, function->name, function->arity))
			continue;
		type = type_new(&scratch);
		values = eval_any(&eval, code, function);
		for (size_t j = 0; j < values.len; j++)
			type_add(type, values.items[j], &scratch);
		if (type_fun(type))
			return true;
	}
	return false;
}

/* The fields that instances from before do not have; none when it is gone. */
static const char *new_fields(struct judge *judge, const struct code_native *before,
			      const struct code_native *after)
{
	owned_str struct str fields = STR_EMPTY;

	for (size_t i = 0; after && i < after->len; i++)
		if (!code_native_has(before, after->fields[i].name))
			str_addf(&fields, "%s%s", fields.len ? ", " : "", after->fields[i].name);
	return arena_dup(judge->arena, str_span(&fields));
}

static bool natives_changed(struct judge *judge, const struct module_diff *module)
{
	for (size_t i = 0; i < module->old_code->natives_len; i++) {
		const struct code_native *before = &module->old_code->natives[i];
		const struct code_native *after = code_native(module->new_code, before->name);

		if (!after || *new_fields(judge, before, after))
			return true;
	}
	return false;
}

static void name_changed(struct shared *shared, const struct module_diff *module)
{
	/* Moved from another application, and perhaps changed on the way. */
	if (module->change == CHANGE_ADDED &&
	    modules_find(shared->judge->modules, SIDE_OLD, module->name))
		name_table_add(shared->names, module->name, NULL);
	if (module->change != CHANGE_CHANGED || module->old_code->unread ||
	    module->new_code->unread)
		return;
	for (size_t i = 0; i < module->records_len; i++)
		name_table_add(shared->names, module->records[i].name, NULL);
	if (module->records_len > 0 || module->fields_added.len > 0 ||
	    natives_changed(shared->judge, module) ||
	    (!(module->new_facts->roles & (BEAM_PROCESS | BEAM_SUPERVISOR)) &&
	     (gives_otherwise(shared->judge, module, shared->given) ||
	      gives_fun(shared->judge, module->old_code))))
		name_table_add(shared->names, module->name, NULL);
}

/* ---- the state of processes that are the same themselves ---- */

/* Those that are ours, in both releases, and name what changed; by their number. */
static bool *find_users(const struct shared *shared, bool same)
{
	struct modules *modules = shared->judge->modules;
	const struct code_library *library = &modules->library[SIDE_NEW];
	const size_t len = name_table_len(modules->names[SIDE_NEW]);
	bool *users = arena_array(shared->judge->arena, len, bool);

	for (size_t i = 0; i < len; i++) {
		const struct module_at *module = &modules->items[SIDE_NEW][i];

		users[i] = shared->naming[i] && (module->same || !same) &&
			   modules_find(modules, SIDE_OLD, module->name) &&
			   library->follow(library->ctx, module->name);
	}
	return users;
}

static void judge_same_processes(struct shared *shared)
{
	struct modules *modules = shared->judge->modules;
	const bool *users = find_users(shared, false);

	effects_begin_of(shared->judge, find_users(shared, true));
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *after = &modules->items[SIDE_NEW][i];
		struct module_at *before = modules_find(modules, SIDE_OLD, after->name);
		const struct code *code, *old_code;
		const struct beam_facts *facts;
		struct module_diff same;

		if (!users[i])
			continue;
		facts = module_facts(modules, SIDE_NEW, after);
		code = module_code(modules, SIDE_NEW, after);
		old_code = module_code(modules, SIDE_OLD, before);
		if (code && old_code && facts && facts->roles & BEAM_PROCESS)
			judge_types(
				shared->judge,
				&(struct typed){ after->app, after->name, old_code, code, facts,
						 (enum beam_role)(facts->roles & BEAM_PROCESS &
								  -(facts->roles & BEAM_PROCESS)),
						 true });
		if (!after->same || !code || code->unread)
			continue;
		judge_stored_by(shared->judge, before, after, code, code);
		if (!facts)
			continue;
		same = (struct module_diff){ .name = after->name,
					     .old_facts = facts,
					     .new_facts = facts,
					     .old_code = code,
					     .new_code = code };
		judge_agents_of_same(shared->judge, after);
		judge_carried(shared->judge, after->app, &same);
	}
}

/* ---- tables and messages ---- */

/* A part of something that is kept: a tuple of that size, a struct of that module. */
struct part {
	bool map;
	const char *tag;
	size_t size;
};

/* open: only what came from elsewhere, of which not all is seen */
static bool holds(const struct type *type, const struct part *part, bool open, unsigned depth)
{
	if (!type || depth == 0)
		return false;
	if (holds(type->item, part, open, depth - 1))
		return true;
	for (size_t i = 0; i < type->len; i++) {
		const struct type_variant *v = &type->variants[i];

		if (v->tag && v->map == part->map && (v->map || v->len == part->size) &&
		    (v->open || !open) && strcmp(v->tag, part->tag) == 0)
			return true;
		for (size_t j = 0; j < v->len; j++)
			if (holds(v->items[j], part, open, depth - 1))
				return true;
	}
	return false;
}

/* clang-format off */
static const struct keeper {
	const char *module, *name;
	uint32_t arity; /* 0: any */
	unsigned what;
	const char *shown;
} keepers[] = {
	{ "ets", "insert", 2, 1, "the rows of a table" },
	{ "ets", "insert_new", 2, 1, "the rows of a table" },
	{ "ets", "update_element", 3, 2, "the rows of a table" },
	{ "dets", "insert", 2, 1, "the rows of a table" },
	{ "mnesia", "write", 1, 0, "the rows of a table" },
	{ "mnesia", "write", 3, 1, "the rows of a table" },
	{ "mnesia", "dirty_write", 1, 0, "the rows of a table" },
	{ "mnesia", "dirty_write", 2, 1, "the rows of a table" },
	{ "persistent_term", "put", 2, 1, "a persistent term" },
	{ "application", "set_env", 3, 2, "the environment" },
	{ "erlang", "put", 2, 1, "the process dictionary" },
	{ "Elixir.Process", "put", 2, 1, "the process dictionary" },
	{ "gen_server", "cast", 2, 1, "messages" },
	{ "gen_statem", "cast", 2, 1, "messages" },
	{ "gen_event", "notify", 2, 1, "messages" },
	{ "gen_server", "call", 0, 1, "messages" },
	{ "gen_statem", "call", 0, 1, "messages" },
	{ "Elixir.GenServer", "cast", 2, 1, "messages" },
	{ "Elixir.GenServer", "call", 0, 1, "messages" },
	{ "erlang", "send", 2, 1, "messages" },
	{ "erlang", "send_after", 0, 2, "messages" },
	{ "Elixir.Process", "send_after", 0, 1, "messages" },
	{ "Elixir.Registry", "register", 3, 2, "a registry" },
};
/* clang-format on */

static const struct keeper *keeper_of(const struct code_effect *effect)
{
	for (size_t i = 0; i < ARRAY_LEN(keepers); i++)
		if (effect_is(effect, keepers[i].module, keepers[i].name, keepers[i].arity))
			return &keepers[i];
	return NULL;
}

/* Processes that were handed a struct, and go on with it: what they make themselves is compared. */
static bool is_in_state_of(struct judge *judge, struct module_at *module, const struct code *code,
			   const struct part *part)
{
	const struct beam_facts *facts = module_facts(judge->modules, SIDE_OLD, module);
	const unsigned roles = facts ? facts->roles & BEAM_PROCESS : 0;
	const enum beam_role role = (enum beam_role)(roles & -roles);
	const struct code *after = module->diff ? module->diff->new_code : NULL;

	return part->map && role && code && !code->unread &&
	       (!after || (!after->unread && code_change_keeps(code_change(after, role)))) &&
	       holds(module_state(judge->modules, SIDE_OLD, module->name, code, role), part, true,
		     TYPE_DEPTH);
}

static const struct keeper *kept_by(struct judge *judge, struct module_at *module,
				    const struct part *part)
{
	static const struct keeper states = { .shown = "the state of processes" };
	struct code_effects effects = effects_of(judge, SIDE_OLD, module, effect_any);

	if (is_in_state_of(judge, module, module_code(judge->modules, SIDE_OLD, module), part))
		return &states;
	for (size_t i = 0; i < effects.len; i++) {
		const struct keeper *keeper = keeper_of(&effects.items[i]);
		struct type *type = type_new(judge->arena);

		if (!keeper ||
		    (strcmp(keeper->shown, "messages") == 0 &&
		     value_is_tagged(effects.items[i].args[keeper->what], part->tag, part->size)))
			continue; /* a message itself is looked at elsewhere */
		type_add(type, effects.items[i].args[keeper->what], judge->arena);
		if (holds(type, part, false, TYPE_DEPTH))
			return keeper;
	}
	return NULL;
}

static bool knows(struct shared *shared, struct module_at *module, const char *name)
{
	const struct code *code = module_code(shared->judge->modules, SIDE_OLD, module);
	owned_name_table struct name_table *atoms = code ? atoms_of(code) : NULL;

	return atoms && name_table_find(atoms, span_of(name)) != NAME_ABSENT;
}

static bool is_near(struct shared *shared, struct module_at *module)
{
	struct module_at *after = modules_find(shared->judge->modules, SIDE_NEW, module->name);

	return module->diff ||
	       (after && shared->naming[after - shared->judge->modules->items[SIDE_NEW]]);
}

/* A process that has another module put it into its state. */
static bool works_with(struct shared *shared, struct module_at *module, const char *name)
{
	struct modules *modules = shared->judge->modules;
	const struct code_library *library = &modules->library[SIDE_OLD];
	const struct beam_facts *facts = library->follow(library->ctx, module->name)
						 ? module_facts(modules, SIDE_OLD, module)
						 : NULL;

	for (size_t i = 0; facts && facts->roles & BEAM_PROCESS && i < facts->imports.len; i++) {
		struct module_at *other =
			modules_find(modules, SIDE_OLD, facts->imports.items[i].module);

		if (other && other != module && is_near(shared, other) &&
		    knows(shared, other, name))
			return true;
	}
	return false;
}

/* Who keeps one; NULL: nobody is seen to. */
static const struct keeper *find_keeper(struct shared *shared, const struct part *part,
					const char *definer, struct module_at **who)
{
	struct modules *modules = shared->judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_OLD]); i++) {
		struct module_at *module = &modules->items[SIDE_OLD][i];
		const struct keeper *keeper;

		if (!(is_near(shared, module) &&
		      (knows(shared, module, part->tag) || knows(shared, module, definer))) &&
		    !(part->map && works_with(shared, module, part->tag)))
			continue;
		keeper = kept_by(shared->judge, module, part);
		if (keeper) {
			*who = module;
			return keeper;
		}
	}
	return NULL;
}

/* It knows the name; calling is more than naming it, as what starts a plugin does. */
static bool calls(struct shared *shared, struct module_at *module, const char *name)
{
	const struct beam_facts *facts = module_facts(shared->judge->modules, SIDE_OLD, module);

	for (size_t i = 0; facts && i < facts->imports.len; i++)
		if (strcmp(facts->imports.items[i].module, name) == 0)
			return true;
	return false;
}

/* Whether some other module of the old release calls it; only_called: naming it is not enough. */
static bool is_called(struct shared *shared, const char *name, bool only_called)
{
	struct modules *modules = shared->judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_OLD]); i++) {
		struct module_at *module = &modules->items[SIDE_OLD][i];

		if (strcmp(module->name, name) != 0 && is_near(shared, module) &&
		    (only_called ? calls(shared, module, name) : knows(shared, module, name)))
			return true;
	}
	return false;
}

/* ---- one that changed ---- */

static void tell(struct shared *shared, const struct app_diff *app,
		 const struct module_diff *module, const char *what, const struct keeper *keeper,
		 const struct module_at *who)
{
	struct judge *judge = shared->judge;

	JUDGE(judge, REASON_shared_struct_changed, app->name, module->name,
	      keeper ? "%s, and one from before the upgrade may be in %s (%s): who uses it fails"
		     : "%s: who holds one from before the upgrade fails when it is used%s%s",
	      what, keeper ? keeper->shown : "", keeper ? module_shown(who->name) : "")
		->hint =
		keeper ? "convert what is kept, or understand both forms for one release"
		       : "fine when it is made anew for each call; otherwise convert it in "
			 "code_change of the processes that hold it";
}

static void judge_records(struct shared *shared, const struct app_diff *app,
			  const struct module_diff *module)
{
	struct judge *judge = shared->judge;

	for (size_t i = 0; i < module->records_len; i++) {
		const struct record_change *record = &module->records[i];
		const struct part part = { false, record->name, record->old_size };
		struct module_at *who = NULL;
		const struct keeper *keeper;
		const char *what =
			arena_printf(judge->arena, "the record %s of %s had %u field%s and has %u",
				     record->name, module_shown(module->name), record->old_size - 1,
				     record->old_size == 2 ? "" : "s", record->new_size - 1);

		if (code_matches(module->new_code, record->name, record->old_size))
			continue;
		keeper = find_keeper(shared, &part, module->name, &who);
		if (keeper || (!(module->old_facts->roles & (BEAM_PROCESS | BEAM_SUPERVISOR)) &&
			       (code_loop(module->old_code) == CODE_LOOP_DEAF ||
				(code_gives_record(module->old_code, record->name) &&
				 !is_called(shared, module->name, true)))))
			tell(shared, app, module, what, keeper, who);
	}
}

/* Whether new code takes a field to be there; matched: or just names it in a pattern, for what that
 * does not take goes another way.
 */
static bool is_field_wanted(const struct shared *shared, const char *field, bool matched)
{
	const struct diff *diff = shared->judge->diff;

	for (size_t i = 0; i < diff->len; i++)
		for (size_t j = 0; j < diff->apps[i].modules.len; j++) {
			const struct code *code = diff->apps[i].modules.items[j].new_code;

			if (code &&
			    (wants_key(code, field) || (matched && matches_key(code, field))))
				return true;
		}
	return false;
}

/* Some new field is; Ecto fetches those that its schemas list. */
static bool are_new_fields_wanted(const struct shared *shared, const struct module_diff *module)
{
	if (beam_exports(module->new_facts, "__schema__", 1))
		return true;
	for (size_t i = 0; i < module->fields_added.len; i++)
		if (is_field_wanted(shared, module->fields_added.items[i], true))
			return true;
	return false;
}

static void judge_struct(struct shared *shared, const struct app_diff *app,
			 const struct module_diff *module)
{
	struct judge *judge = shared->judge;
	const struct part part = { true, module->name, 0 };
	owned_str struct str fields = STR_EMPTY;
	struct module_at *who = NULL;
	const struct keeper *keeper;

	for (size_t i = 0; i < module->fields_added.len; i++)
		str_addf(&fields, "%s%s", i ? ", " : "", module->fields_added.items[i]);
	keeper = find_keeper(shared, &part, module->name, &who);
	if (keeper ? are_new_fields_wanted(shared, module)
		   : !(module->old_facts->roles & BEAM_PROCESS) &&
			     !is_called(shared, module->name, false))
		tell(shared, app, module,
		     arena_printf(judge->arena, "the struct %s has the new field%s %s",
				  module_shown(module->name),
				  module->fields_added.len == 1 ? "" : "s", str_text(&fields)),
		     keeper, who);
}

static bool is_wanted(const struct shared *shared, const struct code_native *before,
		      const struct code_native *after)
{
	for (size_t k = 0; k < after->len; k++)
		if (!code_native_has(before, after->fields[k].name) &&
		    is_field_wanted(shared, after->fields[k].name, false))
			return true;
	return false;
}

static void judge_natives(struct shared *shared, const struct app_diff *app,
			  const struct module_diff *module)
{
	struct judge *judge = shared->judge;

	for (size_t i = 0; i < module->old_code->natives_len; i++) {
		const struct code_native *before = &module->old_code->natives[i];
		const struct code_native *after = code_native(module->new_code, before->name);
		const char *fields = new_fields(judge, before, after);
		const char *name = arena_printf(judge->arena, "%s:%s", module->name, before->name);
		const struct keeper *keeper;
		struct module_at *who = NULL;

		if (after && (!*fields || !is_wanted(shared, before, after)))
			continue;
		keeper = find_keeper(shared, &(struct part){ true, name, 0 }, module->name, &who);
		if (keeper)
			tell(shared, app, module,
			     after ? arena_printf(
					     judge->arena,
					     "the native record %s has the new field %s, which "
					     "those that are there do not have",
					     name, fields)
				   : arena_printf(judge->arena, "the native record %s is gone",
						  name),
			     keeper, who);
	}
}

/* Whether a process is told of already, in whose state it is. */
static bool is_in_a_state(const struct judge *judge, const char *name)
{
	for (size_t i = 0; i < judge->reasons->len; i++) {
		const struct reason *reason = &judge->reasons->items[i];

		if (reason->code == REASON_state_shape_changed &&
		    strstr(reason->message, module_shown(name)))
			return true;
	}
	return false;
}

static void judge_module_shared(struct shared *shared, const struct app_diff *app,
				const struct module_diff *module)
{
	if (module->change != CHANGE_CHANGED || is_in_a_state(shared->judge, module->name))
		return;
	judge_records(shared, app, module);
	judge_natives(shared, app, module);
	if (module->fields_added.len > 0)
		judge_struct(shared, app, module);
}

void judge_shared(struct judge *judge)
{
	owned_name_table struct name_table *names = name_table_new(), *given = name_table_new();
	struct shared shared = { .judge = judge, .names = names, .given = given };

	for (size_t i = 0; i < judge->diff->len; i++)
		for (size_t j = 0; j < judge->diff->apps[i].modules.len; j++)
			name_changed(&shared, &judge->diff->apps[i].modules.items[j]);
	if (name_table_len(names) == 0)
		return;
	given_through(judge, names, given);
	shared.naming = modules_naming(judge, names);
	judge_same_processes(&shared);
	for (size_t i = 0; i < judge->diff->len; i++) {
		const struct app_diff *app = &judge->diff->apps[i];

		for (size_t j = 0; j < app->modules.len; j++)
			judge_module_shared(&shared, app, &app->modules.items[j]);
	}
}
