// SPDX-License-Identifier: Apache-2.0
/* Instructions as text, and what follows from it: digests, and who calls whom. */
#include "base/hash.h"
#include "erlang/code/code_native.h"

#include <stdlib.h>

struct printer {
	struct str *out;
	const struct code *code;
	const uint32_t *labels;
	code_term_fn *term;
};

/* ---- text ---- */

/* printf is too slow for this. */
static void print_number(struct str *out, char prefix, uint64_t number)
{
	char digits[21], *at = digits + sizeof(digits);

	do
		*--at = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	*--at = prefix;
	str_add(out, (struct span){ at, (size_t)(digits + sizeof(digits) - at) });
}

static void print_name(struct str *out, const struct beam_function *f)
{
	if (!f) {
		str_adds(out, "?");
		return;
	}
	if (f->module) {
		str_adds(out, f->module);
		str_addc(out, ':');
	}
	str_adds(out, f->name);
	print_number(out, '/', f->arity);
}

static void print_list(const struct printer *p, const struct code_arg *arg);

static void print_arg(const struct printer *p, const struct code_arg *arg)
{
	static const char prefix[] = { [CODE_NUMBER] = 'u',
				       [CODE_X] = 'x',
				       [CODE_Y] = 'y',
				       [CODE_FR] = 'r',
				       [CODE_CHAR] = 'h' };

	switch (arg->kind) {
	case CODE_NIL:
	case CODE_ATOM:
	case CODE_INTEGER:
	case CODE_FLOAT:
	case CODE_LITERAL:
		p->term(p->out, code_term(arg));
		break;
	case CODE_LABEL:
		if (p->labels && arg->number < p->code->labels)
			print_number(p->out, 'f', p->labels[arg->number]);
		else
			print_number(p->out, 'f', arg->number);
		break;
	case CODE_LIST:
	case CODE_ALLOC:
		print_list(p, arg);
		break;
	default:
		print_number(p->out, prefix[arg->kind], arg->number);
	}
}

static void print_list(const struct printer *p, const struct code_arg *arg)
{
	str_addc(p->out, '[');
	for (size_t i = 0; i < arg->len; i++) {
		if (i > 0)
			str_addc(p->out, ' ');
		print_arg(p, &arg->items[i]);
	}
	str_addc(p->out, ']');
}

/* Bytes of the table of strings. */
static void print_bytes(const struct printer *p, const struct code_arg *offset, uint64_t len)
{
	struct span strings = p->code->strings;

	if (offset->kind != CODE_NUMBER || offset->number > strings.len ||
	    len > strings.len - offset->number) {
		str_adds(p->out, "?");
		return;
	}
	str_addc(p->out, '"');
	for (uint64_t i = 0; i < len; i++) {
		const uint8_t byte = (uint8_t)strings.ptr[offset->number + i];

		str_addc(p->out, "0123456789abcdef"[byte >> 4]);
		str_addc(p->out, "0123456789abcdef"[byte & 15]);
	}
	str_addc(p->out, '"');
}

static bool is_count(const struct code_arg *arg, uint64_t *out)
{
	int64_t value;

	if (arg->kind == CODE_NUMBER) {
		*out = arg->number;
		return true;
	}
	if (arg->kind != CODE_INTEGER || !term_get_integer(code_term(arg), &value) || value < 0)
		return false;
	*out = (uint64_t)value;
	return true;
}

/* The segments of bs_create_bin: type, number, unit, flags, value, size, six each; the value of
 * a string is an offset.
 */
static void print_segments(const struct printer *p, const struct code_arg *list)
{
	const struct code_arg *items = list->items;
	uint64_t len;

	str_addc(p->out, '[');
	for (size_t i = 0; i < list->len; i++) {
		if (i > 0)
			str_addc(p->out, ' ');
		if (i % 6 == 4 && i + 1 < list->len && code_term(&items[i - 4]) &&
		    term_is_atom(code_term(&items[i - 4]), "string") &&
		    is_count(&items[i + 1], &len))
			print_bytes(p, &items[i], len);
		else
			print_arg(p, &items[i]);
	}
	str_addc(p->out, ']');
}

/* Operands that are looked up in a table; false: not this one. */
static bool print_looked_up(const struct printer *p, const struct code_op *op, unsigned nr)
{
	const struct code_arg *arg = &op->args[nr];
	const struct code_function *local;
	uint64_t bits;

	switch (op->opcode) {
	case OP_CALL:
	case OP_CALL_LAST:
	case OP_CALL_ONLY:
		local = code_local(p->code, arg);
		if (nr != 1 || !local)
			return false;
		str_adds(p->out, local->name);
		print_number(p->out, '/', local->arity);
		return true;
	case OP_MAKE_FUN2:
	case OP_MAKE_FUN3:
		if (nr != 0)
			return false;
		print_name(p->out, code_lambda(p->code, arg));
		return true;
	case OP_BS_MATCH_STRING:
		if (nr != 3 || !is_count(&op->args[2], &bits) || bits > CODE_MAX)
			return false;
		print_bytes(p, arg, (bits + 7) / 8);
		return true;
	case OP_BS_PUT_STRING:
		if (nr != 1 || !is_count(&op->args[0], &bits))
			return false;
		print_bytes(p, arg, bits);
		return true;
	case OP_BS_CREATE_BIN:
		if (nr != 5 || arg->kind != CODE_LIST)
			return false;
		print_segments(p, arg);
		return true;
	default:
		return false;
	}
}

void code_print_op(struct str *out, const struct code *code, const struct code_op *op,
		   const uint32_t *labels, code_term_fn *term)
{
	const struct printer p = { out, code, labels, term ? term : term_print };
	int import = code_import_operand(op->opcode);

	str_adds(out, opcode_name(op->opcode));
	for (unsigned i = 0; i < op->len; i++) {
		str_addc(out, ' ');
		if ((int)i == import)
			print_name(out, code_import(code, &op->args[i]));
		else if (!print_looked_up(&p, op, i))
			print_arg(&p, &op->args[i]);
	}
	str_addc(out, '\n');
}

/* ---- digests ---- */

const uint32_t *code_labels(const struct code *code, struct arena *arena)
{
	uint32_t *labels = arena_array(arena, code->labels + 1, uint32_t);

	for (size_t i = 0; i < code->labels; i++)
		if (code->places[i].op == CODE_NOWHERE)
			labels[i] = 1;
	for (size_t f = 0; f < code->len; f++) {
		const struct code_function *function = &code->functions[f];
		uint32_t nr = 1;

		for (size_t i = 0; i < function->len; i++)
			if (function->ops[i].opcode == OP_LABEL)
				labels[function->ops[i].args[0].number] = ++nr;
	}
	labels[0] = 0;
	return labels;
}

/* Two forms of one term are the same bytes. */
static void encode(struct str *out, const struct term *term)
{
	term_encode_bare(out, term, TERM_ATOMS_UTF8);
}

/* What a native record of the module is made with is said by its definition, not by who makes it.
 */
static void say_made(struct str *out, const struct code *code, const struct code_op *op)
{
	const struct term *name = op->opcode == OP_PUT_RECORD ? code_term(&op->args[1]) : NULL;
	const struct code_native *native =
		name && term_atom_name(name) ? code_native(code, term_atom_name(name)) : NULL;

	for (size_t i = 0; native && i < native->len; i++) {
		str_addf(out, "%s=", native->fields[i].name);
		if (native->fields[i].value)
			encode(out, native->fields[i].value);
		str_addc(out, '\n');
	}
}

void code_say(struct str *out, const struct code *code, size_t nr, const uint32_t *labels)
{
	const struct code_function *function = &code->functions[nr];

	for (size_t i = 0; i < function->len; i++) {
		if (function->ops[i].opcode == OP_LABEL)
			str_adds(out, "label\n");
		else
			code_print_op(out, code, &function->ops[i], labels, encode);
		say_made(out, code, &function->ops[i]);
	}
}

const struct code_digest *code_digests(const struct code *code, struct arena *arena)
{
	struct code_digest *digests = arena_array(arena, code->len, struct code_digest);
	owned_hash struct hash *hash = hash_new(HASH_MD5);
	owned_str struct str text = STR_EMPTY;
	uint8_t sum[HASH_SIZE_MAX];
	const uint32_t *labels;

	if (code->unread)
		return NULL;
	labels = code_labels(code, arena);
	for (size_t f = 0; f < code->len; f++) {
		str_clear(&text);
		code_say(&text, code, f, labels);
		hash_add(hash, str_span(&text));
		hash_end(hash, sum);
		memcpy(digests[f].sum, sum, sizeof(digests[f].sum));
	}
	return digests;
}

/* ---- who calls whom ---- */

struct remotes {
	struct arena *arena;
	const struct code *code;
	struct code_remote *items;
	size_t len, cap;
	size_t first; /* of the present function */
};

static void add_remote(struct remotes *remotes, const struct code_function *from,
		       const struct beam_function *to, bool capture)
{
	for (size_t i = remotes->first; i < remotes->len; i++) {
		const struct code_remote *item = &remotes->items[i];

		if (item->capture == capture && item->to.arity == to->arity &&
		    strcmp(item->to.module, to->module) == 0 &&
		    strcmp(item->to.name, to->name) == 0)
			return;
	}
	remotes->items = arena_grow(remotes->arena, remotes->items, remotes->len, &remotes->cap);
	remotes->items[remotes->len++] =
		(struct code_remote){ .from = from, .to = *to, .capture = capture };
}

/* EXPORT_EXT, two atoms, a small integer. */
bool code_capture(struct beam_function *out, struct arena *arena, const struct term *term)
{
	enum { EXPORT_EXT = 113 };
	struct span rest;
	const struct term *parts[3];
	int64_t arity;

	if (term->kind != TERM_OPAQUE || term->text.len < 2 || term->text.ptr[0] != EXPORT_EXT)
		return false;
	rest = (struct span){ term->text.ptr + 1, term->text.len - 1 };
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		struct error err;
		size_t used;

		if (term_decode_bare(&parts[i], arena, rest, TERM_LIMITS_FILE, &used, &err))
			return false;
		rest = (struct span){ rest.ptr + used, rest.len - used };
	}
	if (!term_atom_name(parts[0]) || !term_atom_name(parts[1]) ||
	    !term_get_integer(parts[2], &arity) || arity < 0 || arity > 255)
		return false;
	*out = (struct beam_function){ term_atom_name(parts[0]), term_atom_name(parts[1]),
				       (uint32_t)arity };
	return true;
}

static void find_captures(struct remotes *remotes, const struct code_function *from,
			  const struct term *term)
{
	struct beam_function to;

	switch (term->kind) {
	case TERM_LIST:
	case TERM_TUPLE:
		for (size_t i = 0; i < term->seq.len; i++)
			find_captures(remotes, from, term_at(term, i));
		if (term->seq.tail)
			find_captures(remotes, from, term->seq.tail);
		break;
	case TERM_MAP:
		for (size_t i = 0; i < term->map.len; i++) {
			find_captures(remotes, from, term->map.keys[i]);
			find_captures(remotes, from, term->map.values[i]);
		}
		break;
	case TERM_OPAQUE:
		if (code_capture(&to, remotes->arena, term))
			add_remote(remotes, from, &to, true);
		break;
	default:
		break;
	}
}

static void find_in_args(struct remotes *remotes, const struct code_function *from,
			 const struct code_arg *args, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (args[i].kind == CODE_LITERAL)
			find_captures(remotes, from, code_term(&args[i]));
		else if (args[i].kind == CODE_LIST)
			find_in_args(remotes, from, args[i].items, args[i].len);
	}
}

struct code_remotes code_captures(const struct code_function *function, struct arena *arena)
{
	struct remotes remotes = { .arena = arena };

	for (size_t i = 0; i < function->len; i++)
		find_in_args(&remotes, function, function->ops[i].args, function->ops[i].len);
	return (struct code_remotes){ remotes.items, remotes.len };
}

struct code_remotes code_remote(const struct code *code, struct arena *arena)
{
	struct remotes remotes = { .arena = arena, .code = code };

	for (size_t f = 0; f < code->len; f++) {
		const struct code_function *from = &code->functions[f];

		remotes.first = remotes.len;
		for (size_t i = 0; i < from->len; i++) {
			const struct beam_function *to = code_op_import(code, &from->ops[i]);

			if (to)
				add_remote(&remotes, from, to, false);
			find_in_args(&remotes, from, from->ops[i].args, from->ops[i].len);
		}
	}
	return (struct code_remotes){ remotes.items, remotes.len };
}
