// SPDX-License-Identifier: Apache-2.0
/* Messages under way: the old code has sent them, the new code receives them; between the nodes of
 * a cluster, of which some still run the old release, both ways and for longer; timers of the new
 * code, when a system has gone back.
 */
#include "upgrade/verdict/verdict_messages.h"
#include "erlang/code/code_type.h"
#include "upgrade/verdict/verdict_kept.h"
#include "upgrade/verdict/verdict_starts.h"

/* ---- what is sent, and who takes it ---- */

/* clang-format off */
static const struct way {
	const char *module, *name;
	uint32_t arity; /* 0: any */
	int to;         /* the argument that is the receiver; -1: the process itself */
	unsigned what;
	enum message_kind kind;
	bool far; /* to other nodes as well */
} ways[] = {
	{ "erlang", "send", 2, 0, 1, MESSAGE_INFO, false },
	{ "erlang", "send_after", 0, 1, 2, MESSAGE_INFO, false },
	{ "timer", "send_after", 2, -1, 1, MESSAGE_INFO, false },
	{ "timer", "send_after", 3, 1, 2, MESSAGE_INFO, false },
	{ "timer", "send_interval", 2, -1, 1, MESSAGE_INFO, false },
	{ "timer", "send_interval", 3, 1, 2, MESSAGE_INFO, false },
	{ "Elixir.Process", "send_after", 0, 0, 1, MESSAGE_INFO, false },
	{ "gen_server", "cast", 2, 0, 1, MESSAGE_CAST, false },
	{ "gen_server", "abcast", 2, 0, 1, MESSAGE_CAST, true },
	{ "gen_server", "abcast", 3, 1, 2, MESSAGE_CAST, true },
	{ "gen_server", "call", 0, 0, 1, MESSAGE_CALL, false },
	{ "gen_server", "multi_call", 2, 0, 1, MESSAGE_CALL, true },
	{ "gen_server", "multi_call", 3, 1, 2, MESSAGE_CALL, true },
	{ "gen_statem", "cast", 2, 0, 1, MESSAGE_CAST, false },
	{ "gen_statem", "call", 0, 0, 1, MESSAGE_CALL, false },
	{ "gen_event", "notify", 2, -1, 1, MESSAGE_EVENT, false },
	{ "gen_event", "sync_notify", 2, -1, 1, MESSAGE_EVENT, false },
	{ "Elixir.GenServer", "cast", 2, 0, 1, MESSAGE_CAST, false },
	{ "Elixir.GenServer", "abcast", 2, 0, 1, MESSAGE_CAST, true },
	{ "Elixir.GenServer", "abcast", 3, 1, 2, MESSAGE_CAST, true },
	{ "Elixir.GenServer", "call", 0, 0, 1, MESSAGE_CALL, false },
	{ "Elixir.GenServer", "multi_call", 0, 1, 2, MESSAGE_CALL, true },
	{ "global", "send", 2, 0, 1, MESSAGE_INFO, true },
	{ "Elixir.Phoenix.PubSub", "broadcast", 3, -1, 2, MESSAGE_INFO, true },
	{ "Elixir.Phoenix.PubSub", "broadcast!", 3, -1, 2, MESSAGE_INFO, true },
	{ "Elixir.Phoenix.PubSub", "broadcast_from", 4, -1, 3, MESSAGE_INFO, true },
	{ "Elixir.Phoenix.PubSub", "broadcast_from!", 4, -1, 3, MESSAGE_INFO, true },
};
/* clang-format on */

static const struct way *way_of(const struct code_effect *effect)
{
	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		if (effect_is(effect, ways[i].module, ways[i].name, ways[i].arity))
			return &ways[i];
	return NULL;
}

static bool is_timer(const struct way *way)
{
	return strstr(way->name, "send_") != NULL;
}

static bool has_seen_key(const struct value *map)
{
	for (; map->kind == VALUE_MAP; map = map->map.base)
		if (value_atom_name(map->map.key))
			return true;
	return map->kind == VALUE_TERM && value_term_kind(map) == TERM_MAP &&
	       !value_is_empty_map(map);
}

/* Only what is seen at its first element, or by a key, can be told from other messages. */
static bool is_seen(const struct value *message, struct arena *arena)
{
	return value_atom_name(message) || has_seen_key(message) ||
	       (value_tuple_size(message) > 0 && value_atom_name(value_element(message, 0, arena)));
}

/* Processes of any node. */
static bool finds_far_ones(const struct code *code, const struct code_function *function)
{
	static const struct beam_function finders[] = {
		{ "pg", "get_members", 1 },
		{ "pg", "get_members", 2 },
		{ "global", "whereis_name", 1 },
	};
	const struct code_function *owner = code_owner(code, function);

	for (size_t i = 0; i < owner->len; i++) {
		const struct beam_function *to = code_op_import(code, &owner->ops[i]);

		for (size_t j = 0; to && j < ARRAY_LEN(finders); j++)
			if (beam_function_same(to, &finders[j]))
				return true;
	}
	return false;
}

/* Whose callback takes it: the module that the name is of, or whose process is registered under it,
 * else the sender's own.
 */
static const char *receiver(struct judge *judge, const struct code_effect *effect,
			    const struct way *way, const struct code *code, bool *far)
{
	struct arena *arena = judge->arena;
	const struct value *to = way->to < 0 ? &value_unknown : effect->args[way->to];
	const char *name, *module = NULL;

	*far = way->far;
	if (value_tuple_size(to) == 2 && value_atom_name(value_element(to, 0, arena)) &&
	    !value_atom_name(value_element(to, 1, arena))) {
		to = value_element(to, 0, arena);
		*far = true;
	}
	if (value_is_tagged(to, "global", 2)) {
		to = value_element(to, 1, arena);
		*far = true;
	}
	name = value_atom_name(to);
	*far = *far || (!name && value_term_kind(to) < 0 && finds_far_ones(code, effect->in));
	if (name && !modules_find(judge->modules, SIDE_NEW, name))
		module = module_registered_as(judge, name);
	return module ? module : name ? name : code->module;
}

const char *receiver_not_ready(struct judge *judge, const struct code *sender,
			       const struct code_effect *effect, const struct value **message)
{
	const struct way *way = way_of(effect);
	const struct module_at *to;
	struct message_way back;
	const char *name;
	bool far;

	if (!way || way->to < 0 || !is_seen(effect->args[way->what], judge->arena))
		return NULL;
	*message = effect->args[way->what];
	name = receiver(judge, effect, way, sender, &far);
	to = modules_find(judge->modules, SIDE_NEW, name);
	if (!to || !to->diff || to->diff->change != CHANGE_CHANGED || to->diff->old_code->unread ||
	    to->diff->new_code->unread)
		return NULL;
	back = message_way_to(judge, SIDE_OLD, to->diff);
	return message_is_lost(&back, way->kind, *message) ? name : NULL;
}

/* ---- all that a module sends ---- */

/* What is asked of what a module sends. */
enum sending {
	SENT_BEFORE, /* by its old code, and the new one gets it */
	SENT_FAR,    /* by its new code, to nodes that still run the old one */
	SENT_BACK,   /* by its new code, and after the way back the old one gets it: timers, and
		      * what waits for handlers of events, which nobody starts again, and for loops
		      */
	SENT_SAME,   /* by a module that is the same, and goes on to */
};

struct sent {
	struct judge *judge;
	struct module_at *module; /* the sender */
	const struct code *code;
	enum sending what;
	unsigned tried;              /* messages of this module: enough is enough */
	const struct value *manager; /* whom an event goes to */
};

enum { TRIED_MAX = 60 };

static const enum reason_code sent_reasons[] = {
	[SENT_BEFORE] = REASON_message_unknown,
	[SENT_FAR] = REASON_mixed_cluster,
	[SENT_BACK] = REASON_not_reversible,
	[SENT_SAME] = REASON_message_unknown,
};

static void tell_sent(const struct sent *sent, const struct way *way, const struct module_at *to,
		      const struct value *message)
{
	struct judge *judge = sent->judge;
	const struct module_at *from = sent->module;
	const char *sender = module_shown(from->name), *taker = module_shown(to->name);
	owned_str struct str text = STR_EMPTY;

	value_print(&text, message);
	if (sent->what == SENT_SAME)
		JUDGE(judge, REASON_not_rebuilt, from->app->name, from->name,
		      "%s is the same, and sends %s, which %s of the new %s does not understand, "
		      "also behind a restart",
		      sender, str_text(&text), message_taker(to->diff->new_code, way->kind), taker)
			->hint = "compile it anew, and raise the version of its application";
	else if (sent->what == SENT_FAR)
		JUDGE(judge, REASON_mixed_cluster, to->app->name, to->name,
		      "%s sends %s to %s of other nodes: those that still run the old release do "
		      "not understand it",
		      sender, str_text(&text), taker)
			->hint = "send it only one release after all nodes understand it";
	else if (sent->what == SENT_BACK)
		JUDGE(judge, REASON_not_reversible, to->app->name, to->name,
		      "the new code of %s %s %s, with which %s of the old %s fails: after the way "
		      "back, one that is still %s ends its %s",
		      sender, is_timer(way) ? "has a timer send" : "sends", str_text(&text),
		      message_taker(to->diff->old_code, way->kind), taker,
		      is_timer(way) ? "set" : "under way",
		      way->kind == MESSAGE_EVENT ? "handler" : "process")
			->hint = is_timer(way)
					 ? "understand it one release before it is sent, or cancel "
					   "the timer in code_change, for {down, Vsn}"
					 : "understand it one release before it is sent";
	else
		JUDGE(judge, REASON_message_unknown, to->app->name, to->name,
		      "the old code of %s sends %s, which %s of the new %s does not understand: "
		      "one "
		      "that is under way, or a timer that is set, fails or is lost",
		      sender, str_text(&text), message_taker(to->diff->new_code, way->kind), taker)
			->hint = "go on understanding it for one release";
}

/* Whether the old code sends it there as well: then going back is no worse than it was. */
static bool was_sent(const struct sent *sent, const struct way *by, const char *to,
		     const struct value *message)
{
	struct judge *judge = sent->judge;
	struct module_at *before = modules_find(judge->modules, SIDE_OLD, sent->module->name);
	struct code_effects effects = { NULL, 0 };
	bool far;

	if (before && sent->what == SENT_BACK)
		effects = effects_through(judge, SIDE_OLD, before);
	for (size_t i = 0; i < effects.len; i++) {
		const struct code_effect *effect = &effects.items[i];
		const struct way *way = way_of(effect);

		if (way && is_timer(way) == is_timer(by) &&
		    value_same(effect->args[way->what], message) &&
		    (way->kind == MESSAGE_EVENT ||
		     strcmp(receiver(judge, effect, way, sent->module->diff->old_code, &far), to) ==
			     0))
			return true;
	}
	return false;
}

/* What a server gets is dealt with by the time it goes back, but for timers. */
static bool waits_for(const struct way *way, const struct module_diff *to)
{
	return is_timer(way) || way->kind == MESSAGE_EVENT ||
	       (way->kind == MESSAGE_INFO && message_is_for_loops(to));
}

static void judge_sent_to(struct sent *sent, const struct way *way, const char *name, bool far,
			  const struct value *message)
{
	struct judge *judge = sent->judge;
	const struct module_at *to = modules_find(judge->modules, SIDE_NEW, name);
	const bool to_old = sent->what == SENT_FAR || sent->what == SENT_BACK;
	struct message_way between;

	if (!to || !to->diff || to->diff->change != CHANGE_CHANGED || to->diff->old_code->unread ||
	    to->diff->new_code->unread || (sent->what == SENT_FAR && !far) ||
	    (sent->what == SENT_BACK && !waits_for(way, to->diff)) ||
	    !message_takers_changed(to->diff, way->kind) || ++sent->tried > TRIED_MAX ||
	    is_told(judge, sent_reasons[sent->what], name) ||
	    (sent->what == SENT_BACK && is_told(judge, REASON_message_unknown, name)) ||
	    (sent->what == SENT_SAME && is_told(judge, REASON_not_rebuilt, sent->module->name)))
		return;
	between = message_way_to(judge, to_old ? SIDE_OLD : SIDE_NEW, to->diff);
	between.raises = sent->what == SENT_BACK;
	if (message_is_lost(&between, way->kind, message) && !was_sent(sent, way, name, message) &&
	    (way->kind != MESSAGE_EVENT || handler_may_get(judge, sent->manager, name)))
		tell_sent(sent, way, to, message);
}

/* To whom is not seen: to who took it in the sender's application, and takes it no more. */
static void judge_sent_to_any(struct sent *sent, const struct way *way, const struct value *message)
{
	const struct module_diffs modules = sent->module->app->modules;

	for (size_t i = 0; i < modules.len; i++)
		if (modules.items[i].change == CHANGE_CHANGED &&
		    modules.items[i].old_facts->roles & BEAM_PROCESS &&
		    strcmp(modules.items[i].name, sent->module->name) != 0)
			judge_sent_to(sent, way, modules.items[i].name, false, message);
}

static void judge_sent(struct sent *sent, const struct code_effect *effect)
{
	struct judge *judge = sent->judge;
	const struct way *way = way_of(effect);
	const struct value *message = way ? effect->args[way->what] : NULL;
	const char *name;
	bool far;

	/* Who gets what other modules send is known where they set a timer for their caller. */
	if (!way || !is_seen(message, judge->arena) || (effect->through && !is_timer(way)))
		return;
	if (way->kind != MESSAGE_EVENT) {
		name = receiver(judge, effect, way, sent->code, &far);
		judge_sent_to(sent, way, name, far, message);
		if (sent->what == SENT_BEFORE && way->to >= 0 && !is_timer(way) &&
		    value_term_kind(effect->args[way->to]) < 0)
			judge_sent_to_any(sent, way, message);
		return;
	}
	sent->manager = effect->args[0];
	for (size_t i = 0; i < judge->diff->len; i++)
		for (size_t j = 0; j < judge->diff->apps[i].modules.len; j++) {
			const struct module_diff *module = &judge->diff->apps[i].modules.items[j];

			if (module->change == CHANGE_CHANGED &&
			    module->new_facts->roles & BEAM_GEN_EVENT)
				judge_sent_to(sent, way, module->name, false, message);
		}
}

/* ---- who keeps what it is sent ---- */

const char *kept_by_receiver(struct judge *judge, enum side side, const struct code *self,
			     const struct code_effect *effect,
			     bool (*holds)(void *ctx, const struct value *value), void *ctx)
{
	const struct way *way = way_of(effect);
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct module_at *to;
	struct values values;
	bool far, sure;

	to = way ? modules_find(judge->modules, side, receiver(judge, effect, way, self, &far))
		 : NULL;
	if (!to || !module_code(judge->modules, side, to))
		return NULL;
	values = message_answers(to->code, way->kind, effect->args[way->what],
				 &judge->modules->library[side], &scratch, &sure);
	for (size_t i = 0; i < values.len; i++)
		if (holds(ctx, values.items[i]))
			return arena_printf(judge->arena, "the state of %s",
					    module_shown(to->name));
	return NULL;
}

/* ---- all of it ---- */

static void judge_all_sent(struct sent sent, struct code_effects effects)
{
	for (size_t i = 0; i < effects.len; i++)
		judge_sent(&sent, &effects.items[i]);
}

static void judge_module_messages(struct judge *judge, struct module_at *module)
{
	struct module_at *before = modules_find(judge->modules, SIDE_OLD, module->name);
	struct sent sent = { .judge = judge, .module = module };
	struct code_effects effects = effects_of(judge, SIDE_NEW, module, effect_any);

	sent.code = module->diff->old_code;
	if (before)
		judge_all_sent(sent, effects_through(judge, SIDE_OLD, before));
	sent.code = module->diff->new_code;
	sent.what = SENT_FAR;
	judge_all_sent(sent, effects);
	for (size_t i = 0; i < effects.len; i++)
		judge_rpc(judge, module, &effects.items[i]);
	sent.what = SENT_BACK;
	judge_all_sent(sent, effects_through(judge, SIDE_NEW, module));
}

/* Receivers that take something else than before. */
static void name_receivers(struct judge *judge, struct name_table *names)
{
	for (size_t i = 0; i < judge->diff->len; i++)
		for (size_t j = 0; j < judge->diff->apps[i].modules.len; j++) {
			const struct module_diff *module = &judge->diff->apps[i].modules.items[j];

			for (enum message_kind kind = MESSAGE_INFO; kind < MESSAGE_KINDS; kind++)
				if (module->change == CHANGE_CHANGED &&
				    message_takers_changed(module, kind))
					name_table_add(names, module->name, NULL);
		}
}

/* What modules that are the same send on to those that changed. */
static void judge_same_senders(struct judge *judge)
{
	owned_name_table struct name_table *names = name_table_new();
	struct modules *modules = judge->modules;
	const bool *naming;

	name_receivers(judge, names);
	if (name_table_len(names) == 0)
		return;
	add_registered_names(judge, names);
	naming = modules_naming(judge, names);
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *module = &modules->items[SIDE_NEW][i];
		struct sent sent = { .judge = judge, .module = module, .what = SENT_SAME };
		struct code_effects effects = { NULL, 0 };

		if (module->same && naming[i] &&
		    (sent.code = module_code(modules, SIDE_NEW, module)))
			effects = effects_of(judge, SIDE_NEW, module, effect_any);
		judge_all_sent(sent, effects);
	}
}

void judge_messages(struct judge *judge)
{
	struct modules *modules = judge->modules;

	judge_same_senders(judge);

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *module = &modules->items[SIDE_NEW][i];
		const struct module_diff *diff = module->diff;

		if (!diff || diff->change != CHANGE_CHANGED || diff->old_code->unread ||
		    diff->new_code->unread)
			continue;
		judge_module_messages(judge, module);
		if (modules_find(modules, SIDE_OLD, module->name))
			judge_funs(judge, modules_find(modules, SIDE_OLD, module->name));
		judge_timeouts(judge, module->app, diff);
	}
}
