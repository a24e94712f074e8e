// SPDX-License-Identifier: Apache-2.0
/* code_value.h - what is known of a value that a function computes.
 *
 * From a constant to nothing at all; a tuple, list or map may be known in part.  Values are
 * never changed once made, and live in the arena they were made in.
 */
#pragma once
#include "erlang/code/code.h"

enum value_kind {
	VALUE_UNKNOWN,
	VALUE_TERM,     /* a constant */
	VALUE_ARGUMENT, /* what the function was given, untouched */
	VALUE_TUPLE,
	VALUE_CONS,
	VALUE_MAP,
	VALUE_FUN, /* made of a local function */
};

struct value {
	enum value_kind kind;
	uint32_t digest; /* other ones: not the same value */
	unsigned of;     /* UNKNOWN: its enum term_kind plus one; 0: not even that is known */
	union {
		struct {
			/* UNKNOWN: what is responsible; name NULL: not a function, module NULL: of
			 * this one
			 */
			struct beam_function where;
			const char *begins; /* a binary: with that text; NULL: it is not seen */
			const struct value *packed; /* … that term_to_binary made of it; or NULL */
		};
		struct {
			const struct term *term;
			size_t from; /* a list without that many of its first elements */
		} constant;
		unsigned nr; /* ARGUMENT, from 0 */
		struct {
			const struct value *const *items;
			size_t len;
		} tuple;
		struct {
			const struct value *head, *tail;
		} cons;
		struct {
			/* `base` (whatever it is) with one key set. */
			const struct value *base, *key, *value;
		} map;
		struct {
			const struct code *code;
			const struct code_function *function;
			const struct value *const *env; /* its last arguments */
			size_t len;
		} fun;
	};
};

extern const struct value value_unknown;
/* What something was looked up by, where that is not known: it is equal to what is not known. */
extern const struct value value_looked_up;

/* The number of an argument that stands for any key of a map, but always the same one: what is put
 * under it is found there.
 */
enum { VALUE_ANY_KEY = 1000 };

const struct value *value_unseen(struct arena *arena, struct beam_function where);
/* Nothing is known of it but who is responsible; who takes it apart is not. */
bool value_is_unseen(const struct value *value);
/* Nothing but its kind is known: a number, an atom, a binary, a map, a list, …; no tuple. */
const struct value *value_of_kind(struct arena *arena, enum term_kind kind);
enum { VALUE_TEXT_MAX = 64 }; /* bytes that are kept of a binary that is built */
/* A binary of which no more is known than what it begins with; kept as far as it is printable. */
const struct value *value_of_text(struct arena *arena, struct span begin);
/* The binary that term_to_binary makes of a value. */
const struct value *value_packed(struct arena *arena, const struct value *value);
/* What it made a binary of; NULL: not seen. */
const struct value *value_unpacked(const struct value *value);
/* What a binary begins with; *whole: that is all of it.  Empty: nothing is seen, or it is none. */
struct span value_text(const struct value *value, bool *whole);
/* Whether two binaries that begin so may be the same. */
bool value_texts_meet(struct span a, bool a_whole, struct span b, bool b_whole);
/* Who waits for an answer of a gen_server: {Pid, Tag}. */
const struct value *value_caller(struct arena *arena);
const struct value *value_of_term(struct arena *arena, const struct term *term);
const struct value *value_of_atom(struct arena *arena, const char *name);
const struct value *value_argument(struct arena *arena, unsigned nr);
/* What stands for a dict, an array and their like is a tuple whose tag says what it is, "a dict"
 * (code_known_containers.c): whether a tag does.
 */
bool value_tag_of_container(const char *tag);
/* The key under which a set or a stream of Elixir's holds its elements there. */
extern const char value_contents_key[];
/* Items copied. */
const struct value *value_tuple(struct arena *arena, const struct value *const *items, size_t len);
const struct value *value_cons(struct arena *arena, const struct value *head,
			       const struct value *tail);
const struct value *value_map_put(struct arena *arena, const struct value *base,
				  const struct value *key, const struct value *value);

enum answer { NO, YES, MAYBE };

/* Whether two values are equal (=:=). */
enum answer value_equal(const struct value *a, const struct value *b);
/* Whether the same is known of both; two unknown values count as the same. */
bool value_same_(const struct value *a, const struct value *b);
static inline bool value_same(const struct value *a, const struct value *b)
{
	return a == b || (a->kind == b->kind && a->digest == b->digest && value_same_(a, b));
}
/* The same, also where binaries that are built begin otherwise, and may be the same for all that.
 */
bool value_alike(const struct value *a, const struct value *b);
/* The same, with what is responsible for the unknown ones. */
bool value_identical(const struct value *a, const struct value *b);

/* What kind of term it is; TERM_OPAQUE for funs; -1 when that is not known. */
int value_term_kind(const struct value *value);
bool value_is_atom(const struct value *value, const char *name);
const char *value_atom_name(const struct value *value);
/* YES for [] alone. */
enum answer value_is_nil(const struct value *value);
/* The constant. */
bool value_is_empty_map(const struct value *value);
/* The elements of a tuple; -1 when it is none, or when that is not known. */
int value_tuple_size(const struct value *value);
bool value_is_tagged(const struct value *value, const char *tag, size_t size);
/* Element nr (from 0); unknown where it is. */
const struct value *value_element(const struct value *value, size_t nr, struct arena *arena);
/* False: not a list of at least one element, as far as is known. */
bool value_uncons(const struct value *list, struct arena *arena, const struct value **head,
		  const struct value **tail);
/* *out is the value of a key; NO: there is no such key; MAYBE: not known. */
enum answer value_map_get(const struct value *map, const struct value *key, struct arena *arena,
			  const struct value **out);
/* The one value that a key has if it is there at all, as far as that can be known without knowing
 * the key; NULL: it cannot.
 */
const struct value *value_map_only(const struct value *map, const struct value *key);
/* value_map_get() with an atom; NULL for NO and MAYBE alike. */
const struct value *value_map_at(const struct value *map, const char *key, struct arena *arena);
/* The whole of it as a term, or NULL: not all is constant. */
const struct term *value_term(const struct value *value, struct arena *arena);
/* As text for people; what is not known is written _. */
void value_print(struct str *out, const struct value *value);
