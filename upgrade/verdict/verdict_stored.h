// SPDX-License-Identifier: Apache-2.0
/* verdict_stored.h - the rooms inside judge_stored(): what is put where (verdict_stored.c), and
 * whether who finds it there understands it (verdict_stored_found.c), and finds it at all
 * (verdict_stored_keys.c).
 */
#pragma once
#include "erlang/code/code_type.h"
#include "upgrade/verdict/verdict_kept.h"

/* A call that puts something somewhere. */
struct storage {
	const char *module, *name;
	uint32_t arity;
	unsigned where, what; /* the arguments that say which one, and what is put there */
	const char *shown;
	enum stored stored;
};

/* Where something is put by the code of both releases, on one of the ways between them. */
struct storing {
	struct judge *judge;
	struct module_at *module;
	enum side to;                   /* the release that finds what the other one put there */
	const struct code *from, *code; /* the module in that other one, and in this */
	struct code_effects there, made;
};

/* The name of a table, the key of a term; of {tag, Key} the tag is enough, for what stands under
 * such keys is alike.  NULL: not seen.
 */
const char *storage_named(const struct value *where, struct arena *arena);
/* The place that an argument of a call names, as text; NULL: it is not seen, or has none. */
const char *storage_place(const struct code_effect *effect, unsigned where, struct arena *arena);
/* The same of a call that is given a table: those without a name, which states hold, are one place,
 * "", for each module that fills them.
 */
const char *storage_table(const struct code_effect *effect, struct arena *arena);

/* The first difference between what is there and what is put there now that is not understood;
 * NULL: none.
 */
const struct type_diff *stored_harm(const struct storing *storing, const struct storage *way,
				    const char *place, struct type_diffs diffs);
/* Whether rows are found by what a function was given, and by a tuple that is made of it now, or
 * the other way round.
 */
bool stored_key_is_made(const struct storing *storing, const struct storage *way, const char *place,
			const struct type_diff *diff);
/* What is said of rows under a key {tag, …} that is put there no more, and that nobody looks for,
 * though the other release did; NULL: nothing.
 */
const char *stored_key_not_found(const struct storing *storing, const struct storage *way,
				 const char *place, const struct type *there,
				 const struct type *made);

/* Where the function that puts a persistent term, or a value of the process dictionary, put it in
 * the other release, and one that fetches it fetched it, where nobody looks any more; NULL: that is
 * not seen.
 */
const char *stored_place_before(const struct storing *storing, const struct code_effect *put,
				const struct storage *way, const char *place);

/* The other place under which a release puts what it still takes from this one, where it was
 * before, while the one that finds it fetches it here; NULL: that is not seen.
 */
const char *stored_place_left(const struct storing *storing, const struct storage *way,
			      const char *place);

/* ---- verdict_stored_change.c ---- */

/* What functions of a release make of what `into` says is there, in the process dictionary, is
 * added to that.  False: not all is seen.
 */
bool stored_grow(const struct storing *storing, enum side side, const struct stored_at *at,
		 struct type *into);

/* What is there behind code_change, where that is called and it is in the process dictionary; else
 * at->there.  *fails: code_change is seen to, whatever of it is there.
 */
const struct type *stored_behind_change(const struct storing *storing, const struct stored_at *at,
					bool *fails);
