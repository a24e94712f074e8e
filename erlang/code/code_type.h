// SPDX-License-Identifier: Apache-2.0
/* code_type.h - what may stand at one place, as in the state of processes: all values that were
 * seen to go there, put together.
 *
 * Types live in an arena, and hold nothing of the values they were made from but names.  Size
 * and depth are bounded: what is beyond counts as unknown.
 */
#pragma once
#include "erlang/code/code_value.h"

enum {
	TYPE_VARIANTS = 24, /* tuples and maps that are told apart at one place */
	TYPE_WIDTH = 64,    /* elements, keys */
	TYPE_DEPTH = 8,
	TYPE_ATOMS = 6, /* that are told apart at one place */
	TYPE_TEXTS = 6,
	TYPE_SETS = 6, /* of keys, that maps at one place had */
};

/* Tuples of one size that begin alike, or maps of one struct. */
struct type_variant {
	bool map;
	const char *tag;     /* the atom a tuple begins with, a struct's module; NULL: none */
	const char **keys;   /* of a map: type_key(); "*" stands for all others */
	struct type **items; /* elements of a tuple, values of a map */
	struct type *others; /* the keys that "*" stands for; NULL: there are none */
	size_t len;
	bool open; /* a map: there may be other keys */
	/* The keys of single maps of which all were seen: a bit for each of `keys`. */
	uint64_t sets[TYPE_SETS];
	size_t sets_len;
	bool more_sets;
};

/* A binary, or what it begins with where it was built. */
struct type_text {
	const char *text;
	bool whole;
};

struct type {
	unsigned kinds;            /* bits 1 << enum term_kind that were seen */
	bool unknown;              /* and there may be others … */
	struct beam_function lost; /* … from there; name NULL: from no function */
	bool argument;             /* … what was given from outside, untouched */
	const struct code *fun;    /* a fun of that module; NULL: none was seen */
	const char **atoms;        /* those that were seen … */
	size_t atoms_len;          /* … */
	bool any_atom;             /* … and there may be others */
	struct type_text *texts;   /* the same of binaries … */
	size_t texts_len;          /* … */
	bool any_text;             /* … */
	struct type *packed;       /* what term_to_binary made binaries of; NULL: none was seen */
	struct type *item;         /* of lists; NULL: only [] was seen */
	uint64_t lengths;          /* bits 1 << the length of those of which all was seen */
	const char **pairs;        /* all of them were [{Key, Value}, …], with these atoms … */
	size_t pairs_len;          /* … */
	bool open_pairs;           /* … in front of others that are not seen */
	bool other_list;           /* … and there was one that is not, or not seen to be */
	struct type_variant *variants;
	size_t len;
};

enum { KEY_MAX = 64 }; /* bytes of a binary that is the name of a key */

/* What a key of a map is called: an atom's name, <<"text">> for a binary of printable bytes; NULL
 * for all else.
 */
const char *type_key(const struct term *key, struct arena *arena);
bool type_key_is(const struct term *key, const char *name);

struct type *type_new(struct arena *arena);
/* Puts a value in.  VALUE_ARGUMENT with nr 0 is what was given from outside; others say nothing. */
void type_add(struct type *type, const struct value *value, struct arena *arena);
/* A value of that type: the n-th of its variants and kinds, where there are several; of maps, each
 * set of keys that one of them had is a variant.
 */
const struct value *type_value(const struct type *type, size_t nth, struct arena *arena);
/* Whether it is a map, and another one of its kind had all of its keys, and more. */
bool type_lacks_keys(const struct type *type, size_t nth);
/* The same with the atoms that were seen, one at each way. */
const struct value *type_exact_value(const struct type *type, size_t nth, struct arena *arena);
/* The same with empty lists. */
const struct value *type_empty_value(const struct type *type, size_t nth, struct arena *arena);
/* How many variants and other kinds it has at its top, at least 1. */
size_t type_ways(const struct type *type);
/* … and the most of them at one place, at any depth. */
size_t type_ways_inside(const struct type *type);
/* … with the atoms that were seen. */
size_t type_exact_ways(const struct type *type);
/* Whether some place had an atom that it has no more, as far as all of them are seen. */
bool type_loses_atoms(const struct type *before, const struct type *after);
/* How long the shortest of its lists is that is more than [], and of which all was seen; 0: none
 * is. */
size_t type_list_length(const struct type *type);
/* Whether something may be of both, also since not all is seen. */
bool type_meets(const struct type *a, const struct type *b);
/* Nothing at all was put in. */
bool type_is_empty(const struct type *type);
/* The module of a fun that it holds, at any depth; NULL: none is seen. */
const struct code *type_fun(const struct type *type);
/* What a map with that __struct__ is called: a struct, or a native record (code_records.c). */
const char *struct_kind(const char *tag);
/* "a tuple of 3, beginning with st", "a list"; for people. */
void type_print(struct str *out, const struct type *type);

enum type_difference {
	TYPE_SIZE,     /* the same tag, another size */
	TYPE_OTHER,    /* another kind of term, tuples with other tags, other structs */
	TYPE_KEY,      /* a map has a key more */
	TYPE_KEY_GONE, /* … or one less */
	TYPE_PAIR,     /* a list of pairs has a key more, in front of what is not seen */
	TYPE_KEYS,     /* keys of a map that are computed are of another kind */
	TYPE_SWAP,     /* two elements of a tuple changed places, of which one alone is seen */
	TYPE_MORE,     /* before there was also something that is in it no more */
	TYPE_LOST,     /* it cannot be seen in one of them, or in both */
};

struct type_diff {
	enum type_difference what;
	const char *path; /* "element 2 of it", "under jobs, in its list"; "" for the top */
	const char *tag;  /* TYPE_SIZE, TYPE_SWAP: the tag, or NULL; TYPE_KEY, TYPE_KEY_GONE,
			     TYPE_PAIR: the key */
	const struct type *before, *after;
	size_t size, new_size; /* TYPE_SIZE; TYPE_SWAP: which elements, from 1 */
	const char *of;        /* TYPE_KEY, TYPE_KEY_GONE: the struct; NULL: a map */
	bool open;             /* TYPE_KEY: it may have been there, among others not seen */
	bool packed;           /* inside of what term_to_binary made a binary of */
};

struct type_diffs {
	struct type_diff *items;
	size_t len, cap;
};

/* What is not the same, from the outside to the inside. */
struct type_diffs type_compare(const struct type *before, const struct type *after,
			       struct arena *arena);
/* Whether all is the same, and all was seen, or lost in the same place; funs count as lost. */
bool type_same(const struct type *before, const struct type *after);

/* A place below which nothing is seen in either of two types. */
struct type_place {
	const char *path; /* as of a type_diff */
	const struct type *before, *after;
};

/* Those of two types, at most `max`; how many there are. */
size_t type_unseen(struct type_place *out, size_t max, const struct type *before,
		   const struct type *after, struct arena *arena);
/* The type with another one at a place. */
const struct type *type_with(const struct type *type, const struct type *place,
			     const struct type *instead, struct arena *arena);
/* The type, whose maps of which not all is seen have these keys beside those that are, and no
 * others.
 */
const struct type *type_closed(const struct type *type, struct names keys, struct arena *arena);
/* The type, whose lists of pairs have the keys that are seen, and no others behind them. */
const struct type *type_closed_pairs(const struct type *type, struct arena *arena);
/* Whether what a function gave is at some place: it was lost from sight there, or is a struct of
 * the function's module.
 */
bool type_holds_of(const struct type *type, const struct beam_function *from);
