// SPDX-License-Identifier: Apache-2.0
/* What calls come to: recalled, known, or followed; by code, by name, and of funs. */
#include "erlang/code/code_memo.h"
#include "erlang/code/code_run.h"

/* False: it is not, or would take more steps than are left. */
static bool recall(struct values *out, struct eval *eval, const struct recalled *recalled)
{
	if (!recalled || (!eval->shares && eval->steps + recalled->steps > eval_limit(eval)))
		return false;
	eval->steps += eval->shares ? 1 : recalled->steps;
	eval->cut = eval->cut || recalled->cut;
	*out = recalled->values;
	return true;
}

/* *what: what came of it. */
static void follow_call(struct recalled *what, struct eval *eval, const struct code *code)
{
	bool gave_up = eval->gave_up, cut = eval->cut, cut_counting = eval->cut_counting;
	unsigned steps = eval->steps;

	eval->gave_up = eval->cut = eval->cut_counting = false;
	what->values = eval_function(eval, code, what->function, what->args);
	what->all = !eval->gave_up;
	what->cut = eval->cut;
	what->cut_counting = eval->cut_counting;
	what->steps = eval->steps - steps;
	eval->gave_up = gave_up;
	eval->cut = cut || eval->cut;
	eval->cut_counting = cut_counting || eval->cut_counting;
}

bool eval_follow(struct values *out, struct eval *eval, const struct code *code,
		 const struct code_function *function, const struct value *const *args)
{
	const struct recalled *recalled = memo_find(eval, function, args);
	struct recalled what = { .function = function, .args = args };
	const unsigned limit = eval->limit;

	if (recalled && (eval->shares || (recalled->all && !recalled->cut)) &&
	    recall(out, eval, recalled))
		return recalled->all;
	share_steps(eval);
	follow_call(&what, eval, code);
	eval->limit = limit;
	/* How far others get depends on who calls. */
	if (!recalled && !what.cut && (what.all || (eval->shares && !eval->aside)))
		memo_add(eval, &what);
	*out = what.values;
	return what.all;
}

const struct value *eval_one(struct eval *eval, const struct code *code,
			     const struct code_function *function, const struct value *const *args)
{
	struct values values;

	if (eval_follow(&values, eval, code, function, args) && values.len == 1)
		return values.items[0];
	return value_unseen(eval->arena, (struct beam_function){ code->module, function->name,
								 function->arity });
}

/* NULL: no such module, or function. */
static const struct code_function *find_function(struct eval *eval, const char *module,
						 const char *name, uint32_t arity,
						 const struct code **code)
{
	const struct code_function *function;

	if (!eval->library)
		return NULL;
	*code = eval->library->open(eval->library->ctx, module);
	function = *code ? code_function(*code, name, arity) : NULL;
	return function && function->exported ? function : NULL;
}

/* get_in/2, update_in/3 and the like. */
static bool is_path_function(const struct beam_function *function)
{
	const size_t len = strlen(function->name);

	return len > 3 && strcmp(function->name + len - 3, "_in") == 0 &&
	       strcmp(function->module, "Elixir.Kernel") == 0;
}

static bool is_followed(const struct eval *eval, const struct beam_function *function)
{
	return known_pure(function->module) || is_path_function(function) ||
	       (eval->library && eval->library->follow &&
		eval->library->follow(eval->library->ctx, function->module));
}

/* Only so far: it is a part of what is to be looked at. */
static bool follow_remote(struct values *out, struct eval *eval, const struct code *code,
			  const struct code_function *function, const struct value *const *args)
{
	const struct recalled *recalled = memo_find(eval, function, args);
	struct recalled what = { .function = function, .args = args };
	unsigned limit = eval->limit, most = eval->steps + EVAL_REMOTE;
	const bool whole = most < eval_limit(eval);

	if (eval->shares)
		return eval_follow(out, eval, code, function, args);
	if (recalled && (whole || (recalled->all && !recalled->cut)) && recall(out, eval, recalled))
		return recalled->all;
	if (whole)
		eval->limit = most;
	follow_call(&what, eval, code);
	eval->limit = limit;
	if (!recalled && (whole || (what.all && !what.cut)))
		memo_add(eval, &what);
	*out = what.values;
	return what.all;
}

/* What never returns may be there for the VM to replace, or a recursion that was left. */
static bool raises(const struct eval *eval, const struct code *code)
{
	return !code->loads_nif && !eval->cut;
}

/* The kind of what is not seen among values, or where none are. */
static struct values with_kind(struct eval *eval, struct values values, const struct value *kind,
			       bool *known)
{
	struct values out = { 0 };

	for (size_t i = 0; *known && i < values.len; i++)
		eval_add(eval, &out, value_term_kind(values.items[i]) < 0 ? kind : values.items[i]);
	if (!*known)
		eval_add(eval, &out, kind);
	*known = true;
	return out;
}

struct values eval_remote(struct eval *eval, const struct beam_function *function,
			  const struct value *const *args, bool *known)
{
	const struct code_function *found;
	struct values values = { 0 };
	const struct value *value;
	const struct code *code;
	bool cut = eval->cut;

	*known = true;
	if (eval->answer && eval->answer(eval->ctx, function, args, &values))
		return values;
	if (known_container(eval, function, args, &values))
		return values;
	value = known_env(eval, function, args);
	if (!value)
		value = known_call(eval, function, args);
	if (value) {
		eval_add(eval, &values, value);
		return values;
	}
	if (known_start(eval, function, args, &values) ||
	    known_over_map(eval, function, args, &values) ||
	    known_ways(eval, function, args, &values) ||
	    known_elements(eval, function, args, &values) ||
	    known_at_key(eval, function, args, &values))
		return values;
	values = (struct values){ 0 };
	found = is_followed(eval, function) ? find_function(eval, function->module, function->name,
							    function->arity, &code)
					    : NULL;
	eval->cut = false;
	*known = found && follow_remote(&values, eval, code, found, args) &&
		 (values.len > 0 || raises(eval, code));
	eval->cut = eval->cut || cut;
	value = known_kind_unfollowed(eval, function);
	return value ? with_kind(eval, values, value, known) : values;
}

const struct value *eval_call(struct eval *eval, const char *module, const char *name,
			      const struct value *const *args, uint32_t arity)
{
	const struct code *code;
	const struct code_function *found = find_function(eval, module, name, arity, &code);

	if (found)
		return eval_one(eval, code, found, args);
	return value_unseen(eval->arena, (struct beam_function){ module, name, arity });
}

struct values eval_fun(struct eval *eval, const struct value *fun, const struct value *const *args,
		       size_t arity)
{
	const struct value *all[256] = { NULL };
	size_t env = fun->kind == VALUE_FUN ? fun->fun.len : 0;
	struct beam_function captured;
	struct values values = { 0 };
	bool known = false;

	if (fun->kind == VALUE_TERM && code_capture(&captured, eval->arena, fun->constant.term) &&
	    captured.arity == arity) {
		values = eval_remote(eval, &captured, args, &known);
	} else if (fun->kind == VALUE_FUN && arity + env <= ARRAY_LEN(all) &&
		   arity + env == fun->fun.function->arity) {
		for (size_t i = 0; i < arity + env; i++)
			all[i] = i < arity ? args[i] : fun->fun.env[i - arity];
		known = eval_follow(&values, eval, fun->fun.code, fun->fun.function, all);
	}
	if (known)
		return values;
	values = (struct values){ 0 };
	eval_add(eval, &values, &value_unknown);
	return values;
}
