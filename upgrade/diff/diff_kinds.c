// SPDX-License-Identifier: Apache-2.0
/* What kind of change a changed module has seen. */
#include "base/name_table.h"
#include "erlang/code/code_facts.h"
#include "erlang/code/code_native.h"
#include "upgrade/diff/diff_modules.h"

#include <stdlib.h>

const char *change_kinds(struct arena *arena, unsigned kinds)
{
	static const struct {
		unsigned bit;
		const char *name;
	} all[] = {
#define X(name, bit, text) { KIND_##name, text },
		CHANGE_KINDS(X)
#undef X
	};
	owned_str struct str text = STR_EMPTY;

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (kinds & all[i].bit)
			str_addf(&text, "%s%s", text.len ? ", " : "", all[i].name);
	return arena_dup(arena, str_span(&text));
}

/* ---- functions ---- */

/* "-add/2-fun-0-", "-add/2-lc$^0/1-0-" and their like are parts of add/2. */
static const char *owner_of(struct arena *arena, const struct code_function *function)
{
	const char *name = function->name, *slash, *end;

	if (name[0] == '-' && (slash = strchr(name, '/')) && (end = strchr(slash, '-')) &&
	    slash > name + 1)
		return arena_dup(arena, (struct span){ name + 1, (size_t)(end - name) - 1 });
	return arena_printf(arena, "%s/%u", name, function->arity);
}

/* Every module has these two, and they say nothing. */
static bool is_made_by_compiler(const struct code_function *function)
{
	return strcmp(function->name, "module_info") == 0 && function->arity <= 1;
}

static const char *key_of(struct arena *arena, const struct code_function *function)
{
	return arena_printf(arena, "%s/%u", function->name, function->arity);
}

/* Both versions of a module, and what they say of one function. */
struct versions {
	struct arena *arena;
	const struct code *old_code, *new_code;
	const uint32_t *old_labels, *new_labels;
	struct str old_text, new_text;
	struct name_table *changed;
};

static void note_change(struct versions *v, const struct code_function *function)
{
	if (!is_made_by_compiler(function))
		name_table_add(v->changed, owner_of(v->arena, function), NULL);
}

static bool says_the_same(struct versions *v, size_t old_nr, size_t new_nr)
{
	str_clear(&v->old_text);
	str_clear(&v->new_text);
	code_say(&v->old_text, v->old_code, old_nr, v->old_labels);
	code_say(&v->new_text, v->new_code, new_nr, v->new_labels);
	return span_equal(str_span(&v->old_text), str_span(&v->new_text));
}

/* Notes the functions that one version does not have, or has otherwise. */
static void compare_functions(struct versions *v)
{
	owned_name_table struct name_table *olds = name_table_new(), *news = name_table_new();
	const struct code *a = v->old_code, *b = v->new_code;

	for (size_t i = 0; i < a->len; i++)
		name_table_add(olds, key_of(v->arena, &a->functions[i]), NULL);
	for (size_t i = 0; i < b->len; i++) {
		const char *key = key_of(v->arena, &b->functions[i]);
		size_t nr = name_table_find(olds, span_of(key));

		name_table_add(news, key, NULL);
		if (nr == NAME_ABSENT || !says_the_same(v, nr, i))
			note_change(v, &b->functions[i]);
	}
	for (size_t i = 0; i < name_table_len(olds); i++)
		if (name_table_find(news, span_of(name_table_name(olds, i))) == NAME_ABSENT)
			note_change(v, &a->functions[i]);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct names changed_functions(const struct module_diff *module, struct arena *arena)
{
	owned_name_table struct name_table *changed = name_table_new();
	const struct code *a = module->old_code, *b = module->new_code;
	const char **names;

	if (!a->unread && !b->unread) {
		struct versions versions = { .arena = arena,
					     .old_code = a,
					     .new_code = b,
					     .old_labels = code_labels(a, arena),
					     .new_labels = code_labels(b, arena),
					     .changed = changed };

		compare_functions(&versions);
		str_done(&versions.old_text);
		str_done(&versions.new_text);
	}
	names = arena_array(arena, name_table_len(changed), const char *);
	for (size_t i = 0; i < name_table_len(changed); i++)
		names[i] = name_table_name(changed, i);
	if (name_table_len(changed) > 0)
		qsort(names, name_table_len(changed), sizeof(*names), by_text);
	return (struct names){ names, name_table_len(changed) };
}

/* ---- the rest ---- */

static int by_function(const void *a, const void *b)
{
	const struct beam_function *one = a, *other = b;
	int order = strcmp(one->name, other->name);

	return order ? order : (one->arity > other->arity) - (one->arity < other->arity);
}

static struct beam_function *sorted(struct arena *arena, struct beam_functions functions)
{
	struct beam_function *list = arena_array(arena, functions.len, struct beam_function);

	if (functions.len == 0)
		return list;
	memcpy(list, functions.items, functions.len * sizeof(*list));
	qsort(list, functions.len, sizeof(*list), by_function);
	return list;
}

/* Both sorted: whether the first has one that the second does not. */
static bool has_more(const struct beam_function *a, size_t a_len, const struct beam_function *b,
		     size_t b_len)
{
	size_t at = 0;

	for (size_t i = 0; i < a_len; i++) {
		while (at < b_len && by_function(&b[at], &a[i]) < 0)
			at++;
		if (at == b_len || by_function(&b[at], &a[i]) != 0)
			return true;
	}
	return false;
}

static void compare_exports(struct module_diff *module, struct arena *arena)
{
	struct beam_functions olds = module->old_facts->exports, news = module->new_facts->exports;
	const struct beam_function *a = sorted(arena, olds), *b = sorted(arena, news);

	module->exports_lost = has_more(a, olds.len, b, news.len);
	if (module->exports_lost || has_more(b, news.len, a, olds.len))
		module->kinds |= KIND_EXPORTS;
}

/* ---- shapes ---- */

static bool has_field(const struct code_struct *all, const char *name)
{
	for (size_t i = 0; i < all->len; i++)
		if (strcmp(all->fields[i].name, name) == 0)
			return true;
	return false;
}

static struct names only_in(struct arena *arena, const struct code_struct *more,
			    const struct code_struct *less)
{
	const char **names = arena_array(arena, more->len, const char *);
	size_t len = 0;

	for (size_t i = 0; i < more->len; i++)
		if (!has_field(less, more->fields[i].name))
			names[len++] = more->fields[i].name;
	return (struct names){ names, len };
}

static void compare_struct(struct module_diff *module, struct arena *arena)
{
	struct code_struct a = code_struct(module->old_code, arena);
	struct code_struct b = code_struct(module->new_code, arena);

	if (a.defined != b.defined)
		module->kinds |= KIND_STRUCT;
	if (!a.defined || !b.defined)
		return;
	module->fields_added = only_in(arena, &b, &a);
	module->fields_removed = only_in(arena, &a, &b);
	if (module->fields_added.len + module->fields_removed.len > 0)
		module->kinds |= KIND_STRUCT;
}

/* Tags that say how a call went, not what something is. */
static bool is_answer(const char *tag)
{
	static const char *const tags[] = {
		"ok",     "error",    "reply",          "noreply",
		"stop",   "EXIT",     "DOWN",           "next_state",
		"next",   "nodedown", "true",           "false",
		"value",  "badrpc",   "call",           "cast",
		"info",   "timeout",  "keep_state",     "tcp",
		"ssl",    "continue", "stop_and_reply", "keep_state_and_data",
		"udp",    "via",      "global",         "local",
		"system",
	};

	for (size_t i = 0; i < ARRAY_LEN(tags); i++)
		if (strcmp(tag, tags[i]) == 0)
			return true;
	return false;
}

static uint64_t sizes_of(struct code_records records, const char *name)
{
	for (size_t i = 0; i < records.len; i++)
		if (strcmp(records.items[i].name, name) == 0)
			return records.items[i].sizes;
	return 0;
}

/* Its one bit as a number; 0: none, or several. */
static unsigned only_bit(uint64_t sizes)
{
	return sizes && (sizes & (sizes - 1)) == 0 ? (unsigned)__builtin_ctzll(sizes) : 0;
}

static bool same_native(const struct code_native *a, const struct code_native *b)
{
	if (a->len != b->len || a->exported != b->exported)
		return false;
	for (size_t i = 0; i < a->len; i++) {
		const struct term *x = a->fields[i].value, *y = b->fields[i].value;

		if (strcmp(a->fields[i].name, b->fields[i].name) != 0 || !x != !y ||
		    (x && !term_equal(x, y)))
			return false;
	}
	return true;
}

/* The native records that both define. */
static bool same_natives(const struct code *a, const struct code *b)
{
	if (a->natives_len != b->natives_len)
		return false;
	for (size_t i = 0; i < a->natives_len; i++) {
		const struct code_native *other = code_native(b, a->natives[i].name);

		if (!other || !same_native(&a->natives[i], other))
			return false;
	}
	return true;
}

static void compare_records(struct module_diff *module, struct arena *arena)
{
	struct code_records olds = code_records(module->old_code, arena);
	struct code_records news = code_records(module->new_code, arena);
	struct record_change *changes = arena_array(arena, news.len, struct record_change);

	for (size_t i = 0; i < news.len; i++) {
		const char *name = news.items[i].name;
		/* A tag may be of other tuples, too, as {?MODULE, f, []}: those stay. */
		uint64_t was = sizes_of(olds, name), is = sizes_of(news, name);
		unsigned a = only_bit(was & ~is), b = only_bit(is & ~was);

		if (a > 0 && b > 0 && !is_answer(name))
			changes[module->records_len++] = (struct record_change){ name, a, b };
	}
	module->records = changes;
	if (module->records_len > 0 || !same_natives(module->old_code, module->new_code))
		module->kinds |= KIND_RECORD;
}

/* ---- attributes ---- */

static bool is_told_elsewhere(const struct term *attribute)
{
	return term_is_tagged(attribute, "vsn", 2) || term_is_tagged(attribute, "behaviour", 2) ||
	       term_is_tagged(attribute, "behavior", 2);
}

static bool has_attributes_of(const struct term *a, const struct term *b)
{
	for (size_t i = 0; i < b->seq.len; i++) {
		const struct term *attribute = term_at(b, i);
		bool found = is_told_elsewhere(attribute);

		for (size_t j = 0; j < a->seq.len && !found; j++)
			found = term_equal(term_at(a, j), attribute);
		if (!found)
			return false;
	}
	return true;
}

/* Stripped modules have no attributes: nothing is known then. */
static bool same_attributes(const struct term *a, const struct term *b)
{
	return a->seq.len == 0 || b->seq.len == 0 ||
	       (has_attributes_of(a, b) && has_attributes_of(b, a));
}

void find_kinds(struct module_diff *module, struct arena *arena)
{
	const struct beam_facts *a = module->old_facts, *b = module->new_facts;

	module->functions = changed_functions(module, arena);
	compare_exports(module, arena);
	if (a->roles != b->roles || !names_equal(a->behaviours, b->behaviours))
		module->kinds |= KIND_BEHAVIOUR;
	compare_struct(module, arena);
	compare_records(module, arena);
	if (!same_attributes(a->attributes, b->attributes))
		module->kinds |= KIND_ATTRIBUTES;
	if (module->functions.len > 0 || module->kinds == 0)
		module->kinds |= KIND_BODY;
}
