// SPDX-License-Identifier: Apache-2.0
/* Places of a type of which nothing is seen, and the type with something else there. */
#include "erlang/code/code_type_parts.h"

/* ---- where they are ---- */

struct finder {
	struct arena *arena;
	struct type_place *out;
	size_t len, max;
	unsigned depth;
};

static bool is_unseen(const struct type *type)
{
	return (type->unknown || type->argument) && type->len == 0 && !type->item && !type->fun;
}

static void find(struct finder *finder, const char *path, const struct type *before,
		 const struct type *after);

static void find_inside(struct finder *finder, const char *path, const char *step,
			const struct type *before, const struct type *after)
{
	const char *comma = *path ? ", " : "";

	find(finder, arena_printf(finder->arena, "%s%s%s", path, comma, step), before, after);
}

static void find_in(struct finder *finder, const char *path, const struct type_variant *v,
		    const struct type_variant *w)
{
	for (size_t i = 0; i < v->len; i++)
		for (size_t j = v->map ? 0 : i; j < (v->map ? w->len : i + 1); j++)
			if (!v->map || strcmp(v->keys[i], w->keys[j]) == 0)
				find_inside(
					finder, path,
					v->map ? arena_printf(finder->arena, "under %s", v->keys[i])
					       : arena_printf(finder->arena, "element %zu", i + 1),
					v->items[i], w->items[j]);
}

static void find(struct finder *finder, const char *path, const struct type *before,
		 const struct type *after)
{
	if (finder->depth == 0 || finder->len == finder->max)
		return;
	if (is_unseen(before) && is_unseen(after)) {
		finder->out[finder->len++] = (struct type_place){ path, before, after };
		return;
	}
	finder->depth--;
	if (before->item && after->item)
		find_inside(finder, path, "in its list", before->item, after->item);
	if (before->packed && after->packed)
		find_inside(finder, path, "in the term that it is of", before->packed,
			    after->packed);
	for (size_t i = 0; i < before->len; i++) {
		const struct type_variant *w = type_find(after, &before->variants[i], false);

		if (w)
			find_in(finder, path, &before->variants[i], w);
	}
	finder->depth++;
}

size_t type_unseen(struct type_place *out, size_t max, const struct type *before,
		   const struct type *after, struct arena *arena)
{
	struct finder finder = { arena, out, 0, max, TYPE_DEPTH };

	find(&finder, "", before, after);
	return finder.len;
}

static bool is_struct_of(const struct type_variant *variant, const char *module)
{
	return variant->map && variant->tag && strcmp(variant->tag, module) == 0;
}

static bool holds(const struct type *type, const struct beam_function *from, unsigned depth)
{
	if (type->unknown && type->lost.name && type->lost.module &&
	    beam_function_same(&type->lost, from))
		return true;
	if (depth == 0)
		return false;
	if ((type->item && holds(type->item, from, depth - 1)) ||
	    (type->packed && holds(type->packed, from, depth - 1)))
		return true;
	for (size_t i = 0; i < type->len; i++) {
		if (is_struct_of(&type->variants[i], from->module))
			return true;
		for (size_t j = 0; j < type->variants[i].len; j++)
			if (holds(type->variants[i].items[j], from, depth - 1))
				return true;
	}
	return false;
}

bool type_holds_of(const struct type *type, const struct beam_function *from)
{
	return holds(type, from, TYPE_DEPTH);
}

/* ---- with something else there ---- */

struct changer {
	struct arena *arena;
	const struct type *place, *instead; /* or NULL: */
	bool lists;                         /* of pairs have no others; or: */
	struct names keys;                  /* that open maps have, and no others */
};

static struct type *changed(const struct changer *changer, const struct type *type, unsigned depth);

static bool has_key(const struct type_variant *variant, const char *key)
{
	for (size_t i = 0; i < variant->len; i++)
		if (strcmp(variant->keys[i], key) == 0)
			return true;
	return false;
}

/* Keys that are computed, and not seen to be of some kind: any may be among them. */
static bool has_any_key(const struct type_variant *variant)
{
	return variant->open ||
	       (variant->map && has_key(variant, "*") &&
		(!variant->others || variant->others->unknown || variant->others->argument));
}

static void drop_others(struct type_variant *variant)
{
	size_t len = 0;

	for (size_t i = 0; i < variant->len; i++)
		if (strcmp(variant->keys[i], "*") != 0) {
			variant->keys[len] = variant->keys[i];
			variant->items[len++] = variant->items[i];
		}
	variant->len = len;
	variant->others = NULL;
}

static void close_map(const struct changer *changer, struct type_variant *variant)
{
	struct type *unknown = type_new(changer->arena);

	unknown->unknown = true;
	drop_others(variant);
	for (size_t i = 0; i < changer->keys.len && variant->len < TYPE_WIDTH; i++)
		if (!has_key(variant, changer->keys.items[i])) {
			variant->keys[variant->len] = changer->keys.items[i];
			variant->items[variant->len++] = unknown;
		}
	/* One map, which has them all. */
	variant->open = variant->more_sets = false;
	variant->sets[0] = variant->len < 64 ? (UINT64_C(1) << variant->len) - 1 : UINT64_MAX;
	variant->sets_len = 1;
}

static struct type_variant variant_changed(const struct changer *changer,
					   const struct type_variant *variant, unsigned depth)
{
	struct type_variant copy = *variant;
	const size_t max = variant->map ? TYPE_WIDTH : variant->len;

	copy.items = arena_array(changer->arena, max, struct type *);
	copy.keys = variant->map ? arena_array(changer->arena, max, const char *) : NULL;
	for (size_t i = 0; i < variant->len; i++) {
		copy.items[i] = changed(changer, variant->items[i], depth);
		if (copy.keys)
			copy.keys[i] = variant->keys[i];
	}
	if (!changer->place && !changer->lists && has_any_key(&copy))
		close_map(changer, &copy);
	return copy;
}

static struct type *changed(const struct changer *changer, const struct type *type, unsigned depth)
{
	struct type *copy = type_new(changer->arena);

	*copy = type == changer->place ? *changer->instead : *type;
	if (type == changer->place || depth == 0)
		return copy;
	copy->open_pairs = copy->open_pairs && !changer->lists;
	if (type->item)
		copy->item = changed(changer, type->item, depth - 1);
	if (type->packed)
		copy->packed = changed(changer, type->packed, depth - 1);
	copy->variants = type->len > 0
				 ? arena_array(changer->arena, TYPE_VARIANTS, struct type_variant)
				 : NULL;
	for (size_t i = 0; i < type->len; i++)
		copy->variants[i] = variant_changed(changer, &type->variants[i], depth - 1);
	return copy;
}

const struct type *type_with(const struct type *type, const struct type *place,
			     const struct type *instead, struct arena *arena)
{
	const struct changer changer = { .arena = arena, .place = place, .instead = instead };

	return changed(&changer, type, TYPE_DEPTH);
}

const struct type *type_closed(const struct type *type, struct names keys, struct arena *arena)
{
	const struct changer changer = { .arena = arena, .keys = keys };

	return changed(&changer, type, TYPE_DEPTH);
}

const struct type *type_closed_pairs(const struct type *type, struct arena *arena)
{
	const struct changer changer = { .arena = arena, .lists = true };

	return changed(&changer, type, TYPE_DEPTH);
}
