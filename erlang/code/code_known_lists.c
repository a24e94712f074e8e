// SPDX-License-Identifier: Apache-2.0
/* Functions of OTP and Elixir that give a list of what the lists that they are given have in them:
 * sorted, joined, shortened.  What they compare is seldom known, so that their code says little.
 */
#include "erlang/code/code_eval.h"
#include "erlang/code/code_rows.h"

enum { SHOWN = 3 }; /* elements of one list that each are seen in what comes of it */

/* clang-format off */
static const struct {
	const char *module, *name;
	uint32_t arity;
	unsigned lists;  /* arguments, as bits: those whose elements it has … */
	unsigned items;  /* … and those that are elements themselves */
	bool fewer;      /* not all of them need be there */
} known[] = {
	{ "erlang", "--", 2, 1, 0, true },
	{ "lists", "delete", 2, 2, 0, true },
	{ "lists", "flatten", 1, 1, 0, true },
	{ "lists", "keydelete", 3, 4, 0, true },
	{ "lists", "keymerge", 3, 6, 0, false },
	{ "lists", "keyreplace", 4, 4, 8, true },
	{ "lists", "keysort", 2, 2, 0, false },
	{ "lists", "keystore", 4, 4, 8, true },
	{ "lists", "merge", 2, 3, 0, false },
	{ "lists", "merge", 3, 6, 0, false },
	{ "lists", "nthtail", 2, 2, 0, true },
	{ "lists", "sort", 1, 1, 0, false },
	{ "lists", "sort", 2, 2, 0, false },
	{ "lists", "sublist", 2, 1, 0, true },
	{ "lists", "sublist", 3, 1, 0, true },
	{ "lists", "subtract", 2, 1, 0, true },
	{ "lists", "ukeymerge", 3, 6, 0, true },
	{ "lists", "ukeysort", 2, 2, 0, false },
	{ "lists", "umerge", 2, 3, 0, true },
	{ "lists", "umerge", 3, 6, 0, true },
	{ "lists", "uniq", 1, 1, 0, false },
	{ "lists", "usort", 1, 1, 0, false },
	{ "lists", "usort", 2, 2, 0, false },
	{ "Elixir.Enum", "concat", 2, 3, 0, false },
	{ "Elixir.Enum", "dedup", 1, 1, 0, false },
	{ "Elixir.Enum", "drop", 2, 1, 0, true },
	{ "Elixir.Enum", "reverse", 1, 1, 0, false },
	{ "Elixir.Enum", "shuffle", 1, 1, 0, false },
	{ "Elixir.Enum", "slice", 2, 1, 0, true },
	{ "Elixir.Enum", "slice", 3, 1, 0, true },
	{ "Elixir.Enum", "sort", 1, 1, 0, false },
	{ "Elixir.Enum", "sort", 2, 1, 0, false },
	{ "Elixir.Enum", "sort_by", 2, 1, 0, false },
	{ "Elixir.Enum", "sort_by", 3, 1, 0, false },
	{ "Elixir.Enum", "take", 2, 1, 0, true },
	{ "Elixir.Enum", "take_random", 2, 1, 0, true },
	{ "Elixir.Enum", "to_list", 1, 1, 0, false },
	{ "Elixir.Enum", "uniq", 1, 1, 0, false },
	{ "Elixir.Enum", "uniq_by", 2, 1, 0, false },
	{ "Elixir.Enum", "dedup_by", 2, 1, 0, false },
	{ "Elixir.List", "delete", 2, 1, 0, true },
	{ "Elixir.List", "delete_at", 2, 1, 0, true },
	{ "Elixir.List", "insert_at", 3, 1, 4, false },
	{ "Elixir.List", "keydelete", 3, 1, 0, true },
	{ "Elixir.List", "keyreplace", 4, 1, 8, true },
	{ "Elixir.List", "keysort", 2, 1, 0, false },
	{ "Elixir.List", "keystore", 4, 1, 8, true },
	{ "Elixir.List", "replace_at", 3, 1, 4, true },
};
/* clang-format on */

/* What is in the lists, as far as that is known. */
struct found {
	struct values items;
	bool all;      /* there is nothing else */
	bool constant; /* … and all of it is the same each time */
};

static void take(struct found *found, struct eval *eval, const struct value *item)
{
	if (value_term_kind(item) < 0) {
		found->all = false;
		return;
	}
	found->constant = found->constant && item->kind == VALUE_TERM;
	found->items.items =
		arena_grow(eval->arena, found->items.items, found->items.len, &found->items.cap);
	found->items.items[found->items.len++] = item;
	eval->steps++;
}

/* False: it is none. */
static bool take_list(struct found *found, struct eval *eval, const struct value *list)
{
	const struct value *head;

	while (value_uncons(list, eval->arena, &head, &list))
		take(found, eval, head);
	found->all = found->all && value_is_nil(list) == YES;
	return value_is_nil(list) != NO;
}

/* False: one is no list. */
static bool find(struct found *found, struct eval *eval, size_t row,
		 const struct value *const *args)
{
	*found = (struct found){ .all = true, .constant = true };
	for (uint32_t i = 0; i < known[row].arity; i++) {
		if (known[row].lists & 1u << i && !take_list(found, eval, args[i]))
			return false;
		if (known[row].items & 1u << i)
			take(found, eval, args[i]);
	}
	return true;
}

/* Enum.sort_by/2 and the like, whose second argument is called with each. */
static bool calls_fun(const struct beam_function *function)
{
	const size_t len = strlen(function->name);

	return len > 3 && strcmp(function->name + len - 3, "_by") == 0;
}

/* False: the fun returns for none of them. */
static bool try_fun(const struct found *found, struct eval *eval, const struct value *fun)
{
	bool any = !found->all;

	for (size_t i = 0; i < found->items.len; i++)
		any = eval_fun(eval, fun, &found->items.items[i], 1).len > 0 || any;
	return any;
}

/* Which of them is the first is not known; behind it stand the others, and what is not seen. */
static const struct value *beginning_with(const struct found *found, struct eval *eval,
					  size_t first)
{
	const struct value *list = found->all ? value_of_term(eval->arena, &term_nil)
					      : value_of_kind(eval->arena, TERM_LIST);

	for (size_t i = found->items.len; found->all && i-- > 1;)
		list = value_cons(eval->arena, found->items.items[(first + i) % found->items.len],
				  list);
	return value_cons(eval->arena, found->items.items[first], list);
}

static struct values lists_of(const struct found *found, struct eval *eval, bool fewer)
{
	struct values out = { 0 };

	for (size_t i = 0; i < found->items.len && i < SHOWN; i++)
		eval_add(eval, &out, beginning_with(found, eval, i));
	if (!found->all)
		eval_add(eval, &out, value_of_kind(eval->arena, TERM_LIST));
	else if (fewer)
		eval_add(eval, &out, value_of_term(eval->arena, &term_nil));
	return out;
}

bool known_elements(struct eval *eval, const struct beam_function *function,
		    const struct value *const *args, struct values *out)
{
	static struct rows rows = ROWS(known);
	struct found found;

	for (size_t row = rows_first(&rows, function); row != ROWS_END;
	     row = rows_next(&rows, row)) {
		if (known[row].arity != function->arity)
			continue;
		/* Of lists that are seen as a whole their code says more. */
		if (!find(&found, eval, row, args))
			return false;
		if (found.items.len == 0 && !found.all && !calls_fun(function)) {
			*out = (struct values){ 0 };
			eval_add(eval, out, value_of_kind(eval->arena, TERM_LIST));
			return true;
		}
		if (found.items.len == 0 || strcmp(function->name, "flatten") == 0 ||
		    (found.all &&
		     (found.constant || (found.items.len > 1 && !calls_fun(function)))))
			return false;
		*out = (struct values){ 0 };
		if (!calls_fun(function) || try_fun(&found, eval, args[1]))
			*out = lists_of(&found, eval, known[row].fewer);
		return true;
	}
	return false;
}
