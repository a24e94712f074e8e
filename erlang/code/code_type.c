// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/code_type_parts.h"

/* ---- keys ---- */

static bool is_text(const struct term *term)
{
	if (term->kind != TERM_BINARY || term->text.len > KEY_MAX)
		return false;
	for (size_t i = 0; i < term->text.len; i++) {
		char byte = term->text.ptr[i];

		if (byte < ' ' || byte > '~' || byte == '"' || byte == '\\')
			return false;
	}
	return true;
}

const char *type_key(const struct term *key, struct arena *arena)
{
	if (term_atom_name(key))
		return term_atom_name(key);
	return is_text(key) ? arena_printf(arena, "<<\"%.*s\">>", (int)key->text.len, key->text.ptr)
			    : NULL;
}

static bool is_binary_key(const char *name)
{
	return strncmp(name, "<<\"", 3) == 0;
}

/* What stands between <<" and ">>. */
static struct span binary_of(const char *name)
{
	return (struct span){ name + 3, strlen(name) - 6 };
}

bool type_key_is(const struct term *key, const char *name)
{
	struct span text;

	if (!is_binary_key(name))
		return term_is_atom(key, name);
	text = binary_of(name);
	return is_text(key) && key->text.len == text.len &&
	       memcmp(key->text.ptr, text.ptr, text.len) == 0;
}

const struct value *type_key_value(const char *name, struct arena *arena)
{
	if (strcmp(name, "*") == 0)
		return value_of_kind(arena, TERM_BINARY);
	return is_binary_key(name) ? value_of_term(arena, term_binary(arena, binary_of(name)))
				   : value_of_atom(arena, name);
}

/* ---- one ---- */

struct type *type_new(struct arena *arena)
{
	struct type *type = arena_new(arena, struct type);

	*type = (struct type){ 0 };
	return type;
}

bool type_is_empty(const struct type *type)
{
	return !type->kinds && !type->unknown && !type->argument;
}

/* ---- putting values in ---- */

struct adder {
	struct arena *arena;
	unsigned depth, left;
};

static void add(struct adder *adder, struct type *type, const struct value *value);

static const char *dup(struct adder *adder, const char *name)
{
	return name ? arena_dup(adder->arena, span_of(name)) : NULL;
}

bool type_same_tag(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

unsigned type_kind_bit(int kind)
{
	return 1u << (kind == TERM_BIG         ? TERM_INTEGER
		      : kind == TERM_BITSTRING ? TERM_BINARY
					       : kind);
}

static struct type_variant *variant_of(struct adder *adder, struct type *type, bool map,
				       const char *tag, size_t len)
{
	struct type_variant *v;

	for (size_t i = 0; i < type->len; i++) {
		v = &type->variants[i];
		if (v->map == map && type_same_tag(v->tag, tag) && (map || v->len == len))
			return v;
	}
	if (type->len == TYPE_VARIANTS) {
		type->unknown = true;
		return NULL;
	}
	if (!type->variants)
		type->variants = arena_array(adder->arena, TYPE_VARIANTS, struct type_variant);
	v = &type->variants[type->len++];
	*v = (struct type_variant){ .map = map, .tag = dup(adder, tag), .len = map ? 0 : len };
	v->items = arena_array(adder->arena, map ? TYPE_WIDTH : len, struct type *);
	v->keys = map ? arena_array(adder->arena, TYPE_WIDTH, const char *) : NULL;
	for (size_t i = 0; i < v->len; i++)
		v->items[i] = type_new(adder->arena);
	return v;
}

static void add_tuple(struct adder *adder, struct type *type, const struct value *value)
{
	size_t size = (size_t)value_tuple_size(value);
	const char *tag = size > 0 ? value_atom_name(value_element(value, 0, adder->arena)) : NULL;
	struct type_variant *variant;

	if (size > TYPE_WIDTH) {
		type->unknown = true;
		return;
	}
	variant = variant_of(adder, type, false, tag, size);
	for (size_t i = 0; variant && i < size; i++)
		add(adder, variant->items[i], value_element(value, i, adder->arena));
}

/* The bit of the key. */
static uint64_t add_key(struct adder *adder, struct type_variant *variant, const char *key,
			const struct value *value)
{
	size_t at = 0;

	while (at < variant->len && strcmp(variant->keys[at], key) != 0)
		at++;
	if (at == TYPE_WIDTH) {
		variant->open = true;
		return 0;
	}
	if (at == variant->len) {
		variant->keys[at] = dup(adder, key);
		variant->items[at] = type_new(adder->arena);
		variant->len++;
	}
	add(adder, variant->items[at], value);
	return (uint64_t)1 << at;
}

/* One that is not seen may be any. */
static void add_other_key(struct adder *adder, struct type_variant *variant,
			  const struct value *key)
{
	if (!variant->others)
		variant->others = type_new(adder->arena);
	if (value_term_kind(key) < 0)
		variant->others->unknown = true;
	else
		add(adder, variant->others, key);
}

static uint64_t add_pair(struct adder *adder, struct type_variant *variant, const struct value *key,
			 const struct value *value)
{
	const struct term *term =
		key->kind == VALUE_TERM && key->constant.from == 0 ? key->constant.term : NULL;
	const char *name = term ? type_key(term, adder->arena) : NULL;

	if (name && strcmp(name, "__struct__") == 0)
		return 0;
	if (!name)
		add_other_key(adder, variant, key);
	return add_key(adder, variant, name ? name : "*", value);
}

/* The last that was put under a key counts. */
static bool put_again(const struct value *last, const struct value *put)
{
	for (; last != put; last = last->map.base)
		if (value_equal(last->map.key, put->map.key) == YES)
			return true;
	return false;
}

/* Those with the most keys come first. */
static void add_set(struct type_variant *variant, uint64_t set)
{
	size_t at = variant->sets_len;

	for (size_t i = 0; i < variant->sets_len; i++)
		if (variant->sets[i] == set)
			return;
	if (variant->sets_len == TYPE_SETS) {
		variant->more_sets = true;
		return;
	}
	variant->sets_len++;
	for (; at > 0 && __builtin_popcountll(variant->sets[at - 1]) < __builtin_popcountll(set);
	     at--)
		variant->sets[at] = variant->sets[at - 1];
	variant->sets[at] = set;
}

/* %MapSet{} as it stands in the code: as those that are made (code_known_containers.c). */
static bool add_set_of_code(struct adder *adder, struct type_variant *variant,
			    const struct value *value)
{
	const struct value *map = value_map_at(value, "map", adder->arena);
	const struct value *list = value_of_term(adder->arena, &term_nil);

	if (!variant || !variant->tag || strcmp(variant->tag, "Elixir.MapSet") != 0 || !map ||
	    map->kind != VALUE_TERM || map->constant.term->kind != TERM_MAP)
		return false;
	for (size_t i = 0; i < map->constant.term->map.len && i < TYPE_WIDTH; i++)
		list = value_cons(adder->arena,
				  value_of_term(adder->arena, map->constant.term->map.keys[i]),
				  list);
	add_key(adder, variant, value_contents_key, list);
	variant->open = true;
	return true;
}

static void add_map(struct adder *adder, struct type *type, const struct value *value)
{
	const struct value *name = value_map_at(value, "__struct__", adder->arena), *map = value;
	struct type_variant *variant =
		variant_of(adder, type, true, name ? value_atom_name(name) : NULL, 0);
	const struct term *term;
	unsigned puts = 0;
	uint64_t set = 0;

	if (add_set_of_code(adder, variant, value))
		return;
	for (; variant && map->kind == VALUE_MAP; map = map->map.base)
		if (++puts < TYPE_WIDTH && !put_again(value, map))
			set |= add_pair(adder, variant, map->map.key, map->map.value);
	if (!variant)
		return;
	term = map->kind == VALUE_TERM ? map->constant.term : NULL;
	if (!term || term->kind != TERM_MAP || puts >= TYPE_WIDTH) {
		variant->open = true;
		return;
	}
	for (size_t i = 0; i < term->map.len && i < TYPE_WIDTH; i++) {
		const char *key = term_atom_name(term->map.keys[i]);
		const struct value *now = key ? value_map_at(value, key, adder->arena) : NULL;

		set |= add_pair(adder, variant, value_of_term(adder->arena, term->map.keys[i]),
				now ? now : value_of_term(adder->arena, term->map.values[i]));
	}
	add_set(variant, set);
}

static void add_pair_key(struct adder *adder, struct type *type, const char *key)
{
	for (size_t i = 0; i < type->pairs_len; i++)
		if (strcmp(type->pairs[i], key) == 0)
			return;
	if (type->pairs_len == TYPE_WIDTH) {
		type->other_list = true;
		return;
	}
	if (!type->pairs)
		type->pairs = arena_array(adder->arena, TYPE_WIDTH, const char *);
	type->pairs[type->pairs_len++] = dup(adder, key);
}

/* [{Key, Value}, …]: each key an atom that is there once. */
static void add_pairs(struct adder *adder, struct type *type, const struct value *value)
{
	const char *keys[TYPE_WIDTH];
	const struct value *head;
	size_t len = 0;
	bool pairs = true;

	for (; pairs && value_uncons(value, adder->arena, &head, &value); len++) {
		pairs = len < TYPE_WIDTH && value_tuple_size(head) == 2 &&
			(keys[len] = value_atom_name(value_element(head, 0, adder->arena)));
		for (size_t i = 0; pairs && i < len; i++)
			pairs = strcmp(keys[i], keys[len]) != 0;
	}
	if (!pairs || (value_is_nil(value) != YES && len == 0))
		type->other_list = true;
	else if (value_is_nil(value) != YES)
		type->open_pairs = true;
	for (size_t i = 0; i < len && !type->other_list; i++)
		add_pair_key(adder, type, keys[i]);
}

static void add_unknown(struct adder *adder, struct type *type, const struct value *value)
{
	if (value->kind == VALUE_ARGUMENT) {
		type->argument = type->argument || value->nr == 0;
		return;
	}
	if (!type->lost.name && value->where.name)
		type->lost =
			(struct beam_function){ dup(adder, value->where.module),
						dup(adder, value->where.name), value->where.arity };
	type->unknown = true;
}

static void add_list(struct adder *adder, struct type *type, const struct value *value)
{
	const struct value *head;
	unsigned i = 0;

	add_pairs(adder, type, value);
	for (; i < TYPE_WIDTH && value_uncons(value, adder->arena, &head, &value); i++) {
		if (!type->item)
			type->item = type_new(adder->arena);
		add(adder, type->item, head);
	}
	if (i < 64 && value_is_nil(value) == YES)
		type->lengths |= UINT64_C(1) << i;
	if (value->kind == VALUE_UNKNOWN && value->of == 0) {
		if (!type->item)
			type->item = type_new(adder->arena);
		add_unknown(adder, type->item, value);
	}
}

size_t type_list_length(const struct type *type)
{
	const uint64_t lengths = type->lengths & ~UINT64_C(1);

	return lengths ? (size_t)__builtin_ctzll(lengths) : 0;
}

const char type_same_again[] = "an atom of the state";

static void add_atom(struct adder *adder, struct type *type, const struct value *value)
{
	const char *name = value_atom_name(value);

	if (!name) {
		type->any_atom = type->any_atom || value->where.name != type_same_again;
		return;
	}
	for (size_t i = 0; i < type->atoms_len; i++)
		if (strcmp(type->atoms[i], name) == 0)
			return;
	if (type->atoms_len == TYPE_ATOMS) {
		type->any_atom = true;
		return;
	}
	if (!type->atoms)
		type->atoms = arena_array(adder->arena, TYPE_ATOMS, const char *);
	type->atoms[type->atoms_len++] = dup(adder, name);
}

static bool has_text(const struct type *type, struct span text, bool whole)
{
	for (size_t i = 0; i < type->texts_len; i++)
		if (type->texts[i].whole == whole && span_is(text, type->texts[i].text))
			return true;
	return false;
}

static void add_text(struct adder *adder, struct type *type, const struct value *value)
{
	bool whole;
	const struct span text = value_text(value, &whole);

	if (has_text(type, text, whole))
		return;
	if (type->texts_len == TYPE_TEXTS ||
	    (whole ? !is_text(value->constant.term) : text.len == 0)) {
		type->any_text = true;
		return;
	}
	if (!type->texts)
		type->texts = arena_array(adder->arena, TYPE_TEXTS, struct type_text);
	type->texts[type->texts_len++] = (struct type_text){ arena_dup(adder->arena, text), whole };
}

static void add_binary(struct adder *adder, struct type *type, const struct value *value)
{
	const struct value *inside = value_unpacked(value);

	add_text(adder, type, value);
	if (!inside)
		return;
	if (!type->packed)
		type->packed = type_new(adder->arena);
	add(adder, type->packed, inside);
}

static void add(struct adder *adder, struct type *type, const struct value *value)
{
	int kind = value_term_kind(value);

	if (kind < 0) {
		add_unknown(adder, type, value);
		return;
	}
	if (adder->depth == 0 || adder->left == 0) {
		type->unknown = true;
		return;
	}
	adder->depth--;
	adder->left--;
	type->kinds |= type_kind_bit(kind);
	if (value->kind == VALUE_FUN)
		type->fun = value->fun.code;
	if (kind == TERM_ATOM)
		add_atom(adder, type, value);
	if (kind == TERM_BINARY)
		add_binary(adder, type, value);
	if (kind == TERM_TUPLE)
		add_tuple(adder, type, value);
	else if (kind == TERM_MAP)
		add_map(adder, type, value);
	else if (kind == TERM_LIST)
		add_list(adder, type, value);
	adder->depth++;
}

void type_add(struct type *type, const struct value *value, struct arena *arena)
{
	add(&(struct adder){ arena, TYPE_DEPTH, 4000 }, type, value);
}

const struct type_variant *type_find(const struct type *type, const struct type_variant *like,
				     bool any_size)
{
	for (size_t i = 0; i < type->len; i++) {
		const struct type_variant *v = &type->variants[i];

		if (v->map == like->map && type_same_tag(v->tag, like->tag) &&
		    (v->map || any_size || v->len == like->len))
			return v;
	}
	return NULL;
}

/* ---- text ---- */

const char *struct_kind(const char *tag)
{
	return strchr(tag, ':') ? "native record" : "struct";
}

/* What those begin with that are built. */
static void print_texts(struct str *out, const struct type *type)
{
	for (size_t i = 0; i < type->texts_len; i++)
		if (!type->texts[i].whole)
			str_addf(out, " <<\"%s\",_/binary>>", type->texts[i].text);
}

void type_print(struct str *out, const struct type *type)
{
	static const char *const names[] = {
		[TERM_ATOM] = "an atom",    [TERM_INTEGER] = "an integer",
		[TERM_BIG] = "an integer",  [TERM_FLOAT] = "a float",
		[TERM_BINARY] = "a binary", [TERM_BITSTRING] = "a bitstring",
		[TERM_LIST] = "a list",     [TERM_TUPLE] = "a tuple",
		[TERM_MAP] = "a map",       [TERM_PID] = "a pid",
		[TERM_PORT] = "a port",     [TERM_REFERENCE] = "a reference",
		[TERM_OPAQUE] = "a fun",    [TERM_RECORD] = "a native record",
	};
	const char * or = "";

	for (size_t i = 0; i < type->len; i++, or = " or ") {
		const struct type_variant *v = &type->variants[i];

		str_adds(out, or);
		if (v->map && v->tag)
			str_addf(out, "the %s %s", struct_kind(v->tag), v->tag);
		else if (v->map)
			str_adds(out, "a map");
		else if (v->tag && value_tag_of_container(v->tag))
			str_adds(out, v->tag);
		else if (v->tag && strcmp(v->tag, "sslsocket") == 0)
			str_adds(out, "a socket of ssl");
		else if (v->tag)
			str_addf(out, "a tuple of %zu, beginning with %s", v->len, v->tag);
		else
			str_addf(out, "a tuple of %zu", v->len);
	}
	for (unsigned kind = 0; kind < ARRAY_LEN(names); kind++) {
		if (!(type->kinds & 1u << kind) || kind == TERM_TUPLE || kind == TERM_MAP)
			continue;
		str_addf(out, "%s%s", or, names[kind]);
		if (kind == TERM_BINARY && !type->any_text)
			print_texts(out, type);
		or = " or ";
	}
	if (!* or)
		str_adds(out, "not seen");
}

static const struct code *fun_in(const struct type *type, unsigned depth)
{
	const struct code *found;

	if (!type || depth == 0)
		return NULL;
	if (type->fun)
		return type->fun;
	found = fun_in(type->item, depth - 1);
	found = found ? found : fun_in(type->packed, depth - 1);
	for (size_t i = 0; i < type->len && !found; i++)
		for (size_t j = 0; j < type->variants[i].len && !found; j++)
			found = fun_in(type->variants[i].items[j], depth - 1);
	return found;
}

const struct code *type_fun(const struct type *type)
{
	return fun_in(type, TYPE_DEPTH);
}
