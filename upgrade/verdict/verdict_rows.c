// SPDX-License-Identifier: Apache-2.0
/* Rows of tables under a key that is a constant (settings, counters) which the new code puts in
 * when something starts, and takes to be there: the table was filled by the old code.
 */
#include "base/name_table.h"
#include "upgrade/verdict/verdict_starts.h"

struct row {
	const char *table, *key;
};

struct rows {
	struct judge *judge;
	struct name_table *told;
};

static bool constant_text(const char **out, const struct value *value, struct arena *arena)
{
	owned_str struct str text = STR_EMPTY;

	if (value->kind != VALUE_TERM)
		return false;
	value_print(&text, value);
	*out = arena_dup(arena, str_span(&text));
	return true;
}

static bool is_put(const struct code_effect *effect)
{
	return effect_is(effect, "ets", "insert", 2) || effect_is(effect, "ets", "insert_new", 2);
}

/* Of a tuple that is put into a table. */
static bool read_row(struct row *row, const struct code_effect *effect, const struct value *tuple,
		     struct arena *arena)
{
	return value_tuple_size(tuple) > 0 && constant_text(&row->table, effect->args[0], arena) &&
	       constant_text(&row->key, value_element(tuple, 0, arena), arena);
}

static bool same_row(const struct row *a, const struct row *b)
{
	return strcmp(a->table, b->table) == 0 && strcmp(a->key, b->key) == 0;
}

static bool puts_row(const struct code_effect *effect, const struct row *row, struct arena *arena)
{
	const struct value *list = effect->args[1], *head;
	struct row other;

	if (!is_put(effect))
		return false;
	if (read_row(&other, effect, list, arena))
		return same_row(&other, row);
	while (value_uncons(list, arena, &head, &list))
		if (read_row(&other, effect, head, arena) && same_row(&other, row))
			return true;
	return false;
}

/* Whether it puts in something that cannot be seen. */
static bool puts_unseen(const struct code_effect *effect, struct arena *arena)
{
	const struct value *list = effect->args[1], *head;
	struct row row;

	if (!is_put(effect) || read_row(&row, effect, list, arena))
		return false;
	while (value_uncons(list, arena, &head, &list))
		if (!read_row(&row, effect, head, arena))
			return true;
	return value_is_nil(list) != YES;
}

static bool names_key(const struct code *code, const char *key)
{
	for (size_t i = 0; i < code->len; i++)
		if (function_names(&code->functions[i], key))
			return true;
	return false;
}

/* Also one that may be under that key: where the old code puts in what cannot be seen, and knows
 * the key.
 */
static bool was_put(struct rows *rows, const struct row *row)
{
	struct judge *judge = rows->judge;
	struct modules *modules = judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_OLD]); i++) {
		struct module_at *module = &modules->items[SIDE_OLD][i];
		const struct module_at *now = modules_find(modules, SIDE_NEW, module->name);
		struct code_effects effects;

		if (!module->diff && !(now && calls_changed(judge, now)))
			continue;
		effects = effects_through(judge, SIDE_OLD, module);
		for (size_t j = 0; j < effects.len; j++)
			if (puts_row(&effects.items[j], row, judge->arena) ||
			    (puts_unseen(&effects.items[j], judge->arena) &&
			     names_key(module_code(modules, SIDE_OLD, module), row->key)))
				return true;
	}
	return false;
}

/* The label goes where nothing matches. */
static bool raises_at(const struct code *code, const struct code_arg *label)
{
	const struct code_place *place = code_place(code, label);
	const struct code_function *function;

	if (!place || place->function == CODE_NOWHERE || place->op == CODE_NOWHERE)
		return false;
	function = &code->functions[place->function];
	for (size_t i = place->op; i < function->len; i++)
		switch (function->ops[i].opcode) {
		case OP_LABEL:
			continue;
		case OP_BADMATCH:
		case OP_CASE_END:
			return true;
		default:
			return false;
		}
	return false;
}

/* [Row] = ets:lookup(…): the list is taken apart right behind the call, and must be one. */
static bool answer_is_wanted(const struct code *code, const struct code_function *function,
			     size_t at)
{
	const struct code_op *next = at + 1 < function->len ? &function->ops[at + 1] : NULL;

	return next && next->opcode == OP_IS_NONEMPTY_LIST && raises_at(code, &next->args[0]);
}

/* Whether a function reads rows in a way that fails for one that is not there, and nobody there
 * catches it, or looks first.
 */
static bool wants_rows(const struct code *code, const struct code_function *function)
{
	unsigned tried = 0;
	bool wants = false;

	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];
		const struct beam_function *to = code_op_import(code, op);

		if (op->opcode == OP_TRY || op->opcode == OP_CATCH)
			tried++;
		else if ((op->opcode == OP_TRY_END || op->opcode == OP_CATCH_END) && tried > 0)
			tried--;
		if (!to || strcmp(to->module, "ets") != 0 || tried > 0)
			continue;
		if (strcmp(to->name, "member") == 0 || strncmp(to->name, "insert", 6) == 0)
			return false;
		wants = wants ||
			((strcmp(to->name, "lookup_element") == 0 ||
			  strcmp(to->name, "update_counter") == 0) &&
			 to->arity == 3) ||
			(strcmp(to->name, "lookup") == 0 && answer_is_wanted(code, function, i));
	}
	return wants;
}

static bool reads_row(const struct code_effect *effect, const struct row *row, struct arena *arena)
{
	struct row read;

	return (effect_is(effect, "ets", "lookup_element", 3) ||
		effect_is(effect, "ets", "update_counter", 3) ||
		effect_is(effect, "ets", "lookup", 2)) &&
	       constant_text(&read.table, effect->args[0], arena) &&
	       constant_text(&read.key, effect->args[1], arena) && same_row(&read, row);
}

/* Whether one of these callbacks of the module comes to a function, beside others. */
static bool comes_from(const struct code *code, const struct code_function *function,
		       const char *const *callbacks, size_t len, struct arena *arena)
{
	bool *marked = arena_array(arena, code->len, bool);
	bool comes = false;

	marked[function - code->functions] = true;
	code_mark_callers(code, marked);
	for (size_t i = 0; i < code->len; i++)
		for (size_t j = 0; marked[i] && j < len; j++)
			comes = comes || (code->functions[i].exported &&
					  strcmp(code->functions[i].name, callbacks[j]) == 0);
	return comes;
}

/* Also at a start, whenever else. */
static bool is_from_start(struct judge *judge, struct module_at *module,
			  const struct code_effect *effect)
{
	static const char *const starts[] = { "init", "start", "start_link", "handle_continue" };

	return effect_at_start(judge, module, effect) ||
	       comes_from(module_code(judge->modules, SIDE_NEW, module), effect->in, starts,
			  ARRAY_LEN(starts), judge->arena);
}

/* By what runs anyway, or converts what runs. */
static bool comes_by_itself(struct judge *judge, struct module_at *module,
			    const struct code_effect *effect)
{
	static const char *const callbacks[] = { "code_change", "handle_info" };

	return comes_from(module_code(judge->modules, SIDE_NEW, module), effect->in, callbacks,
			  ARRAY_LEN(callbacks), judge->arena);
}

enum put { AT_START, ASKED_FOR, ANY_TIME };

/* When else it is put in. */
static enum put when_put(struct rows *rows, const struct row *row)
{
	struct judge *judge = rows->judge;
	struct modules *modules = judge->modules;
	enum put when = AT_START;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *module = &modules->items[SIDE_NEW][i];
		struct code_effects effects;

		if (!module_may_differ(judge, module))
			continue;
		effects = effects_through(judge, SIDE_NEW, module);
		for (size_t j = 0; j < effects.len; j++) {
			const struct code_effect *effect = &effects.items[j];

			/* {loud, Is} of a message may be put in as it came. */
			if (!puts_row(effect, row, judge->arena) &&
			    !(puts_unseen(effect, judge->arena) && !effect->through &&
			      function_names(effect->in, row->key)))
				continue;
			if (starts_anew(judge, module->name) ||
			    comes_by_itself(judge, module, effect))
				return ANY_TIME;
			if (!effect_at_start(judge, module, effect))
				when = ASKED_FOR;
		}
	}
	return when;
}

static const struct code_effect *find_read(struct rows *rows, const struct row *row,
					   struct module_at **reader)
{
	struct judge *judge = rows->judge;
	struct modules *modules = judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *module = &modules->items[SIDE_NEW][i];
		struct code_effects effects;

		if (!module_may_differ(judge, module))
			continue;
		effects = effects_of(judge, SIDE_NEW, module, effect_any);
		for (size_t j = 0; j < effects.len; j++)
			if (reads_row(&effects.items[j], row, judge->arena) &&
			    wants_rows(module_code(modules, SIDE_NEW, module),
				       effects.items[j].in) &&
			    !effect_at_start(judge, module, &effects.items[j])) {
				*reader = module;
				return &effects.items[j];
			}
	}
	return NULL;
}

static void judge_row(struct rows *rows, struct module_at *module, const struct code_effect *effect,
		      const struct row *row)
{
	struct judge *judge = rows->judge;
	const char *name = arena_printf(judge->arena, "%s %s", row->table, row->key);
	const struct code_function *owner = code_owner(module->code, effect->in);
	struct module_at *reader = NULL;
	const struct code_effect *read;
	enum put when;
	bool is_new;

	name_table_add(rows->told, name, &is_new);
	if (!is_new || was_put(rows, row) || !(read = find_read(rows, row, &reader)))
		return;
	when = when_put(rows, row);
	if (when == ANY_TIME)
		return;
	JUDGE(judge, when == AT_START ? REASON_made_at_start : REASON_wiring_changed,
	      module->app->name, module->name,
	      "the row %s of the table %s is made %s when something starts (%s:%s/%u), and the new "
	      "code relies on it (%s:%s/%u): what runs already never made it",
	      row->key, row->table, when == AT_START ? "only" : "only when asked for, and",
	      module_shown(module->name), owner->name, owner->arity, module_shown(reader->name),
	      code_owner(reader->code, read->in)->name, code_owner(reader->code, read->in)->arity)
		->hint = "put it in by code_change as well, or by an {apply, …} in an appup by "
			 "hand, or restart";
}

void judge_rows(struct judge *judge)
{
	owned_name_table struct name_table *told = name_table_new();
	struct rows rows = { judge, told };
	struct modules *modules = judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *module = &modules->items[SIDE_NEW][i];
		struct code_effects effects;

		if (!module_may_differ(judge, module) || starts_anew(judge, module->name) ||
		    !modules_find(modules, SIDE_OLD, module->name) ||
		    is_told(judge, REASON_made_at_start, module->name))
			continue;
		effects = effects_through(judge, SIDE_NEW, module);
		for (size_t j = 0; j < effects.len; j++) {
			const struct code_effect *effect = &effects.items[j];
			const struct value *list = effect->args[1], *head;
			struct row row;

			if (!is_put(effect) || !is_from_start(judge, module, effect))
				continue;
			if (read_row(&row, effect, list, judge->arena))
				judge_row(&rows, module, effect, &row);
			else
				while (value_uncons(list, judge->arena, &head, &list))
					if (read_row(&row, effect, head, judge->arena))
						judge_row(&rows, module, effect, &row);
		}
	}
}
