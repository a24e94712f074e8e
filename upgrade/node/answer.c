// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/answer.h"

static const struct term *field(const struct term *answer, const char *key)
{
	const struct term *value = term_is_list(answer) ? term_proplist_get(answer, key) : NULL;

	return value ? value : &term_nil;
}

const char *answer_text(const struct term *answer, struct arena *arena, const char *key)
{
	const struct term *value = field(answer, key);
	const char *text = "";

	if (value->kind == TERM_ATOM)
		return arena_dup(arena, span_of(term_atom_name(value)));
	term_get_text(value, arena, &text);
	return text;
}

int64_t answer_number_or(const struct term *answer, const char *key, int64_t otherwise)
{
	term_get_integer(field(answer, key), &otherwise);
	return otherwise;
}

int64_t answer_number(const struct term *answer, const char *key)
{
	return answer_number_or(answer, key, 0);
}

bool answer_flag(const struct term *answer, const char *key)
{
	return term_is_atom(field(answer, key), "true");
}

const struct term *answer_list(const struct term *answer, const char *key)
{
	const struct term *value = field(answer, key);

	return term_is_list(value) ? value : &term_nil;
}
