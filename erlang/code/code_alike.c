// SPDX-License-Identifier: Apache-2.0
/* All ways through a function become one number: each value is a mark of how it is made, each test
 * one of what is tested and of both ways on, unless these are the same.
 */
#include "erlang/code/code_alike.h"

#include "base/str.h"
#include "erlang/code/code_rows.h"
#include "erlang/term/term.h"

enum { REGISTERS = 32, DEPTH = 64, STEPS = 8000, TERMS = 20000 /* in literals */ };
enum { POPPED = 4 }; /* that are known at a time */
enum { NEVER = 1 /* a way that is none */ };

typedef uint64_t mark;

struct alike {
	const struct code *code;
	const struct code_function *function;
	unsigned steps, terms;
	bool lost;
	mark nowhere; /* another register than there are */
	mark given;   /* an atom that is the first argument, or 0 */
};

struct way {
	mark xs[REGISTERS], ys[REGISTERS];
	mark done; /* what was called so far, other than what only asks */
	mark sure; /* what logger:allow/2 gave: one of the two that ?LOG_INFO and the like ask for
		    */
	/* {Value, Rest} that Keyword.pop/3 gave, where its Value is what Keyword.get/3 gives. */
	struct {
		mark pair, value;
	} popped[POPPED];
	size_t popped_len;
	unsigned depth;
};

/* Not the same with both changed over, nor for small numbers that differ alike. */
static mark mix(mark a, mark b)
{
	a = a * 0x9e3779b97f4a7c15u + b;
	a = (a ^ a >> 32) * 0xd6e8feb86659fd93u;
	return a ^ a >> 29;
}

static mark of_text(mark begin, struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		begin = mix(begin, (unsigned char)text.ptr[i]);
	return mix(begin, text.len);
}

/* Long ones cost as much as many instructions. */
static mark read_text(struct alike *alike, mark begin, struct span text)
{
	size_t cost = text.len / 64;

	if (cost >= alike->steps) {
		alike->lost = true;
		return 0;
	}
	alike->steps -= (unsigned)cost;
	return of_text(begin, text);
}

static mark of_function(const struct beam_function *function)
{
	mark of = of_text(function->arity + 1, span_of(function->module));

	return of_text(of, span_of(function->name));
}

/* ---- registers ---- */

static mark *at_register(struct alike *alike, struct way *way, const struct code_arg *arg)
{
	if ((arg->kind == CODE_X || arg->kind == CODE_Y) && arg->number < REGISTERS)
		return (arg->kind == CODE_X ? way->xs : way->ys) + arg->number;
	alike->lost = true;
	return &alike->nowhere;
}

/* {line, 217}, as macros and transforms of logging put it where they stand. */
static bool is_line(const struct term *term)
{
	return term_is_tagged(term, "line", 2) && term_at(term, 1)->kind == TERM_INTEGER;
}

static mark of_term(struct alike *alike, const struct term *term)
{
	owned_str struct str text = STR_EMPTY;
	mark of = mix(12, term->kind);

	alike->lost = alike->lost || alike->terms == 0;
	if (alike->lost)
		return 0;
	alike->terms--;
	if (is_line(term))
		return mix(of, 2);
	switch (term->kind) {
	case TERM_LIST:
	case TERM_TUPLE:
		of = mix(of, term->seq.len);
		for (size_t i = 0; i < term->seq.len && !alike->lost; i++)
			of = mix(of, of_term(alike, term_at(term, i)));
		return term->seq.tail ? mix(of, of_term(alike, term->seq.tail)) : of;
	case TERM_MAP:
		for (size_t i = 0; i < term->map.len && !alike->lost; i++) {
			of = mix(of, of_term(alike, term->map.keys[i]));
			of = mix(of, of_term(alike, term->map.values[i]));
		}
		return mix(of, term->map.len);
	case TERM_BINARY:
		return read_text(alike, of, term->text);
	default:
		term_print(&text, term);
		return read_text(alike, of, str_span(&text));
	}
}

static mark of_arg(struct alike *alike, struct way *way, const struct code_arg *arg)
{
	const struct term *term = code_term(arg);
	mark of = mix(13, arg->kind);

	if (term)
		return of_term(alike, term);
	switch (arg->kind) {
	case CODE_X:
	case CODE_Y:
		return *at_register(alike, way, arg);
	case CODE_NUMBER:
	case CODE_CHAR:
		return mix(of, arg->number);
	case CODE_LIST:
		for (size_t i = 0; i < arg->len; i++)
			of = mix(of, of_arg(alike, way, &arg->items[i]));
		return of;
	default:
		alike->lost = true;
		return 0;
	}
}

/* What an instruction makes of its operands from `from` to `to`. */
static mark of_args(struct alike *alike, struct way *way, const struct code_op *op, size_t from,
		    size_t to)
{
	mark of = mix(14, op->opcode);

	for (size_t i = from; i < to && i < op->len; i++)
		of = mix(of, of_arg(alike, way, &op->args[i]));
	return of;
}

static void set(struct alike *alike, struct way *way, const struct code_arg *to, mark of)
{
	*at_register(alike, way, to) = of;
}

/* ---- ways ---- */

/* From one instruction on, behind a test. */
static mark go(struct alike *alike, struct way *way, size_t at);

/* Where no clause matches, or a body fails. */
static mark fails(const struct way *way, mark why)
{
	return mix(mix(3, why), way->done);
}

static mark jump(struct alike *alike, const struct way *way, const struct code_arg *label)
{
	const struct code_place *place = code_place(alike->code, label);
	struct way next = *way;

	if (!place || &alike->code->functions[place->function] != alike->function) {
		alike->lost = true;
		return 0;
	}
	return place->op == CODE_NOWHERE ? fails(way, 0) : go(alike, &next, place->op);
}

static mark fork_at(mark test, mark yes, mark no)
{
	if (yes == no || no == NEVER)
		return yes;
	return yes == NEVER ? no : mix(mix(mix(4, test), yes), no);
}

/* What is known of a pair; NULL: it is another value. */
static const mark *value_popped(const struct way *way, mark pair)
{
	for (size_t i = 0; i < way->popped_len; i++)
		if (way->popped[i].pair == pair)
			return &way->popped[i].value;
	return NULL;
}

/* Whether something is the tuple of two that it is known to be. */
static bool is_sure(struct alike *alike, struct way *way, const struct code_op *op)
{
	return (op->opcode == OP_IS_TUPLE ||
		(op->opcode == OP_TEST_ARITY && op->args[2].number == 2)) &&
	       value_popped(way, of_arg(alike, way, &op->args[1]));
}

static bool is_given(struct alike *alike, struct way *way, const struct code_arg *arg)
{
	return alike->given && of_arg(alike, way, arg) == alike->given;
}

static mark test(struct alike *alike, struct way *way, const struct code_op *op, size_t at)
{
	mark what, no;

	if (op->opcode == OP_IS_EQ_EXACT && is_given(alike, way, &op->args[1]) &&
	    code_term(&op->args[2]))
		return is_given(alike, way, &op->args[2]) ? go(alike, way, at + 1)
							  : jump(alike, way, &op->args[0]);
	what = of_args(alike, way, op, 1, op->len);
	if (is_sure(alike, way, op))
		return go(alike, way, at + 1);
	no = jump(alike, way, &op->args[0]);
	return fork_at(what, go(alike, way, at + 1), no);
}

/* The way of the atom that is given. */
static mark select_given(struct alike *alike, struct way *way, const struct code_op *op)
{
	const struct code_arg *list = &op->args[2];

	for (size_t i = 0; list->kind == CODE_LIST && i + 1 < list->len; i += 2)
		if (is_given(alike, way, &list->items[i]))
			return jump(alike, way, &list->items[i + 1]);
	return jump(alike, way, &op->args[1]);
}

static mark select_value(struct alike *alike, struct way *way, const struct code_op *op)
{
	const struct code_arg *list = &op->args[2];
	mark what, on;

	if (is_given(alike, way, &op->args[0]))
		return select_given(alike, way, op);
	what = of_arg(alike, way, &op->args[0]);
	on = jump(alike, way, &op->args[1]);
	for (size_t i = list->kind == CODE_LIST ? list->len / 2 : 0; i-- > 0 && !alike->lost;)
		on = fork_at(mix(what, of_arg(alike, way, &list->items[2 * i])),
			     jump(alike, way, &list->items[2 * i + 1]), on);
	return on;
}

/* The keys, then what is taken under them. */
static mark take_keys(struct alike *alike, struct way *way, const struct code_op *op, size_t at)
{
	mark map = of_arg(alike, way, &op->args[1]), all = mix(5, map);
	mark no = jump(alike, way, &op->args[0]);
	const struct code_arg *list = &op->args[2];

	for (size_t i = 0; list->kind == CODE_LIST && i + 1 < list->len; i += 2) {
		mark key = of_arg(alike, way, &list->items[i]);

		all = mix(all, key);
		set(alike, way, &list->items[i + 1], mix(mix(6, map), key));
	}
	return fork_at(all, go(alike, way, at + 1), no);
}

/* ---- calls ---- */

/* With a device in front, which may be a file. */
static bool writes_to(const struct beam_function *function)
{
	const bool text = strncmp(function->name, "put", 3) == 0; /* io:put_chars/2, IO.puts/2 */

	return (strcmp(function->module, "io") == 0 ||
		strcmp(function->module, "Elixir.IO") == 0) &&
	       function->arity == (text ? 2 : 3);
}

/* Functions that change nothing, and do not fail with what they are commonly given. */
static bool only_asks(const struct beam_function *function)
{
	/* clang-format off */
	static const struct asking { const char *module, *name; } asking[] = {
		{ "application", "get_env" },
		{ "error_logger", "error_msg" },     { "error_logger", "error_report" },
		{ "error_logger", "info_msg" },      { "error_logger", "info_report" },
		{ "error_logger", "warning_msg" },   { "error_logger", "warning_report" },
		{ "erlang", "monotonic_time" },      { "erlang", "node" },
		{ "erlang", "self" },                { "erlang", "system_time" },
		{ "io", "format" },                  { "io", "fwrite" },
		{ "io", "put_chars" },               { "io_lib", "format" },
		{ "logger", "alert" },               { "logger", "allow" },
		{ "logger", "critical" },            { "logger", "debug" },
		{ "logger", "emergency" },           { "logger", "error" },
		{ "logger", "info" },                { "logger", "log" },
		{ "logger", "macro_log" },           { "logger", "notice" },
		{ "logger", "warning" },             { "proc_lib", "set_label" },
		{ "proplists", "get_value" },
		{ "Elixir.Application", "get_env" }, { "Elixir.IO", "inspect" },
		{ "Elixir.IO", "puts" },             { "Elixir.IO", "warn" },
		{ "Elixir.Kernel", "inspect" },      { "Elixir.Keyword", "get" },
		{ "Elixir.Logger", "__do_log__" },   { "Elixir.Logger", "__should_log__" },
		{ "Elixir.Logger", "bare_log" },     { "Elixir.String.Chars", "to_string" },
		{ "Elixir.System", "monotonic_time" },
	};
	/* clang-format on */
	static struct rows rows = ROWS(asking);

	return rows_first(&rows, function) != ROWS_END && !writes_to(function);
}

/* How many arguments are in registers: a fun stands behind its own, a module and a function, too.
 */
static size_t args_of(const struct code_op *op)
{
	const struct code_arg *arity = &op->args[op->opcode == OP_CALL_FUN2];
	bool apply = op->opcode == OP_APPLY || op->opcode == OP_APPLY_LAST;

	return (size_t)arity->number + (apply ? 2 : 1);
}

/* Keyword.pop(list, key, default): as Keyword.get/3 with the same. */
static const struct beam_function *gets_for(const struct beam_function *to)
{
	static const struct {
		struct beam_function pops, gets;
	} both[] = {
		{ { "Elixir.Keyword", "pop", 2 }, { "Elixir.Keyword", "get", 2 } },
		{ { "Elixir.Keyword", "pop", 3 }, { "Elixir.Keyword", "get", 3 } },
		{ { "Elixir.Keyword", "pop!", 2 }, { "Elixir.Keyword", "fetch!", 2 } },
		{ { "Elixir.Map", "pop", 2 }, { "Elixir.Map", "get", 2 } },
		{ { "Elixir.Map", "pop", 3 }, { "Elixir.Map", "get", 3 } },
		{ { "Elixir.Map", "pop!", 2 }, { "Elixir.Map", "fetch!", 2 } },
	};

	for (size_t i = 0; to && i < ARRAY_LEN(both); i++)
		if (beam_function_same(to, &both[i].pops))
			return &both[i].gets;
	return NULL;
}

static void call(struct alike *alike, struct way *way, const struct code_op *op)
{
	const struct code_function *local = code_op_local(alike->code, op);
	const struct beam_function *called = code_op_import(alike->code, op);
	const struct beam_function *gets = gets_for(called), *to = gets ? gets : called;
	struct beam_function here = { "", local ? local->name : "", local ? local->arity : 0 };
	bool apply = op->opcode == OP_APPLY || op->opcode == OP_APPLY_LAST;
	mark what = local || to ? of_function(local ? &here : to) : mix(2, apply);
	size_t args = local ? local->arity : to ? to->arity : args_of(op);

	alike->lost = alike->lost || args > REGISTERS;
	what = mix(what, args);
	for (size_t i = 0; i < args && i < REGISTERS; i++)
		what = mix(what, way->xs[i]);
	what = mix(what, way->done);
	if (!to || !only_asks(to))
		way->done = what;
	else if (strcmp(to->name, "allow") == 0)
		way->sure = what;
	memset(way->xs, 0, sizeof(way->xs));
	way->xs[0] = gets ? mix(16, what) : what;
	if (gets && way->popped_len < POPPED) {
		way->popped[way->popped_len].pair = way->xs[0];
		way->popped[way->popped_len++].value = what;
	}
}

/* In a body nothing but what cannot fail is left out; false: in a guard, it goes elsewhere then. */
static bool bif(struct alike *alike, struct way *way, const struct code_op *op, mark *what)
{
	const struct beam_function *to = code_op_import(alike->code, op);
	size_t operand = (size_t)code_import_operand(op->opcode);

	alike->lost = alike->lost || !to;
	if (!to)
		return true;
	*what = of_args(alike, way, op, operand + 1, op->len - 1);
	*what = mix(mix(*what, of_function(to)), way->done);
	if (code_place(alike->code, &op->args[0]))
		return false;
	if (to->arity > 0 && strncmp(to->name, "is_", 3) != 0)
		way->done = *what;
	set(alike, way, &op->args[op->len - 1], *what);
	return true;
}

static mark guard_bif(struct alike *alike, struct way *way, const struct code_op *op, size_t at,
		      mark what)
{
	mark no = jump(alike, way, &op->args[0]);

	set(alike, way, &op->args[op->len - 1], what);
	return fork_at(mix(8, what), go(alike, way, at + 1), no);
}

/* ---- values ---- */

static void trim(struct way *way, size_t by)
{
	for (size_t i = 0; i < REGISTERS; i++)
		way->ys[i] = by < REGISTERS - i ? way->ys[i + by] : 0;
}

static mark lambda(struct alike *alike, struct way *way, const struct code_op *op)
{
	const struct code_function *body = code_op_local(alike->code, op);
	struct beam_function here = { "fun", body ? body->name : "", body ? body->arity : 0 };

	alike->lost = alike->lost || !body;
	return mix(of_function(&here), of_arg(alike, way, &op->args[2]));
}

/* False: another instruction. */
static bool made(struct alike *alike, struct way *way, const struct code_op *op)
{
	const struct code_arg *args = op->args;
	const mark *value;
	mark of;

	switch (op->opcode) {
	case OP_MOVE:
		set(alike, way, &args[1], of_arg(alike, way, &args[0]));
		break;
	case OP_SWAP:
		of = of_arg(alike, way, &args[0]);
		set(alike, way, &args[0], of_arg(alike, way, &args[1]));
		set(alike, way, &args[1], of);
		break;
	case OP_GET_TUPLE_ELEMENT:
		value = value_popped(way, of_arg(alike, way, &args[0]));
		of = of_args(alike, way, op, 0, 2);
		set(alike, way, &args[2], value && args[1].number == 0 ? *value : of);
		break;
	case OP_PUT_LIST:
		set(alike, way, &args[2], of_args(alike, way, op, 0, 2));
		break;
	case OP_PUT_TUPLE2:
		set(alike, way, &args[0], of_args(alike, way, op, 1, 2));
		break;
	case OP_GET_LIST:
		of = of_arg(alike, way, &args[0]);
		set(alike, way, &args[1], mix(9, of));
		set(alike, way, &args[2], mix(10, of));
		break;
	case OP_GET_HD:
	case OP_GET_TL:
		of = mix(op->opcode == OP_GET_HD ? 9 : 10, of_arg(alike, way, &args[0]));
		set(alike, way, &args[1], of);
		break;
	case OP_PUT_MAP_ASSOC:
	case OP_PUT_MAP_EXACT:
		of = mix(of_arg(alike, way, &args[1]), of_arg(alike, way, &args[4]));
		of = mix(op->opcode, of);
		if (op->opcode == OP_PUT_MAP_EXACT)
			way->done = mix(way->done, of);
		set(alike, way, &args[2], of);
		break;
	case OP_UPDATE_RECORD:
		of = mix(of_args(alike, way, op, 1, 3), of_arg(alike, way, &args[4]));
		set(alike, way, &args[3], of);
		break;
	case OP_MAKE_FUN3:
		set(alike, way, &args[1], lambda(alike, way, op));
		break;
	case OP_BS_CREATE_BIN: /* some of its parts are places in the table of texts */
		of = mix(read_text(alike, 11, alike->code->strings), of_arg(alike, way, &args[5]));
		set(alike, way, &args[4], of);
		break;
	case OP_CALL:
	case OP_CALL_EXT:
	case OP_CALL_FUN:
	case OP_CALL_FUN2:
	case OP_APPLY:
		call(alike, way, op);
		break;
	default:
		return false;
	}
	return true;
}

/* ---- all of it ---- */

static bool does_little(struct way *way, const struct code_op *op)
{
	switch (op->opcode) {
	case OP_LABEL:
	case OP_ALLOCATE:
	case OP_ALLOCATE_HEAP:
	case OP_ALLOCATE_ZERO:
	case OP_ALLOCATE_HEAP_ZERO:
	case OP_TEST_HEAP:
	case OP_INIT_YREGS:
	case OP_DEALLOCATE:
		return true;
	case OP_TRIM:
		trim(way, (size_t)op->args[0].number);
		return true;
	case OP_TRY_END:
	case OP_TRY_CASE:
	case OP_CATCH_END:
		way->done = mix(op->opcode, way->done);
		return true;
	case OP_BUILD_STACKTRACE:
		way->xs[0] = mix(op->opcode, way->xs[0]);
		return true;
	default:
		return false;
	}
}

static bool is_bif(enum opcode opcode)
{
	return opcode == OP_BIF0 || opcode == OP_BIF1 || opcode == OP_BIF2 || opcode == OP_BIF3 ||
	       opcode == OP_GC_BIF1 || opcode == OP_GC_BIF2 || opcode == OP_GC_BIF3;
}

static bool is_test(enum opcode opcode)
{
	return (opcode >= OP_IS_LT && opcode <= OP_TEST_ARITY) || opcode == OP_IS_FUNCTION ||
	       opcode == OP_IS_FUNCTION2 || opcode == OP_IS_BOOLEAN || opcode == OP_IS_MAP ||
	       opcode == OP_IS_BITSTR || opcode == OP_IS_TAGGED_TUPLE ||
	       opcode == OP_HAS_MAP_FIELDS;
}

/* The body as it is, and what is done where it fails, which knows but what was there before it. */
static mark tried(struct alike *alike, struct way *way, const struct code_op *op, size_t at)
{
	struct way failed = *way;
	mark no;

	memset(failed.xs, 0, sizeof(failed.xs));
	for (size_t i = 0; i < 3; i++) /* of which kind, why, and where */
		failed.xs[i] = mix(mix(17, i), way->done);
	no = jump(alike, &failed, &op->args[1]);
	way->done = mix(op->opcode, way->done);
	return fork_at(way->done, go(alike, way, at + 1), no);
}

/* An instruction that a way ends with, or forks at. */
static mark last(struct alike *alike, struct way *way, const struct code_op *op, size_t at)
{
	switch (op->opcode) {
	case OP_CALL_LAST:
	case OP_CALL_ONLY:
	case OP_CALL_EXT_LAST:
	case OP_CALL_EXT_ONLY:
	case OP_APPLY_LAST:
		call(alike, way, op);
		return mix(mix(7, way->xs[0]), way->done);
	case OP_RETURN:
		return mix(mix(7, way->xs[0]), way->done);
	case OP_JUMP:
		return jump(alike, way, &op->args[0]);
	case OP_SELECT_VAL:
	case OP_SELECT_TUPLE_ARITY:
		return select_value(alike, way, op);
	case OP_GET_MAP_ELEMENTS:
		return take_keys(alike, way, op, at);
	case OP_CASE_END:
		if (of_arg(alike, way, &op->args[0]) == way->sure)
			return NEVER;
		return fails(way, of_args(alike, way, op, 0, op->len));
	case OP_RAW_RAISE:
		return fails(way, mix(mix(way->xs[0], way->xs[1]), way->xs[2]));
	case OP_TRY:
	case OP_CATCH:
		return tried(alike, way, op, at);
	case OP_BADMATCH:
	case OP_IF_END:
	case OP_TRY_CASE_END:
	case OP_RAISE:
		return fails(way, of_args(alike, way, op, 0, op->len));
	default:
		if (is_test(op->opcode))
			return test(alike, way, op, at);
		alike->lost = true;
		return 0;
	}
}

static mark go(struct alike *alike, struct way *way, size_t at)
{
	const struct code_function *function = alike->function;
	mark what;

	alike->lost = alike->lost || ++way->depth > DEPTH;
	for (; at < function->len && !alike->lost && alike->steps > 0; at++, alike->steps--) {
		const struct code_op *op = &function->ops[at];

		if (is_bif(op->opcode)) {
			if (!bif(alike, way, op, &what))
				return guard_bif(alike, way, op, at, what);
		} else if (!does_little(way, op) && !made(alike, way, op)) {
			return last(alike, way, op, at);
		}
	}
	alike->lost = true;
	return 0;
}

static bool follow(mark *out, const struct code *code, const struct code_function *function,
		   const struct term *given)
{
	struct alike alike = { code, function, STEPS, TERMS, code->loads_nif, 0, 0 };
	struct way way = { .done = 1 };

	for (size_t i = 0; i < REGISTERS; i++)
		way.xs[i] = mix(15, i);
	if (given)
		way.xs[0] = alike.given = of_term(&alike, given);
	*out = go(&alike, &way, 0);
	return !alike.lost;
}

bool code_alike(const struct code *old_code, const struct code_function *before,
		const struct code *new_code, const struct code_function *after,
		const struct term *given)
{
	mark a, b;

	return follow(&a, old_code, before, given) && follow(&b, new_code, after, given) && a == b;
}
