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
		"register",     "send",         "send_after", "start_timer",   "monitor",
		"link",         "process_flag", "put",        "get",           "open_port",
		"spawn",        "spawn_link",   "hibernate",  "spawn_monitor", "spawn_opt",
		"monitor_node", "erase",
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
	return strncmp(to->name, "start", 5) == 0 || code_compiles_regex(to) ||
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

/* ---- beside what needs none of it ---- */

struct prepared {
	struct code_watch watch;
	struct arena arena; /* of its own: others are followed at the same time */
	enum { NOT_BEGUN, BEGUN, DONE } state;
};

/* Modules that are followed on all cores but that of whoever goes on. */
struct effects_batch {
	struct effects_batch *before;
	struct beside beside;
	pthread_mutex_t lock;
	pthread_cond_t some_done;
	struct prepared *items;
	size_t len, next;
};

static void follow(struct effects_batch *batch, struct prepared *item)
{
	code_effects(&item->watch, effect_any, true);
	pthread_mutex_lock(&batch->lock);
	item->state = DONE;
	pthread_cond_broadcast(&batch->some_done);
	pthread_mutex_unlock(&batch->lock);
}

static struct prepared *take(struct effects_batch *batch)
{
	struct prepared *item = NULL;

	pthread_mutex_lock(&batch->lock);
	while (!item && batch->next < batch->len) {
		struct prepared *at = &batch->items[batch->next++];

		if (at->state == NOT_BEGUN) {
			at->state = BEGUN;
			item = at;
		}
	}
	pthread_mutex_unlock(&batch->lock);
	return item;
}

/* Whoever needs one that is not begun follows it himself. */
static void wait_for(struct effects_batch *batch, struct prepared *item)
{
	bool is_mine;

	pthread_mutex_lock(&batch->lock);
	while (item->state == BEGUN)
		pthread_cond_wait(&batch->some_done, &batch->lock);
	is_mine = item->state == NOT_BEGUN;
	if (is_mine)
		item->state = BEGUN;
	pthread_mutex_unlock(&batch->lock);
	if (is_mine)
		follow(batch, item);
}

static int follow_some(void *context, size_t nr, struct error *err)
{
	struct prepared *item;

	(void)nr;
	(void)err;
	while ((item = take(context)))
		follow(context, item);
	return 0;
}

static int follow_beside(void *context, struct error *err)
{
	const unsigned cores = parallel_cores();

	return cores > 1 ? parallel_on(cores - 1, cores - 1, follow_some, context, err) : 0;
}

/* ---- what is known of a module ---- */

static struct watched *watched_at(struct judge *judge, enum side side, struct module_at *module)
{
	struct modules *modules = judge->modules;

	if (!judge->watched[side])
		judge->watched[side] = arena_array(
			judge->arena, name_table_len(modules->names[side]), struct watched);
	return &judge->watched[side][module - modules->items[side]];
}

/* False: its code cannot be read. */
static bool make_watch(struct code_watch *watch, struct judge *judge, enum side side,
		       struct module_at *module, bool through, struct arena *arena)
{
	const struct code *code = module_code(judge->modules, side, module);

	*watch = (struct code_watch){ .code = code,
				      .library = &judge->library[side],
				      .kept = effect_any,
				      .through = through,
				      .arena = arena };
	return code && !code->unread;
}

static void add_to(struct effects_batch *batch, struct judge *judge, enum side side,
		   struct module_at *module)
{
	struct watched *watched = watched_at(judge, side, module);
	struct prepared *item = &batch->items[batch->len];

	if ((watched->watch && watched->watch->through) ||
	    !make_watch(&item->watch, judge, side, module, true, &item->arena))
		return;
	*watched = (struct watched){ &item->watch, item, batch };
	batch->len++;
}

static struct effects_batch *batch_new(struct judge *judge)
{
	struct modules *modules = judge->modules;
	size_t most =
		name_table_len(modules->names[SIDE_OLD]) + name_table_len(modules->names[SIDE_NEW]);
	struct effects_batch *batch = arena_new(judge->arena, struct effects_batch);

	batch->before = judge->batches;
	batch->beside = (struct beside){ .work = follow_beside, .context = batch };
	batch->items = arena_array(judge->arena, most, struct prepared);
	pthread_mutex_init(&batch->lock, NULL);
	pthread_cond_init(&batch->some_done, NULL);
	judge->batches = batch;
	return batch;
}

void effects_begin(struct judge *judge)
{
	struct modules *modules = judge->modules;
	struct effects_batch *batch = batch_new(judge);

	for (enum side side = SIDE_OLD; side < SIDES; side++)
		for (size_t i = 0; i < name_table_len(modules->names[side]); i++) {
			struct module_at *module = &modules->items[side][i];

			if (module->diff && module->diff->change == CHANGE_CHANGED)
				add_to(batch, judge, side, module);
		}
	beside_begin(&batch->beside);
}

void effects_begin_of(struct judge *judge, const bool *wanted)
{
	struct modules *modules = judge->modules;
	struct effects_batch *batch = batch_new(judge);

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *after = &modules->items[SIDE_NEW][i];
		struct module_at *before = modules_find(modules, SIDE_OLD, after->name);

		if (!wanted[i])
			continue;
		add_to(batch, judge, SIDE_NEW, after);
		if (before)
			add_to(batch, judge, SIDE_OLD, before);
	}
	beside_begin(&batch->beside);
}

void effects_end(struct judge *judge)
{
	for (struct effects_batch *batch = judge->batches; batch; batch = batch->before) {
		struct error none;

		pthread_mutex_lock(&batch->lock);
		batch->next = batch->len; /* nobody needs the rest */
		pthread_mutex_unlock(&batch->lock);
		if (beside_end(&batch->beside, &none))
			continue; /* it does not fail */
	}
	for (struct effects_batch *batch = judge->batches; batch; batch = batch->before) {
		for (size_t i = 0; i < batch->len; i++)
			arena_join(judge->arena, &batch->items[i].arena);
		pthread_cond_destroy(&batch->some_done);
		pthread_mutex_destroy(&batch->lock);
	}
	judge->batches = NULL;
}

void effects_share(struct judge *judge, const struct judge *other)
{
	for (enum side side = SIDE_OLD; side < SIDES; side++)
		for (size_t i = 0; i < name_table_len(judge->modules->names[side]); i++) {
			const struct watched *watched =
				other->watched[side] ? &other->watched[side][i] : NULL;

			if (watched && watched->prepared)
				*watched_at(judge, side, &judge->modules->items[side][i]) =
					*watched;
		}
}

/* ---- asked for ---- */

/* NULL: its code cannot be read. */
static struct code_watch *watch_of(struct judge *judge, enum side side, struct module_at *module,
				   bool through)
{
	struct watched *watched = watched_at(judge, side, module);

	if (!watched->watch || (through && !watched->watch->through)) {
		struct code_watch *watch = arena_new(judge->arena, struct code_watch);

		if (!make_watch(watch, judge, side, module, through, judge->arena))
			return NULL;
		*watched = (struct watched){ watch, NULL, NULL };
	}
	return watched->watch;
}

static struct code_effects listed(const struct effect_list *list)
{
	return (struct code_effects){ list->items, list->len };
}

/* What was followed for all is complete, and several threads look at it. */
static const struct code_watch *prepared_at(struct judge *judge, enum side side,
					    struct module_at *module)
{
	const struct watched *watched = watched_at(judge, side, module);

	if (watched->prepared)
		wait_for(watched->batch, watched->prepared);
	return watched->prepared ? watched->watch : NULL;
}

struct code_effects effects_of(struct judge *judge, enum side side, struct module_at *module,
			       effect_asked *asked)
{
	const struct code_watch *prepared = prepared_at(judge, side, module);
	struct code_watch *watch = prepared ? NULL : watch_of(judge, side, module, false);

	if (prepared)
		return listed(&prepared->own);
	return watch ? code_effects(watch, asked, false) : (struct code_effects){ NULL, 0 };
}

struct code_effects effects_through(struct judge *judge, enum side side, struct module_at *module)
{
	const struct code_watch *prepared = prepared_at(judge, side, module);
	struct code_watch *watch = prepared ? NULL : watch_of(judge, side, module, true);

	if (prepared)
		return listed(&prepared->all);
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
