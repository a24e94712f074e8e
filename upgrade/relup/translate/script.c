// SPDX-License-Identifier: Apache-2.0
/* script.c - many scripts become one, cut in two at the point of no return. */
#include "upgrade/relup/translate/stages.h"

static bool is_point(const struct op *op)
{
	return term_is_atom(op->term, "point_of_no_return");
}

static bool is_object_code(const struct op *op)
{
	return term_is_tagged(op->term, "load_object_code", 2);
}

static struct op op_at(const struct script *script, const struct term *term)
{
	return (struct op){ term, script->file, term->line };
}

static int refuse_script(const struct script *script, const struct term *term, struct error *err)
{
	struct op op = op_at(script, term);

	return op_refuse(&op, err, "bad_appup", "not a proper list of instructions", term);
}

/* An instruction that is itself a list stands for its elements, which are taken as
 * they are: systools expands one level only.
 */
static int expand_one(struct ops *out, struct arena *arena, const struct script *script,
		      const struct term *term, struct error *err)
{
	struct op op = op_at(script, term);

	if (term->kind != TERM_LIST) {
		op.term = instruction_expand(arena, term);
		ops_add(arena, out, op);
		return 0;
	}
	if (term->seq.tail)
		return refuse_script(script, term, err);
	for (size_t i = 0; i < term->seq.len; i++)
		ops_add(arena, out, op_at(script, term_at(term, i)));
	return 0;
}

static int expand(struct ops *out, struct arena *arena, const struct script *script,
		  struct error *err)
{
	const struct term *list = script->instructions;

	if (!term_is_list(list))
		return refuse_script(script, list, err);
	for (size_t i = 0; i < list->seq.len; i++)
		if (expand_one(out, arena, script, term_at(list, i), err))
			return -1;
	return 0;
}

/* Where the point of no return stands; len when there is none. */
static int find_point(size_t *out, const struct ops *script, struct error *err)
{
	size_t point = script->len;

	for (size_t i = 0; i < script->len; i++) {
		if (!is_point(&script->items[i]))
			continue;
		if (point < script->len)
			return op_refuse(&script->items[i], err, "too_many_point_of_no_return",
					 "a second point_of_no_return in one script", NULL);
		point = i;
	}
	*out = point;
	return 0;
}

static int check_before(const struct op *op, struct error *err)
{
	if (is_object_code(op) || term_is_tagged(op->term, "apply", 2))
		return 0;
	return op_refuse(op, err, "bad_op_before_point_of_no_return",
			 "only load_object_code and apply may stand before point_of_no_return",
			 op->term);
}

/* Object code is read before the point of no return, wherever a script asks for it. */
static int split(struct translation *translation, const struct ops *script, struct error *err)
{
	size_t point, first;

	if (find_point(&point, script, err))
		return -1;
	first = point < script->len ? point + 1 : 0;
	for (size_t i = 0; first && i < point; i++) {
		if (check_before(&script->items[i], err))
			return -1;
		ops_add(translation->arena, &translation->before, script->items[i]);
	}
	for (size_t i = first; i < script->len; i++)
		ops_add(translation->arena,
			is_object_code(&script->items[i]) ? &translation->before
							  : &translation->after,
			script->items[i]);
	return 0;
}

int scripts_merge(struct translation *translation, const struct script *scripts, size_t len,
		  struct error *err)
{
	struct ops *expanded = arena_array(translation->arena, len, struct ops);

	for (size_t i = 0; i < len; i++)
		if (expand(&expanded[i], translation->arena, &scripts[i], err))
			return -1;
	for (size_t i = 0; i < len; i++)
		if (split(translation, &expanded[i], err))
			return -1;
	return 0;
}
