// SPDX-License-Identifier: Apache-2.0
#include "upgrade/relup/translate/stages.h"

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

/* Not too much of it, and no half characters. */
static size_t shown_len(struct span text)
{
	size_t len = text.len > SHOWN_MAX ? SHOWN_MAX : text.len;

	while (len < text.len && len > 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
		len--;
	return len;
}

void op_refuse_(const struct op *op, struct error *err, const char *otp, const char *message,
		const struct term *term)
{
	owned_str struct str text = STR_EMPTY;
	int len;

	if (term)
		term_print(&text, term);
	len = (int)shown_len(str_span(&text));
	error_otp_(err, otp, "%s%s%.*s%s", message, term ? ": " : "", len, str_text(&text),
		   (size_t)len < text.len ? " …" : "");
	if (op->file && op->line > 0)
		error_wrap_(err, "%s:%u", op->file, op->line);
	else if (op->file)
		error_wrap_(err, "%s", op->file);
}
