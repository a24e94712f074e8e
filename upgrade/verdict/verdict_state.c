// SPDX-License-Identifier: Apache-2.0
/* State that outlives the code it was made by.
 *
 * What init/1 returns is the shape that processes have; a code_change that hands its state on
 * is none.  A struct whose default values changed, or a map with keys that are read with a
 * default, are no change of shape.
 */
#include "erlang/code/code_facts.h"
#include "erlang/code/code_type.h"
#include "upgrade/verdict/verdict_states.h"

#define CONVERT "convert the state in code_change, both ways, or restart"

static const char *list_of(struct arena *arena, struct names names)
{
	owned_str struct str text = STR_EMPTY;

	for (size_t i = 0; i < names.len; i++)
		str_addf(&text, "%s%s", i ? ", " : "", names.items[i]);
	return arena_dup(arena, str_span(&text));
}

static const char *plural(struct names names)
{
	return names.len == 1 ? "" : "s";
}

/* ---- processes ---- */

struct changed_process {
	struct judge *judge;
	const struct app_diff *app;
	const struct module_diff *module;
	enum beam_role role;
	struct code_shape before, after;
};

static struct reason *tell_shape(const struct changed_process *process, const char *what)
{
	struct reason *reason = JUDGE(process->judge, REASON_state_shape_changed,
				      process->app->name, process->module->name,
				      "%s, and the processes of %s keep their state as it is", what,
				      module_shown(process->module->name));

	reason->hint = CONVERT;
	return reason;
}

/* Of a struct, which may be another module's. */
static const struct module_diff *struct_of(const struct changed_process *process)
{
	const struct module_at *module =
		process->after.name
			? modules_find(process->judge->modules, SIDE_NEW, process->after.name)
			: NULL;

	return module ? module->diff : NULL;
}

static bool same_struct(const struct changed_process *process)
{
	return process->before.kind == SHAPE_STRUCT && process->after.kind == SHAPE_STRUCT &&
	       strcmp(process->before.name, process->after.name) == 0;
}

static void judge_fields(const struct changed_process *process, const struct module_diff *module)
{
	struct names added = module->fields_added, removed = module->fields_removed;
	struct arena *arena = process->judge->arena;

	if (added.len > 0)
		tell_shape(process, arena_printf(arena, "the struct %s has the new field%s %s",
						 module_shown(module->name), plural(added),
						 list_of(arena, added)));
	else if (removed.len > 0)
		/* What is no longer there is not asked for; the old code would, on the way back. */
		tell_shape(process,
			   arena_printf(arena, "the struct %s no longer has the field%s %s",
					module_shown(module->name), plural(removed),
					list_of(arena, removed)))
			->severity = SEVERITY_WARN;
}

/* Its name is MODULE:NAME (code_records.c). */
static bool is_native(const struct code_shape *shape)
{
	return shape->kind == SHAPE_STRUCT && strchr(shape->name, ':');
}

static void judge_keys(const struct changed_process *process)
{
	for (size_t i = 0; i < process->after.keys.len; i++) {
		const char *key = process->after.keys.items[i];

		if (names_have(process->before.keys, key) ||
		    !wants_key(process->module->new_code, key))
			continue;
		tell_shape(process,
			   arena_printf(
				   process->judge->arena,
				   is_native(&process->after)
					   ? "the native record %s has the new field %s, which "
					     "those that are there do not have"
					   : "the state is a %s with the new key %s, which is "
					     "taken to be there",
				   is_native(&process->after) ? process->after.name : "map", key));
		return;
	}
}

static bool has_plain_tuple(const struct type *type, size_t size)
{
	for (size_t i = 0; i < type->len; i++)
		if (!type->variants[i].map && !type->variants[i].tag &&
		    type->variants[i].len == size)
			return true;
	return false;
}

/* What a tuple begins with is a value as any other one: callbacks put others there. */
static bool is_no_tag(const struct changed_process *process)
{
	const struct module_diff *module = process->module;
	struct modules *modules = process->judge->modules;
	size_t size = process->before.size;

	return process->before.kind == SHAPE_RECORD && process->after.kind == SHAPE_RECORD &&
	       size == process->after.size &&
	       has_plain_tuple(module_state(modules, SIDE_OLD, module->name, module->old_code,
					    process->role),
			       size) &&
	       has_plain_tuple(module_state(modules, SIDE_NEW, module->name, module->new_code,
					    process->role),
			       size);
}

/* It is handed on as it was, and the callbacks understand it. */
static bool copes(const struct changed_process *process)
{
	struct modules *modules = process->judge->modules;
	const struct module_diff *module = process->module;

	const struct heir heir = { .judge = process->judge,
				   .side = SIDE_NEW,
				   .code = module->new_code,
				   .maker = module->old_code,
				   .role = process->role };

	return callbacks_cope(
		&heir,
		module_state(modules, SIDE_OLD, module->name, module->old_code, process->role),
		module_state(modules, SIDE_NEW, module->name, module->new_code, process->role));
}

/* What is no whole description of both is no proof. */
static void judge_shape(const struct changed_process *process)
{
	owned_str struct str before = STR_EMPTY, after = STR_EMPTY;

	if (process->before.kind == SHAPE_UNKNOWN || process->after.kind == SHAPE_UNKNOWN ||
	    code_shape_equal(&process->before, &process->after) || is_no_tag(process) ||
	    (process->before.kind == SHAPE_MAP && process->after.kind == SHAPE_RECORD &&
	     copes(process)))
		return;
	if (process->before.kind == SHAPE_MAP && process->after.kind == SHAPE_MAP) {
		if (process->before.all_keys)
			judge_keys(process);
		return;
	}
	code_shape_print(&before, &process->before);
	code_shape_print(&after, &process->after);
	tell_shape(process, arena_printf(process->judge->arena, "the state was %s and is %s",
					 str_text(&before), str_text(&after)));
}

/* ---- gen_statem ---- */

struct mode {
	bool seen, events, enter; /* handle_event_function; state_enter */
};

static void read_mode(struct mode *mode, const struct value *value)
{
	mode->seen = mode->seen || value_is_atom(value, "state_functions") ||
		     value_is_atom(value, "handle_event_function");
	mode->events = mode->events || value_is_atom(value, "handle_event_function");
	mode->enter = mode->enter || value_is_atom(value, "state_enter");
}

/* callback_mode(): one of the two, or a list with it and state_enter. */
static struct mode mode_of(struct judge *judge, const struct code *code)
{
	struct eval eval = { .arena = judge->arena };
	const struct code_function *function = code_function(code, "callback_mode", 0);
	const struct value *value, *head;
	struct mode mode = { false, false, false };

	if (!function)
		return mode;
	value = eval_one(&eval, code, function, NULL);
	read_mode(&mode, value);
	while (value_uncons(value, judge->arena, &head, &value))
		read_mode(&mode, head);
	return mode;
}

static bool knows_enter(const struct code *code)
{
	owned_name_table struct name_table *atoms = atoms_of(code);

	return name_table_find(atoms, span_of("enter")) != NAME_ABSENT;
}

/* On the way back processes go on in the new mode with the old code: fine where that has what the
 * new mode calls.
 */
static bool is_carried_back(struct judge *judge, const struct module_diff *module)
{
	struct mode old = mode_of(judge, module->old_code), new = mode_of(judge, module->new_code);

	if (!old.seen || !new.seen || (new.enter && !old.enter && !knows_enter(module->old_code)))
		return false;
	return old.events == new.events ||
	       (new.events &&beam_exports(module->old_facts, "handle_event", 4));
}

static void judge_callback_mode(const struct changed_process *process)
{
	const struct module_diff *module = process->module;

	if (process->role != BEAM_GEN_STATEM || !names_have(module->functions, "callback_mode/0") ||
	    is_carried_back(process->judge, module))
		return;
	JUDGE(process->judge, REASON_not_reversible, process->app->name, module->name,
	      "callback_mode of %s changed: its processes take it over on the way up, but on the "
	      "way back they go on with the new one and crash",
	      module_shown(module->name))
		->hint = "going back takes a restart of these processes";
}

/* ---- code_change that converts ---- */

bool shape_fits(const struct code *code, const struct code_shape *from, const struct code_shape *to)
{
	bool maps = (from->kind == SHAPE_MAP || from->kind == SHAPE_STRUCT) &&
		    from->kind == to->kind && !from->name == !to->name;

	if (!maps)
		return to->kind == SHAPE_UNKNOWN || code_shape_equal(from, to);
	if (from->name && strcmp(from->name, to->name) != 0)
		return false;
	for (size_t i = 0; from->all_keys && i < to->keys.len; i++)
		if (!names_have(from->keys, to->keys.items[i]) &&
		    (from->kind == SHAPE_STRUCT || wants_key(code, to->keys.items[i])))
			return false;
	return true;
}

/* Tuples of one size, one of which begins with something that is not known. */
static bool may_be_same(const struct code_shape *a, const struct code_shape *b)
{
	return a->size == b->size && ((a->kind == SHAPE_TUPLE && b->kind == SHAPE_RECORD) ||
				      (a->kind == SHAPE_RECORD && b->kind == SHAPE_TUPLE));
}

/* What is wrong with what code_change does to a state; NULL: nothing, as far as is seen. */
static const char *misfit(const struct changed_process *process, bool down)
{
	const struct code_shape *from = down ? &process->after : &process->before;
	const struct code_shape *to = down ? &process->before : &process->after;
	const struct module_diff *module = process->module;
	owned_str struct str is = STR_EMPTY, wanted = STR_EMPTY;
	struct code_changed changed;

	if (down && goes_back_as_it_is(process->judge, process->app, module->name))
		return NULL; /* judge_types() */
	changed = code_changed(module->new_code, process->role, from, module->old_facts->vsn, down,
			       &process->judge->modules->library[SIDE_NEW], process->judge->arena);

	code_shape_print(&is, changed.seen ? &changed.shape : from);
	code_shape_print(&wanted, to);
	if (changed.fails && from->kind == SHAPE_UNKNOWN)
		return "fails for every state";
	if (changed.fails)
		return arena_printf(process->judge->arena,
				    "fails for the state of its processes, %s", str_text(&is));
	if (!changed.seen || may_be_same(&changed.shape, to) ||
	    shape_fits(down ? module->old_code : module->new_code, &changed.shape, to) ||
	    (!down && code_shape_equal(&changed.shape, from) && copes(process)))
		return NULL;
	return arena_printf(process->judge->arena, "gives %s, where the %s code has %s",
			    str_text(&is), down ? "old" : "new", str_text(&wanted));
}

static void judge_conversion(const struct changed_process *process)
{
	const char *up = misfit(process, false), *down = misfit(process, true);
	const char *shown = module_shown(process->module->name);

	if (up)
		JUDGE(process->judge, REASON_state_shape_changed, process->app->name,
		      process->module->name, "code_change of %s %s", shown, up)
			->hint = CONVERT;
	else if (down)
		JUDGE(process->judge, REASON_not_reversible, process->app->name,
		      process->module->name, "on the way back, code_change of %s %s", shown, down)
			->hint = "convert the state back where code_change is given {down, Vsn}";
}

/* A state that code_change hands on must be named by it, or by somebody else, to become another. */
static void judge_lost_state(const struct changed_process *process)
{
	const struct module_diff *module = process->module;
	const char *state = process->role == BEAM_GEN_STATEM ? state_gone(module) : NULL;
	owned_name_table struct name_table *atoms = state ? atoms_of(module->new_code) : NULL;

	if (state && name_table_find(atoms, span_of(state)) == NAME_ABSENT)
		tell_shape(process, arena_printf(process->judge->arena,
						 "the state %s is no longer there", state));
}

static void judge_fun(const struct changed_process *process)
{
	if (process->before.fun && !is_told(process->judge, REASON_fun_kept, process->module->name))
		JUDGE(process->judge, REASON_fun_kept, process->app->name, process->module->name,
		      "the state that %s starts with holds a fun of its own: it is gone when the "
		      "old "
		      "code is purged, and calling it fails",
		      module_shown(process->module->name))
			->hint =
			"keep fun ?MODULE:name/arity or {Module, Function} instead, or make it "
			"anew in code_change";
}

/* ---- all of it ---- */

bool code_change_is_asked(const struct judge *judge, const struct app_diff *app, const char *module)
{
	const struct appup_made *made = appups_find(judge->appups, app->name);
	const struct term *script = made ? made->up : NULL;

	if (!made || made->source == APPUP_GENERATED)
		return true;
	for (size_t i = 0; i < script->seq.len; i++) {
		const struct term *instruction = term_at(script, i);

		if (term_is_tagged(instruction, "code_change", 2) ||
		    term_is_tagged(instruction, "code_change", 3))
			return true;
	}
	script = script_find(made->up, module);
	return script && instruction_is_advanced(script);
}

static bool is_asked(const struct changed_process *process)
{
	return code_change_is_asked(process->judge, process->app, process->module->name);
}

static bool keeps_state(const struct changed_process *process)
{
	return code_change_keeps(code_change(process->module->new_code, process->role)) ||
	       !is_asked(process);
}

/* A generated appup does not call it. */
static void judge_futile(const struct changed_process *process)
{
	const struct appup_made *made = appups_find(process->judge->appups, process->app->name);

	if (made && made->source != APPUP_GENERATED && is_asked(process) &&
	    code_change(process->module->new_code, process->role) == CODE_CHANGE_FUTILE)
		JUDGE(process->judge, REASON_state_shape_changed, process->app->name,
		      process->module->name,
		      "code_change of %s, which the appup has called, returns no {ok, State}: the "
		      "upgrade ends there, and the node restarts",
		      module_shown(process->module->name))
			->hint = "return {ok, State}, or say {update, M, soft} where the state "
				 "stays as it is";
}

static void judge_kept(const struct changed_process *process)
{
	const struct module_diff *module = process->module, *other = struct_of(process);
	const char *state =
		process->role == BEAM_GEN_STATEM ? state_not_taken(process->judge, module) : NULL;
	size_t told = process->judge->reasons->len;

	if (same_struct(process)) {
		if (other)
			judge_fields(process, other);
		else if (is_native(&process->after) && process->before.all_keys)
			judge_keys(process);
	} else if (process->after.kind == SHAPE_UNKNOWN &&
		   module->fields_added.len + module->fields_removed.len > 0) {
		judge_fields(process, module);
	} else {
		judge_shape(process);
	}
	if (process->judge->reasons->len > told && copes(process))
		process->judge->reasons->len = told;
	if (state)
		tell_shape(process, arena_printf(process->judge->arena,
						 "the state %s is no longer there", state));
}

static struct changed_process process_of(struct judge *judge, const struct app_diff *app,
					 const struct module_diff *module)
{
	unsigned roles = module->old_facts->roles & module->new_facts->roles & BEAM_PROCESS;
	enum beam_role role = (enum beam_role)(roles & -roles);

	return (struct changed_process){
		judge,
		app,
		module,
		role,
		code_init_shape(module->old_code, role, &judge->modules->library[SIDE_OLD],
				judge->arena),
		code_init_shape(module->new_code, role, &judge->modules->library[SIDE_NEW],
				judge->arena),
	};
}

void judge_state(struct judge *judge, const struct app_diff *app, const struct module_diff *module)
{
	struct changed_process process;

	if (!(module->old_facts->roles & module->new_facts->roles & BEAM_PROCESS))
		return; /* judge_plugins() */
	process = process_of(judge, app, module);
	judge_callback_mode(&process);
	judge_futile(&process);
	if (keeps_state(&process)) {
		judge_kept(&process);
	} else {
		judge_conversion(&process);
		judge_lost_state(&process);
	}
	judge_types(judge,
		    &(struct typed){ app, module->name, module->old_code, module->new_code,
				     module->old_facts, process.role, keeps_state(&process) });
	judge_fun(&process);
}
