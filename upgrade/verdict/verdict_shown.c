// SPDX-License-Identifier: Apache-2.0
/* Assigns that are shown, and nothing more: a text in place of a number does no harm there.
 *
 * Each function that names the key is followed once through its registers: what is read under the
 * key goes to functions that take any such value, or is compared with atoms.  All else counts as
 * another use, also what is not understood.
 */
#include "upgrade/verdict/verdict_assigns.h"

enum { REGISTERS = 64, PASSES_MAX = 16 };

#define NUMBERS (1U << TERM_INTEGER | 1U << TERM_BIG | 1U << TERM_FLOAT)
#define TEXTS (NUMBERS | 1U << TERM_BINARY)
#define MANY (1U << TERM_LIST | 1U << TERM_MAP)

/* What takes every value of some kinds as its first argument. */
static const struct {
	struct beam_function to;
	unsigned kinds;
} takers[] = {
	{ { "Elixir.String.Chars", "to_string", 1 }, TEXTS },
	{ { "Elixir.Phoenix.HTML.Safe", "to_iodata", 1 }, TEXTS },
	{ { "Elixir.Phoenix.HTML", "html_escape", 1 }, TEXTS },
	{ { "Elixir.Phoenix.LiveView.Engine", "live_to_iodata", 1 }, TEXTS },
	{ { "Elixir.Kernel", "inspect", 1 }, ~0U },
	{ { "Elixir.Kernel", "inspect", 2 }, ~0U },
	{ { "Elixir.Enum", "count", 1 }, MANY },
	{ { "Elixir.Enum", "empty?", 1 }, MANY },
};

/* What is given the key as its second argument, and whether it gives what is there. */
static const struct {
	struct beam_function to;
	bool gives;
} askers[] = {
	{ { "Elixir.Access", "fetch!", 2 }, true },
	{ { "Elixir.Access", "get", 2 }, true },
	{ { "Elixir.Map", "fetch!", 2 }, true },
	{ { "Elixir.Map", "get", 2 }, true },
	{ { "Elixir.Phoenix.LiveView.Engine", "fetch_assign!", 2 }, true },
	{ { "Elixir.Phoenix.Component", "assign", 3 }, false },
	{ { "Elixir.Phoenix.Component", "changed?", 2 }, false },
	{ { "Elixir.Phoenix.LiveView", "assign", 3 }, false },
	{ { "Elixir.Phoenix.LiveView.Engine", "changed_assign?", 2 }, false },
	{ { "Elixir.Phoenix.Socket", "assign", 3 }, false },
};

struct marks {
	uint64_t xs, ys;
};

struct held {
	struct marks values, keys; /* registers with what was read, and with the key itself */
	bool reached;
};

struct following {
	const struct code *code;
	const struct code_function *function;
	const char *key;
	unsigned kinds;
	struct held now, *labels;
	bool changed, otherwise; /* it is used otherwise */
};

static bool has(const struct marks *marks, const struct code_arg *arg)
{
	if ((arg->kind == CODE_X || arg->kind == CODE_Y) && arg->number < REGISTERS)
		return (arg->kind == CODE_X ? marks->xs : marks->ys) >> arg->number & 1;
	for (uint32_t i = 0; arg->kind == CODE_LIST && i < arg->len; i++)
		if (has(marks, &arg->items[i]))
			return true;
	return false;
}

static void set(struct following *f, struct marks *marks, const struct code_arg *arg, bool value)
{
	uint64_t *bits = arg->kind == CODE_X ? &marks->xs : &marks->ys;

	if ((arg->kind != CODE_X && arg->kind != CODE_Y) || arg->number >= REGISTERS) {
		f->otherwise = f->otherwise || value;
		return;
	}
	*bits = (*bits & ~(1ULL << arg->number)) | (uint64_t)value << arg->number;
}

static void put(struct following *f, const struct code_arg *to, bool value, bool key)
{
	set(f, &f->now.values, to, value);
	set(f, &f->now.keys, to, key);
}

static bool is_key(const struct following *f, const struct code_arg *arg)
{
	const struct term *term = code_term(arg);

	return term && type_key_is(term, f->key);
}

static bool names_key(const struct following *f, const struct code_arg *arg)
{
	for (uint32_t i = 0; arg->kind == CODE_LIST && i < arg->len; i++)
		if (names_key(f, &arg->items[i]))
			return true;
	return is_key(f, arg) || has(&f->now.keys, arg);
}

static void merge(struct following *f, struct held *into)
{
	const struct held was = *into;

	into->values.xs |= f->now.values.xs;
	into->values.ys |= f->now.values.ys;
	into->keys.xs |= f->now.keys.xs;
	into->keys.ys |= f->now.keys.ys;
	into->reached = true;
	f->changed = f->changed || !was.reached || was.values.xs != into->values.xs ||
		     was.values.ys != into->values.ys || was.keys.xs != into->keys.xs ||
		     was.keys.ys != into->keys.ys;
}

static void lead_to(struct following *f, const struct code_arg *args, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const struct code_place *place = code_place(f->code, &args[i]);

		if (args[i].kind == CODE_LIST)
			lead_to(f, args[i].items, args[i].len);
		else if (place && place->op != CODE_NOWHERE &&
			 &f->code->functions[place->function] == f->function)
			merge(f, &f->labels[place->nr]);
	}
}

/* Any instruction that is not known better. */
static void plain(struct following *f, const struct code_op *op)
{
	for (size_t i = 0; i < op->len; i++)
		f->otherwise = f->otherwise || has(&f->now.values, &op->args[i]) ||
			       names_key(f, &op->args[i]);
}

static bool is_taker(const struct following *f, const struct beam_function *to)
{
	for (size_t i = 0; to && i < ARRAY_LEN(takers); i++)
		if (beam_function_same(to, &takers[i].to))
			return !(f->kinds & ~takers[i].kinds);
	return false;
}

/* Whether it asks with the key in x1; *gives: what is there. */
static bool is_asker(const struct beam_function *to, bool *gives)
{
	for (size_t i = 0; to && i < ARRAY_LEN(askers); i++)
		if (beam_function_same(to, &askers[i].to)) {
			*gives = askers[i].gives;
			return true;
		}
	return false;
}

/* assigns:key(), where assigns is no map. */
static bool is_by_dot(const struct code_op *op)
{
	return op->opcode == OP_APPLY && op->args[0].number == 0;
}

static void call(struct following *f, const struct code_op *op)
{
	const struct beam_function *to = code_op_import(f->code, op);
	const uint64_t arity = is_by_dot(op) ? 2 : op->args[0].number;
	const uint64_t args = arity < REGISTERS ? (1ULL << arity) - 1 : ~0ULL;
	const uint64_t values = f->now.values.xs & args, keys = f->now.keys.xs & args;
	bool gives = is_by_dot(op) && keys == 2;

	if ((values && !(values == 1 && is_taker(f, to))) ||
	    (keys && !is_by_dot(op) && !(keys == 2 && is_asker(to, &gives))) ||
	    (is_by_dot(op) && keys & 1))
		f->otherwise = true;
	f->now.values.xs = gives && keys == 2;
	f->now.keys.xs = 0;
	if (f->now.values.xs && code_leaves(op->opcode))
		f->otherwise = true;
}

static void get_elements(struct following *f, const struct code_op *op)
{
	const struct code_arg *list = &op->args[2];

	if (has(&f->now.values, &op->args[1]) || has(&f->now.keys, &op->args[1]))
		f->otherwise = true;
	for (uint32_t i = 0; list->kind == CODE_LIST && i + 1 < list->len; i += 2) {
		f->otherwise = f->otherwise || has(&f->now.keys, &list->items[i]);
		put(f, &list->items[i + 1], is_key(f, &list->items[i]), false);
	}
}

static bool are_atoms(const struct code_arg *list)
{
	for (uint32_t i = 0; list->kind == CODE_LIST && i < list->len; i += 2)
		if (list->items[i].kind != CODE_ATOM)
			return false;
	return list->kind == CODE_LIST;
}

/* It is compared with an atom, as nil: no number, text, list or map is one. */
static bool compares_atom(const struct code_op *op)
{
	switch (op->opcode) {
	case OP_IS_EQ_EXACT:
	case OP_IS_NE_EXACT:
		return op->args[1].kind == CODE_ATOM || op->args[2].kind == CODE_ATOM;
	case OP_SELECT_VAL:
		return are_atoms(&op->args[2]);
	default:
		return false;
	}
}

/* {badkey, Key, Map}, which is raised. */
static bool says_badkey(const struct code_op *op)
{
	const struct code_arg *list = &op->args[1];
	const struct term *first =
		op->opcode == OP_PUT_TUPLE2 && list->kind == CODE_LIST && list->len > 0
			? code_term(&list->items[0])
			: NULL;

	return first && term_is_atom(first, "badkey");
}

static void trim(struct following *f, uint64_t count)
{
	f->now.values.ys = count < REGISTERS ? f->now.values.ys >> count : 0;
	f->now.keys.ys = count < REGISTERS ? f->now.keys.ys >> count : 0;
}

static void run(struct following *f, const struct code_op *op)
{
	switch (op->opcode) {
	case OP_MOVE:
		put(f, &op->args[1], has(&f->now.values, &op->args[0]), names_key(f, &op->args[0]));
		break;
	case OP_CALL:
	case OP_CALL_LAST:
	case OP_CALL_ONLY:
	case OP_CALL_EXT:
	case OP_CALL_EXT_LAST:
	case OP_CALL_EXT_ONLY:
		call(f, op);
		break;
	case OP_APPLY:
		if (is_by_dot(op))
			call(f, op);
		else
			f->otherwise = true;
		break;
	case OP_GET_MAP_ELEMENTS:
		get_elements(f, op);
		break;
	case OP_HAS_MAP_FIELDS:
		f->otherwise = f->otherwise || has(&f->now.values, &op->args[1]);
		break;
	case OP_IS_BINARY:
		set(f, &f->now.values, &op->args[1], false);
		break;
	case OP_TRIM:
		trim(f, op->args[0].number);
		break;
	case OP_INIT_YREGS:
		for (uint32_t i = 0; op->args[0].kind == CODE_LIST && i < op->args[0].len; i++)
			put(f, &op->args[0].items[i], false, false);
		break;
	case OP_DEALLOCATE:
		trim(f, REGISTERS);
		break;
	case OP_RETURN:
		f->otherwise = f->otherwise || f->now.values.xs & 1 || f->now.keys.xs & 1;
		break;
	case OP_TRY:
	case OP_CATCH:
	case OP_CALL_FUN:
	case OP_CALL_FUN2:
	case OP_APPLY_LAST:
	case OP_SEND:
		f->otherwise = f->otherwise || f->now.values.xs || f->now.keys.xs ||
			       op->opcode == OP_TRY || op->opcode == OP_CATCH;
		break;
	default:
		if (says_badkey(op))
			put(f, &op->args[0], false, false);
		else if (!(compares_atom(op) && !names_key(f, &op->args[1]) &&
			   !names_key(f, &op->args[2])))
			plain(f, op);
	}
}

static void pass(struct following *f)
{
	f->changed = false;
	f->now = (struct held){ .reached = true };
	for (size_t i = 0; i < f->function->len && !f->otherwise; i++) {
		const struct code_op *op = &f->function->ops[i];
		const struct code_place *place;

		if (op->opcode == OP_LABEL) {
			place = &f->code->places[op->args[0].number];
			if (f->now.reached)
				merge(f, &f->labels[place->nr]);
			f->now = f->labels[place->nr];
			continue;
		}
		if (!f->now.reached)
			continue;
		lead_to(f, op->args, op->len);
		run(f, op);
		if (code_leaves(op->opcode))
			f->now = (struct held){ 0 };
	}
}

static bool shows_only(const struct code *code, const struct code_function *function,
		       const char *key, unsigned kinds)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct following f = { .code = code, .function = function, .key = key, .kinds = kinds };

	f.labels = arena_array(&scratch, function->labels + 1, struct held);
	for (unsigned passes = 0; passes < PASSES_MAX && !f.otherwise; passes++) {
		pass(&f);
		if (!f.changed)
			return !f.otherwise;
	}
	return false;
}

bool assign_is_only_shown(const struct code *code, const char *key, unsigned kinds)
{
	for (size_t i = 0; i < code->len; i++) {
		const struct code_function *function = &code->functions[i];

		if (!assigns_begin_in(function->name) && function_names(function, key) &&
		    !shows_only(code, function, key, kinds))
			return false;
	}
	return true;
}
