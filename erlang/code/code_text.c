// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/code_text.h"

enum { DEPTH = 8, ITEMS = 32 }; /* of lists */

/* What was put together so far. */
struct text {
	char bytes[VALUE_TEXT_MAX];
	size_t len;
	bool open; /* more came behind it, which is not seen */
};

static void text_add(struct text *text, struct span bytes)
{
	const size_t room = sizeof(text->bytes) - text->len;
	const size_t len = bytes.len < room ? bytes.len : room;

	if (text->open || bytes.len == 0)
		return;
	memcpy(text->bytes + text->len, bytes.ptr, len);
	text->len += len;
	text->open = len < bytes.len;
}

/* A binary. */
static void text_add_value(struct text *text, const struct value *value)
{
	bool whole;

	text_add(text, value_text(value, &whole));
	text->open = text->open || !whole;
}

/* A constant where all of it was seen. */
static const struct value *text_value(const struct text *text, struct arena *arena)
{
	const struct span bytes = { text->bytes, text->len };

	return text->open ? value_of_text(arena, bytes)
			  : value_of_term(arena, term_binary(arena, bytes));
}

/* ---- instructions ---- */

static bool is_atom(const struct code_arg *arg, const char *name)
{
	const struct term *term = code_term(arg);

	return term && term_is_atom(term, name);
}

static bool count_of(const struct code_arg *arg, uint64_t *out)
{
	const struct term *term = code_term(arg);
	int64_t value;

	if (arg->kind == CODE_NUMBER) {
		*out = arg->number;
		return true;
	}
	if (!term || !term_get_integer(term, &value) || value < 0)
		return false;
	*out = (uint64_t)value;
	return true;
}

/* Bytes of the table of strings. */
static void add_string(struct text *text, const struct code *code, const struct code_arg *offset,
		       const struct code_arg *size)
{
	const struct span strings = code->strings;
	uint64_t at, len;

	if (count_of(offset, &at) && count_of(size, &len) && at <= strings.len &&
	    len <= strings.len - at)
		text_add(text, (struct span){ strings.ptr + at, (size_t)len });
	else
		text->open = true;
}

/* [type, number, unit, flags, what, size, …] */
static const struct value *created(const struct run *run, const struct code_op *op)
{
	const struct code_arg *list = &op->args[5];
	struct text text = { .len = 0 };

	for (size_t i = 0; i + 5 < list->len && !text.open; i += 6) {
		const struct code_arg *segment = &list->items[i];

		if (is_atom(&segment[0], "string"))
			add_string(&text, run->code, &segment[4], &segment[5]);
		else if (is_atom(&segment[5], "all"))
			text_add_value(&text, run_get(run, &segment[4]));
		else
			text.open = true;
	}
	return text_value(&text, run->arena);
}

static bool puts_more(const struct code_op *op)
{
	return (op->opcode >= OP_BS_PUT_INTEGER && op->opcode <= OP_BS_PUT_FLOAT) ||
	       op->opcode == OP_BS_PUT_UTF8 || op->opcode == OP_BS_PUT_UTF16 ||
	       op->opcode == OP_BS_PUT_UTF32;
}

/* bs_init2 or bs_init_bits, and what stands behind it: bs_put_string size offset, bs_put_binary
 * fail size unit flags what; up to where something else is done.  Of bits it is a binary only where
 * all that is put there is bytes.
 */
static const struct value *put_together(const struct run *run, bool bits)
{
	struct text text = { .len = 0 };
	const struct code_op *op = NULL;

	for (size_t i = run->now.at; i < run->function->len; i++) {
		op = &run->function->ops[i];
		if (op->opcode == OP_BS_PUT_STRING)
			add_string(&text, run->code, &op->args[1], &op->args[0]);
		else if (op->opcode == OP_BS_PUT_BINARY && is_atom(&op->args[1], "all") &&
			 op->args[2].kind == CODE_NUMBER && op->args[2].number % 8 == 0)
			text_add_value(&text, run_get(run, &op->args[4]));
		else
			break;
	}
	if (!op || puts_more(op)) {
		if (bits)
			return &value_unknown;
		text.open = true;
	}
	return text_value(&text, run->arena);
}

const struct value *text_built(const struct run *run, const struct code_op *op)
{
	if (op->opcode == OP_BS_INIT2 || op->opcode == OP_BS_INIT_BITS)
		return put_together(run, op->opcode == OP_BS_INIT_BITS);
	return op->args[5].kind == CODE_LIST ? created(run, op)
					     : value_of_kind(run->arena, TERM_BINARY);
}

/* ---- functions ---- */

/* What an atom or a binary is as a text. */
static void add_shown(struct text *text, const struct value *value)
{
	const char *name = value_atom_name(value);

	if (name)
		text_add(text, strcmp(name, "nil") == 0 ? span_of("") : span_of(name));
	else
		text_add_value(text, value);
}

const struct value *known_shown(struct eval *eval, const struct value *const *args)
{
	struct text text = { .len = 0 };

	add_shown(&text, args[0]);
	return text_value(&text, eval->arena);
}

const struct value *known_join(struct eval *eval, const struct value *const *args)
{
	struct text text = { .len = 0 };
	const struct value *head, *list = args[0];

	for (bool first = true; !text.open && value_uncons(list, eval->arena, &head, &list);
	     first = false, eval->steps++) {
		if (!first)
			text_add_value(&text, args[1]);
		add_shown(&text, head);
	}
	text.open = text.open || value_is_nil(list) != YES;
	return text_value(&text, eval->arena);
}

struct joining {
	struct text text;
	struct arena *arena;
	unsigned left;
};

static void add_iodata(struct joining *joining, const struct value *value, unsigned depth)
{
	const struct value *head;
	const struct term *term = value->kind == VALUE_TERM ? value->constant.term : NULL;
	int64_t byte;

	if (depth == 0 || joining->left == 0) {
		joining->text.open = true;
		return;
	}
	joining->left--;
	if (term && term->kind == TERM_INTEGER && term_get_integer(term, &byte) && byte >= 0 &&
	    byte < 128) {
		text_add(&joining->text, (struct span){ &(const char){ (char)byte }, 1 });
		return;
	}
	if (value_term_kind(value) != TERM_LIST) {
		text_add_value(&joining->text, value);
		return;
	}
	while (!joining->text.open && value_uncons(value, joining->arena, &head, &value))
		add_iodata(joining, head, depth - 1);
	if (!joining->text.open && value_is_nil(value) != YES)
		text_add_value(&joining->text, value);
}

const struct value *known_iodata(struct eval *eval, const struct value *const *args)
{
	struct joining joining = { .arena = eval->arena, .left = ITEMS + VALUE_TEXT_MAX };

	add_iodata(&joining, args[0], DEPTH);
	eval->steps += (ITEMS + VALUE_TEXT_MAX - joining.left) / 8;
	return text_value(&joining.text, eval->arena);
}
