// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/code_memo.h"

enum { WORTH_IT = 40, MEMO_MAX = 2000 }; /* steps; calls */

static bool is_used(const struct eval *eval)
{
	return eval->memo && !eval->counts && !eval->on_call && !eval->answer && !eval->on_enter &&
	       !eval->on_raise && !eval->on_match && !eval->message;
}

static const struct value *known(const struct value *value)
{
	return value ? value : &value_unknown;
}

static uint32_t digest_of(const struct code_function *function, const struct value *const *args)
{
	uint32_t digest = 0;

	for (size_t i = 0; i < function->arity; i++)
		digest = digest * 31 + known(args[i])->digest;
	return digest;
}

const struct recalled *memo_find(const struct eval *eval, const struct code_function *function,
				 const struct value *const *args)
{
	uint32_t digest;

	if (!is_used(eval) || eval->memo->len == 0)
		return NULL;
	digest = digest_of(function, args);
	for (size_t i = 0; i < eval->memo->len; i++) {
		const struct recalled *recalled = &eval->memo->items[i];
		size_t same = 0;

		if (recalled->function != function || recalled->digest != digest)
			continue;
		while (same < function->arity &&
		       value_identical(recalled->args[same], known(args[same])))
			same++;
		if (same == function->arity)
			return recalled;
	}
	return NULL;
}

void memo_add(struct eval *eval, const struct recalled *what)
{
	struct eval_memo *memo = eval->memo;
	const struct value **args;
	struct recalled *recalled;

	if (!is_used(eval) || what->cut_counting || what->steps < WORTH_IT || memo->len == MEMO_MAX)
		return;
	args = arena_array(eval->arena, what->function->arity, const struct value *);
	for (size_t i = 0; i < what->function->arity; i++)
		args[i] = known(what->args[i]);
	memo->items = arena_grow(eval->arena, memo->items, memo->len, &memo->cap);
	recalled = &memo->items[memo->len++];
	*recalled = *what;
	recalled->args = args;
	recalled->digest = digest_of(what->function, args);
	/* Whoever was given them may add more of his own. */
	recalled->values.cap = recalled->values.len;
}
