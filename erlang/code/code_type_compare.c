// SPDX-License-Identifier: Apache-2.0
/* What is not the same in two types. */
#include "erlang/code/code_type_parts.h"

struct comparer {
	struct arena *arena;
	struct type_diffs diffs;
	unsigned depth;
	bool packed;
};

static struct type_diff *note(struct comparer *comparer, enum type_difference what,
			      const char *path, const struct type *before, const struct type *after)
{
	struct type_diffs *diffs = &comparer->diffs;

	diffs->items = arena_grow(comparer->arena, diffs->items, diffs->len, &diffs->cap);
	diffs->items[diffs->len] = (struct type_diff){ .what = what,
						       .path = path,
						       .before = before,
						       .after = after,
						       .packed = comparer->packed };
	return &diffs->items[diffs->len++];
}

static void compare(struct comparer *comparer, const char *path, const struct type *before,
		    const struct type *after);

static const char *inside(struct comparer *comparer, const char *path, const char *step)
{
	return *path ? arena_printf(comparer->arena, "%s, %s", path, step)
		     : arena_dup(comparer->arena, span_of(step));
}

static const struct type *value_at(const struct type_variant *variant, const char *key)
{
	for (size_t i = 0; i < variant->len; i++)
		if (strcmp(variant->keys[i], key) == 0)
			return variant->items[i];
	return NULL;
}

static bool is_seen(const struct type *type)
{
	return type->kinds && !type->unknown && !type->argument;
}

static bool text_meets(const struct type_text *text, const struct type *type)
{
	for (size_t i = 0; i < type->texts_len; i++)
		if (value_texts_meet(span_of(text->text), text->whole, span_of(type->texts[i].text),
				     type->texts[i].whole))
			return true;
	return false;
}

/* Whether a binary of one may be one of the other. */
static bool texts_meet(const struct type *a, const struct type *b)
{
	if (a->any_text || b->any_text || a->texts_len == 0 || b->texts_len == 0)
		return true;
	for (size_t i = 0; i < a->texts_len; i++)
		if (text_meets(&a->texts[i], b))
			return true;
	return false;
}

/* What is built in one of them, and in the other one never; NULL: nothing, or not all is seen. */
static struct type_text *text_only_in(const struct type *type, const struct type *other)
{
	for (size_t i = 0; is_seen(type) && is_seen(other) && i < type->texts_len; i++)
		if (!type->any_text && !other->any_text && !type->texts[i].whole &&
		    !text_meets(&type->texts[i], other))
			return &type->texts[i];
	return NULL;
}

/* One text took the place of another one, among others that stay. */
static const struct type *text_replaced(const struct type *before, const struct type *after,
					struct arena *arena)
{
	struct type_text *gone = text_only_in(before, after);
	struct type *type;

	if (!gone || !text_only_in(after, before))
		return NULL;
	type = type_new(arena);
	type->kinds = type_kind_bit(TERM_BINARY);
	type->texts = gone;
	type->texts_len = 1;
	return type;
}

bool type_meets(const struct type *a, const struct type *b)
{
	const unsigned text = type_kind_bit(TERM_BINARY);
	const unsigned inner = type_kind_bit(TERM_TUPLE) | type_kind_bit(TERM_MAP);
	const unsigned both = a->kinds & b->kinds & ~inner;

	if (!is_seen(a) || !is_seen(b) || both & ~text || (both & text && texts_meet(a, b)))
		return true;
	for (size_t i = 0; i < a->len; i++)
		for (size_t j = 0; j < b->len; j++) {
			const struct type_variant *v = &a->variants[i], *w = &b->variants[j];
			bool alike = v->map == w->map && v->len == w->len &&
				     (!v->tag || !w->tag || type_same_tag(v->tag, w->tag));

			for (size_t k = 0; alike && !v->map && k < v->len; k++)
				alike = (k == 0 && (v->tag || w->tag)) ||
					type_meets(v->items[k], w->items[k]);
			if (alike || (v->map && w->map))
				return true;
		}
	return false;
}

static void compare_maps(struct comparer *comparer, const char *path, const struct type *before,
			 const struct type *after, const struct type_variant *a,
			 const struct type_variant *b)
{
	const struct type *gone = a->others && b->others
					  ? text_replaced(a->others, b->others, comparer->arena)
					  : NULL;

	if (gone)
		note(comparer, TYPE_KEYS, path, gone, b->others);
	else if (a->others && b->others && !type_meets(a->others, b->others))
		note(comparer, TYPE_KEYS, path, a->others, b->others);
	else if (a->others && b->others && a->others->unknown != b->others->unknown &&
		 (is_seen(a->others) || is_seen(b->others)))
		note(comparer, TYPE_LOST, inside(comparer, path, "its keys"), a->others, b->others);
	for (size_t i = 0; i < b->len; i++) {
		const struct type *was = value_at(a, b->keys[i]);
		struct type_diff *diff;

		if (was) {
			compare(comparer,
				inside(comparer, path,
				       arena_printf(comparer->arena, "under %s", b->keys[i])),
				was, b->items[i]);
		} else if (strcmp(b->keys[i], "*") != 0) {
			diff = note(comparer, TYPE_KEY, path, before, after);
			diff->tag = b->keys[i];
			diff->of = b->tag;
			diff->open = a->open || value_at(a, "*");
		}
	}
	for (size_t i = 0; i < a->len && !b->open; i++)
		if (!value_at(b, a->keys[i]) && strcmp(a->keys[i], "*") != 0) {
			struct type_diff *diff = note(comparer, TYPE_KEY_GONE, path, before, after);

			diff->tag = a->keys[i];
			diff->of = a->tag;
		}
}

/* What a field was given is not seen as often as not: that it moved is, where another one moved to
 * its place.
 */
static void note_swaps(struct comparer *comparer, const char *path, const struct type_variant *a,
		       const struct type_variant *b)
{
	for (size_t i = 0; i < a->len; i++)
		for (size_t j = 0; j < a->len; j++) {
			const struct type *was = a->items[i], *is = b->items[j];
			struct type_diff *diff;

			if (i == j || !is_seen(was) || !is_seen(is) || was->kinds != is->kinds ||
			    a->items[j]->kinds || b->items[i]->kinds)
				continue;
			diff = note(comparer, TYPE_SWAP, path, was, is);
			diff->tag = a->tag;
			diff->size = i < j ? i + 1 : j + 1;
			diff->new_size = i < j ? j + 1 : i + 1;
			return;
		}
}

static void compare_tuples(struct comparer *comparer, const char *path,
			   const struct type_variant *a, const struct type_variant *b)
{
	for (size_t i = 0; i < a->len; i++) {
		const char *at = a->tag && value_tag_of_container(a->tag)
					 ? arena_printf(comparer->arena, "in %s", a->tag)
					 : arena_printf(comparer->arena, "element %zu", i + 1);

		compare(comparer, inside(comparer, path, at), a->items[i], b->items[i]);
	}
	note_swaps(comparer, path, a, b);
}

/* Only in one of them: of two that are in neither, the size changed. */
static bool only_size(const struct type *before, const struct type *after,
		      const struct type_variant *b, size_t *size)
{
	size_t sizes = 0;

	for (size_t i = 0; i < before->len; i++) {
		const struct type_variant *a = &before->variants[i];

		if (a->map || !type_same_tag(a->tag, b->tag) || type_find(after, a, false))
			continue;
		*size = a->len;
		sizes++;
	}
	return sizes > 0;
}

/* Tuples of one size, one of which begins with an atom that is not known. */
static bool may_be_tagged(const struct type *plain, const struct type *tagged)
{
	for (size_t i = 0; i < plain->len; i++) {
		const struct type_variant *a = &plain->variants[i];

		if (a->map || a->tag || a->len == 0 ||
		    !(a->items[0]->unknown || a->items[0]->argument ||
		      a->items[0]->kinds & type_kind_bit(TERM_ATOM)))
			continue;
		for (size_t j = 0; j < tagged->len; j++)
			if (!tagged->variants[j].map && tagged->variants[j].tag &&
			    tagged->variants[j].len == a->len)
				return true;
	}
	return false;
}

/* Whether something may be the same in both. */
static bool overlap(const struct type *before, const struct type *after)
{
	const unsigned inner = type_kind_bit(TERM_TUPLE) | type_kind_bit(TERM_MAP);

	if (before->kinds & after->kinds & ~inner)
		return true;
	for (size_t i = 0; i < before->len; i++)
		if (type_find(after, &before->variants[i], true))
			return true;
	return may_be_tagged(before, after) || may_be_tagged(after, before);
}

static void compare_variants(struct comparer *comparer, const char *path, const struct type *before,
			     const struct type *after)
{
	for (size_t i = 0; i < after->len; i++) {
		const struct type_variant *b = &after->variants[i],
					  *a = type_find(before, b, false);
		struct type_diff *diff;
		size_t size = 0;

		if (a && b->map) {
			compare_maps(comparer, path, before, after, a, b);
		} else if (a) {
			compare_tuples(comparer, path, a, b);
		} else if (!b->map && only_size(before, after, b, &size)) {
			diff = note(comparer, TYPE_SIZE, path, before, after);
			diff->tag = b->tag;
			diff->size = size;
			diff->new_size = b->len;
		}
	}
}

/* Whether all kinds of one, and its variants, are in the other. */
static bool has_all(const struct type *type, const struct type *of)
{
	for (size_t i = 0; i < of->len; i++)
		if (!type_find(type, &of->variants[i], false))
			return false;
	return !(of->kinds & ~type->kinds);
}

static bool has_pair(const struct type *type, const char *key)
{
	for (size_t i = 0; i < type->pairs_len; i++)
		if (strcmp(type->pairs[i], key) == 0)
			return true;
	return false;
}

/* Of those that are seen as a whole trying shows more. */
static void compare_pairs(struct comparer *comparer, const char *path, const struct type *before,
			  const struct type *after)
{
	if (!before->open_pairs || before->other_list || after->other_list)
		return;
	for (size_t i = 0; i < after->pairs_len; i++)
		if (!has_pair(before, after->pairs[i]))
			note(comparer, TYPE_PAIR, path, before, after)->tag = after->pairs[i];
}

static void compare_packed(struct comparer *comparer, const char *path, const struct type *before,
			   const struct type *after)
{
	const bool packed = comparer->packed;

	comparer->packed = true;
	compare(comparer, inside(comparer, path, "in the term that it is of"), before->packed,
		after->packed);
	comparer->packed = packed;
}

static void compare(struct comparer *comparer, const char *path, const struct type *before,
		    const struct type *after)
{
	if (comparer->depth == 0)
		return;
	comparer->depth--;
	compare_variants(comparer, path, before, after);
	compare_pairs(comparer, path, before, after);
	if (before->item && after->item)
		compare(comparer, inside(comparer, path, "in its list"), before->item, after->item);
	if (before->packed && after->packed)
		compare_packed(comparer, path, before, after);
	if (before->kinds && after->kinds && !before->unknown && !after->unknown &&
	    !before->argument && !after->argument && !overlap(before, after))
		note(comparer, TYPE_OTHER, path, before, after);
	else if (before->unknown || after->unknown ||
		 (before->argument != after->argument && !type_is_empty(before) &&
		  !type_is_empty(after)))
		note(comparer, TYPE_LOST, path, before, after);
	else if (before->kinds && after->kinds && !has_all(after, before))
		note(comparer, TYPE_MORE, path, before, after);
	comparer->depth++;
}

struct type_diffs type_compare(const struct type *before, const struct type *after,
			       struct arena *arena)
{
	struct comparer comparer = { .arena = arena, .depth = TYPE_DEPTH };

	compare(&comparer, "", before, after);
	return comparer.diffs;
}

/* By the names of its keys, which may have other numbers there. */
static bool has_set(const struct type_variant *variant, const struct type_variant *of, uint64_t set)
{
	uint64_t same = 0;

	for (size_t i = 0; i < of->len; i++)
		for (size_t j = 0; set & (uint64_t)1 << i && j < variant->len; j++)
			if (strcmp(of->keys[i], variant->keys[j]) == 0)
				same |= (uint64_t)1 << j;
	for (size_t i = 0; i < variant->sets_len; i++)
		if (variant->sets[i] == same)
			return true;
	return false;
}

static bool same_sets(const struct type_variant *a, const struct type_variant *b)
{
	if (a->sets_len != b->sets_len || a->more_sets != b->more_sets)
		return false;
	for (size_t i = 0; i < a->sets_len; i++)
		if (!has_set(b, a, a->sets[i]))
			return false;
	return true;
}

static bool same_types(const struct type *a, const struct type *b, unsigned depth)
{
	if (depth == 0 || a->kinds != b->kinds || a->unknown != b->unknown ||
	    a->argument != b->argument || a->len != b->len || !a->item != !b->item ||
	    type_list_length(a) != type_list_length(b) || a->fun || b->fun ||
	    !beam_function_same(&a->lost, &b->lost))
		return false;
	if (a->item && !same_types(a->item, b->item, depth - 1))
		return false;
	if (!a->packed != !b->packed || (a->packed && !same_types(a->packed, b->packed, depth - 1)))
		return false;
	for (size_t i = 0; i < a->len; i++) {
		const struct type_variant *v = &a->variants[i], *w = type_find(b, v, false);

		if (!w || v->len != w->len || v->open != w->open || !same_sets(v, w) ||
		    !v->others != !w->others ||
		    (v->others && (!same_types(v->others, w->others, depth - 1) ||
				   text_only_in(v->others, w->others))))
			return false;
		for (size_t j = 0; j < v->len; j++) {
			const struct type *other = v->map ? value_at(w, v->keys[j]) : w->items[j];

			if (!other || !same_types(v->items[j], other, depth - 1))
				return false;
		}
	}
	return true;
}

static bool loses_atom(const struct type *a, const struct type *b)
{
	if (a->any_atom || b->any_atom || b->unknown || b->argument || b->atoms_len == 0)
		return false;
	for (size_t i = 0; i < a->atoms_len; i++) {
		size_t at = 0;

		while (at < b->atoms_len && strcmp(a->atoms[i], b->atoms[at]) != 0)
			at++;
		if (at == b->atoms_len)
			return true;
	}
	return false;
}

static bool loses_atoms(const struct type *a, const struct type *b, unsigned depth)
{
	if (depth == 0)
		return false;
	if (loses_atom(a, b) || (a->item && b->item && loses_atoms(a->item, b->item, depth - 1)) ||
	    (a->packed && b->packed && loses_atoms(a->packed, b->packed, depth - 1)))
		return true;
	for (size_t i = 0; i < a->len; i++) {
		const struct type_variant *v = &a->variants[i], *w = type_find(b, v, false);

		for (size_t j = 0; w && j < v->len; j++) {
			const struct type *other = v->map ? value_at(w, v->keys[j]) : w->items[j];

			if (other && loses_atoms(v->items[j], other, depth - 1))
				return true;
		}
	}
	return false;
}

bool type_loses_atoms(const struct type *before, const struct type *after)
{
	return loses_atoms(before, after, TYPE_DEPTH);
}

bool type_same(const struct type *before, const struct type *after)
{
	return same_types(before, after, TYPE_DEPTH + 1);
}
