// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/code.h"

#include "erlang/beam/beam_atoms.h"
#include "erlang/beam/compact.h"
#include "erlang/code/code_args.h"
#include "erlang/code/code_eval.h"
#include "erlang/code/code_native.h"

#include <stdlib.h>

enum {
	HEAD_MIN = 16, /* instruction set, highest opcode, labels, functions */
	LAMBDA = 24,   /* six words */
};

struct reader {
	struct code_args args;
	struct arena *arena;
	struct code *code;
	struct code_place *places;
	struct code_function *functions;
	size_t functions_cap;
	struct code_op *ops; /* of the function that is being read */
	size_t len, cap;
};

/* ---- instructions ---- */

static int check_label(struct reader *reader, const struct code_op *op, struct error *err)
{
	const struct code_arg *arg = &op->args[0];

	if (arg->kind != CODE_NUMBER || arg->number == 0 || arg->number >= reader->code->labels)
		return args_damaged(err, &reader->args, "a label out of bounds");
	return 0;
}

static void add_op(struct reader *reader, const struct code_op *op)
{
	/* call N has N arguments; a fun, or a module and a function, stand behind them. */
	if (op->len > 0 && op->args[0].kind == CODE_NUMBER && op->opcode != OP_LABEL &&
	    op->args[0].number + 2 > reader->args.xs && op->args[0].number < 256)
		reader->args.xs = op->args[0].number + 2;
	if (reader->len == reader->cap) {
		reader->cap = reader->cap ? 2 * reader->cap : 256;
		reader->ops = mem_resize(reader->ops, reader->cap, sizeof(*reader->ops));
	}
	reader->ops[reader->len++] = *op;
}

/* Labels right before a func_info belong to the function that begins there. */
static size_t trailing_labels(const struct reader *reader)
{
	size_t len = 0;

	while (len < reader->len && reader->ops[reader->len - 1 - len].opcode == OP_LABEL)
		len++;
	return len;
}

static void place(struct reader *reader, const struct code_op *op, size_t function, uint32_t at)
{
	reader->places[op->args[0].number] =
		(struct code_place){ (uint32_t)function, at, reader->functions[function].labels };
}

/* Puts the function that was read so far away, all but the last `kept` instructions. */
static void end_function(struct reader *reader, size_t kept)
{
	size_t len = reader->len - kept, nr = reader->code->len;
	struct code_op *ops;

	if (nr == 0)
		return; /* instructions before the first function are of no use */
	ops = arena_array(reader->arena, len, struct code_op);
	if (len > 0)
		memcpy(ops, reader->ops, len * sizeof(*ops));
	for (size_t i = 0; i < len; i++)
		if (ops[i].opcode == OP_LABEL) {
			place(reader, &ops[i], nr - 1, (uint32_t)i);
			reader->functions[nr - 1].labels++;
		}
	reader->functions[nr - 1].ops = ops;
	reader->functions[nr - 1].len = len;
	reader->functions[nr - 1].xs = reader->args.xs;
	reader->functions[nr - 1].ys = reader->args.ys;
}

static int begin_function(struct reader *reader, const struct code_op *op, struct error *err)
{
	const char *name =
		op->args[1].kind == CODE_ATOM ? term_atom_name(code_term(&op->args[1])) : NULL;
	size_t kept = trailing_labels(reader), nr = reader->code->len;

	if (!name || op->args[2].kind != CODE_NUMBER || op->args[2].number > 255)
		return args_damaged(err, &reader->args, "a function without a name");
	end_function(reader, kept);
	reader->functions =
		arena_grow(reader->arena, reader->functions, nr, &reader->functions_cap);
	reader->functions[nr] =
		(struct code_function){ .name = name, .arity = (uint32_t)op->args[2].number };
	for (size_t i = 0; i < kept; i++)
		place(reader, &reader->ops[reader->len - 1 - i], nr, CODE_NOWHERE);
	reader->code->len = nr + 1;
	reader->len = 0;
	reader->args.xs = op->args[2].number > 0 ? op->args[2].number : 1;
	reader->args.ys = 0;
	return 0;
}

static bool about_lines(enum opcode opcode)
{
	return opcode == OP_LINE || opcode == OP_EXECUTABLE_LINE || opcode == OP_DEBUG_LINE;
}

static int take_op(struct reader *reader, bool *end, struct error *err)
{
	struct code_op op = { 0 };
	struct code_arg *args;
	uint8_t opcode;

	if (args_byte(&opcode, &reader->args, err))
		return -1;
	if (!opcode_name(opcode)) {
		reader->code->unread = arena_printf(
			reader->arena, "instruction %u is of a later version of OTP", opcode);
		return 0;
	}
	op.opcode = opcode;
	op.len = opcode_arity(opcode);
	op.args = args = arena_array(reader->arena, op.len, struct code_arg);
	for (unsigned i = 0; i < op.len; i++)
		if (args_take(&args[i], &reader->args, err))
			return -1;
	if (opcode == OP_LABEL && check_label(reader, &op, err))
		return -1;
	if (opcode == OP_FUNC_INFO)
		return begin_function(reader, &op, err);
	*end = opcode == OP_INT_CODE_END;
	reader->code->on_load |= opcode == OP_ON_LOAD;
	if (!*end && !about_lines(opcode))
		add_op(reader, &op);
	return 0;
}

static int take_ops(struct reader *reader, struct error *err)
{
	bool end = false;

	while (!end && !reader->code->unread)
		if (take_op(reader, &end, err))
			return -1;
	end_function(reader, 0);
	reader->code->functions = reader->functions;
	if (reader->code->unread)
		reader->code->len = 0;
	return 0;
}

/* ---- tables ---- */

static int take_head(struct reader *reader, struct error *err)
{
	struct code *code = reader->code;
	uint32_t size, highest;
	struct span bytes;

	if (args_bytes(&bytes, &reader->args, 4, err))
		return -1;
	size = beam_word(bytes.ptr);
	if (args_bytes(&bytes, &reader->args, size, err))
		return -1;
	if (bytes.len < HEAD_MIN)
		return args_damaged(err, &reader->args, "its header is too short");
	highest = beam_word(bytes.ptr + 4);
	code->labels = beam_word(bytes.ptr + 8);
	if (beam_word(bytes.ptr) != 0)
		code->unread = "its instruction set is of a later version of OTP";
	else if (highest >= OPCODE_END)
		code->unread = arena_printf(reader->arena,
					    "instruction %u is of a later version of OTP", highest);
	else if (code->labels > reader->args.rest.len)
		/* Each label takes two bytes at least, and there is no number 0. */
		return args_damaged(err, &reader->args, "more labels than bytes");
	return 0;
}

static int read_lambdas(struct code *code, struct arena *arena, struct span chunk,
			struct error *err)
{
	size_t len = chunk.len < 4 ? 0 : beam_word(chunk.ptr);
	struct beam_function *items;

	if (!chunk.ptr)
		return 0;
	if (chunk.len < 4 || len > (chunk.len - 4) / LAMBDA)
		return error_set(err, ERROR_INVALID, "funs: %zu of them in %zu bytes", len,
				 chunk.len);
	items = arena_array(arena, len, struct beam_function);
	for (size_t i = 0; i < len; i++) {
		const char *at = chunk.ptr + 4 + i * LAMBDA;
		uint32_t name = beam_word(at);

		if (name - 1 >= code->atoms.len)
			return error_set(err, ERROR_INVALID, "funs: number %zu has no name", i);
		items[i].name = code->atoms.items[name - 1];
		items[i].arity = beam_word(at + 4);
	}
	code->lambdas = (struct beam_functions){ items, len };
	return 0;
}

/* Where a function stands in the table of names, or would. */
static size_t find_name(const struct code *code, const char *name, uint32_t arity)
{
	size_t at = (text_hash(name) + arity) & (code->by_name_room - 1);

	for (; code->by_name[at]; at = (at + 1) & (code->by_name_room - 1)) {
		const struct code_function *function = &code->functions[code->by_name[at] - 1];

		if (function->arity == arity && strcmp(function->name, name) == 0)
			break;
	}
	return at;
}

/* Of one that damaged code has twice the first counts. */
static void index_names(struct code *code, struct code_function *functions, struct arena *arena)
{
	uint32_t *by_name;

	code->by_name_room = 4;
	while (code->by_name_room < 2 * code->len)
		code->by_name_room *= 2;
	code->by_name = by_name = arena_array(arena, code->by_name_room, uint32_t);
	for (size_t i = 0; i < code->len; i++) {
		size_t at = find_name(code, functions[i].name, functions[i].arity);

		if (!by_name[at])
			by_name[at] = (uint32_t)i + 1;
	}
	for (size_t i = 0; i < code->exports.len; i++) {
		const struct beam_function *export = &code->exports.items[i];
		uint32_t nr = by_name[find_name(code, export->name, export->arity)];

		if (nr)
			functions[nr - 1].exported = true;
	}
}

static int read_functions(struct code *code, struct arena *arena, struct span chunk,
			  struct error *err)
{
	struct reader reader = {
		.arena = arena,
		.code = code,
	};
	int ret;

	args_begin(&reader.args, arena, code, chunk);
	if (take_head(&reader, err))
		return -1;
	if (code->unread)
		return 0;
	reader.places = arena_array(arena, code->labels, struct code_place);
	for (size_t i = 0; i < code->labels; i++)
		reader.places[i] = (struct code_place){ CODE_NOWHERE, CODE_NOWHERE, 0 };
	code->places = reader.places;
	ret = take_ops(&reader, err);
	free(reader.ops);
	if (ret == 0 && !code->unread)
		index_names(code, reader.functions, arena);
	return ret;
}

/* ---- -on_load ---- */

/* Steps over one instruction; false at the end of what can be read. */
static bool next_op(enum opcode *out, struct span *code)
{
	unsigned opcode, operands;

	if (code->len == 0)
		return false;
	opcode = (uint8_t)code->ptr[0];
	*code = (struct span){ code->ptr + 1, code->len - 1 };
	if (!opcode_name(opcode))
		return false;
	for (operands = opcode_arity(opcode); operands > 0; operands--)
		if (compact_skip(code))
			return false;
	*out = opcode;
	return opcode != OP_INT_CODE_END;
}

/* Of code that was not read, as far as its instructions are known. */
static bool has_on_load(struct span chunk)
{
	size_t head = chunk.len < 4 ? 0 : 4 + (size_t)beam_word(chunk.ptr);
	struct span code = { chunk.ptr, 0 };
	enum opcode opcode;

	if (head <= chunk.len)
		code = (struct span){ chunk.ptr + head, chunk.len - head };
	while (next_op(&opcode, &code))
		if (opcode == OP_ON_LOAD)
			return true;
	return false;
}

/* ---- all of it ---- */

static bool loads_nif(const struct beam_facts *facts)
{
	for (size_t i = 0; i < facts->imports.len; i++)
		if (strcmp(facts->imports.items[i].name, "load_nif") == 0 &&
		    strcmp(facts->imports.items[i].module, "erlang") == 0)
			return true;
	return false;
}

int code_read(struct code **out, struct arena *arena, const struct beam *beam,
	      const struct beam_facts *facts, struct error *err)
{
	struct code *code = arena_new(arena, struct code);

	*code = (struct code){ .module = facts->module,
			       .exports = facts->exports,
			       .imports = facts->imports,
			       .pure = known_pure(facts->module),
			       .loads_nif = loads_nif(facts),
			       .atoms = facts->atoms,
			       .strings = beam->chunks[BEAM_STRT] };
	if (beam->chunks[BEAM_CODE].len > CODE_MAX) {
		code->unread = "its code is too large";
		code->literals = &term_nil;
	} else if (beam_read_literals(&code->literals, arena, beam, err) ||
		   read_lambdas(code, arena, beam->chunks[BEAM_FUNT], err) ||
		   code_read_natives(code, arena, beam->chunks[BEAM_RECS], err) ||
		   read_functions(code, arena, beam->chunks[BEAM_CODE], err)) {
		return -1;
	}
	if (code->unread)
		code->on_load = has_on_load(beam->chunks[BEAM_CODE]);
	*out = code;
	return 0;
}

int code_open(struct code **out, struct arena *arena, struct span bytes, struct error *err)
{
	struct beam_facts *facts;
	struct beam beam;

	if (beam_open(&beam, arena, bytes, err) || beam_read_facts(&facts, arena, &beam, err) ||
	    code_read(out, arena, &beam, facts, err))
		return -1;
	return 0;
}

/* ---- looking ---- */

const struct code_function *code_function(const struct code *code, const char *name, uint32_t arity)
{
	uint32_t nr = code->by_name ? code->by_name[find_name(code, name, arity)] : 0;

	return nr ? &code->functions[nr - 1] : NULL;
}

bool code_exports(const struct code *code, const char *name, uint32_t arity)
{
	const struct code_function *function = code_function(code, name, arity);

	if (function)
		return function->exported;
	/* Of code that is not read only this is known. */
	for (size_t i = 0; i < code->exports.len; i++)
		if (code->exports.items[i].arity == arity &&
		    strcmp(code->exports.items[i].name, name) == 0)
			return true;
	return false;
}

const struct term *code_term(const struct code_arg *arg)
{
	const struct value *constant = code_constant(arg);

	return constant ? constant->constant.term : NULL;
}

static const struct beam_function *nth(struct beam_functions list, const struct code_arg *arg)
{
	return arg->kind == CODE_NUMBER && arg->number < list.len ? &list.items[arg->number] : NULL;
}

const struct beam_function *code_import(const struct code *code, const struct code_arg *arg)
{
	return nth(code->imports, arg);
}

const struct beam_function *code_lambda(const struct code *code, const struct code_arg *arg)
{
	return nth(code->lambdas, arg);
}

const struct code_function *code_local(const struct code *code, const struct code_arg *arg)
{
	const struct code_place *at = code_place(code, arg);

	return at ? &code->functions[at->function] : NULL;
}

bool code_leaves(enum opcode opcode)
{
	switch (opcode) {
	case OP_RETURN:
	case OP_JUMP:
	case OP_SELECT_VAL:
	case OP_SELECT_TUPLE_ARITY:
	case OP_CALL_LAST:
	case OP_CALL_ONLY:
	case OP_CALL_EXT_LAST:
	case OP_CALL_EXT_ONLY:
	case OP_APPLY_LAST:
	case OP_BADMATCH:
	case OP_IF_END:
	case OP_CASE_END:
	case OP_TRY_CASE_END:
	case OP_RAISE:
	case OP_RAW_RAISE:
		return true;
	default:
		return false;
	}
}

int code_import_operand(enum opcode opcode)
{
	switch (opcode) {
	case OP_BIF0:
		return 0;
	case OP_CALL_EXT:
	case OP_CALL_EXT_LAST:
	case OP_CALL_EXT_ONLY:
	case OP_BIF1:
	case OP_BIF2:
	case OP_BIF3:
		return 1;
	case OP_GC_BIF1:
	case OP_GC_BIF2:
	case OP_GC_BIF3:
		return 2;
	default:
		return -1;
	}
}

const struct beam_function *code_op_import(const struct code *code, const struct code_op *op)
{
	int operand = code_import_operand(op->opcode);

	return operand < 0 ? NULL : code_import(code, &op->args[operand]);
}

const struct code_function *code_op_local(const struct code *code, const struct code_op *op)
{
	const struct beam_function *lambda;

	switch (op->opcode) {
	case OP_CALL:
	case OP_CALL_LAST:
	case OP_CALL_ONLY:
		return code_local(code, &op->args[1]);
	case OP_MAKE_FUN2:
	case OP_MAKE_FUN3:
		lambda = code_lambda(code, &op->args[0]);
		return lambda ? code_function(code, lambda->name, lambda->arity) : NULL;
	default:
		return NULL;
	}
}
