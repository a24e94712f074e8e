// SPDX-License-Identifier: Apache-2.0
/* Functions that fetch the key that they are given, as Conf.get!(:timeout): who calls one with a
 * key takes it to be there.
 */
#include "upgrade/verdict/verdict_kept.h"

struct getting {
	const char *key;
	bool found;
};

static void see_fetch(void *ctx, const struct value *key)
{
	struct getting *getting = ctx;

	getting->found = getting->found || value_is_atom(key, getting->key);
}

static void see_call(void *ctx, const struct beam_function *to, const struct value *const *args)
{
	static const struct {
		const char *module, *name;
		unsigned key;
	} getters[] = {
		{ "maps", "get", 0 },
		{ "Elixir.Map", "fetch!", 1 },
		{ "Elixir.Keyword", "fetch!", 1 },
		{ "Elixir.Access", "fetch!", 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(getters); i++)
		if (to->arity == 2 && strcmp(to->name, getters[i].name) == 0 &&
		    strcmp(to->module, getters[i].module) == 0)
			see_fetch(ctx, args[getters[i].key]);
}

/* Whether a function fetches the key that it is given as argument `at`, and does not name it
 * itself.
 */
static bool fetches(const struct code *code, const struct code_function *function, uint32_t at,
		    const char *key)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct getting getting = { .key = key };
	struct eval eval = { .arena = &scratch,
			     .limit = 2000,
			     .on_call = see_call,
			     .on_fetch = see_fetch,
			     .ctx = &getting };
	const struct value *args[256];

	if (function_names(function, key))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		args[i] = i == at ? value_of_atom(&scratch, key) : &value_unknown;
	eval_function(&eval, code, function, args);
	return getting.found;
}

/* The function that an instruction calls, with *code that it is of; NULL: none that is looked at.
 */
static const struct code_function *callee(struct judge *judge, enum side side,
					  const struct code_op *op, const struct code **code)
{
	const struct beam_function *to = code_op_import(*code, op);
	struct module_at *module = to ? modules_find(judge->modules, side, to->module) : NULL;

	if (!to &&
	    (op->opcode == OP_CALL || op->opcode == OP_CALL_LAST || op->opcode == OP_CALL_ONLY))
		return code_local(*code, &op->args[1]);
	if (!module || module->of_language || is_base(module->app->name) ||
	    !(*code = module_code(judge->modules, side, module)) || (*code)->unread ||
	    !code_exports(*code, to->name, to->arity))
		return NULL;
	return code_function(*code, to->name, to->arity);
}

bool gets_key(struct judge *judge, enum side side, const struct code *code, const char *key)
{
	for (size_t i = 0; i < code->len; i++) {
		const struct code_function *function = &code->functions[i];

		for (size_t j = 0; function_names(function, key) && j < function->len; j++) {
			const struct code *of = code;
			const struct code_function *to =
				callee(judge, side, &function->ops[j], &of);

			for (uint32_t k = 0; to && k < to->arity; k++) {
				const struct term *given = argument_at(function, j, k);

				if (given && term_is_atom(given, key) && fetches(of, to, k, key))
					return true;
			}
		}
	}
	return false;
}
