// SPDX-License-Identifier: Apache-2.0
/* pairs.c - loads need their object code, suspended modules are resumed, stopped ones
 * started.  Only what was written by hand is here yet; the rest is made in pairs.
 */
#include "base/name_table.h"
#include "upgrade/relup/translate/stages.h"

static int check_loads(const struct translation *translation, struct error *err)
{
	owned_name_table struct name_table *code = name_table_new();

	for (size_t i = 0; i < translation->before.len; i++) {
		const struct term *term = translation->before.items[i].term;

		if (!term_is_tagged(term, "load_object_code", 2))
			continue;
		term = term_at(term_at(term, 1), 2);
		for (size_t j = 0; j < term->seq.len; j++)
			name_table_add(code, term_atom_name(term_at(term, j)), NULL);
	}
	for (size_t i = 0; i < translation->after.len; i++) {
		const struct op *op = &translation->after.items[i];

		if (!term_is_tagged(op->term, "load", 2))
			continue;
		if (name_table_find(code, term_at(term_at(op->term, 1), 0)->text) == NAME_ABSENT)
			return op_refuse(op, err, "no_object_code",
					 "no load_object_code for this module",
					 term_at(term_at(op->term, 1), 0));
	}
	return 0;
}

/* Module number n of {Tag, [Module | {Module, Timeout}]}. */
static const char *module_at(const struct term *term, size_t n)
{
	const struct term *module = term_at(term_at(term, 1), n);

	return term_atom_name(module->kind == TERM_TUPLE ? term_at(module, 0) : module);
}

/* Every module under `tag` must also be under `other`. */
static int check_has(const struct translation *translation, const char *tag, const char *other,
		     const char *otp, const char *message, struct error *err)
{
	owned_name_table struct name_table *found = name_table_new();
	const struct ops *after = &translation->after;

	for (size_t i = 0; i < after->len; i++) {
		const struct term *term = after->items[i].term;

		if (term_is_tagged(term, other, 2))
			for (size_t j = 0; j < term_at(term, 1)->seq.len; j++)
				name_table_add(found, module_at(term, j), NULL);
	}
	for (size_t i = 0; i < after->len; i++) {
		const struct op *op = &after->items[i];

		if (!term_is_tagged(op->term, tag, 2))
			continue;
		for (size_t j = 0; j < term_at(op->term, 1)->seq.len; j++)
			if (name_table_find(found, span_of(module_at(op->term, j))) == NAME_ABSENT)
				return op_refuse(op, err, otp, message,
						 term_at(term_at(op->term, 1), j));
	}
	return 0;
}

int pairs_check(const struct translation *translation, struct error *err)
{
	if (check_loads(translation, err) ||
	    check_has(translation, "suspend", "resume", "suspended_not_resumed",
		      "suspended, but not resumed", err) ||
	    check_has(translation, "resume", "suspend", "resumed_not_suspended",
		      "resumed, but not suspended", err) ||
	    check_has(translation, "start", "stop", "start_not_stop", "started, but not stopped",
		      err))
		return -1;
	return check_has(translation, "stop", "start", "stop_not_start", "stopped, but not started",
			 err);
}
