// SPDX-License-Identifier: Apache-2.0
/* Calls that do something to the world, of each module that is asked for, once. */
#include "base/parallel.h"
#include "upgrade/verdict/verdict_parts.h"

static bool is_one_of(const char *name, const char *const *names, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (*names[i] == *name && strcmp(names[i], name) == 0)
			return true;
	return false;
}

bool effect_any(const struct beam_function *to)
{
	static const char *const of_erlang[] = {
		"register",  "send",          "send_after",   "start_timer",
		"monitor",   "link",          "process_flag", "put",
		"get",       "open_port",     "spawn",        "spawn_link",
		"hibernate", "spawn_monitor", "spawn_opt",    "monitor_node",
	};
	static const char *const modules[] = {
		"ets",
		"dets",
		"persistent_term",
		"pg",
		"timer",
		"gen_server",
		"gen_statem",
		"gen_event",
		"supervisor",
		"inet",
		"gen_tcp",
		"ssl",
		"gen_udp",
		"httpc",
		"counters",
		"atomics",
		"telemetry",
		"logger",
		"application",
		"proc_lib",
		"net_kernel",
		"global",
		"gproc",
		"mnesia",
		"rpc",
		"erpc",
		"Elixir.GenServer",
		"Elixir.Agent",
		"Elixir.Supervisor",
		"Elixir.DynamicSupervisor",
		"Elixir.Registry",
		"Elixir.Process",
		"Elixir.Node",
		"Elixir.Phoenix.PubSub",
		"Elixir.Task",
		"Elixir.Task.Supervisor",
		"Elixir.Application",
	};

	if (strcmp(to->module, "erlang") == 0)
		return is_one_of(to->name, of_erlang, ARRAY_LEN(of_erlang));
	return strncmp(to->name, "start", 5) == 0 ||
	       is_one_of(to->module, modules, ARRAY_LEN(modules));
}

bool effect_starts(const struct beam_function *to)
{
	static const char *const prefixes[] = { "start", "spawn", "add_" };

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (strncmp(to->name, prefixes[i], strlen(prefixes[i])) == 0)
			return effect_any(to);
	return strcmp(to->module, "proc_lib") == 0;
}

/* NULL: its code cannot be read. */
static struct code_watch *make_watch(struct judge *judge, enum side side, struct module_at *module,
				     bool through)
{
	struct modules *modules = judge->modules;
	size_t nr = (size_t)(module - modules->items[side]);
	const struct code *code = module_code(modules, side, module);
	struct code_watch *watch;

	if (!code || code->unread)
		return NULL;
	if (!judge->watches[side])
		judge->watches[side] = arena_array(
			judge->arena, name_table_len(modules->names[side]), struct code_watch *);
	watch = judge->watches[side][nr];
	if (watch && (watch->through || !through))
		return watch;
	watch = arena_new(judge->arena, struct code_watch);
	*watch = (struct code_watch){ .code = code,
				      .library = &modules->library[side],
				      .kept = effect_any,
				      .through = through,
				      .arena = judge->arena };
	judge->watches[side][nr] = watch;
	return watch;
}

/* ---- of all that changed, beside what needs none of it ---- */

struct effects_preparing {
	struct beside beside;
	struct code_watch **watches;
	struct arena *arenas;
	size_t len;
	atomic_size_t next;
};

static void prepare(struct effects_preparing *all)
{
	size_t nr;

	while ((nr = atomic_fetch_add(&all->next, 1)) < all->len)
		code_effects(all->watches[nr], effect_any, true);
}

static int prepare_nth(void *context, size_t nr, struct error *err)
{
	(void)nr;
	(void)err;
	prepare(context);
	return 0;
}

/* On all cores but that of whoever waits for it, and helps then. */
static int prepare_beside(void *context, struct error *err)
{
	const unsigned cores = parallel_cores();

	return cores > 1 ? parallel_on(cores - 1, cores - 1, prepare_nth, context, err) : 0;
}

static struct effects_preparing *preparing_new(struct judge *judge)
{
	struct modules *modules = judge->modules;
	size_t most =
		name_table_len(modules->names[SIDE_OLD]) + name_table_len(modules->names[SIDE_NEW]);
	struct effects_preparing *all = arena_new(judge->arena, struct effects_preparing);

	all->beside = (struct beside){ .work = prepare_beside, .context = all };
	all->watches = arena_array(judge->arena, most, struct code_watch *);
	all->arenas = arena_array(judge->arena, most, struct arena);
	return all;
}

/* Each into an arena of its own: they are followed at the same time. */
static void add_watch(struct effects_preparing *all, struct judge *judge, enum side side,
		      struct module_at *module)
{
	struct code_watch *watch = make_watch(judge, side, module, true);

	if (!watch)
		return;
	watch->arena = &all->arenas[all->len];
	all->watches[all->len++] = watch;
}

static void begin(struct judge *judge, struct effects_preparing *all)
{
	judge->preparing = all;
	beside_begin(&all->beside);
}

void effects_begin(struct judge *judge)
{
	struct modules *modules = judge->modules;
	struct effects_preparing *all = preparing_new(judge);

	for (enum side side = SIDE_OLD; side < SIDES; side++)
		for (size_t i = 0; i < name_table_len(modules->names[side]); i++) {
			struct module_at *module = &modules->items[side][i];

			if (module->diff && module->diff->change == CHANGE_CHANGED)
				add_watch(all, judge, side, module);
		}
	begin(judge, all);
}

void effects_prepare(struct judge *judge, const bool *wanted)
{
	struct modules *modules = judge->modules;
	struct effects_preparing *all = preparing_new(judge);

	effects_wait(judge);
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *after = &modules->items[SIDE_NEW][i];
		struct module_at *before = modules_find(modules, SIDE_OLD, after->name);

		if (!wanted[i])
			continue;
		add_watch(all, judge, SIDE_NEW, after);
		if (before)
			add_watch(all, judge, SIDE_OLD, before);
	}
	begin(judge, all);
	effects_wait(judge);
}

void effects_wait(struct judge *judge)
{
	struct effects_preparing *all = judge->preparing;
	struct error none;

	if (!all)
		return;
	judge->preparing = NULL;
	prepare(all);
	if (beside_end(&all->beside, &none))
		return; /* it does not fail */
	for (size_t i = 0; i < all->len; i++) {
		arena_join(judge->arena, &all->arenas[i]);
		all->watches[i]->arena = judge->arena;
	}
}

/* ---- asked for ---- */

static struct code_watch *watch_of(struct judge *judge, enum side side, struct module_at *module,
				   bool through)
{
	effects_wait(judge);
	return make_watch(judge, side, module, through);
}

struct code_effects effects_of(struct judge *judge, enum side side, struct module_at *module,
			       effect_asked *asked)
{
	struct code_watch *watch = watch_of(judge, side, module, false);

	return watch ? code_effects(watch, asked, false) : (struct code_effects){ NULL, 0 };
}

struct code_effects effects_through(struct judge *judge, enum side side, struct module_at *module)
{
	struct code_watch *watch = watch_of(judge, side, module, true);

	return watch ? code_effects(watch, effect_any, true) : (struct code_effects){ NULL, 0 };
}

bool effect_is(const struct code_effect *effect, const char *module, const char *name,
	       uint32_t arity)
{
	return (arity == 0 || effect->to.arity == arity) && strcmp(effect->to.name, name) == 0 &&
	       strcmp(effect->to.module, module) == 0;
}

const char *effect_begins(const struct code_effect *effect, const char *module,
			  const struct value **args)
{
	if (strncmp(effect->to.name, "spawn", 5) != 0 && strncmp(effect->to.name, "start", 5) != 0)
		return NULL;
	for (size_t i = 0; i + 1 < EFFECT_ARGS; i++)
		if (value_is_atom(effect->args[i], module)) {
			if (args)
				*args = i + 2 < EFFECT_ARGS ? effect->args[i + 2] : &value_unknown;
			return value_atom_name(effect->args[i + 1]);
		}
	return NULL;
}
