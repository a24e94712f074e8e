// SPDX-License-Identifier: Apache-2.0
/* Modules that are the same, and were compiled against what has changed: a record of a .hrl, a
 * struct.  What the compiler took from there is in them as it was, and a restart does not help.
 */
#include "erlang/code/code_facts.h"
#include "upgrade/verdict/verdict_release.h"

static struct reason *tell(struct judge *judge, const struct module_at *module, const char *what)
{
	struct reason *reason = JUDGE(judge, REASON_not_rebuilt, module->app->name, module->name,
				      "%s is the same, but was compiled when %s: they do not "
				      "understand each other, also behind a restart",
				      module_shown(module->name), what);

	reason->hint = "compile it anew, and raise the version of its application";
	return reason;
}

/* ---- records ---- */

/* One of two modules that call each other, and the size that the record has there. */
struct partner {
	const struct code *code;
	const char *name, *tag;
	size_t size;
};

struct passing {
	const struct partner *from, *to;
	const struct code_library *library;
	struct arena *arena;
	bool found;
};

static bool has_record(const struct value *value, const struct partner *partner,
		       struct arena *arena, unsigned depth)
{
	int size = value_tuple_size(value);
	const struct value *head, *tail;

	if (value_is_tagged(value, partner->tag, partner->size))
		return true;
	if (depth == 0)
		return false;
	for (int i = 0; i < size; i++)
		if (has_record(value_element(value, (size_t)i, arena), partner, arena, depth - 1))
			return true;
	return value_uncons(value, arena, &head, &tail) &&
	       has_record(head, partner, arena, depth - 1);
}

static bool gives_record(struct passing *passing, const struct beam_function *called)
{
	struct eval eval = { .arena = passing->arena, .library = passing->library, .limit = 8000 };
	const struct code_function *function =
		code_function(passing->to->code, called->name, called->arity);
	struct values values;

	if (!function)
		return false;
	values = eval_any(&eval, passing->to->code, function);
	for (size_t i = 0; i < values.len; i++)
		if (has_record(values.items[i], passing->to, passing->arena, 3))
			return true;
	return false;
}

static void see_call(void *ctx, const struct beam_function *function,
		     const struct value *const *args)
{
	struct passing *passing = ctx;

	if (passing->found || strcmp(function->module, passing->to->name) != 0)
		return;
	for (uint32_t i = 0; i < function->arity && !passing->found; i++)
		passing->found = has_record(args[i], passing->from, passing->arena, 3);
	passing->found = passing->found || gives_record(passing, function);
}

/* A call of the one hands the record over, or gets it back. */
static bool passes(struct judge *judge, const struct partner *from, const struct partner *to)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct passing passing = { from, to, &judge->modules->library[SIDE_NEW], &scratch, false };

	for (size_t i = 0; i < from->code->len && !passing.found; i++) {
		struct eval eval = { .arena = &scratch,
				     .library = passing.library,
				     .on_call = see_call,
				     .ctx = &passing,
				     .limit = 8000 };

		eval_any(&eval, from->code, &from->code->functions[i]);
	}
	return passing.found;
}

static bool has_only(const struct code *code, const struct record_change *record,
		     struct arena *arena)
{
	struct code_records records = code_records(code, arena);

	for (size_t i = 0; i < records.len; i++)
		if (strcmp(records.items[i].name, record->name) == 0)
			return records.items[i].sizes == UINT64_C(1) << record->old_size;
	return false;
}

static void judge_record(struct judge *judge, struct module_at *module,
			 const struct module_diff *changed, const struct record_change *record)
{
	const struct code *code = module_code(judge->modules, SIDE_NEW, module);
	struct partner here = { code, module->name, record->name, record->old_size };
	struct partner there = { changed->new_code, changed->name, record->name, record->new_size };

	if (!code || code->unread || record->old_size > 63 || record->new_size > 63 ||
	    is_told(judge, REASON_not_rebuilt, module->name) ||
	    !has_only(code, record, judge->arena))
		return;
	if (passes(judge, &here, &there) || passes(judge, &there, &here))
		tell(judge, module,
		     arena_printf(judge->arena,
				  "the record %s, which it shares with %s, had %u "
				  "fields, not %u",
				  record->name, module_shown(changed->name), record->old_size - 1,
				  record->new_size - 1));
}

/* ---- structs ---- */

/* A struct of that module as a constant, without that field. */
static bool lacks_field(const struct term *term, const char *module, const char *field,
			unsigned depth)
{
	const struct term *of;

	if (depth == 0)
		return false;
	if (term->kind == TERM_MAP) {
		of = term_map_get(term, "__struct__");
		if (of && term_is_atom(of, module))
			return !term_map_get(term, field);
		for (size_t i = 0; i < term->map.len; i++)
			if (lacks_field(term->map.values[i], module, field, depth - 1))
				return true;
	}
	if (term->kind == TERM_LIST || term->kind == TERM_TUPLE)
		for (size_t i = 0; i < term->seq.len; i++)
			if (lacks_field(term_at(term, i), module, field, depth - 1))
				return true;
	return false;
}

static bool is_atom(const struct code_arg *arg, const char *name)
{
	return arg->kind == CODE_ATOM && term_is_atom(code_term(arg), name);
}

/* put_map_assoc: label, source, destination, live, [key, value, …].  Since OTP 29 also what is made
 * anew is made so.
 */
static bool makes_without(const struct code_op *op, const char *module, const char *field)
{
	const struct code_arg *list = &op->args[4];
	bool is_struct = false, has_field = false;

	if (op->opcode != OP_PUT_MAP_ASSOC || op->args[1].kind != CODE_LITERAL ||
	    code_term(&op->args[1])->kind != TERM_MAP || code_term(&op->args[1])->map.len != 0)
		return false;
	for (uint32_t i = 0; list->kind == CODE_LIST && i + 1 < list->len; i += 2) {
		is_struct = is_struct || (is_atom(&list->items[i], "__struct__") &&
					  is_atom(&list->items[i + 1], module));
		has_field = has_field || is_atom(&list->items[i], field);
	}
	return is_struct && !has_field;
}

static bool code_makes_without(const struct code *code, const char *module, const char *field)
{
	for (size_t i = 0; code && i < code->len; i++)
		for (size_t j = 0; j < code->functions[i].len; j++)
			if (makes_without(&code->functions[i].ops[j], module, field))
				return true;
	return false;
}

static bool is_wanted(struct judge *judge, const char *field)
{
	for (size_t i = 0; i < judge->diff->len; i++)
		for (size_t j = 0; j < judge->diff->apps[i].modules.len; j++) {
			const struct code *code = judge->diff->apps[i].modules.items[j].new_code;

			if (code && !code->unread && wants_key(code, field))
				return true;
		}
	return false;
}

static void judge_struct(struct judge *judge, struct module_at *module,
			 const struct module_diff *changed)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct code *code = module_code(judge->modules, SIDE_NEW, module);
	const struct term *literals;
	struct beam beam;
	struct error err;

	if (changed->fields_added.len == 0 ||
	    module_read(&beam, &scratch, judge->modules, SIDE_NEW, module, &err) ||
	    beam_read_literals(&literals, &scratch, &beam, &err))
		return; /* it was read before */
	for (size_t i = 0; i < changed->fields_added.len; i++) {
		const char *field = changed->fields_added.items[i];

		if (!is_told(judge, REASON_not_rebuilt, module->name) &&
		    (lacks_field(literals, changed->name, field, 16) ||
		     code_makes_without(code, changed->name, field)) &&
		    is_wanted(judge, field))
			tell(judge, module,
			     arena_printf(judge->arena, "the struct %s had no field %s",
					  module_shown(changed->name), field));
	}
}

/* ---- all of it ---- */

static void name_changed(struct name_table *names, const struct module_diff *module)
{
	if (module->change != CHANGE_CHANGED || module->new_code->unread)
		return;
	for (size_t i = 0; i < module->records_len; i++)
		name_table_add(names, module->records[i].name, NULL);
	if (module->fields_added.len > 0)
		name_table_add(names, module->name, NULL);
}

static void judge_one(struct judge *judge, const struct module_diff *changed, const bool *naming)
{
	struct modules *modules = judge->modules;

	if (changed->change != CHANGE_CHANGED || changed->new_code->unread ||
	    (changed->records_len == 0 && changed->fields_added.len == 0))
		return;
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *module = &modules->items[SIDE_NEW][i];

		if (!module->same || !naming[i])
			continue;
		for (size_t j = 0; j < changed->records_len; j++)
			judge_record(judge, module, changed, &changed->records[j]);
		judge_struct(judge, module, changed);
	}
}

void judge_not_rebuilt(struct judge *judge)
{
	owned_name_table struct name_table *names = name_table_new();
	const bool *naming;

	for (size_t i = 0; i < judge->diff->len; i++)
		for (size_t j = 0; j < judge->diff->apps[i].modules.len; j++)
			name_changed(names, &judge->diff->apps[i].modules.items[j]);
	if (name_table_len(names) == 0)
		return;
	naming = modules_naming(judge, names);
	for (size_t i = 0; i < judge->diff->len; i++)
		for (size_t j = 0; j < judge->diff->apps[i].modules.len; j++)
			judge_one(judge, &judge->diff->apps[i].modules.items[j], naming);
}
