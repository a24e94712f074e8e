// SPDX-License-Identifier: Apache-2.0
#include "upgrade/translate/stages.h"

enum { SHOWN_MAX = 300 };

void ops_add(struct arena *arena, struct ops *ops, struct op op)
{
	ops->items = arena_grow(arena, ops->items, ops->len, &ops->cap);
	ops->items[ops->len++] = op;
}

void ops_put(struct arena *arena, struct ops *ops, const struct op *origin, const struct term *term)
{
	ops_add(arena, ops, (struct op){ term, origin->file, origin->line });
}

const struct term *op_pair(struct arena *arena, const char *tag, const struct term *value)
{
	return term_tuple(arena, term_atom(arena, tag), value);
}

const struct term *op_application(struct arena *arena, const char *function,
				  const struct term *args)
{
	return op_pair(arena, "apply",
		       term_tuple(arena, term_atom(arena, "application"),
				  term_atom(arena, function), args));
}

const struct term *op_module(struct arena *arena, const char *tag, const struct term *module,
			     const struct term *pre, const struct term *post)
{
	const struct term *brutal = pre && post ? NULL : term_atom(arena, "brutal_purge");

	return op_pair(arena, tag,
		       term_tuple(arena, module, pre ? pre : brutal, post ? post : brutal));
}

void op_refuse_(const struct op *op, struct error *err, const char *otp, const char *message,
		const struct term *term)
{
	owned_str struct str text = STR_EMPTY;
	bool cut;

	if (term)
		term_print(&text, term);
	cut = text.len > SHOWN_MAX;
	error_otp_(err, otp, "%s%s%.*s%s", message, term ? ": " : "",
		   cut ? SHOWN_MAX : (int)text.len, str_text(&text), cut ? " …" : "");
	if (op->file && op->line > 0)
		error_wrap_(err, "%s:%u", op->file, op->line);
	else if (op->file)
		error_wrap_(err, "%s", op->file);
}
