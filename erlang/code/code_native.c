// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/code_native.h"

#include "erlang/beam/beam_atoms.h"
#include "erlang/code/code_args.h"

/* ---- definitions ---- */

enum { HEAD = 12 }; /* version, definitions, fields of all of them */

static const char *atom_of(const struct code_arg *arg)
{
	return arg->kind == CODE_ATOM ? term_atom_name(code_term(arg)) : NULL;
}

/* Each is written as an instruction of three operands: name, whether it is exported, and a list of
 * fields and defaults; a plain number stands for no default.
 */
static int read_one(struct code_native *out, struct code_args *args, struct error *err)
{
	struct code_arg operands[3];
	struct code_field *fields;
	uint8_t opcode;

	if (args_byte(&opcode, args, err))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(operands); i++)
		if (args_take(&operands[i], args, err))
			return -1;
	if (opcode != OP_CALL_LAST || !atom_of(&operands[0]) || !atom_of(&operands[1]) ||
	    operands[2].kind != CODE_LIST || operands[2].len % 2 != 0)
		return args_damaged(err, args, "a definition of a native record");
	fields = arena_array(args->arena, operands[2].len / 2, struct code_field);
	for (size_t i = 0; i < operands[2].len / 2; i++) {
		const struct code_arg *field = &operands[2].items[2 * i];

		fields[i] = (struct code_field){ atom_of(field), code_term(field + 1) };
		if (!fields[i].name)
			return args_damaged(err, args, "a field of a native record");
	}
	*out = (struct code_native){
		.name = atom_of(&operands[0]),
		.fields = fields,
		.len = operands[2].len / 2,
		.exported = term_is_atom(code_term(&operands[1]), "true"),
	};
	return 0;
}

int code_read_natives(struct code *code, struct arena *arena, struct span chunk, struct error *err)
{
	struct code_args args;
	struct code_native *items;
	struct span head;
	size_t len;

	if (!chunk.ptr)
		return 0;
	args_begin(&args, arena, code, chunk);
	if (args_bytes(&head, &args, HEAD, err))
		return -1;
	len = beam_word(head.ptr + 4);
	if (beam_word(head.ptr) != 0) {
		code->unread = "its native records are of a later version of OTP";
		return 0;
	}
	if (len > args.rest.len)
		return args_damaged(err, &args, "more native records than bytes");
	items = arena_array(arena, len, struct code_native);
	for (size_t i = 0; i < len; i++)
		if (read_one(&items[i], &args, err))
			return -1;
	code->natives = items;
	code->natives_len = len;
	return 0;
}

const struct code_native *code_native(const struct code *code, const char *name)
{
	for (size_t i = 0; i < code->natives_len; i++)
		if (strcmp(code->natives[i].name, name) == 0)
			return &code->natives[i];
	return NULL;
}

bool code_native_has(const struct code_native *native, const char *field)
{
	for (size_t i = 0; i < native->len; i++)
		if (strcmp(native->fields[i].name, field) == 0)
			return true;
	return false;
}
