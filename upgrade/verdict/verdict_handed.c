// SPDX-License-Identifier: Apache-2.0
/* States that a module without processes makes and hands out, {ok, State}, and that others hand
 * back to it for each message: transports (Phoenix.Socket), connections.  No code_change reaches
 * them.
 *
 * A key that the new code puts in and takes for given elsewhere is missing in those that are kept.
 * That a state comes back is seen by an exported function which, in the old code already, takes
 * another of its keys for given.
 */
#include "erlang/code/code_states.h"
#include "upgrade/verdict/verdict_states.h"

enum { DEPTH = 3 };

/* What an exported function returns as {ok, State}. */
static struct type *handed_by(struct judge *judge, enum side side, const struct code *code,
			      const struct code_function *function)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct eval eval = { .arena = &scratch,
			     .library = &judge->modules->library[side],
			     .limit = 8000 };
	struct type *type = type_new(judge->arena);
	struct values values;

	values = eval_any(&eval, code, function);
	for (size_t i = 0; i < values.len; i++)
		if (value_is_tagged(values.items[i], "ok", 2))
			type_add(type, value_element(values.items[i], 1, &scratch), judge->arena);
	return type;
}

/* Whether an exported function other than `maker` takes a key for given, in its own body. */
static bool comes_back(const struct code *code, const struct code_function *maker, const char *key)
{
	for (size_t i = 0; i < code->len; i++) {
		const struct code_function *function = &code->functions[i];

		if (function != maker && code_exports(code, function->name, function->arity) &&
		    function_wants_key(code, function, key))
			return true;
	}
	return false;
}

static bool wanted_elsewhere(const struct code *code, const struct code_function *maker,
			     const char *key)
{
	for (size_t i = 0; i < code->len; i++)
		if (&code->functions[i] != maker &&
		    function_wants_key(code, &code->functions[i], key))
			return true;
	return false;
}

struct handing {
	const struct code *old_code, *new_code;
	const struct code_function *old_maker, *new_maker;
	bool below; /* also under the keys of a map */
};

static bool has_key(const struct type_variant *map, const char *key)
{
	for (size_t i = 0; i < map->len; i++)
		if (strcmp(map->keys[i], key) == 0)
			return true;
	return false;
}

/* A key that maps have afterwards, wanted, where the old code was given them back; NULL: none. */
static const char *missing_in_map(const struct handing *h, const struct type_variant *before,
				  const struct type_variant *after)
{
	bool back = false;

	for (size_t i = 0; i < before->len; i++) {
		if (!has_key(after, before->keys[i]))
			return NULL; /* another map */
		back = back || comes_back(h->old_code, h->old_maker, before->keys[i]);
	}
	for (size_t i = 0; back && i < after->len; i++)
		if (!has_key(before, after->keys[i]) &&
		    wanted_elsewhere(h->new_code, h->new_maker, after->keys[i]) &&
		    /* What more there is, callers hand in: also what was wanted already. */
		    !(before->open && wanted_elsewhere(h->old_code, h->old_maker, after->keys[i])))
			return after->keys[i];
	return NULL;
}

static const char *missing_key(const struct handing *h, const struct type *before,
			       const struct type *after, unsigned depth);

/* Under the keys that both have. */
static const char *missing_below(const struct handing *h, const struct type_variant *before,
				 const struct type_variant *after, unsigned depth)
{
	const char *key = NULL;

	for (size_t i = 0; i < before->len && !key; i++)
		for (size_t j = 0; j < after->len && !key; j++)
			if (strcmp(before->keys[i], after->keys[j]) == 0)
				key = missing_key(h, before->items[i], after->items[j], depth - 1);
	return key;
}

/* Maps without a struct's name, in the same places of both. */
static const char *missing_key(const struct handing *h, const struct type *before,
			       const struct type *after, unsigned depth)
{
	const char *key = NULL;

	for (size_t i = 0; depth > 0 && i < before->len && i < after->len && !key; i++) {
		const struct type_variant *a = &before->variants[i], *b = &after->variants[i];

		if (a->map != b->map)
			continue;
		if (a->map && !a->tag && !b->tag &&
		    (h->below || (!a->open && !b->open && a->len > 1)))
			key = missing_in_map(h, a, b);
		if (a->map && h->below && !key)
			key = missing_below(h, a, b, depth);
		for (size_t j = 0; !a->map && a->len == b->len && j < a->len && !key; j++)
			key = missing_key(h, a->items[j], b->items[j], depth - 1);
	}
	return key;
}

/* What it returns is kept for each log/2, which finds its own under the key `config`. */
static bool is_of_handler(const struct code_function *function)
{
	return strcmp(function->name, "adding_handler") == 0 && function->arity == 1;
}

static const char *missing_of(struct judge *judge, const struct module_diff *module,
			      const struct code_function *function)
{
	struct handing h = { module->old_code, module->new_code,
			     code_function(module->old_code, function->name, function->arity),
			     function, is_of_handler(function) };
	const struct type *before, *after;

	if (!h.old_maker)
		return NULL;
	before = handed_by(judge, SIDE_OLD, h.old_code, h.old_maker);
	after = handed_by(judge, SIDE_NEW, h.new_code, h.new_maker);
	return missing_key(&h, before, after, DEPTH);
}

void judge_handed(struct judge *judge, const struct app_diff *app, const struct module_diff *module)
{
	const unsigned others = BEAM_PROCESS | BEAM_SUPERVISOR | BEAM_APPLICATION | BEAM_PROTOCOL |
				BEAM_PROTOCOL_IMPL | BEAM_LIVE_VIEW | BEAM_CHANNEL;
	const struct code *code = module->new_code;

	if ((module->old_facts->roles | module->new_facts->roles) & others || code->unread ||
	    module->old_code->unread || is_told(judge, REASON_state_shape_changed, module->name))
		return;
	for (size_t i = 0; i < code->len; i++) {
		const struct code_function *function = &code->functions[i];
		const char *key;

		if (!code_exports(code, function->name, function->arity))
			continue;
		key = missing_of(judge, module, function);
		if (!key)
			continue;
		JUDGE(judge, REASON_state_shape_changed, app->name, module->name,
		      "what %s:%s/%u hands out as state has the new key %s, which the new code "
		      "takes "
		      "for given: who keeps one from before crashes with it",
		      module_shown(module->name), function->name, function->arity, key)
			->hint = "read it with a default, or restart; where these are connections, "
				 "clients come back: --allow state_shape_changed";
		return;
	}
}
