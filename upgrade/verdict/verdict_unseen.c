// SPDX-License-Identifier: Apache-2.0
/* What is not seen of a state, beside what is: a module that cannot be followed made it, or a
 * caller gave it.  What the old code takes it for is, and the new code is tried with that.
 */
#include "erlang/code/code_facts.h"
#include "upgrade/verdict/verdict_states.h"

enum { PLACES_MAX = 16, KEYS_MAX = TYPE_WIDTH, SIZES = 64 };

struct probing {
	struct judge *judge;
	const struct typed *typed;
	struct arena *arena;
	const struct type *before, *after;
};

/* Code of one side, and of changed modules that it calls: true for the first of which is() is. */
static bool any_code(const struct probing *probing, enum side side,
		     bool (*is)(const struct code *code, const void *what), const void *what)
{
	const struct typed *typed = probing->typed;

	return code_or_library(probing->judge, side,
			       side == SIDE_OLD ? typed->old_code : typed->new_code, is, what);
}

static const char *fails(const struct probing *probing, enum side side, const struct type *found,
			 const struct type *own)
{
	return what_fails(probing->judge, side, probing->typed, found, own);
}

/* ---- tuples ---- */

struct sizes {
	const struct diff *diff;
	uint64_t *out;
};

static uint64_t bit_of(const struct code_arg *size)
{
	return size->kind == CODE_NUMBER && size->number < SIZES ? UINT64_C(1) << size->number : 0;
}

static uint64_t sizes_in(const struct code_function *function)
{
	uint64_t sizes = 0;

	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];
		const struct code_arg *list = &op->args[2];

		if (op->opcode == OP_TEST_ARITY || op->opcode == OP_IS_TAGGED_TUPLE)
			sizes |= bit_of(&op->args[2]);
		if (op->opcode != OP_SELECT_TUPLE_ARITY || list->kind != CODE_LIST)
			continue;
		for (uint32_t j = 0; j < list->len; j++)
			sizes |= bit_of(&list->items[j]);
	}
	return sizes;
}

uint64_t sizes_told_apart(const struct code *code)
{
	uint64_t sizes = 0;

	for (size_t i = 0; i < code->len; i++)
		sizes |= sizes_in(&code->functions[i]);
	return sizes;
}

static const struct module_diff *diff_of(const struct diff *diff, const struct code *code)
{
	for (size_t i = 0; i < diff->len; i++)
		for (size_t j = 0; j < diff->apps[i].modules.len; j++)
			if (strcmp(diff->apps[i].modules.items[j].name, code->module) == 0)
				return &diff->apps[i].modules.items[j];
	return NULL;
}

static bool is_changed(const struct module_diff *module, const struct code_function *function)
{
	owned_str struct str name = STR_EMPTY;

	str_addf(&name, "%s/%u", function->name, function->arity);
	return names_have(module->functions, str_text(&name));
}

static bool add_sizes(const struct code *code, const void *what)
{
	const struct sizes *sizes = what;
	const struct module_diff *module = diff_of(sizes->diff, code);

	for (size_t i = 0; module && i < code->len; i++)
		if (is_changed(module, &code->functions[i]))
			*sizes->out |= sizes_in(&code->functions[i]);
	return false;
}

/* What functions that changed tell from something else. */
static uint64_t changed_sizes(const struct probing *probing, enum side side)
{
	uint64_t out = 0;

	any_code(probing, side, add_sizes, &(struct sizes){ probing->judge->diff, &out });
	return out;
}

static const struct type *tuple_of(struct arena *arena, size_t size)
{
	struct type *type = type_new(arena);
	const struct value *items[SIZES];

	for (size_t i = 0; i < size; i++)
		items[i] = &value_unknown;
	type_add(type, value_tuple(arena, items, size), arena);
	return type;
}

/* The old code goes on with the one type, and not with the other, the new one the other way round:
 * who fails, or NULL.
 */
static const char *fails_between(const struct probing *probing, const struct type_place *place,
				 const struct type *one, const struct type *other)
{
	struct arena *arena = probing->arena;
	const struct type *was = type_with(probing->before, place->before, one, arena);
	const struct type *is = type_with(probing->after, place->after, other, arena);
	const char *failing = fails(probing, SIDE_NEW, was, is);

	return failing && fails(probing, SIDE_OLD, is, was) ? failing : NULL;
}

static void tell(const struct probing *probing, const char *what, const char *path,
		 const char *failing)
{
	const struct typed *typed = probing->typed;
	struct judge *judge = probing->judge;

	JUDGE(judge, REASON_state_opaque, typed->app->name, typed->name,
	      "in the state of the processes of %s%s%s%s is what cannot be seen: %s, so that %s "
	      "fails with it",
	      process_shown(judge, typed), *path ? " (" : "", path, *path ? ")" : "", what, failing)
		->hint = "convert it in code_change, both ways, or take what was there before, too";
}

static bool tuple_fails(const struct probing *probing, const struct type_place *place, uint64_t old,
			uint64_t new)
{
	for (size_t size = 0; size < SIZES; size++) {
		struct arena *arena = probing->arena;

		if (!(old >> size & 1) ||
		    !fails(probing, SIDE_NEW,
			   type_with(probing->before, place->before, tuple_of(arena, size), arena),
			   probing->after))
			continue;
		for (size_t other = 0; other < SIZES; other++) {
			const char *failing =
				other != size && new >> other & 1
					? fails_between(probing, place, tuple_of(arena, size),
							tuple_of(arena, other))
					: NULL;

			if (!failing)
				continue;
			tell(probing,
			     arena_printf(probing->judge->arena,
					  "the old code takes it for a tuple of %zu elements, the "
					  "new one for one of %zu",
					  size, other),
			     place->path, failing);
			return true;
		}
	}
	return false;
}

/* ---- sockets ---- */

static bool uses_ssl(const struct code *code, const void *nothing)
{
	(void)nothing;
	return imports_from(code, "ssl");
}

/* What one release keeps as a socket of ssl that it is given is none for the other one. */
static bool socket_fails(const struct probing *probing, const struct type_place *place)
{
	struct arena *arena = probing->arena;
	const struct value *ssl[] = { value_of_atom(arena, "sslsocket"), &value_unknown,
				      &value_unknown };
	struct type *kinds[] = { type_new(arena), type_new(arena) };

	if (any_code(probing, SIDE_OLD, uses_ssl, NULL) ==
	    any_code(probing, SIDE_NEW, uses_ssl, NULL))
		return false;
	type_add(kinds[0], value_of_kind(arena, TERM_PORT), arena);
	type_add(kinds[1], value_tuple(arena, ssl, ARRAY_LEN(ssl)), arena);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const char *failing = fails_between(probing, place, kinds[i], kinds[!i]);

		if (!failing)
			continue;
		tell(probing,
		     i ? "the old code takes it for a socket of ssl, the new one for a port"
		       : "the old code takes it for a port, the new one for a socket of ssl",
		     place->path, failing);
		return true;
	}
	return false;
}

/* ---- maps ---- */

/* Adds those that one code wants, and the other one names or not. */
static void add_wanted(struct names *keys, const char **items, const struct code *code,
		       const struct name_table *other, bool named)
{
	for (size_t i = 0; i < code->atoms.len && keys->len < KEYS_MAX - 1; i++) {
		const char *key = code->atoms.items[i];

		if ((name_table_find(other, span_of(key)) != NAME_ABSENT) == named &&
		    wants_key(code, key) && !names_have(*keys, key))
			items[keys->len++] = key;
	}
}

/* The keys that are taken to be there: those that the old code knew, and the others. */
static void find_wanted(struct names *known, struct names *fresh, const struct probing *probing)
{
	const struct typed *typed = probing->typed;
	owned_name_table struct name_table *old = atoms_of(typed->old_code);
	const char **items = arena_array(probing->arena, 2 * KEYS_MAX, const char *);

	*known = (struct names){ items, 0 };
	*fresh = (struct names){ items + KEYS_MAX, 0 };
	add_wanted(fresh, items + KEYS_MAX, typed->new_code, old, false);
	if (fresh->len == 0)
		return;
	add_wanted(known, items, typed->new_code, old, true);
	add_wanted(known, items, typed->old_code, old, true);
}

static struct names with_key(const struct probing *probing, struct names keys, const char *key)
{
	const char **items = arena_array(probing->arena, keys.len + 1, const char *);

	for (size_t i = 0; i < keys.len; i++)
		items[i] = keys.items[i];
	items[keys.len] = key;
	return (struct names){ items, keys.len + 1 };
}

static const struct type *map_of(struct arena *arena, struct names keys)
{
	struct type *type = type_new(arena);
	const struct value *map = value_of_term(arena, term_map(arena, NULL, NULL, 0));

	for (size_t i = 0; i < keys.len; i++)
		map = value_map_put(arena, map, value_of_atom(arena, keys.items[i]),
				    &value_unknown);
	type_add(type, map, arena);
	return type;
}

static bool key_fails_at(const struct probing *probing, const struct type_place *place,
			 struct names known, struct names all, const char *key)
{
	struct arena *arena = probing->arena;
	const struct type *was, *is;
	const char *failing;

	if (place) {
		was = type_with(probing->before, place->before, map_of(arena, known), arena);
		is = type_with(probing->after, place->after, map_of(arena, all), arena);
	} else {
		was = type_closed(probing->before, known, arena);
		is = type_closed(probing->after, all, arena);
	}
	failing = fails(probing, SIDE_NEW, was, is);
	if (!failing || atom_was_known(probing->judge, key))
		return false;
	tell(probing,
	     arena_printf(probing->judge->arena,
			  "the new code wants the key %s of a map, which nothing in the old "
			  "release names",
			  key),
	     place ? place->path : "", failing);
	return true;
}

/* ---- a tuple, and a map ---- */

struct matched {
	const struct diff *diff;
	const char **items;
	size_t *len;
};

static void add_keys_in(const struct matched *matched, const struct code_function *function)
{
	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];

		if (op->opcode != OP_GET_MAP_ELEMENTS && op->opcode != OP_HAS_MAP_FIELDS)
			continue;
		for (uint32_t j = 0; j < op->args[2].len && *matched->len < KEYS_MAX; j++) {
			const struct value *key = code_constant(&op->args[2].items[j]);
			const char *name = key ? value_atom_name(key) : NULL;
			const struct names known = { matched->items, *matched->len };

			if (name && !names_have(known, name))
				matched->items[(*matched->len)++] = name;
		}
	}
}

static bool add_keys(const struct code *code, const void *what)
{
	const struct matched *matched = what;
	const struct module_diff *module = diff_of(matched->diff, code);

	for (size_t i = 0; module && i < code->len; i++)
		if (is_changed(module, &code->functions[i]))
			add_keys_in(matched, &code->functions[i]);
	return false;
}

/* Keys that functions which changed match in maps, and the other code does not. */
static struct names keys_matched(const struct probing *probing, enum side side)
{
	const struct typed *typed = probing->typed;
	const struct code *other = side == SIDE_OLD ? typed->new_code : typed->old_code;
	const char **items = arena_array(probing->arena, KEYS_MAX, const char *);
	size_t all = 0, len = 0;

	any_code(probing, side, add_keys, &(struct matched){ probing->judge->diff, items, &all });
	for (size_t i = 0; i < all; i++)
		if (!matches_key(other, items[i]))
			items[len++] = items[i];
	return (struct names){ items, len };
}

/* What one release takes for a tuple, and the other one for a map. */
static bool kind_fails(const struct probing *probing, const struct type_place *place,
		       uint64_t sizes, struct names keys, enum side tuple)
{
	struct arena *arena = probing->arena;
	const char *failing = NULL;
	size_t size = 0;

	for (; keys.len > 0 && size < SIZES && !failing; size++) {
		const struct type *one = tuple_of(arena, size), *other = map_of(arena, keys);

		if (sizes >> size & 1)
			failing = fails_between(probing, place, tuple == SIDE_OLD ? one : other,
						tuple == SIDE_OLD ? other : one);
	}
	if (failing)
		tell(probing,
		     tuple == SIDE_OLD ? "the old code takes it for a tuple, the new one for a map"
				       : "the old code takes it for a map, the new one for a tuple",
		     place->path, failing);
	return failing;
}

/* What a function of OTP or Elixir gave may come from a file or another node, with any keys. */
static bool is_from_outside(const struct probing *probing, const struct type_place *place)
{
	const struct beam_function *lost = &place->before->lost;
	const struct module_at *module =
		lost->module ? modules_find(probing->judge->modules, SIDE_OLD, lost->module) : NULL;

	return lost->module && (!module || module->of_language);
}

static bool key_fails(const struct probing *probing, const struct type_place *places, size_t len)
{
	struct names known, fresh;

	find_wanted(&known, &fresh, probing);
	for (size_t i = 0; i < fresh.len; i++) {
		struct names others = known, all;

		for (size_t j = 0; j < fresh.len; j++)
			if (j != i && others.len < KEYS_MAX - 1)
				others = with_key(probing, others, fresh.items[j]);
		all = with_key(probing, others, fresh.items[i]);
		if (key_fails_at(probing, NULL, others, all, fresh.items[i]))
			return true;
		for (size_t j = 0; j < len; j++)
			if (!is_from_outside(probing, &places[j]) &&
			    key_fails_at(probing, &places[j], others, all, fresh.items[i]))
				return true;
	}
	return false;
}

/* ---- all of it ---- */

void judge_unseen(struct judge *judge, const struct typed *typed, const struct type *before,
		  const struct type *after)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct probing probing = { judge, typed, &scratch, before, after };
	struct type_place places[PLACES_MAX];
	size_t len = type_unseen(places, PLACES_MAX, before, after, judge->arena);
	uint64_t old = changed_sizes(&probing, SIDE_OLD), new = changed_sizes(&probing, SIDE_NEW);

	const struct names old_keys = keys_matched(&probing, SIDE_OLD);
	const struct names new_keys = keys_matched(&probing, SIDE_NEW);

	if (is_told(judge, REASON_state_opaque, typed->name))
		return;
	for (size_t i = 0; i < len; i++)
		if (tuple_fails(&probing, &places[i], old, new) ||
		    kind_fails(&probing, &places[i], old, new_keys, SIDE_OLD) ||
		    kind_fails(&probing, &places[i], new, old_keys, SIDE_NEW) ||
		    socket_fails(&probing, &places[i]))
			return;
	key_fails(&probing, places, len);
}
