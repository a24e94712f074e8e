// SPDX-License-Identifier: Apache-2.0
/* Whether a function goes on behind a call that gives it something else than it did. */
#include "upgrade/verdict/verdict_messages.h"
#include "upgrade/verdict/verdict_running.h"

struct trial {
	struct eval eval;
	const struct answered *call;
	const struct code_function *begin;
	const struct value *answer; /* NULL: the call never returns */
	size_t survived, raised;
};

static bool give_answer(void *ctx, const struct beam_function *function,
			const struct value *const *args, struct values *out)
{
	struct trial *trial = ctx;

	if (!trial->call->is(trial->call->ctx, function, args))
		return false;
	if (trial->answer)
		eval_add(&trial->eval, out, trial->answer);
	return true;
}

/* Who goes round has come through. */
static bool see_enter(void *ctx, const struct code_function *function,
		      const struct value *const *args, bool by_name)
{
	struct trial *trial = ctx;
	const struct code *code = trial->eval.top->code;

	(void)args;
	(void)by_name;
	if (function != trial->begin && !function_waits(code, function))
		return false;
	trial->survived++;
	return true;
}

static void see_raise(void *ctx)
{
	struct trial *trial = ctx;

	trial->raised++;
}

static struct trial try_with(const struct answered *call, const struct code *code,
			     const struct code_function *function, const struct value *answer,
			     struct arena *scratch)
{
	struct trial trial = { .call = call, .begin = function, .answer = answer };

	trial.eval = (struct eval){ .arena = scratch,
				    .library = &call->judge->modules->library[call->side],
				    .limit = 8000,
				    .answer = give_answer,
				    .on_enter = see_enter,
				    .on_raise = see_raise,
				    .ctx = &trial };
	trial.survived += eval_any(&trial.eval, code, function).len;
	return trial;
}

/* Ways that end whatever the call gives are seen where it gives nothing: what comes on top of those
 * is behind it.  Values that are the same count once, so that some ways may not be seen to return,
 * but none is missed that raises.
 */
static bool raises_behind(const struct trial *with, const struct trial *without)
{
	return with->survived == without->survived && with->raised > without->raised &&
	       !with->eval.gave_up && with->eval.cut == without->eval.cut;
}

static bool copes_behind(const struct trial *with, const struct trial *without)
{
	return !with->eval.gave_up &&
	       (with->survived > without->survived || with->raised == without->raised);
}

enum way { UNKNOWN, COPES, FAILS };

static enum way way_with(const struct answered *call, const struct code *code,
			 const struct code_function *function, const struct trial *without,
			 const struct value *answer, struct arena *scratch)
{
	struct trial with = try_with(call, code, function, answer, scratch);

	return raises_behind(&with, without)  ? FAILS
	       : copes_behind(&with, without) ? COPES
					      : UNKNOWN;
}

bool answers_fail(const struct answered *call, const struct code *code,
		  const struct code_function *function, struct values olds, struct values news)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct trial without = try_with(call, code, function, NULL, &scratch);
	bool copes = false;

	if (without.eval.gave_up)
		return false;
	for (size_t i = 0; i < news.len; i++)
		if (way_with(call, code, function, &without, news.items[i], &scratch) != FAILS)
			return false;
	for (size_t i = 0; i < olds.len && !copes; i++)
		copes = way_with(call, code, function, &without, olds.items[i], &scratch) == COPES;
	return copes && news.len > 0;
}

static bool has(struct values values, const struct value *value)
{
	for (size_t i = 0; i < values.len; i++)
		if (value_same(values.items[i], value))
			return true;
	return false;
}

struct tally {
	size_t fails, copes;
	const struct value *first; /* with which it fails */
};

/* Of those that are not among the others. */
static struct tally tally_of(const struct answered *call, const struct code *code,
			     const struct code_function *function, const struct trial *without,
			     struct values values, struct values others)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct tally tally = { 0 };

	for (size_t i = 0; i < values.len; i++) {
		enum way way = has(others, values.items[i])
				       ? UNKNOWN
				       : way_with(call, code, function, without, values.items[i],
						  &scratch);

		tally.copes += way == COPES;
		tally.fails += way == FAILS;
		if (way == FAILS && !tally.first)
			tally.first = values.items[i];
	}
	return tally;
}

const struct value *answer_that_fails(const struct answered *call, const struct code *code,
				      const struct code_function *function, struct values olds,
				      struct values news)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct trial without = try_with(call, code, function, NULL, &scratch);
	struct tally was, is;

	if (without.eval.gave_up)
		return NULL;
	is = tally_of(call, code, function, &without, news, olds);
	if (is.fails == 0)
		return NULL;
	was = tally_of(call, code, function, &without, olds, news);
	return was.copes > 0 && is.fails > was.fails ? is.first : NULL;
}

struct values answer_handed_on(const struct answered *call, const struct code *code,
			       const struct code_function *function, struct values answers,
			       struct arena *arena)
{
	struct trial trial = { .call = call };
	struct values all = { 0 };

	for (size_t i = 0; i < answers.len; i++) {
		struct values values;

		trial.answer = answers.items[i];
		trial.eval = (struct eval){ .arena = arena,
					    .library = &call->judge->modules->library[call->side],
					    .limit = 8000,
					    .answer = give_answer,
					    .ctx = &trial };
		values = eval_any(&trial.eval, code, function);
		for (size_t j = 0; j < values.len; j++)
			eval_add(&trial.eval, &all, values.items[j]);
		if (trial.eval.gave_up || trial.eval.cut)
			eval_add(&trial.eval, &all, &value_unknown);
	}
	return all;
}
