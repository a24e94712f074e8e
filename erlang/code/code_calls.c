// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/code_run.h"

/* Goes on once for each value that a call may have returned. */
static void go_on_with(struct run *run, struct values values, bool tail)
{
	if (values.len == 0 || tail) {
		for (size_t i = 0; i < values.len; i++)
			eval_add(run->eval, &run->outcomes, values.items[i]);
		run->stop = true;
		return;
	}
	for (size_t i = 1; i < values.len; i++) {
		struct state *next;

		run->todo = arena_grow(run->scratch, run->todo, run->todo_len, &run->todo_cap);
		next = &run->todo[run->todo_len++];
		*next = run->now;
		next->regs = run_copy_regs(run);
		next->fresh = share_is_new(run, run->now.at, values.items[i]);
		memset(next->regs, 0, run->xs * sizeof(*next->regs));
		next->regs[0] = values.items[i];
	}
	run->now.fresh = share_is_new(run, run->now.at, values.items[0]) || run->now.fresh;
	run_returned(run, values.items[0]);
}

static void go_on_with_one(struct run *run, const struct value *value, bool tail)
{
	if (tail)
		run_outcome(run, value);
	else
		run_returned(run, value);
}

/* Registers without a value are unknown as arguments, too. */
static const struct value *const *args_of(struct run *run, uint32_t arity)
{
	for (size_t i = 0; i < arity; i++)
		if (!run->now.regs[i])
			run->now.regs[i] = &value_unknown;
	return run->now.regs;
}

/* Of what is lost in another module than the one that is looked at. */
static const char *module_seen(const struct run *run)
{
	const struct eval_frame *at = run->eval->top;

	while (at && at->caller)
		at = at->caller;
	return at && at->code != run->code ? run->code->module : NULL;
}

static bool is_left(struct run *run, const struct code_function *callee, bool by_name)
{
	struct eval *eval = run->eval;

	return eval->on_enter &&
	       eval->on_enter(eval->ctx, callee, args_of(run, callee->arity), by_name);
}

/* What a module of OTP or Elixir calls of its own, and is known here: lists:reverse/2 has no code.
 */
static const struct value *known_local(struct run *run, const struct code_function *callee)
{
	const struct beam_function function = { run->code->module, callee->name, callee->arity };

	return run->code->pure && callee->arity <= run->xs
		       ? known_call(run->eval, &function, args_of(run, callee->arity))
		       : NULL;
}

static void call_local(struct run *run, const struct code_function *callee, bool by_name, bool tail)
{
	const struct value *value = callee ? known_local(run, callee) : NULL;
	struct values values;

	if (value)
		go_on_with_one(run, value, tail);
	else if (!callee || callee->arity > run->xs)
		go_on_with_one(run, &value_unknown, tail);
	else if (is_left(run, callee, by_name))
		run->stop = true;
	else if (eval_follow(&values, run->eval, run->code, callee, args_of(run, callee->arity)) &&
		 (values.len > 0 || !run->code->loads_nif))
		go_on_with(run, values, tail);
	else
		go_on_with_one(run,
			       value_unseen(run->arena,
					    (struct beam_function){ module_seen(run), callee->name,
								    callee->arity }),
			       tail);
}

static void call_remote(struct run *run, const struct beam_function *function, bool tail)
{
	const struct code_function *own;
	const struct value *const *args;
	struct values values;
	bool known;

	if (!function || function->arity > run->xs) {
		go_on_with_one(run, &value_unknown, tail);
		return;
	}
	own = strcmp(function->module, run->code->module) == 0
		      ? code_function(run->code, function->name, function->arity)
		      : NULL;
	if (own) {
		call_local(run, own, true, tail);
		return;
	}
	if (known_to_raise(function)) {
		run_raise(run);
		return;
	}
	args = args_of(run, function->arity);
	run->eval->missed = known_to_miss(run->eval, function, args);
	if (run->eval->missed || known_to_fail(function, args)) {
		run_raise(run);
		run->eval->missed = false;
		return;
	}
	if (run->eval->on_call)
		run->eval->on_call(run->eval->ctx, function, args);
	values = eval_remote(run->eval, function, args, &known);
	if (known)
		go_on_with(run, values, tail);
	else
		go_on_with_one(run, value_unseen(run->arena, *function), tail);
}

static void call_blind(struct run *run, uint64_t arity, bool tail)
{
	if (run->eval->on_blind && arity <= run->xs)
		run->eval->on_blind(run->eval->ctx, args_of(run, (uint32_t)arity), (size_t)arity);
	go_on_with_one(run, &value_unknown, tail);
}

static void call_fun(struct run *run, const struct value *fun, uint64_t arity, bool tail)
{
	const struct value *args[256] = { NULL };
	struct values values;
	size_t env = fun->kind == VALUE_FUN ? fun->fun.len : 0;
	struct beam_function captured;

	if (fun->kind == VALUE_TERM && code_capture(&captured, run->arena, fun->constant.term) &&
	    captured.arity == arity) {
		call_remote(run, &captured, tail);
		return;
	}
	if (value_term_kind(fun) >= 0 && value_term_kind(fun) != TERM_OPAQUE) {
		run->stop = true; /* badfun */
		return;
	}
	if (fun->kind != VALUE_FUN || arity + env > ARRAY_LEN(args) || arity > run->xs ||
	    arity + env != fun->fun.function->arity) {
		call_blind(run, arity, tail);
		return;
	}
	for (size_t i = 0; i < arity; i++)
		args[i] = run_get_x(run, i);
	for (size_t i = 0; i < env; i++)
		args[arity + i] = fun->fun.env[i];
	if (eval_follow(&values, run->eval, fun->fun.code, fun->fun.function, args))
		go_on_with(run, values, tail);
	else
		go_on_with_one(run, &value_unknown, tail);
}

/* The module of which a function is called that is not known; NULL: that is not to be seen. */
static const char *plugin_with(const struct run *run, const struct value *module, const char *name,
			       uint32_t arity)
{
	const struct code_library *library = run->eval->library;
	const struct code *code =
		name && library && library->plugin &&
				(module->kind == VALUE_UNKNOWN || module->kind == VALUE_ARGUMENT)
			? library->open(library->ctx, library->plugin)
			: NULL;

	return code && code_exports(code, name, arity) ? library->plugin : NULL;
}

/* Elixir's nil and booleans: a function of nil, as mod.run() where no module was given, fails. */
static bool is_no_module(const char *name)
{
	return name && (strcmp(name, "nil") == 0 || strcmp(name, "true") == 0 ||
			strcmp(name, "false") == 0);
}

/* apply/1, /2: the module and the function stand behind the arguments. */
static void apply(struct run *run, const struct code_arg *arity, bool tail)
{
	struct beam_function function;

	if (arity->kind != CODE_NUMBER || arity->number + 2 > run->xs) {
		go_on_with_one(run, &value_unknown, tail);
		return;
	}
	function.module = value_atom_name(run_get_x(run, arity->number));
	function.name = value_atom_name(run_get_x(run, arity->number + 1));
	function.arity = (uint32_t)arity->number;
	if (is_no_module(function.module)) {
		run_raise(run);
		return;
	}
	if (!function.module)
		function.module = plugin_with(run, run_get_x(run, arity->number), function.name,
					      function.arity);
	if (function.module && function.name)
		call_remote(run, &function, tail);
	else
		call_blind(run, arity->number, tail);
}

void run_call(struct run *run, const struct code_op *op)
{
	const unsigned caught = run->now.caught, limit = run->eval->limit;
	const bool aside = run->eval->aside;

	run->eval->at = run->now.at;
	run->eval->waited = run->now.waited;
	run->eval->caught += caught;
	share_little(run);
	switch (op->opcode) {
	case OP_CALL:
		call_local(run, code_local(run->code, &op->args[1]), false, false);
		break;
	case OP_CALL_LAST:
	case OP_CALL_ONLY:
		call_local(run, code_local(run->code, &op->args[1]), false, true);
		break;
	case OP_CALL_EXT:
		call_remote(run, code_import(run->code, &op->args[1]), false);
		break;
	case OP_CALL_EXT_LAST:
	case OP_CALL_EXT_ONLY:
		call_remote(run, code_import(run->code, &op->args[1]), true);
		break;
	case OP_CALL_FUN:
		call_fun(run, run_get_x(run, op->args[0].number), op->args[0].number, false);
		break;
	case OP_CALL_FUN2:
		call_fun(run, run_get(run, &op->args[2]), op->args[1].number, false);
		break;
	case OP_APPLY:
		apply(run, &op->args[0], false);
		break;
	default:
		apply(run, &op->args[0], true);
		break;
	}
	run->eval->caught -= caught;
	run->eval->limit = limit;
	run->eval->aside = aside;
}
