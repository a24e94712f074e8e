// SPDX-License-Identifier: Apache-2.0
/* What several of the judges ask. */
#include "upgrade/verdict/verdict_parts.h"

bool is_told(const struct judge *judge, enum reason_code code, const char *module)
{
	for (size_t i = 0; i < judge->reasons->len; i++) {
		const struct reason *reason = &judge->reasons->items[i];

		if (reason->code == code && reason->module && strcmp(reason->module, module) == 0)
			return true;
	}
	return false;
}

/* ---- what a module names ---- */

static void collect(struct name_table *table, const struct term *term)
{
	switch (term->kind) {
	case TERM_ATOM:
		name_table_add(table, term_atom_name(term), NULL);
		break;
	case TERM_LIST:
	case TERM_TUPLE:
		for (size_t i = 0; i < term->seq.len; i++)
			collect(table, term_at(term, i));
		break;
	case TERM_MAP:
		for (size_t i = 0; i < term->map.len; i++) {
			collect(table, term->map.keys[i]);
			collect(table, term->map.values[i]);
		}
		break;
	default:
		break;
	}
}

/* Child specifications are data, often literal. */
struct name_table *atoms_of(const struct code *code)
{
	struct name_table *table = name_table_new();

	for (size_t i = 0; i < code->atoms.len; i++)
		name_table_add(table, code->atoms.items[i], NULL);
	collect(table, code->literals);
	return table;
}

/* ---- keys of maps ---- */

static bool has_atom(const struct code_arg *args, size_t len, const char *name)
{
	for (size_t i = 0; i < len; i++) {
		const struct term *term = code_term(&args[i]);

		if ((term && term_is_atom(term, name)) ||
		    (args[i].kind == CODE_LIST && has_atom(args[i].items, args[i].len, name)))
			return true;
	}
	return false;
}

/* maps:get/2 and its like raise where the key is not there. */
static bool raises_without(const struct code *code, const struct code_op *op)
{
	int operand = code_import_operand(op->opcode);
	const struct beam_function *to = operand < 0 ? NULL : code_import(code, &op->args[operand]);

	return to && to->arity == 2 &&
	       ((strcmp(to->module, "maps") == 0 &&
		 (strcmp(to->name, "get") == 0 || strcmp(to->name, "take") == 0)) ||
		(strcmp(to->module, "erlang") == 0 && strcmp(to->name, "map_get") == 0) ||
		(strcmp(to->module, "Elixir.Map") == 0 && strcmp(to->name, "fetch!") == 0));
}

/* It raises, or goes elsewhere, where a key or a field is not there. */
static bool takes_key(const struct code_op *op)
{
	switch (op->opcode) {
	case OP_GET_MAP_ELEMENTS:
	case OP_HAS_MAP_FIELDS:
	case OP_PUT_MAP_EXACT:
	case OP_GET_RECORD_ELEMENTS:
	case OP_GET_RECORD_FIELD:
		return true;
	case OP_PUT_RECORD: /* one that is there, not a new one */
		return op->args[2].kind != CODE_NIL;
	default:
		return false;
	}
}

static bool is_fetched(const struct code *code, const struct code_function *function,
		       const char *key)
{
	bool named = false, raises = false;

	for (size_t i = 0; i < function->len; i++) {
		named = named || has_atom(function->ops[i].args, function->ops[i].len, key);
		raises = raises || raises_without(code, &function->ops[i]);
	}
	return named && raises;
}

static bool is_taken(const struct code_function *function, const char *key)
{
	for (size_t i = 0; i < function->len; i++)
		if (takes_key(&function->ops[i]) &&
		    has_atom(function->ops[i].args, function->ops[i].len, key))
			return true;
	return false;
}

bool function_wants_key(const struct code *code, const struct code_function *function,
			const char *key)
{
	return is_taken(function, key) || is_fetched(code, function, key);
}

bool function_names(const struct code_function *function, const char *name)
{
	for (size_t i = 0; function && i < function->len; i++)
		if (has_atom(function->ops[i].args, function->ops[i].len, name))
			return true;
	return false;
}

/* What code_change looks for is looked for once. */
static bool is_for_once(const struct code_function *function)
{
	return strcmp(function->name, "code_change") == 0;
}

bool wants_key(const struct code *code, const char *key)
{
	for (size_t i = 0; i < code->len; i++)
		if (!is_for_once(&code->functions[i]) &&
		    function_wants_key(code, &code->functions[i], key))
			return true;
	return false;
}

bool fetches_key(const struct code *code, const char *key)
{
	for (size_t i = 0; i < code->len; i++)
		if (!is_for_once(&code->functions[i]) && is_fetched(code, &code->functions[i], key))
			return true;
	return false;
}

bool function_makes_fun(const struct code_function *function)
{
	for (size_t i = 0; i < function->len; i++)
		if (function->ops[i].opcode == OP_MAKE_FUN2 ||
		    function->ops[i].opcode == OP_MAKE_FUN3)
			return true;
	return false;
}
