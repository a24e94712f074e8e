// SPDX-License-Identifier: Apache-2.0
/* What code does with native records.
 *
 * An instance keeps the fields of the definition it was made by: it does not know one that came
 * later.  Here it is a map of its fields, and under __struct__ stands "MODULE:NAME", which no
 * struct is called: what is told of structs in the state of processes is told of them too.
 */
#include "erlang/code/code_native.h"
#include "erlang/code/code_run.h"

/* What stands under __struct__. */
static const struct value *tag(struct arena *arena, const char *module, const char *name)
{
	return value_of_atom(arena, arena_printf(arena, "%s:%s", module, name));
}

enum answer value_is_native(const struct value *value, struct arena *arena)
{
	const struct value *name;
	const char *text;

	if (value_term_kind(value) < 0)
		return MAYBE;
	if (value_term_kind(value) != TERM_MAP)
		return NO;
	switch (value_map_get(value, value_of_atom(arena, "__struct__"), arena, &name)) {
	case NO:
		return NO;
	case MAYBE:
		return MAYBE;
	default:
		text = value_atom_name(name);
		return text && strchr(text, ':') ? YES : NO;
	}
}

/* An operand that names a definition: an atom, of this module, or {Module, Name}. */
static bool name_of(const char **module, const char **name, const struct run *run,
		    const struct code_arg *arg)
{
	const struct term *term = code_term(arg);

	*module = run->code->module;
	if (term && term_is_tuple(term, 2)) {
		*module = term_atom_name(term_at(term, 0));
		term = term_at(term, 1);
	}
	*name = term ? term_atom_name(term) : NULL;
	return *module && *name;
}

/* As it is defined, before its fields are set. */
static const struct value *fresh(struct run *run, const char *module, const char *name)
{
	struct arena *arena = run->arena;
	const struct code_library *library = run->eval->library;
	const struct code *code = run->code;
	const struct code_native *native;
	const struct value *value = value_of_term(arena, term_map(arena, NULL, NULL, 0));

	if (strcmp(module, code->module) != 0)
		code = library ? library->open(library->ctx, module) : NULL;
	native = code ? code_native(code, name) : NULL;
	if (!native)
		value = value_of_kind(arena, TERM_MAP);
	run_charge(run, native ? native->len : 0);
	for (size_t i = 0; native && i < native->len; i++)
		value = value_map_put(arena, value, value_of_atom(arena, native->fields[i].name),
				      native->fields[i].value
					      ? value_of_term(arena, native->fields[i].value)
					      : &value_unknown);
	return value_map_put(arena, value, value_of_atom(arena, "__struct__"),
			     tag(arena, module, name));
}

/* It raises, or goes to its label. */
static void fails(struct run *run, const struct code_arg *label)
{
	if (label->kind == CODE_LABEL && label->number > 0)
		run_jump(run, label);
	else
		run->stop = true;
}

/* put_record: label, definition, source or [], destination, live, [field, value, …]. */
static void put_record(struct run *run, const struct code_op *op)
{
	const struct code_arg *list = &op->args[5];
	bool made = op->args[2].kind == CODE_NIL;
	const struct value *record, *ignored;
	const char *module, *name;

	if (list->kind != CODE_LIST || !name_of(&module, &name, run, &op->args[1])) {
		run_fork(run, &op->args[0]);
		run_set(run, &op->args[3], &value_unknown);
		return;
	}
	record = made ? fresh(run, module, name) : run_get(run, &op->args[2]);
	for (size_t i = 0; i + 1 < list->len; i += 2) {
		const struct value *field = run_get(run, &list->items[i]);

		if (!made && value_map_get(record, field, run->arena, &ignored) == NO) {
			fails(run, &op->args[0]);
			return;
		}
		record =
			value_map_put(run->arena, record, field, run_get(run, &list->items[i + 1]));
	}
	run_set(run, &op->args[3], record);
}

/* get_record_elements: label, source, [field, destination, …]. */
static void get_elements(struct run *run, const struct code_op *op)
{
	const struct code_arg *list = &op->args[2];
	const struct value *record = run_get(run, &op->args[1]), *value;
	enum answer found, all = YES;

	for (size_t i = 0; list->kind == CODE_LIST && i + 1 < list->len; i += 2) {
		found = value_map_get(record, run_get(run, &list->items[i]), run->arena, &value);
		if (found == NO) {
			run_jump(run, &op->args[0]);
			return;
		}
		if (found == MAYBE)
			all = MAYBE;
	}
	if (all == MAYBE)
		run_fork(run, &op->args[0]);
	for (size_t i = 0; list->kind == CODE_LIST && i + 1 < list->len; i += 2) {
		found = value_map_get(record, run_get(run, &list->items[i]), run->arena, &value);
		run_set(run, &list->items[i + 1], found == YES ? value : &value_unknown);
	}
}

/* get_record_field: label, source, definition, field, destination. */
static void get_field(struct run *run, const struct code_op *op)
{
	const struct value *record = run_get(run, &op->args[1]), *value = &value_unknown;
	enum answer found = value_map_get(record, run_get(run, &op->args[3]), run->arena, &value);

	if (found == NO) {
		fails(run, &op->args[0]);
		return;
	}
	if (found == MAYBE)
		run_fork(run, &op->args[0]);
	run_set(run, &op->args[4], found == YES ? value : &value_unknown);
}

static enum answer test(struct run *run, const struct code_op *op)
{
	const struct value *value = run_get(run, &op->args[1]), *name;
	enum answer native = value_is_native(value, run->arena);

	if (native != YES || op->opcode != OP_IS_NATIVE_RECORD)
		return native;
	name = value_map_at(value, "__struct__", run->arena);
	return op->args[2].kind == CODE_ATOM && op->args[3].kind == CODE_ATOM
		       ? value_equal(name, tag(run->arena, term_atom_name(code_term(&op->args[2])),
					       term_atom_name(code_term(&op->args[3]))))
		       : MAYBE;
}

void run_native(struct run *run, const struct code_op *op)
{
	enum answer answer;

	switch (op->opcode) {
	case OP_PUT_RECORD:
		put_record(run, op);
		break;
	case OP_GET_RECORD_ELEMENTS:
		get_elements(run, op);
		break;
	case OP_GET_RECORD_FIELD:
		get_field(run, op);
		break;
	case OP_IS_RECORD_ACCESSIBLE:
		run_fork(run, &op->args[0]);
		break;
	default:
		answer = test(run, op);
		if (answer == NO)
			run_jump(run, &op->args[0]);
		else if (answer == MAYBE)
			run_fork(run, &op->args[0]);
	}
}
