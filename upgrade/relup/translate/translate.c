// SPDX-License-Identifier: Apache-2.0
#include "upgrade/relup/translate/stages.h"

static int check_all(const struct ops *ops, struct error *err)
{
	for (size_t i = 0; i < ops->len; i++)
		if (instruction_check(&ops->items[i], err))
			return -1;
	return 0;
}

static void normalize_all(struct arena *arena, struct ops *ops)
{
	for (size_t i = 0; i < ops->len; i++)
		ops->items[i].term = instruction_normalize(arena, ops->items[i].term);
}

/* Takes every such word out; false when there was none. */
static bool take_out(struct ops *ops, const char *word)
{
	size_t len = 0;

	for (size_t i = 0; i < ops->len; i++)
		if (!term_is_atom(ops->items[i].term, word))
			ops->items[len++] = ops->items[i];
	if (len == ops->len)
		return false;
	ops->len = len;
	return true;
}

static const struct term *assemble(struct translation *translation)
{
	struct arena *arena = translation->arena;
	struct ops *after = &translation->after;
	bool new_emulator = take_out(after, "restart_new_emulator");
	bool last = take_out(after, "restart_emulator");
	struct terms list = { 0 };

	if (new_emulator && translation->direction == DIRECTION_UP)
		terms_add(arena, &list, term_atom(arena, "restart_new_emulator"));
	for (size_t i = 0; i < translation->before.len; i++)
		terms_add(arena, &list, translation->before.items[i].term);
	terms_add(arena, &list, term_atom(arena, "point_of_no_return"));
	for (size_t i = 0; i < after->len; i++)
		terms_add(arena, &list, after->items[i].term);
	if (last || (new_emulator && translation->direction == DIRECTION_DOWN))
		terms_add(arena, &list, term_atom(arena, "restart_emulator"));
	return term_list_of(arena, &list);
}

int translate(const struct term **out, struct arena *arena, enum direction direction,
	      const struct script *scripts, size_t len, const struct resolved *target,
	      const struct resolved *left, struct error *err)
{
	struct translation translation = {
		.arena = arena, .direction = direction, .target = target, .left = left
	};

	if (scripts_merge(&translation, scripts, len, err) || check_all(&translation.before, err) ||
	    check_all(&translation.after, err))
		return -1;
	normalize_all(arena, &translation.after);
	if (pairs_check(&translation, err) || applications_translate(&translation, err) ||
	    modules_translate(&translation, err) || object_code_merge(&translation, err))
		return -1;
	*out = assemble(&translation);
	return 0;
}
