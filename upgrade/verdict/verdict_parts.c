// SPDX-License-Identifier: Apache-2.0
/* What several of the judges ask. */
#include "upgrade/verdict/verdict_parts.h"
#include "erlang/code/code_type.h"

/* ---- what a module names ---- */

/* As keys of maps are called (code_type.h). */
static void collect_text(struct name_table *table, const struct term *term)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const char *key = type_key(term, &scratch);

	if (key)
		name_table_add_copy(table, span_of(key));
}

static void collect(struct name_table *table, const struct term *term)
{
	switch (term->kind) {
	case TERM_ATOM:
		name_table_add(table, term_atom_name(term), NULL);
		break;
	case TERM_BINARY:
		collect_text(table, term);
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

/* An atom, or another key (code_type.h). */
static bool has_name(const struct code_arg *args, size_t len, const char *name)
{
	for (size_t i = 0; i < len; i++) {
		const struct term *term = code_term(&args[i]);

		if ((term && type_key_is(term, name)) ||
		    (args[i].kind == CODE_LIST && has_name(args[i].items, args[i].len, name)))
			return true;
	}
	return false;
}

/* maps:get/2 and its like raise where the key is not there. */
static bool raises_without(const struct code *code, const struct code_op *op)
{
	static const struct beam_function strict[] = {
		{ "maps", "get", 2 },
		{ "maps", "take", 2 },
		{ "maps", "update", 3 },
		{ "maps", "update_with", 3 },
		{ "erlang", "map_get", 2 },
		{ "Elixir.Access", "fetch!", 2 },
		{ "Elixir.Map", "fetch!", 2 },
		{ "Elixir.Map", "get_and_update!", 3 },
		{ "Elixir.Map", "pop!", 2 },
		{ "Elixir.Map", "replace!", 3 },
		{ "Elixir.Map", "update!", 3 },
		{ "Elixir.Phoenix.LiveView.Engine", "fetch_assign!", 2 },
	};
	const struct beam_function *to = code_op_import(code, op);

	for (size_t i = 0; to && i < ARRAY_LEN(strict); i++)
		if (beam_function_same(to, &strict[i]))
			return true;
	return false;
}

/* ---- clauses behind the one that wants a key ---- */

struct clauses {
	const struct code *code;
	const struct code_function *function;
	const char *key;
};

/* The instruction behind a label and those beside it; CODE_NOWHERE: no clause matches. */
static size_t behind(const struct clauses *clauses, const struct code_arg *label)
{
	const struct code_place *place = code_place(clauses->code, label);
	size_t at = CODE_NOWHERE;

	if (place && &clauses->code->functions[place->function] == clauses->function)
		at = place->op;
	while (at < clauses->function->len && clauses->function->ops[at].opcode == OP_LABEL)
		at++;
	return at;
}

static bool is_map_test(const struct code_op *op)
{
	return op->opcode == OP_IS_MAP || op->opcode == OP_GET_MAP_ELEMENTS ||
	       op->opcode == OP_HAS_MAP_FIELDS;
}

/* It is a map, and other keys are there. */
static bool is_passed(const struct clauses *clauses, const struct code_op *op)
{
	return is_map_test(op) && !has_name(op->args, op->len, clauses->key);
}

static bool goes_on(const struct clauses *clauses, size_t at, unsigned depth);

static bool all_go_on(const struct clauses *clauses, const struct code_arg *args, size_t len,
		      unsigned depth)
{
	for (size_t i = 0; i < len; i++)
		if ((args[i].kind == CODE_LABEL && args[i].number > 0 &&
		     !goes_on(clauses, behind(clauses, &args[i]), depth)) ||
		    (args[i].kind == CODE_LIST &&
		     !all_go_on(clauses, args[i].items, args[i].len, depth)))
			return false;
	return true;
}

static bool raises(const struct code *code, const struct code_op *op)
{
	const struct beam_function *to = code_op_import(code, op);

	return to && (known_to_raise(to) || strncmp(to->module, "elixir_", 7) == 0);
}

/* Whether all ways from an instruction come to the body of some clause. */
static bool goes_on(const struct clauses *clauses, size_t at, unsigned depth)
{
	for (; depth > 0 && at < clauses->function->len; at++) {
		const struct code_op *op = &clauses->function->ops[at];

		switch (op->opcode) {
		case OP_RETURN:
		case OP_CALL:
		case OP_CALL_LAST:
		case OP_CALL_ONLY:
		case OP_CALL_FUN:
		case OP_CALL_FUN2:
		case OP_SEND:
			return true;
		case OP_CALL_EXT:
		case OP_CALL_EXT_LAST:
		case OP_CALL_EXT_ONLY:
			return !raises(clauses->code, op);
		case OP_FUNC_INFO:
		case OP_BADMATCH:
		case OP_IF_END:
		case OP_CASE_END:
		case OP_TRY_CASE_END:
		case OP_RAISE:
		case OP_WAIT:
		case OP_LOOP_REC_END:
			return false;
		case OP_JUMP:
		case OP_SELECT_VAL:
		case OP_SELECT_TUPLE_ARITY:
			return all_go_on(clauses, op->args, op->len, depth - 1);
		default:
			if (!is_passed(clauses, op) &&
			    !all_go_on(clauses, op->args, op->len, depth - 1))
				return false;
		}
	}
	return false;
}

/* Where one that tells messages apart leads, too: what is not understood. */
static bool is_led_to(const struct clauses *clauses, const struct code_arg *args, size_t len,
		      size_t place)
{
	for (size_t i = 0; i < len; i++)
		if ((args[i].kind == CODE_LABEL && behind(clauses, &args[i]) == place) ||
		    (args[i].kind == CODE_LIST &&
		     is_led_to(clauses, args[i].items, args[i].len, place)))
			return true;
	return false;
}

/* What terminate/2 is told is no message. */
static bool ends(const struct code_function *function)
{
	return strcmp(function->name, "terminate") == 0;
}

/* A map without the key is taken by a clause behind it, which is not the one for messages that
 * nobody knows.
 */
static bool is_optional(const struct clauses *clauses, size_t at)
{
	enum { DEPTH = 6 };
	const struct code_op *op = &clauses->function->ops[at];
	size_t place = op->args[0].kind == CODE_LABEL && op->args[0].number > 0
			       ? behind(clauses, &op->args[0])
			       : CODE_NOWHERE;

	if (place >= clauses->function->len || !goes_on(clauses, place, DEPTH))
		return false;
	for (size_t i = 0; i < at && !ends(clauses->function); i++) {
		const struct code_op *before = &clauses->function->ops[i];

		if (!is_map_test(before) && before->opcode != OP_LABEL &&
		    is_led_to(clauses, before->args, before->len, place))
			return false;
	}
	return true;
}

/* It raises, or goes where no clause takes it, where a key or a field is not there. */
static bool takes_key(const struct clauses *clauses, size_t at)
{
	const struct code_op *op = &clauses->function->ops[at];

	switch (op->opcode) {
	case OP_GET_MAP_ELEMENTS:
	case OP_HAS_MAP_FIELDS:
	case OP_GET_RECORD_ELEMENTS:
		return !is_optional(clauses, at);
	case OP_PUT_MAP_EXACT:
	case OP_GET_RECORD_FIELD:
		return true;
	case OP_PUT_RECORD: /* one that is there, not a new one */
		return op->args[2].kind != CODE_NIL;
	default:
		return false;
	}
}

const struct term *argument_at(const struct code_function *function, size_t at, uint64_t nr)
{
	while (at-- > 0) {
		const struct code_op *op = &function->ops[at];

		if (op->opcode == OP_MOVE && op->args[1].kind == CODE_X && op->args[1].number == nr)
			return code_term(&op->args[0]);
		if (op->opcode != OP_MOVE && op->opcode != OP_LINE)
			return NULL;
	}
	return NULL;
}

/* What maps:get/2 and its like are asked for; NULL: what is not known before it runs. */
static const struct term *key_asked(const struct code *code, const struct code_function *function,
				    size_t at)
{
	const struct code_op *op = &function->ops[at];
	const unsigned operand = (unsigned)code_import_operand(op->opcode);
	const struct beam_function *to = code_import(code, &op->args[operand]);
	const bool behind = strncmp(to->module, "Elixir.", strlen("Elixir.")) == 0;

	if (op->opcode == OP_BIF2 || op->opcode == OP_GC_BIF2)
		return code_term(&op->args[operand + 1]);
	return argument_at(function, at, behind);
}

/* is_map_key(Key, Map) comes before. */
static bool is_looked_for(const struct code *code, const struct code_op *op, const char *key)
{
	const struct beam_function *to = code_op_import(code, op);

	return to && strcmp(to->name, "is_map_key") == 0 && has_name(op->args, op->len, key);
}

/* An instruction that names a key where no key is fetched: of a pattern, of what is put into a map,
 * or given to maps:get/3, Map.get/2 and their like.  What a call does not know beforehand is not
 * that.
 */
static bool names_for_itself(const struct code *code, const struct code_function *function,
			     size_t at)
{
	const struct code_op *op = &function->ops[at];
	const struct beam_function *to;

	if (op->opcode == OP_PUT_MAP_ASSOC || op->opcode == OP_PUT_MAP_EXACT || is_map_test(op))
		return true;
	while (op->opcode == OP_MOVE && at + 1 < function->len &&
	       (function->ops[at].opcode == OP_MOVE || function->ops[at].opcode == OP_LINE))
		at++;
	to = code_op_import(code, &function->ops[at]);
	return to && !raises_without(code, &function->ops[at]) &&
	       (strcmp(to->module, "maps") == 0 || strcmp(to->module, "Elixir.Map") == 0);
}

static bool looks_for(const struct code *code, const struct code_function *function,
		      const char *key)
{
	const struct clauses clauses = { code, function, key };

	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];

		if (is_looked_for(code, op, key) ||
		    (is_map_test(op) && op->opcode != OP_IS_MAP &&
		     has_name(op->args, op->len, key) && is_optional(&clauses, i)))
			return true;
	}
	return false;
}

static bool reads_result(const struct code_arg *args, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((args[i].kind == CODE_X && args[i].number == 0) ||
		    (args[i].kind == CODE_LIST && reads_result(args[i].items, args[i].len)))
			return true;
	return false;
}

/* Whether what a call gives is looked at before, or by, the instruction `to`. */
static bool is_looked_at(const struct code *code, const struct code_function *function, size_t at,
			 size_t to)
{
	while (++at <= to) {
		const struct code_op *op = &function->ops[at];
		const bool is_call = op->opcode == OP_CALL || op->opcode == OP_CALL_EXT;
		const bool puts = !is_call && (op->opcode == OP_MOVE || code_op_import(code, op));

		if (is_call ? op->args[0].number > 0 : reads_result(op->args, op->len - puts))
			return true;
		if (is_call || (puts && reads_result(&op->args[op->len - 1], 1)))
			return false;
	}
	return false;
}

/* Another function has looked for the key in the same clause, right before, and what it gives is
 * used: it may fill it in.
 */
static bool was_looked_for(const struct code *code, const struct code_function *function, size_t at,
			   const char *key)
{
	for (size_t i = at; i-- > 0 && function->ops[i].opcode != OP_LABEL;) {
		const struct code_function *other = code_op_local(code, &function->ops[i]);

		if (other && other != function && looks_for(code, other, key) &&
		    is_looked_at(code, function, i, at))
			return true;
	}
	return false;
}

static bool is_fetched(const struct code *code, const struct code_function *function,
		       const char *key)
{
	const struct clauses clauses = { code, function, key };
	bool named = false, asked = false;

	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];
		const struct term *term;

		if (is_looked_for(code, op, key))
			return false;
		named = named ||
			(has_name(op->args, op->len, key) && !names_for_itself(code, function, i));
		if (!raises_without(code, op) || asked)
			continue;
		term = key_asked(code, function, i);
		asked = (!term || type_key_is(term, key)) && !is_optional(&clauses, i) &&
			!fetch_is_caught(code, function, i, "badkey") &&
			!was_looked_for(code, function, i, key);
	}
	return named && asked;
}

static bool is_taken(const struct code *code, const struct code_function *function, const char *key)
{
	const struct clauses clauses = { code, function, key };

	for (size_t i = 0; i < function->len; i++)
		if (has_name(function->ops[i].args, function->ops[i].len, key) &&
		    takes_key(&clauses, i) &&
		    !fetch_is_caught(code, function, i,
				     is_map_test(&function->ops[i]) ? "badmatch" : "badkey") &&
		    !was_looked_for(code, function, i, key))
			return true;
	return false;
}

bool function_wants_key(const struct code *code, const struct code_function *function,
			const char *key)
{
	return is_taken(code, function, key) || is_fetched(code, function, key);
}

bool function_names(const struct code_function *function, const char *name)
{
	for (size_t i = 0; function && i < function->len; i++)
		if (has_name(function->ops[i].args, function->ops[i].len, name))
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

bool matches_key(const struct code *code, const char *key)
{
	for (size_t i = 0; i < code->len; i++)
		for (size_t j = 0; j < code->functions[i].len; j++) {
			const struct code_op *op = &code->functions[i].ops[j];

			if ((op->opcode == OP_GET_MAP_ELEMENTS ||
			     op->opcode == OP_HAS_MAP_FIELDS) &&
			    has_name(op->args, op->len, key))
				return true;
		}
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

/* By hand: neither conversion nor anything else that may take care of the state. */
bool goes_back_as_it_is(const struct judge *judge, const struct app_diff *app, const char *module)
{
	static const char *const others[] = {
		"code_change",      "restart_application", "apply", "stop", "remove_application",
		"restart_emulator", "restart_new_emulator"
	};
	const struct appup_made *made = appups_find(judge->appups, app->name);
	const struct term *script = made ? made->down : NULL, *instruction;

	if (!script || made->source == APPUP_GENERATED)
		return false;
	for (size_t i = 0; i < script->seq.len; i++)
		for (size_t j = 0; j < ARRAY_LEN(others); j++) {
			instruction = term_at(script, i);
			if (term_is_atom(instruction, others[j]) ||
			    (instruction->kind == TERM_TUPLE && instruction->seq.len > 0 &&
			     term_is_atom(term_at(instruction, 0), others[j])))
				return false;
		}
	instruction = script_find(script, module);
	return !instruction || !instruction_is_advanced(instruction);
}

bool is_base(const char *app)
{
	return strcmp(app, "kernel") == 0 || strcmp(app, "stdlib") == 0 || strcmp(app, "sasl") == 0;
}

const struct code *starting_code(struct judge *judge, enum side side, const char *module)
{
	const struct beam_facts *facts = modules_facts(judge->modules, side, module);
	const struct code *code = facts && facts->roles & (BEAM_SUPERVISOR | BEAM_APPLICATION)
					  ? modules_code(judge->modules, side, module)
					  : NULL;

	return code && !code->unread ? code : NULL;
}

struct children module_children(struct judge *judge, enum side side, const char *module,
				struct arena *arena)
{
	const struct code_library *library = &judge->modules->library[side];
	const struct code *code = starting_code(judge, side, module);
	bool found;

	if (!code)
		return (struct children){ 0 };
	return modules_facts(judge->modules, side, module)->roles & BEAM_SUPERVISOR
		       ? code_children(code, NULL, library, arena)
		       : code_started_children(code, "start", 2, library, arena, &found);
}

struct spot spot_of(const struct eval *eval)
{
	return (struct spot){ eval->top->function, eval->at };
}

bool spots_have(const struct spots *spots, struct spot spot)
{
	for (size_t i = 0; i < spots->len; i++)
		if (spots->items[i].in == spot.in && spots->items[i].at == spot.at)
			return true;
	return false;
}

bool spots_add(struct spots *spots, struct spot spot)
{
	if (spots->len == SPOTS_MAX || spots_have(spots, spot))
		return false;
	spots->items[spots->len++] = spot;
	return true;
}
