// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/code_text.h"

unsigned eval_limit(const struct eval *eval)
{
	return eval->limit ? eval->limit : EVAL_STEPS;
}

/* ---- instructions ---- */

/* How the plain instructions change registers: by the operand that they write, plus one. */
/* clang-format off */
static const uint8_t writes[OPCODE_END] = {
	[OP_BS_START_MATCH2] = 5, [OP_BS_START_MATCH3] = 4, [OP_BS_START_MATCH4] = 4,
	[OP_BS_GET_INTEGER2] = 7, [OP_BS_GET_FLOAT2] = 7,   [OP_BS_GET_BINARY2] = 7,
	[OP_BS_GET_UTF8] = 5,     [OP_BS_GET_UTF16] = 5,    [OP_BS_GET_UTF32] = 5,
	[OP_BS_GET_TAIL] = 2,     [OP_BS_GET_POSITION] = 2, [OP_BS_CREATE_BIN] = 5,
	[OP_BS_INIT2] = 6,        [OP_BS_INIT_BITS] = 6,    [OP_BS_APPEND] = 8,
	[OP_BS_PRIVATE_APPEND] = 6, [OP_BS_ADD] = 5,        [OP_BS_UTF8_SIZE] = 3,
	[OP_BS_UTF16_SIZE] = 3,   [OP_FMOVE] = 2,           [OP_RECV_MARKER_RESERVE] = 1,
	[OP_INIT] = 1,            [OP_LOOP_REC] = 2,
};
/* clang-format on */

/* Those that write no register; a label comes first, if there is one. */
static bool writes_nothing(enum opcode opcode)
{
	switch (opcode) {
	case OP_TEST_HEAP:
	case OP_TRY_END:
	case OP_CATCH_END:
	case OP_ON_LOAD:
	case OP_NIF_START:
	case OP_TIMEOUT:
	case OP_REMOVE_MESSAGE:
	case OP_WAIT_TIMEOUT:
	case OP_RECV_MARK:
	case OP_RECV_SET:
	case OP_RECV_MARKER_BIND:
	case OP_RECV_MARKER_CLEAR:
	case OP_RECV_MARKER_USE:
	case OP_FCLEARERROR:
	case OP_FCHECKERROR:
	case OP_FCONV:
	case OP_FADD:
	case OP_FSUB:
	case OP_FMUL:
	case OP_FDIV:
	case OP_FNEGATE:
	case OP_BS_SET_POSITION:
	case OP_BS_TEST_TAIL2:
	case OP_BS_TEST_UNIT:
	case OP_BS_MATCH_STRING:
	case OP_BS_SKIP_BITS2:
	case OP_BS_SKIP_UTF8:
	case OP_BS_SKIP_UTF16:
	case OP_BS_SKIP_UTF32:
	case OP_BS_PUT_INTEGER:
	case OP_BS_PUT_BINARY:
	case OP_BS_PUT_FLOAT:
	case OP_BS_PUT_STRING:
	case OP_BS_PUT_UTF8:
	case OP_BS_PUT_UTF16:
	case OP_BS_PUT_UTF32:
		return true;
	default:
		return false;
	}
}

static void fork_to_all(struct run *run, const struct code_arg *args, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (args[i].kind == CODE_LABEL)
			run_fork(run, &args[i]);
		else if (args[i].kind == CODE_LIST)
			fork_to_all(run, args[i].items, args[i].len);
	}
}

/* Whether bits come in whole bytes: so many units of such a size. */
static bool whole_bytes(const struct code_arg *size, const struct code_arg *unit)
{
	const struct term *term = code_term(size);
	int64_t units = 1;

	if (unit->kind != CODE_NUMBER)
		return false;
	if (size->kind == CODE_NUMBER)
		units = (int64_t)(size->number % 8);
	else if (term && term->kind == TERM_INTEGER)
		units = term->integer % 8;
	return units * (int64_t)(unit->number % 8) % 8 == 0;
}

static bool is_segment_whole(const struct code_arg *segment)
{
	static const char *const always[] = { "utf8", "utf16", "utf32", "string", "float" };
	const struct term *term = code_term(&segment[0]);
	const char *type = term ? term_atom_name(term) : NULL;

	for (size_t i = 0; type && i < ARRAY_LEN(always); i++)
		if (strcmp(type, always[i]) == 0)
			return true;
	return whole_bytes(&segment[5], &segment[2]);
}

/* bs_create_bin: [type, number, unit, flags, what, size, …] */
static bool creates_binary(const struct code_op *op)
{
	const struct code_arg *list = &op->args[5];

	for (size_t i = 0; list->kind == CODE_LIST && i + 5 < list->len; i += 6)
		if (!is_segment_whole(&list->items[i]))
			return false;
	return list->kind == CODE_LIST;
}

/* Whether a segment is seen to be of another kind than its type wants. */
static bool is_segment_wrong(struct run *run, const struct code_arg *segment)
{
	static const struct {
		const char *type;
		unsigned wants; /* bits of enum term_kind */
	} types[] = {
		{ "integer", 1U << TERM_INTEGER | 1U << TERM_BIG },
		{ "float", 1U << TERM_INTEGER | 1U << TERM_BIG | 1U << TERM_FLOAT },
		{ "binary", 1U << TERM_BINARY | 1U << TERM_BITSTRING },
		{ "append", 1U << TERM_BINARY | 1U << TERM_BITSTRING },
		{ "private_append", 1U << TERM_BINARY | 1U << TERM_BITSTRING },
		{ "utf8", 1U << TERM_INTEGER },
	};
	const struct term *term = code_term(&segment[0]);
	const char *type = term ? term_atom_name(term) : NULL;

	for (size_t i = 0; type && i < ARRAY_LEN(types); i++)
		if (strcmp(types[i].type, type) == 0) {
			const int kind = value_term_kind(run_get(run, &segment[4]));

			return kind >= 0 && !(types[i].wants & 1U << kind);
		}
	return false;
}

/* What is left of a binary is one where that was tested on the way there. */
static bool is_tail_whole(const struct run *run)
{
	for (size_t i = run->now.at; i-- > 0;) {
		const struct code_op *op = &run->function->ops[i];

		if (op->opcode == OP_LABEL)
			return false;
		if (op->opcode == OP_BS_TEST_UNIT)
			return op->args[2].kind == CODE_NUMBER && op->args[2].number % 8 == 0;
	}
	return false;
}

/* What they write, as far as its kind is seen: not all bits are bytes. */
static const struct value *what_is_written(struct run *run, const struct code_op *op)
{
	bool whole = false;

	switch (op->opcode) {
	case OP_BS_CREATE_BIN:
		return creates_binary(op) ? text_built(run, op) : &value_unknown;
	case OP_BS_INIT2:
	case OP_BS_INIT_BITS:
		return text_built(run, op);
	case OP_BS_GET_BINARY2:
		whole = whole_bytes(&op->args[3], &op->args[4]);
		break;
	case OP_BS_GET_TAIL:
		whole = is_tail_whole(run);
		break;
	case OP_BS_GET_INTEGER2:
	case OP_BS_GET_UTF8:
	case OP_BS_GET_UTF16:
	case OP_BS_GET_UTF32:
		return value_of_kind(run->arena, TERM_INTEGER);
	case OP_BS_GET_FLOAT2:
		return value_of_kind(run->arena, TERM_FLOAT);
	default:
		break;
	}
	return whole ? value_of_kind(run->arena, TERM_BINARY) : &value_unknown;
}

/* An instruction of which nothing is said here may change any register, and go anywhere. */
static void plain_op(struct run *run, const struct code_op *op)
{
	if (writes[op->opcode] > 0) {
		if (op->args[0].kind == CODE_LABEL)
			run_fork(run, &op->args[0]);
		run_set(run, &op->args[writes[op->opcode] - 1], what_is_written(run, op));
	} else if (writes_nothing(op->opcode)) {
		if (op->len > 0 && op->args[0].kind == CODE_LABEL)
			run_fork(run, &op->args[0]);
	} else {
		run_forget(run);
		fork_to_all(run, op->args, op->len);
	}
}

static void run_create_binary(struct run *run, const struct code_op *op)
{
	const struct code_arg *list = &op->args[5];

	run_charge(run, list->kind == CODE_LIST ? list->len : 0);
	for (size_t i = 0; list->kind == CODE_LIST && i + 5 < list->len; i += 6)
		if (is_segment_wrong(run, &list->items[i])) {
			run_fail(run, &op->args[0], false);
			return;
		}
	plain_op(run, op);
}

/* An exception may come from anywhere behind `try` and `catch`; what is needed then is in y
 * registers that stay as they are.
 */
static void guard(struct run *run, const struct code_op *op)
{
	const struct value **regs = run->now.regs;

	run->now.regs = run_copy_regs(run);
	memset(run->now.regs, 0, run->xs * sizeof(*run->now.regs));
	/* What `catch` guards comes to its end both ways. */
	run->now.caught += op->opcode == OP_CATCH;
	run_fork(run, &op->args[1]);
	run->now.caught += op->opcode == OP_TRY;
	run->now.regs = regs;
}

/* Pid ! Message is seen as a call, too. */
static void run_send(struct run *run)
{
	static const struct beam_function send = { "erlang", "send", 2 };
	const struct value *args[] = { run_get_x(run, 0), run_get_x(run, 1) };

	run->eval->at = run->now.at;
	run->eval->waited = run->now.waited;
	if (run->eval->on_call)
		run->eval->on_call(run->eval->ctx, &send, args);
	if (known_to_fail(&send, args))
		run_raise(run);
	else
		run_returned(run, args[1]);
}

static void run_look(struct run *run, const struct code_op *op)
{
	const bool looks = run->eval->message && !run->now.waited;

	run->now.waited = true;
	run->now.looks = looks;
	if (looks)
		run_set(run, &op->args[1], run->eval->message);
	else
		plain_op(run, op);
}

/* No clause takes the message: the next one is looked at. */
static void run_leave(struct run *run, const struct code_op *op)
{
	run->eval->left = run->eval->left || run->now.looks;
	if (run->now.looks)
		run->stop = true;
	else
		run_jump(run, &op->args[0]);
}

/* bs_match: what a command among [integer, live, flags, size, unit, to, …], [binary, the same …]
 * and [get_tail, live, unit, to, …] takes out.
 */
static const struct value *what_is_taken(struct run *run, const struct code_arg *command,
					 size_t left)
{
	const struct term *term = code_term(command);
	const char *name = term ? term_atom_name(term) : NULL;
	bool whole = false;

	if (!name)
		return NULL;
	if (strcmp(name, "integer") == 0)
		return value_of_kind(run->arena, TERM_INTEGER);
	if (strcmp(name, "binary") == 0)
		whole = left > 4 && whole_bytes(&command[3], &command[4]);
	else if (strcmp(name, "get_tail") == 0)
		whole = left > 2 && command[2].kind == CODE_NUMBER && command[2].number % 8 == 0;
	return whole ? value_of_kind(run->arena, TERM_BINARY) : &value_unknown;
}

static void run_take_apart(struct run *run, const struct code_op *op)
{
	const struct code_arg *list = &op->args[2];
	const struct value *value = &value_unknown;

	run_fork(run, &op->args[0]);
	for (size_t i = 0; list->kind == CODE_LIST && i < list->len; i++) {
		const struct value *taken = what_is_taken(run, &list->items[i], list->len - i);

		value = taken ? taken : value;
		run_set(run, &list->items[i], value);
	}
}

static void other_op(struct run *run, const struct code_op *op)
{
	switch (op->opcode) {
	case OP_ALLOCATE:
	case OP_ALLOCATE_HEAP:
	case OP_ALLOCATE_ZERO:
	case OP_ALLOCATE_HEAP_ZERO:
	case OP_DEALLOCATE:
		run_clear_ys(run);
		break;
	case OP_INIT_YREGS:
		for (size_t i = 0; op->args[0].kind == CODE_LIST && i < op->args[0].len; i++)
			run_set(run, &op->args[0].items[i], NULL);
		break;
	case OP_TRIM:
		run_trim(run, &op->args[0]);
		break;
	case OP_TRY:
	case OP_CATCH:
		guard(run, op);
		break;
	case OP_TRY_END:
	case OP_CATCH_END:
		run->now.caught -= run->now.caught > 0;
		plain_op(run, op);
		break;
	case OP_BS_MATCH:
		run_take_apart(run, op);
		break;
	case OP_BS_CREATE_BIN:
		run_create_binary(run, op);
		break;
	case OP_SEND:
		run_send(run);
		break;
	case OP_TRY_CASE:
	case OP_BUILD_STACKTRACE:
	case OP_BS_INIT_WRITABLE:
		run_returned(run, NULL);
		break;
	case OP_LOOP_REC:
		run_look(run, op);
		break;
	case OP_LOOP_REC_END:
		run_leave(run, op);
		break;
	case OP_REMOVE_MESSAGE:
		run->now.looks = false;
		break;
	case OP_WAIT:
	case OP_JUMP:
		run_jump(run, &op->args[0]);
		break;
	default:
		plain_op(run, op);
		break;
	}
}

static void do_op(struct run *run, const struct code_op *op)
{
	switch (op->opcode) {
	case OP_LABEL:
		run_pass_label(run, &op->args[0]);
		break;
	case OP_RETURN:
		run_outcome(run, run_get_x(run, 0));
		break;
	case OP_CALL:
	case OP_CALL_LAST:
	case OP_CALL_ONLY:
	case OP_CALL_EXT:
	case OP_CALL_EXT_LAST:
	case OP_CALL_EXT_ONLY:
	case OP_CALL_FUN:
	case OP_CALL_FUN2:
	case OP_APPLY:
	case OP_APPLY_LAST:
		run_call(run, op);
		break;
	case OP_MOVE:
	case OP_SWAP:
	case OP_PUT_LIST:
	case OP_PUT_TUPLE2:
	case OP_PUT_TUPLE:
	case OP_GET_TUPLE_ELEMENT:
	case OP_SET_TUPLE_ELEMENT:
	case OP_UPDATE_RECORD:
	case OP_PUT_MAP_ASSOC:
	case OP_PUT_MAP_EXACT:
	case OP_GET_MAP_ELEMENTS:
	case OP_HAS_MAP_FIELDS:
	case OP_MAKE_FUN3:
	case OP_GET_LIST:
	case OP_GET_HD:
	case OP_GET_TL:
		run_data(run, op);
		break;
	case OP_BIF0:
	case OP_BIF1:
	case OP_BIF2:
	case OP_BIF3:
	case OP_GC_BIF1:
	case OP_GC_BIF2:
	case OP_GC_BIF3:
		run_bif(run, op);
		break;
	case OP_PUT_RECORD:
	case OP_GET_RECORD_ELEMENTS:
	case OP_GET_RECORD_FIELD:
	case OP_IS_ANY_NATIVE_RECORD:
	case OP_IS_NATIVE_RECORD:
	case OP_IS_RECORD_ACCESSIBLE:
		run_native(run, op);
		break;
	case OP_SELECT_VAL:
	case OP_SELECT_TUPLE_ARITY:
		run_select(run, op);
		break;
	case OP_BADMATCH:
	case OP_IF_END:
	case OP_CASE_END:
	case OP_TRY_CASE_END:
	case OP_RAISE:
	case OP_RAW_RAISE: /* would go on with a class that is none, which a handler is not given */
	case OP_BADRECORD:
		run_raise(run);
		break;
	default:
		if ((op->opcode >= OP_IS_LT && op->opcode <= OP_TEST_ARITY) ||
		    op->opcode == OP_IS_FUNCTION || op->opcode == OP_IS_FUNCTION2 ||
		    op->opcode == OP_IS_BOOLEAN || op->opcode == OP_IS_MAP ||
		    op->opcode == OP_IS_BITSTR || op->opcode == OP_IS_TAGGED_TUPLE)
			run_test(run, op);
		else
			other_op(run, op);
	}
}

/* Follows one way to its end, or until there are no steps left. */
static void follow(struct run *run)
{
	run->stop = false;
	while (!run->stop && run->now.at < run->function->len) {
		if (++run->eval->steps > eval_limit(run->eval))
			return;
		if (run->covered && !run->covered[run->now.at])
			run->covered[run->now.at] = run->way + 1;
		do_op(run, &run->function->ops[run->now.at++]);
	}
	/* Code does not end without a last word. */
	if (!run->stop)
		run->eval->gave_up = run->stop = true;
}

/* ---- recursion ---- */

/* A list of which some elements were taken off. */
static bool is_shorter(const struct value *now, const struct value *before, struct arena *arena)
{
	const struct value *head, *rest = before;

	for (int i = 0; i < 2 && value_uncons(rest, arena, &head, &rest); i++)
		if (value_same(rest, now))
			return true;
	return false;
}

static bool is_integer(const struct value *value)
{
	return value->kind == VALUE_TERM && value->constant.term->kind == TERM_INTEGER;
}

/* Whether something that is known leads to an end: a list, a number.  Where there was another way,
 * a number is likely to be a mere count beside what leads there.
 */
static bool gets_on(struct eval *eval, const struct eval_frame *now,
		    const struct eval_frame *before)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	bool counts = false;

	for (size_t i = 0; i < now->function->arity; i++) {
		const struct value *a = now->args[i], *b = before->args[i];

		if (!a || !b)
			continue;
		if (is_shorter(a, b, &arena))
			return true;
		counts = counts || (is_integer(a) && is_integer(b) && !value_same(a, b));
	}
	if (!counts || eval->counts || *before->others == 0)
		return counts;
	eval->cut_counting = true;
	return false;
}

/* A recursion over something unknown is left where it has gone round often enough: the ways that
 * end earlier show what comes of it.
 */
static bool goes_round(struct eval *eval, const struct eval_frame *now)
{
	const struct eval_frame *before = NULL;
	unsigned rounds = 0;

	for (const struct eval_frame *at = now->caller; at; at = at->caller) {
		if (at->function != now->function)
			continue;
		before = before ? before : at;
		if (++rounds == EVAL_ROUNDS)
			return !gets_on(eval, now, before);
	}
	return false;
}

/* Follows all ways. */
static void follow_all(struct run *run, const struct value *const *args)
{
	const struct code_function *function = run->function;
	struct eval *eval = run->eval;

	run->seen = arena_array(run->scratch, function->labels, struct seen);
	run->now.regs = arena_array(run->scratch, run_regs_len(run), const struct value *);
	for (size_t i = 0; i < function->arity; i++)
		run->now.regs[i] = args[i];
	share_begin(run);
	for (;;) {
		follow(run);
		if (run->stop && run->todo_len == 0)
			break;
		if (eval->steps > eval_limit(eval)) {
			eval->gave_up = eval->gave_up || !share_all_seen(run);
			break;
		}
		share_next(run);
	}
}

/* What the ways of a function need is given back before its caller goes on, so that all of them
 * take it from one place.
 */
static void follow_in_scratch(struct run *run, const struct value *const *args)
{
	owned_arena struct arena own = ARENA_EMPTY;
	struct arena *shared = run->eval->scratch;
	struct arena_mark mark;

	run->scratch = shared ? shared : &own;
	mark = arena_mark(run->scratch);
	run->eval->scratch = run->scratch;
	follow_all(run, args);
	arena_release(run->scratch, mark);
	run->eval->scratch = shared;
}

static struct values follow_function(struct eval *eval, const struct code *code,
				     const struct code_function *function,
				     const struct value *const *args)
{
	struct run run = { .eval = eval,
			   .arena = eval->arena,
			   .code = code,
			   .function = function,
			   .now.waited = eval->waited };

	struct eval_frame frame = { eval->top, code, function, args, &run.todo_len };

	if (eval->depth == EVAL_DEPTH || eval->steps > eval_limit(eval) || !run_measure(&run)) {
		eval->gave_up = true;
		return run.outcomes;
	}
	if (goes_round(eval, &frame)) {
		eval->cut = true;
		return run.outcomes;
	}
	eval->depth++;
	eval->top = &frame;
	eval->steps += (unsigned)(function->len / 8);
	follow_in_scratch(&run, args);
	eval->top = frame.caller;
	eval->depth--;
	return run.outcomes;
}

static bool is_inside(const struct eval *eval, const struct code_function *function)
{
	for (const struct eval_frame *at = eval->top; at; at = at->caller)
		if (at->function == function)
			return true;
	return false;
}

struct values eval_function(struct eval *eval, const struct code *code,
			    const struct code_function *function, const struct value *const *args)
{
	const bool before = eval->cut_counting, cut = eval->cut;
	struct values out;

	eval->cut_counting = false;
	out = follow_function(eval, code, function, args);
	if (out.len == 0 && eval->cut_counting && !eval->counts && !is_inside(eval, function)) {
		eval->counts = true;
		eval->cut = cut;
		out = follow_function(eval, code, function, args);
		eval->counts = false;
	}
	eval->cut_counting = eval->cut_counting || before;
	return out;
}

struct values eval_any(struct eval *eval, const struct code *code,
		       const struct code_function *function)
{
	const struct value *args[256];

	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		args[i] = &value_unknown;
	return eval_function(eval, code, function, args);
}
