// SPDX-License-Identifier: Apache-2.0
/* Things that a start makes by a count, as tables of computed names, and of which the code takes
 * one by the hash of a key: with another count it asks for what those that run never made, or looks
 * where nothing of before is.
 */
#include "upgrade/verdict/verdict_starts.h"

enum { CHOICES_MAX = 16, TERM_DEPTH = 6 };

/* erlang:phash2(Key, Count), Hash rem Count. */
static bool chooses(const struct code *code, const struct code_function *function, size_t at,
		    int64_t *count)
{
	const struct code_op *op = &function->ops[at];
	const struct beam_function *to = code_op_import(code, op);
	const struct term *term = NULL;

	if (!to || to->arity != 2 || strcmp(to->module, "erlang") != 0)
		return false;
	if (strcmp(to->name, "phash2") == 0 || strcmp(to->name, "phash") == 0)
		term = argument_at(function, at, 1);
	else if (op->opcode == OP_GC_BIF2 && strcmp(to->name, "rem") == 0)
		term = code_term(&op->args[code_import_operand(op->opcode) + 2]);
	return term && term_get_integer(term, count) && *count > 1;
}

struct choices {
	int64_t counts[CHOICES_MAX];
	size_t len;
};

static struct choices choices_of(const struct code *code, const struct code_function *function)
{
	struct choices choices = { .len = 0 };

	for (size_t i = 0; i < function->len && choices.len < CHOICES_MAX; i++)
		choices.len += chooses(code, function, i, &choices.counts[choices.len]);
	return choices;
}

/* ---- numbers that a start has ---- */

static bool has_number(const struct term *term, int64_t number, unsigned depth)
{
	int64_t is;

	if (term_get_integer(term, &is))
		return is == number;
	if (depth > 0 && term->kind == TERM_MAP)
		for (size_t i = 0; i < term->map.len; i++)
			if (has_number(term->map.values[i], number, depth - 1))
				return true;
	if (depth > 0 && (term->kind == TERM_LIST || term->kind == TERM_TUPLE))
		for (size_t i = 0; i < term->seq.len; i++)
			if (has_number(term_at(term, i), number, depth - 1))
				return true;
	return false;
}

/* In what runs only as something starts; `now` is the module in the new release. */
static bool start_has(struct judge *judge, struct module_at *now, const struct code *code,
		      int64_t number)
{
	for (size_t i = 0; i < now->diff->new_code->len; i++) {
		const struct code_function *same = &now->diff->new_code->functions[i];
		const struct code_function *function = code_function(code, same->name, same->arity);

		if (!function || !runs_at_start(judge, now, same))
			continue;
		for (size_t j = 0; j < function->len; j++)
			for (size_t k = 0; k < function->ops[j].len; k++) {
				const struct term *term = code_term(&function->ops[j].args[k]);

				if (term && has_number(term, number, TERM_DEPTH))
					return true;
			}
	}
	return false;
}

/* 0 to Count - 1, or 1 to Count. */
static bool start_counts(struct judge *judge, struct module_at *now, int64_t was, int64_t is)
{
	const struct code *old = now->diff->old_code, *new = now->diff->new_code;

	for (int64_t less = 0; less <= 1; less++)
		if (start_has(judge, now, old, was - less) &&
		    start_has(judge, now, new, is - less) && !start_has(judge, now, old, is - less))
			return true;
	return false;
}

static bool is_changed(const struct module_at *module)
{
	return module && module->diff && module->diff->change == CHANGE_CHANGED &&
	       !module->diff->old_code->unread && !module->diff->new_code->unread;
}

static void judge_choice(struct judge *judge, const struct app_diff *app,
			 const struct module_diff *chooser, const struct code_function *function,
			 int64_t was, int64_t is)
{
	const struct code_function *owner = code_owner(chooser->new_code, function);

	for (size_t i = 0; i < app->modules.len; i++) {
		const char *name = app->modules.items[i].name;
		struct module_at *module = modules_find(judge->modules, SIDE_NEW, name);

		if (!is_changed(module) || is_told(judge, REASON_made_at_start, name) ||
		    starts_anew(judge, name) || !makes_at_start(judge, module) ||
		    !start_counts(judge, module, was, is))
			continue;
		JUDGE(judge, REASON_made_at_start, app->name, name,
		      "a start makes what %s:%s/%u takes one of by a count that was %lld and is "
		      "%lld: what runs already made as many as before, and has all under the keys "
		      "of before",
		      module_shown(chooser->name), owner->name, owner->arity, (long long)was,
		      (long long)is)
			->hint = "restart, or keep the count";
	}
}

static void judge_chooser(struct judge *judge, const struct app_diff *app,
			  const struct module_diff *chooser)
{
	struct module_at *module = modules_find(judge->modules, SIDE_NEW, chooser->name);

	for (size_t i = 0; i < chooser->new_code->len; i++) {
		const struct code_function *now = &chooser->new_code->functions[i];
		const struct code_function *before =
			code_function(chooser->old_code, now->name, now->arity);
		struct choices news = choices_of(chooser->new_code, now), olds;

		if (news.len == 0 || !before)
			continue;
		olds = choices_of(chooser->old_code, before);
		for (size_t j = 0; olds.len == news.len && j < news.len; j++)
			if (olds.counts[j] != news.counts[j] && !runs_at_start(judge, module, now))
				judge_choice(judge, app, chooser, now, olds.counts[j],
					     news.counts[j]);
	}
}

void judge_shards(struct judge *judge)
{
	for (size_t i = 0; i < judge->diff->len; i++) {
		const struct app_diff *app = &judge->diff->apps[i];

		for (size_t j = 0; j < app->modules.len; j++) {
			const struct module_diff *module = &app->modules.items[j];

			if (is_changed(modules_find(judge->modules, SIDE_NEW, module->name)))
				judge_chooser(judge, app, module);
		}
	}
}
