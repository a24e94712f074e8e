// SPDX-License-Identifier: Apache-2.0
/* A state that keeps what a start is given, in one release as it is, in the other one as what it
 * made of that.  Of which kind it is is seen where both releases start with it, and their own
 * callbacks go on.
 */
#include "erlang/code/code_states.h"
#include "upgrade/verdict/verdict_states.h"

enum {
	ARGUMENTS = 2, /* of a start, which are tried one after the other */
	TUPLES = 4,    /* of 1 to 4 elements */
};

static const enum term_kind kinds[] = { TERM_LIST,    TERM_MAP,   TERM_BINARY, TERM_ATOM,
					TERM_INTEGER, TERM_FLOAT, TERM_PID,    TERM_REFERENCE };
enum { GIVEN = ARRAY_LEN(kinds) + TUPLES };

static const struct value *given_nth(size_t nth, struct arena *arena)
{
	static const struct value *const any[TUPLES] = { &value_unknown, &value_unknown,
							 &value_unknown, &value_unknown };

	return nth < ARRAY_LEN(kinds) ? value_of_kind(arena, kinds[nth])
				      : value_tuple(arena, any, nth - ARRAY_LEN(kinds) + 1);
}

/* Their state after a start with that; NULL: nobody starts them with it. */
static const struct type *started_with(struct judge *judge, enum side side,
				       const struct typed *typed, const struct type *any,
				       unsigned at, const struct value *given)
{
	const struct code *code = side == SIDE_OLD ? typed->old_code : typed->new_code;
	const struct type *state = code_state_given(
		code, typed->role, &judge->modules->library[side], at, given, judge->arena);
	const struct heir own = { .judge = judge, .side = side, .code = code, .role = typed->role };

	return type_is_empty(state) || callback_that_fails(&own, state, any) ? NULL : state;
}

static bool keeps_argument(struct type_diffs diffs)
{
	for (size_t i = 0; i < diffs.len; i++)
		if (diffs.items[i].what == TYPE_LOST &&
		    diffs.items[i].before->argument != diffs.items[i].after->argument)
			return true;
	return false;
}

/* Of the states after a start with one kind of thing: whether nothing is lost from sight, and
 * neither way harms.
 */
static bool goes_both_ways(struct judge *judge, const struct typed *typed, const struct type *was,
			   const struct type *is)
{
	const struct heir back = { .judge = judge,
				   .side = SIDE_OLD,
				   .code = typed->old_code,
				   .maker = typed->new_code,
				   .role = typed->role };

	return !type_harm(&back, is, was) &&
	       !first_lost(judge, typed, type_compare(was, is, judge->arena), NULL);
}

/* As the argument `at`. */
static struct argument seen_at(const struct heir *heir, const struct typed *typed,
			       const struct type *before, const struct type *after, unsigned at)
{
	struct judge *judge = heir->judge;
	struct argument seen = { NULL, true };
	size_t started = 0, harmed = 0;

	for (size_t i = 0; i < GIVEN; i++) {
		const struct value *given = given_nth(i, judge->arena);
		const struct type *was = started_with(judge, SIDE_OLD, typed, before, at, given);
		const struct type *is =
			was ? started_with(judge, SIDE_NEW, typed, after, at, given) : NULL;
		const struct type_diff *harm = is ? type_harm(heir, was, is) : NULL;

		if (!is)
			continue;
		if (harm && callback_that_fails(heir, was, is)) {
			seen.harm = seen.harm ? seen.harm : harm;
			harmed++;
		}
		seen.alike = seen.alike && !harm && goes_both_ways(judge, typed, was, is);
		started++;
	}
	if (harmed < started)
		seen.harm = NULL;
	seen.alike = seen.alike && started > 0;
	return seen;
}

struct argument argument_seen(const struct heir *heir, const struct typed *typed,
			      const struct type *before, const struct type *after,
			      struct type_diffs diffs)
{
	struct argument seen = { NULL, false };

	if (heir->judge->plugin || !typed->role || typed->role == BEAM_SPECIAL ||
	    !keeps_argument(diffs))
		return seen;
	for (unsigned at = 0; at < ARGUMENTS && !seen.harm && !seen.alike; at++)
		seen = seen_at(heir, typed, before, after, at);
	return seen;
}
