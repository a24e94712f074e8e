// SPDX-License-Identifier: Apache-2.0
/* What is set up once, when a process or an application starts: tables, names, keys, timers,
 * subscriptions.  The processes that run were set up by the old code.
 */
#include "base/name_table.h"
#include "erlang/code/code_type.h"
#include "upgrade/verdict/verdict_starts.h"
#include "upgrade/verdict/verdict_states.h"

#include <stdlib.h>

enum { CALLER_DEPTH = 4 };

static const char *const resource_names[] = {
	[TABLE] = "the table",        [KEPT_TERM] = "the persistent term",
	[NAME] = "the name",          [DICTIONARY] = "the key of the process dictionary",
	[GROUP] = "the group or key",
};

/* ---- what only a start makes ---- */

struct wiring {
	struct judge *judge;
	struct name_table *old_makes; /* "resource key" */
	struct name_table *told;
	struct act *parts; /* of those, the ones of whose key not all is seen */
	size_t parts_len, parts_cap;
};

static const char *act_name(struct arena *arena, const struct act *act)
{
	return arena_printf(arena, "%d %s", (int)act->resource, act->key);
}

/* One of that kind that the module makes under a key that cannot be seen: it may be any. */
static const char *unseen_name(struct arena *arena, enum resource resource, const char *module)
{
	return arena_printf(arena, "%d of %s", (int)resource, module);
}

static void note_old_make(struct wiring *wiring, const struct act *act)
{
	struct arena *arena = wiring->judge->arena;

	name_table_add(wiring->old_makes, act_name(arena, act), NULL);
	if (!strchr(act->key, '_'))
		return;
	wiring->parts = arena_grow(arena, wiring->parts, wiring->parts_len, &wiring->parts_cap);
	wiring->parts[wiring->parts_len++] = *act;
}

/* Under a key that may be the same. */
static bool was_made(const struct wiring *wiring, const struct act *act)
{
	if (name_table_find(wiring->old_makes, span_of(act_name(wiring->judge->arena, act))) !=
	    NAME_ABSENT)
		return true;
	for (size_t i = 0; strchr(act->key, '_') && i < wiring->parts_len; i++)
		if (act_may_be_of(&wiring->parts[i], act))
			return true;
	return false;
}

static void note_old_makes(struct wiring *wiring, struct module_at *module)
{
	struct code_effects effects = effects_through(wiring->judge, SIDE_OLD, module);

	for (size_t i = 0; i < effects.len; i++) {
		struct act act = { 0 };

		if (effects.items[i].seen_better)
			continue;
		if (act_read(&act, &effects.items[i], wiring->judge->arena) && act.makes)
			note_old_make(wiring, &act);
		else if (act.makes && !act.key)
			name_table_add(
				wiring->old_makes,
				unseen_name(wiring->judge->arena, act.resource, module->name),
				NULL);
	}
}

/* It looks whether it is there, or catches what is raised. */
static bool is_careful(const struct code *code, const struct code_effect *use,
		       enum resource resource)
{
	if (resource == DICTIONARY && fetch_goes_on(code, use->in, use->args[0]))
		return true;
	return calls_are_careful(code, use->in, &use->to);
}

/* One of which nothing is seen may look for others. */
static bool is_use_of(const struct act *act, const struct act *made)
{
	return act_is_of(act, made) || (strcmp(act->key, "_") != 0 && act_may_be_of(act, made));
}

/* The function looks also for what the old code made, and the new one does not. */
static bool looks_for_old(const struct wiring *wiring, struct code_effects effects,
			  const struct code_effect *use, const struct act *made)
{
	enum { MOST = 8 };
	struct arena *arena = wiring->judge->arena;
	struct act act, other;

	for (size_t i = 0, tried = 0; i < effects.len && tried < MOST; i++) {
		bool is_made = false;

		if (effects.items[i].in != use->in || !act_read(&act, &effects.items[i], arena) ||
		    act.makes || act.resource != made->resource || act_may_be_of(&act, made) ||
		    !was_made(wiring, &act))
			continue;
		tried++;
		for (size_t j = 0; j < effects.len && !is_made; j++)
			is_made = act_read(&other, &effects.items[j], arena) && other.makes &&
				  act_may_be_of(&other, &act);
		if (!is_made)
			return true;
	}
	return false;
}

/* The first function that relies on it and runs at any time; NULL: none. */
static const struct code_effect *find_use(struct wiring *wiring, const struct act *made,
					  const struct module_at *maker, struct module_at **user)
{
	struct judge *judge = wiring->judge;
	struct modules *modules = judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *module = &modules->items[SIDE_NEW][i];
		struct code_effects effects;
		struct act act;

		if (!module_may_differ(judge, module) ||
		    (made->resource == DICTIONARY && module != maker))
			continue;
		effects = effects_of(judge, SIDE_NEW, module, effect_any);
		for (size_t j = 0; j < effects.len; j++) {
			const struct code_effect *effect = &effects.items[j];

			if (!act_read(&act, effect, judge->arena) || act.makes ||
			    !is_use_of(&act, made) ||
			    is_careful(module_code(modules, SIDE_NEW, module), effect,
				       act.resource) ||
			    looks_for_old(wiring, effects, effect, made) ||
			    effect_at_start(judge, module, effect))
				continue;
			*user = module;
			return effect;
		}
	}
	return NULL;
}

/* put(K, get(K) + 1): it must be there before. */
static bool is_made_of_itself(struct wiring *wiring, struct code_effects effects,
			      const struct code_effect *make, const struct act *made,
			      const struct code *code)
{
	struct act act;

	for (size_t i = 0; i < effects.len; i++)
		if (effects.items[i].in == make->in &&
		    act_read(&act, &effects.items[i], wiring->judge->arena) && !act.makes &&
		    act_is_of(&act, made))
			return !is_careful(code, &effects.items[i], made->resource);
	return false;
}

/* Some other function makes it, too, when it is wanted. */
static bool is_made_any_time(struct wiring *wiring, const struct act *made)
{
	struct modules *modules = wiring->judge->modules;
	struct act act;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *module = &modules->items[SIDE_NEW][i];
		struct code_effects effects = { NULL, 0 };

		if (module_may_differ(wiring->judge, module))
			effects = effects_through(wiring->judge, SIDE_NEW, module);
		for (size_t j = 0; j < effects.len; j++)
			if (act_read(&act, &effects.items[j], wiring->judge->arena) && act.makes &&
			    act_may_be_of(&act, made) &&
			    !is_made_of_itself(wiring, effects, &effects.items[j], made,
					       module_code(modules, SIDE_NEW, module)) &&
			    (starts_anew(wiring->judge, module->name) ||
			     !effect_at_start(wiring->judge, module, &effects.items[j])))
				return true;
	}
	return false;
}

/* Under a key that cannot be seen: of a name of Erlang's that is an atom, which {via, …} and
 * {global, …} are not.
 */
static bool was_made_unseen(const struct wiring *wiring, const struct act *act,
			    const struct module_at *module)
{
	const char *name = unseen_name(wiring->judge->arena, act->resource, module->name);

	if (act->resource == NAME && value_tuple_size(act->value) > 0 &&
	    strncmp(module->name, "Elixir.", strlen("Elixir.")) != 0)
		return false;
	return name_table_find(wiring->old_makes, span_of(name)) != NAME_ABSENT;
}

static void judge_made(struct wiring *wiring, struct module_at *module,
		       const struct code_effect *effect, const struct act *act)
{
	struct judge *judge = wiring->judge;
	const char *name = act_name(judge->arena, act);
	struct module_at *user = NULL;
	const struct code_effect *use;
	bool is_new;

	if (was_made(wiring, act) || was_made_unseen(wiring, act, module))
		return;
	name_table_add(wiring->told, name, &is_new);
	if (!is_new || is_made_any_time(wiring, act) ||
	    !(use = find_use(wiring, act, module, &user)))
		return;
	JUDGE(judge, REASON_made_at_start, module->app->name, module->name,
	      "%s %s is made only when something starts (%s:%s/%u), and the new code relies on it "
	      "(%s:%s/%u): what runs already never made it",
	      resource_names[act->resource], act->key, module_shown(module->name),
	      code_owner(module->code, effect->in)->name,
	      code_owner(module->code, effect->in)->arity, module_shown(user->name),
	      code_owner(user->code, use->in)->name, code_owner(user->code, use->in)->arity)
		->hint =
		"make it in code_change as well, or by an {apply, …} in an appup by hand, or "
		"restart";
}

/* A comprehension, a fun, or what calls itself; or such a one calls it. */
static bool may_run_often(const struct code *code, const struct code_function *function,
			  unsigned depth)
{
	enum { CALLERS = 8 };
	const struct code_function *callers[CALLERS];
	size_t len = code_callers(code, function, callers, CALLERS);

	if (*function->name == '-')
		return true;
	for (size_t i = 0; i < len; i++)
		if (callers[i] == function ||
		    (depth > 0 && may_run_often(code, callers[i], depth - 1)))
			return true;
	return false;
}

/* Under a key that is computed, or tables, which may be told by what they are. */
bool makes_at_start(struct judge *judge, struct module_at *module)
{
	struct code_effects effects = effects_through(judge, SIDE_NEW, module);

	for (size_t i = 0; i < effects.len; i++) {
		struct act act = { 0 };
		bool seen = act_read(&act, &effects.items[i], judge->arena);

		if (act.makes && (!seen || act.resource == TABLE) &&
		    may_run_often(module->diff->new_code, effects.items[i].in, CALLER_DEPTH) &&
		    effect_at_start(judge, module, &effects.items[i]))
			return true;
	}
	return false;
}

/* ---- what is wired otherwise ---- */

/* clang-format off */
static const struct wire {
	const char *module, *name;
	uint32_t arity; /* 0: any */
	int what;       /* the argument that tells one from another; -1: all of them */
	/* OTHER: told only where another one with the same first argument was there; NONE: only
	 * where there was none at all; KEPT: only in place of another one, where something keeps
	 * what it gives; otherwise always, WHOLE: a tuple is not known by its tag, OPTIONS: in
	 * whichever order they are given.
	 */
	enum { ALWAYS, OTHER, NONE, KEPT, WHOLE, OPTIONS } when;
	const char *shown;
} wires[] = {
	{ "ets", "new", 2, 1, OTHER, "the options of a table" },
	{ "counters", "new", 2, -1, ALWAYS, "an array of counters" },
	{ "atomics", "new", 2, -1, ALWAYS, "an array of atomics" },
	{ "erlang", "process_flag", 2, -1, ALWAYS, "a flag of the process" },
	{ "erlang", "monitor", 0, -1, ALWAYS, "a monitor" },
	{ "Elixir.Process", "monitor", 1, -1, ALWAYS, "a monitor" },
	{ "erlang", "link", 1, -1, ALWAYS, "a link" },
	{ "net_kernel", "monitor_nodes", 0, -1, ALWAYS, "that nodes are watched" },
	{ "erlang", "send_after", 0, 2, NONE, "a timer" },
	{ "erlang", "start_timer", 0, 2, NONE, "a timer" },
	{ "timer", "send_interval", 2, 1, NONE, "a timer" },
	{ "timer", "send_interval", 3, 2, NONE, "a timer" },
	{ "timer", "send_after", 2, 1, NONE, "a timer" },
	{ "timer", "apply_interval", 4, -1, NONE, "a timer" },
	{ "Elixir.Process", "send_after", 0, 1, NONE, "a timer" },
	{ "gen_tcp", "listen", 2, -1, OPTIONS, "a port" },
	{ "gen_tcp", "connect", 0, 2, OPTIONS, "a connection" },
	{ "gen_udp", "open", 0, -1, OPTIONS, "a port" },
	{ "inet", "setopts", 2, 1, OPTIONS, "options of a socket" },
	{ "ssl", "setopts", 2, 1, OPTIONS, "options of a socket" },
	{ "ssl", "listen", 2, -1, OPTIONS, "a port" },
	{ "ssl", "connect", 0, 2, OPTIONS, "a connection" },
	{ "erlang", "open_port", 2, -1, OPTIONS, "a port" },
	{ "gen_event", "add_handler", 3, 1, WHOLE, "an event handler" },
	{ "gen_event", "add_sup_handler", 3, 1, WHOLE, "an event handler" },
	{ "telemetry", "attach", 0, -1, ALWAYS, "a handler of telemetry" },
	{ "telemetry", "attach_many", 0, -1, ALWAYS, "a handler of telemetry" },
	{ "logger", "add_handler", 3, -1, ALWAYS, "a handler of the log" },
	{ "logger", "add_primary_filter", 2, 0, ALWAYS, "a filter of the log" },
	{ "logger", "add_handler_filter", 3, 1, ALWAYS, "a filter of the log" },
	{ "pg", "join", 0, -1, ALWAYS, "a group" },
	{ "gproc", "reg", 0, -1, ALWAYS, "a name" },
	{ "Elixir.Registry", "register", 3, 1, ALWAYS, "a key of a registry" },
	{ "Elixir.Phoenix.PubSub", "subscribe", 0, -1, ALWAYS, "a subscription" },
	{ "mnesia", "create_table", 2, -1, ALWAYS, "a table" },
	{ "ets", "match_spec_compile", 1, -1, KEPT, "a compiled match specification" },
	{ "re", "compile", 0, -1, KEPT, "a compiled expression" },
	{ "Elixir.Regex", "compile", 0, -1, KEPT, "a compiled expression" },
	{ "Elixir.Regex", "compile!", 0, -1, KEPT, "a compiled expression" },
};
/* clang-format on */

static const struct wire *wire_of(const struct code_effect *effect)
{
	for (size_t i = 0; i < ARRAY_LEN(wires); i++)
		if (effect_is(effect, wires[i].module, wires[i].name, wires[i].arity))
			return &wires[i];
	return NULL;
}

static const char *printed(const struct value *value, struct arena *arena)
{
	owned_str struct str text = STR_EMPTY;

	value_print(&text, value);
	return arena_dup(arena, str_span(&text));
}

/* Options that make a table faster, and no other, or what it is without them. */
static bool is_tuning(const struct value *option, struct arena *arena)
{
	static const char *const names[] = { "read_concurrency", "write_concurrency",
					     "decentralized_counters" };
	const bool pair = value_tuple_size(option) == 2;
	const char *name = value_atom_name(pair ? value_element(option, 0, arena) : option);

	if (pair && name && strcmp(name, "keypos") == 0)
		return strcmp(printed(value_element(option, 1, arena), arena), "1") == 0;
	for (size_t i = 0; name && i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return name && (strcmp(name, "compressed") == 0 || strcmp(name, "set") == 0 ||
			strcmp(name, "protected") == 0);
}

struct option {
	const char *key, *text;
	size_t nr;
};

static int compare_options(const void *a, const void *b)
{
	const struct option *x = a, *y = b;
	int order = strcmp(x->key, y->key);

	return order ? order : (x->nr > y->nr) - (x->nr < y->nr);
}

/* In whichever order they are given, but for those of one key, of which the first or the last may
 * count; returns what is behind those that are seen.
 */
static const struct value *print_options(struct str *out, const struct value *options,
					 struct arena *arena)
{
	enum { MOST = 64 };
	struct option seen[MOST];
	const struct value *head;
	size_t len = 0;

	while (len < MOST && value_uncons(options, arena, &head, &options))
		if (!is_tuning(head, arena)) {
			const struct value *key =
				value_tuple_size(head) > 0 ? value_element(head, 0, arena) : head;

			seen[len] =
				(struct option){ printed(key, arena), printed(head, arena), len };
			len++;
		}
	qsort(seen, len, sizeof(*seen), compare_options);
	for (size_t i = 0; i < len; i++)
		str_addf(out, "%s%s", i ? " " : "", seen[i].text);
	return options;
}

/* A message by its tag: what else is in it is looked at elsewhere. */
static const struct value *known_by(const struct wire *wire, const struct value *what,
				    struct arena *arena)
{
	return wire->when != WHOLE && value_tuple_size(what) > 0 ? value_element(what, 0, arena)
								 : what;
}

static void print_argument(struct str *out, const struct wire *wire, const struct value *value,
			   struct arena *arena)
{
	const struct value *head, *tail;

	if (wire->when != OPTIONS || !value_uncons(value, arena, &head, &tail)) {
		value_print(out, known_by(wire, value, arena));
		return;
	}
	str_addc(out, '[');
	tail = print_options(out, value, arena);
	if (value_is_nil(tail) != YES) {
		str_addc(out, '|');
		value_print(out, tail);
	}
	str_addc(out, ']');
}

static void print_what(struct str *out, const struct wire *wire, const struct code_effect *effect,
		       struct arena *arena)
{
	const struct value *what = wire->what < 0 ? NULL : effect->args[wire->what];

	if (wire->when == OTHER) {
		print_options(out, what, arena);
	} else if (what) {
		print_argument(out, wire, what, arena);
	} else {
		for (size_t i = 0; i < effect->to.arity && i < EFFECT_ARGS; i++) {
			str_adds(out, i ? ", " : "");
			if (wire->when == OPTIONS)
				print_argument(out, wire, effect->args[i], arena);
			else
				value_print(out, effect->args[i]);
		}
	}
}

struct wired {
	const struct wire *wire;
	const struct code_effect *effect;
	const char *key, *what;
};

static struct wired wired_of(const struct code_effect *effect, struct arena *arena)
{
	struct wired wired = { .wire = wire_of(effect), .effect = effect };
	owned_str struct str key = STR_EMPTY, what = STR_EMPTY;

	if (!wired.wire)
		return wired;
	if (wired.wire->when == OTHER)
		value_print(&key, effect->args[0]);
	print_what(&what, wired.wire, effect, arena);
	wired.key = arena_dup(arena, str_span(&key));
	wired.what = arena_dup(arena, str_span(&what));
	return wired;
}

/* Texts that are built, of which not all is seen. */
static bool may_be_same(const struct wired *a, const struct wired *b, struct arena *arena)
{
	const struct code_effect *was = a->effect, *is = b->effect;

	if (b->wire->when == OTHER || was->to.arity != is->to.arity)
		return false;
	if (b->wire->what >= 0)
		return value_alike(known_by(a->wire, was->args[a->wire->what], arena),
				   known_by(b->wire, is->args[b->wire->what], arena));
	for (size_t i = 0; i < EFFECT_ARGS && i < is->to.arity; i++)
		if (!value_alike(was->args[i], is->args[i]))
			return false;
	return true;
}

static bool same_wire(const struct wire *a, const struct wire *b)
{
	return strcmp(a->shown, b->shown) == 0;
}

/* A flag that is set to what it is anyway, where the old code left it alone. */
static bool is_default(struct code_effects olds, const struct code_effect *now)
{
	if (strcmp(now->to.name, "process_flag") != 0 || !value_is_atom(now->args[1], "false"))
		return false;
	for (size_t i = 0; i < olds.len; i++)
		if (effect_is(&olds.items[i], "erlang", "process_flag", 2) &&
		    value_equal(olds.items[i].args[0], now->args[0]) != NO)
			return false;
	return true;
}

/* Whether the old code has the same, and whether it has one of the same key. */
static bool had(struct judge *judge, struct code_effects olds, const struct wired *now, bool *other)
{
	*other = false;
	for (size_t i = 0; i < olds.len; i++) {
		struct wired was = wired_of(&olds.items[i], judge->arena);

		if (!was.wire || !same_wire(was.wire, now->wire) || strcmp(was.key, now->key) != 0)
			continue;
		if (strcmp(was.what, now->what) == 0 ||
		    (may_be_same(&was, now, judge->arena) && !was.effect->seen_better))
			return true;
		*other = true;
	}
	return false;
}

/* One more way of a call that goes a way of before as well, as to another kind of address: what
 * runs has gone one of those.
 */
static bool is_one_more(struct judge *judge, const struct code *code, struct code_effects news,
			struct code_effects olds, const struct wired *now)
{
	const struct code_function *in = now->effect->in;
	bool before = false, other;
	size_t calls = 0;

	for (size_t i = 0; i < in->len; i++) {
		const struct beam_function *to = code_op_import(code, &in->ops[i]);

		calls += to && beam_function_same(to, &now->effect->to);
	}
	for (size_t i = 0; i < news.len && !before; i++) {
		const struct wired way = wired_of(&news.items[i], judge->arena);

		before = way.wire == now->wire && way.effect->in == in &&
			 had(judge, olds, &way, &other);
	}
	return now->wire->when == OPTIONS && calls == 1 && before;
}

static bool is_in(struct judge *judge, const struct value *value, const struct beam_function *from)
{
	struct type *type = type_new(judge->arena);

	type_add(type, value, judge->arena);
	return type_holds_of(type, from);
}

/* The state of its processes holds what the call gives, or it is put somewhere. */
static bool is_kept(struct judge *judge, const struct module_at *module, const struct code *code,
		    struct code_effects effects, const struct beam_function *from)
{
	const struct beam_facts *facts = modules_facts(judge->modules, SIDE_NEW, module->name);
	unsigned roles = facts ? facts->roles & BEAM_PROCESS : 0;

	if (roles && type_holds_of(module_state(judge->modules, SIDE_NEW, module->name, code,
						(enum beam_role)(roles & -roles)),
				   from))
		return true;
	for (size_t i = 0; i < effects.len; i++)
		if (strcmp(effects.items[i].to.name, "put") == 0 ||
		    strcmp(effects.items[i].to.name, "insert") == 0)
			for (size_t j = 0; j < effects.items[i].to.arity && j < EFFECT_ARGS; j++)
				if (is_in(judge, effects.items[i].args[j], from))
					return true;
	return false;
}

/* A timer that begins at the start is mostly set again where its message comes. */
static bool is_set_up(struct judge *judge, struct module_at *module, const struct wired *wired)
{
	return wired->wire->when == NONE
		       ? !wired->effect->waited &&
				 goes_on_from_start(judge, module, wired->effect->in, false)
		       : effect_at_start(judge, module, wired->effect);
}

/* Where another module sets it up, which is told itself: the same, or with what it is given here.
 */
static bool is_told_of(const struct judge *judge, const struct code *code,
		       const struct wired *wired)
{
	const char *what = arena_printf(judge->arena, "sets up %s that the old code did not (%s)",
					wired->wire->shown, wired->what);
	const char *kind = arena_printf(judge->arena, "sets up %s that the old code did not ",
					wired->wire->shown);

	for (size_t i = 0; i < judge->reasons->len; i++) {
		const struct reason *reason = &judge->reasons->items[i];

		if (reason->code == REASON_wiring_changed &&
		    (strstr(reason->message, what) ||
		     (strstr(reason->message, kind) && reason->module &&
		      imports_from(code, reason->module))))
			return true;
	}
	return false;
}

static void judge_wires(struct judge *judge, struct module_at *module, bool through)
{
	struct module_at *before = modules_find(judge->modules, SIDE_OLD, module->name);
	struct code_effects news = effects_through(judge, SIDE_NEW, module), olds;
	const struct code *code = module_code(judge->modules, SIDE_NEW, module);

	if (!before || starts_anew(judge, module->name))
		return;
	olds = effects_through(judge, SIDE_OLD, before);
	for (size_t i = 0; code && i < news.len; i++) {
		struct wired now = wired_of(&news.items[i], judge->arena);
		const struct code_function *owner;
		bool other;

		if (!now.wire || now.effect->through != through || had(judge, olds, &now, &other) ||
		    (now.wire->when == OTHER && !other) || (now.wire->when == NONE && other) ||
		    is_default(olds, now.effect) || strcmp(now.what, "_") == 0 ||
		    !is_set_up(judge, module, &now) ||
		    (now.wire->when == KEPT &&
		     (!other || !is_kept(judge, module, code, news, &now.effect->to))) ||
		    (through && is_told_of(judge, code, &now)) ||
		    is_one_more(judge, code, news, olds, &now))
			continue;
		owner = code_owner(code, now.effect->in);
		JUDGE(judge, REASON_wiring_changed, module->app->name, module->name,
		      "%s:%s/%u sets up %s that the old code did not (%s): what runs already goes "
		      "on "
		      "without",
		      module_shown(module->name), owner->name, owner->arity, now.wire->shown,
		      now.what)
			->hint =
			"set it up in code_change as well, or restart what is started there";
		return;
	}
}

/* ---- all of it ---- */

static bool is_changed(struct judge *judge, const struct module_at *module)
{
	return calls_changed(judge, module) ||
	       (module->diff && module->diff->change == CHANGE_CHANGED && module->diff->new_code &&
		!module->diff->new_code->unread);
}

void judge_wiring(struct judge *judge)
{
	owned_name_table struct name_table *makes = name_table_new(), *told = name_table_new();
	struct wiring wiring = { .judge = judge, .old_makes = makes, .told = told };
	struct modules *modules = judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_OLD]); i++) {
		struct module_at *module = &modules->items[SIDE_OLD][i];
		const struct module_at *now = modules_find(modules, SIDE_NEW, module->name);

		if (module->diff || (now && calls_changed(judge, now)))
			note_old_makes(&wiring, module);
	}
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *module = &modules->items[SIDE_NEW][i];
		struct code_effects effects;
		struct act act;

		if (!is_changed(judge, module))
			continue;
		effects = effects_through(judge, SIDE_NEW, module);
		for (size_t j = 0; j < effects.len; j++)
			if (act_read(&act, &effects.items[j], judge->arena) && act.makes &&
			    !starts_anew(judge, module->name) &&
			    effect_at_start(judge, module, &effects.items[j]))
				judge_made(&wiring, module, &effects.items[j], &act);
		judge_wires(judge, module, false);
	}
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++)
		if (is_changed(judge, &modules->items[SIDE_NEW][i]) &&
		    !is_told(judge, REASON_wiring_changed, modules->items[SIDE_NEW][i].name))
			judge_wires(judge, &modules->items[SIDE_NEW][i], true);
	judge_beside(judge);
}
