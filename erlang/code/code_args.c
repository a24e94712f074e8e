// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/code_args.h"

#include "erlang/beam/beam_atoms.h"
#include "erlang/beam/compact.h"
#include "erlang/code/code_value.h"

#include <math.h>

/* What an operand may have inside: lists hold no lists, a type is of a register. */
enum level { PLAIN, IN_LIST, TOP };

void args_begin(struct code_args *args, struct arena *arena, const struct code *code,
		struct span chunk)
{
	*args = (struct code_args){
		.arena = arena,
		.rest = chunk,
		.names = code->atoms,
		.literals = code->literals,
		.atoms = arena_array(arena, code->atoms.len, const struct value *),
		.literal_values = arena_array(arena, code->literals->seq.len, const struct value *),
		.nil = value_of_term(arena, &term_nil),
	};
}

int args_damaged(struct error *err, const struct code_args *args, const char *what)
{
	return error_set(err, ERROR_INVALID, "code, %zu bytes before its end: %s", args->rest.len,
			 what);
}

int args_bytes(struct span *out, struct code_args *args, size_t len, struct error *err)
{
	if (len > args->rest.len)
		return args_damaged(err, args, "cut off");
	*out = (struct span){ args->rest.ptr, len };
	args->rest = (struct span){ args->rest.ptr + len, args->rest.len - len };
	return 0;
}

int args_byte(uint8_t *out, struct code_args *args, struct error *err)
{
	struct span byte;

	if (args_bytes(&byte, args, 1, err))
		return -1;
	*out = (uint8_t)byte.ptr[0];
	return 0;
}

static int take_compact(struct compact *out, struct code_args *args, struct error *err)
{
	const char *fault = compact_take(out, &args->rest);

	return fault ? args_damaged(err, args, fault) : 0;
}

static int take_count(uint64_t *out, struct code_args *args, struct error *err)
{
	const char *fault = compact_take_number(out, &args->rest);

	return fault ? args_damaged(err, args, fault) : 0;
}

static int unsigned_of(uint64_t *out, const struct compact *term, const struct code_args *args,
		       struct error *err)
{
	return compact_value(out, term) ? 0 : args_damaged(err, args, "a number that is too large");
}

/* Two's complement, the highest byte first. */
static const struct term *integer_of(struct arena *arena, struct span bytes)
{
	bool negative = (uint8_t)bytes.ptr[0] > 127;
	uint8_t *magnitude = arena_array(arena, bytes.len + 1, uint8_t);
	unsigned carry = negative;

	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t byte = (uint8_t)bytes.ptr[bytes.len - 1 - i];
		unsigned sum = (negative ? (uint8_t)~byte : byte) + carry;

		magnitude[i] = (uint8_t)sum;
		carry = sum >> 8;
	}
	magnitude[bytes.len] = (uint8_t)carry;
	return term_big(arena, (struct span){ (const char *)magnitude, bytes.len + 1 }, negative);
}

static const struct value *take_integer(struct code_args *args, const struct compact *term)
{
	struct arena *arena = args->arena;

	if (term->bytes.ptr)
		return value_of_term(arena, integer_of(arena, term->bytes));
	if (term->value >= ARGS_SMALL)
		return value_of_term(arena, term_integer(arena, (int64_t)term->value));
	if (!args->small[term->value])
		args->small[term->value] =
			value_of_term(arena, term_integer(arena, (int64_t)term->value));
	return args->small[term->value];
}

static int take_atom(struct code_arg *out, struct code_args *args, const struct compact *term,
		     struct error *err)
{
	const struct names *names = &args->names;
	uint64_t nr;

	if (unsigned_of(&nr, term, args, err))
		return -1;
	if (nr > names->len)
		return args_damaged(err, args, "an atom that is none");
	if (nr == 0) {
		out->kind = CODE_NIL;
		out->value = args->nil;
		return 0;
	}
	if (!args->atoms[nr - 1])
		args->atoms[nr - 1] = value_of_atom(args->arena, names->items[nr - 1]);
	out->kind = CODE_ATOM;
	out->value = args->atoms[nr - 1];
	return 0;
}

static int take_arg(struct code_arg *out, struct code_args *args, enum level level,
		    struct error *err);

static int take_list(struct code_arg *out, struct code_args *args, struct error *err)
{
	struct code_arg *items;
	uint64_t len;

	if (take_count(&len, args, err))
		return -1;
	/* Each element takes a byte at least. */
	if (len > args->rest.len)
		return args_damaged(err, args, "a list that is too long");
	items = arena_array(args->arena, (size_t)len, struct code_arg);
	for (uint64_t i = 0; i < len; i++)
		if (take_arg(&items[i], args, IN_LIST, err))
			return -1;
	out->kind = CODE_LIST;
	out->items = items;
	out->len = (uint32_t)len;
	return 0;
}

static int take_alloc(struct code_arg *out, struct code_args *args, struct error *err)
{
	struct code_arg *items;
	uint64_t len;

	if (take_count(&len, args, err))
		return -1;
	if (len > args->rest.len / 2)
		return args_damaged(err, args, "a list that is too long");
	items = arena_array(args->arena, (size_t)len * 2, struct code_arg);
	for (uint64_t i = 0; i < 2 * len; i++) {
		items[i].kind = CODE_NUMBER;
		if (take_count(&items[i].number, args, err))
			return -1;
	}
	out->kind = CODE_ALLOC;
	out->items = items;
	out->len = (uint32_t)len * 2;
	return 0;
}

static int take_literal(struct code_arg *out, struct code_args *args, struct error *err)
{
	const struct term *literals = args->literals;
	uint64_t nr;

	if (take_count(&nr, args, err))
		return -1;
	if (nr >= literals->seq.len)
		return args_damaged(err, args, "a literal that is none");
	if (!args->literal_values[nr])
		args->literal_values[nr] =
			value_of_term(args->arena, term_at(literals, (size_t)nr));
	out->kind = CODE_LITERAL;
	out->value = args->literal_values[nr];
	return 0;
}

static int take_typed(struct code_arg *out, struct code_args *args, struct error *err)
{
	uint64_t type;

	if (take_arg(out, args, PLAIN, err))
		return -1;
	if (out->kind != CODE_X && out->kind != CODE_Y)
		return args_damaged(err, args, "a type of what is no register");
	return take_count(&type, args, err);
}

static int take_float(struct code_arg *out, struct code_args *args, struct error *err)
{
	struct span bytes;
	uint64_t word;
	double value;

	if (args_bytes(&bytes, args, sizeof(word), err))
		return -1;
	word = (uint64_t)beam_word(bytes.ptr) << 32 | beam_word(bytes.ptr + 4);
	memcpy(&value, &word, sizeof(value));
	if (!isfinite(value))
		return args_damaged(err, args, "a float that is no number");
	out->kind = CODE_FLOAT;
	out->value = value_of_term(args->arena, term_float(args->arena, value));
	return 0;
}

static int take_extended(struct code_arg *out, struct code_args *args, const struct compact *term,
			 struct error *err)
{
	switch (term->bytes.ptr ? UINT64_MAX : term->value) {
	case COMPACT_FLOAT:
		return take_float(out, args, err);
	case COMPACT_LIST:
		return take_list(out, args, err);
	case COMPACT_FR:
		out->kind = CODE_FR;
		return take_count(&out->number, args, err);
	case COMPACT_ALLOC:
		return take_alloc(out, args, err);
	case COMPACT_LITERAL:
		return take_literal(out, args, err);
	case COMPACT_TYPED:
		return take_typed(out, args, err);
	default:
		return args_damaged(err, args, "an operand of an unknown kind");
	}
}

static void note_register(struct code_args *args, const struct code_arg *arg)
{
	uint64_t *most = arg->kind == CODE_X ? &args->xs : &args->ys;

	if ((arg->kind == CODE_X || arg->kind == CODE_Y) && arg->number >= *most)
		*most = arg->number < UINT32_MAX ? arg->number + 1 : UINT32_MAX;
}

static int take_arg(struct code_arg *out, struct code_args *args, enum level level,
		    struct error *err)
{
	static const enum code_kind kinds[] = {
		[COMPACT_NUMBER] = CODE_NUMBER, [COMPACT_X] = CODE_X,       [COMPACT_Y] = CODE_Y,
		[COMPACT_LABEL] = CODE_LABEL,   [COMPACT_CHAR] = CODE_CHAR,
	};
	struct compact term;

	if (take_compact(&term, args, err))
		return -1;
	switch (term.tag) {
	case COMPACT_INTEGER:
		out->kind = CODE_INTEGER;
		out->value = take_integer(args, &term);
		return 0;
	case COMPACT_ATOM:
		return take_atom(out, args, &term, err);
	case COMPACT_EXTENDED:
		if (level == PLAIN || (level == IN_LIST && term.value == COMPACT_LIST))
			return args_damaged(err, args, "an operand inside another");
		return take_extended(out, args, &term, err);
	default:
		if (unsigned_of(&out->number, &term, args, err))
			return -1;
		out->kind = kinds[term.tag];
		note_register(args, out);
		return 0;
	}
}

int args_take(struct code_arg *out, struct code_args *args, struct error *err)
{
	return take_arg(out, args, TOP, err);
}
