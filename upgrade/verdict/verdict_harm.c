// SPDX-License-Identifier: Apache-2.0
/* Whether code of one release can go on with values that code of the other one made. */
#include "erlang/code/code_facts.h"
#include "upgrade/verdict/verdict_kept.h"
#include "upgrade/verdict/verdict_states.h"

/* Some code that changed understands both: it need not be the one that keeps it. */
static bool somebody_knows(struct judge *judge, enum side side, const struct code *code,
			   const struct type_diff *diff)
{
	if (code_matches(code, diff->tag, diff->size))
		return true;
	for (size_t i = 0; i < judge->diff->len; i++) {
		const struct module_diffs modules = judge->diff->apps[i].modules;

		for (size_t j = 0; j < modules.len; j++) {
			const struct code *other = side == SIDE_NEW ? modules.items[j].new_code
								    : modules.items[j].old_code;

			if (other && code_matches(other, diff->tag, diff->size))
				return true;
		}
	}
	return false;
}

bool imports_from(const struct code *code, const char *module)
{
	for (size_t i = 0; i < code->imports.len; i++)
		if (strcmp(code->imports.items[i].module, module) == 0)
			return true;
	return false;
}

static bool is_maker_of_terms(const struct beam_function *function)
{
	return strcmp(function->name, "binary_to_term") == 0 ||
	       strcmp(function->name, "non_executable_binary_to_term") == 0;
}

/* By a call, or a fun of it: lists:map(fun erlang:binary_to_term/1, List). */
static bool makes_terms(struct judge *judge, const struct code *code)
{
	for (size_t i = 0; i < code->imports.len; i++)
		if (is_maker_of_terms(&code->imports.items[i]))
			return true;
	for (size_t i = 0; i < code->len; i++) {
		const struct code_remotes funs = code_captures(&code->functions[i], judge->arena);

		for (size_t j = 0; j < funs.len; j++)
			if (is_maker_of_terms(&funs.items[j].to))
				return true;
	}
	return false;
}

bool binaries_are_read(struct judge *judge, enum side side, const struct code *code)
{
	struct modules *modules = judge->modules;
	const struct module_at *own = modules_find(modules, side, code->module);

	if (!own || makes_terms(judge, code))
		return true;
	for (size_t i = 0; i < name_table_len(modules->names[side]); i++) {
		struct module_at *module = &modules->items[side][i];
		const struct code *other;

		if (!module->app || module->of_language ||
		    (module->app != own->app && !imports_from(code, module->name)))
			continue;
		other = module_code(modules, side, module);
		if (!other || makes_terms(judge, other))
			return true;
	}
	return false;
}

bool code_or_library(struct judge *judge, enum side side, const struct code *code,
		     bool (*is)(const struct code *code, const void *what), const void *what)
{
	if (is(code, what))
		return true;
	for (size_t i = 0; i < judge->diff->len; i++) {
		const struct module_diffs modules = judge->diff->apps[i].modules;

		for (size_t j = 0; j < modules.len; j++) {
			const struct code *other = side == SIDE_NEW ? modules.items[j].new_code
								    : modules.items[j].old_code;

			if (other && other != code && !other->unread &&
			    (imports_from(code, other->module) ||
			     (judge->plugin && strcmp(judge->plugin, other->module) == 0)) &&
			    is(other, what))
				return true;
		}
	}
	return false;
}

static bool is_key_wanted(const struct code *code, const void *key)
{
	return wants_key(code, key);
}

bool reads_key(struct judge *judge, enum side side, const struct code *code, const char *key)
{
	return code_or_library(judge, side, code, is_key_wanted, key);
}

/* Nobody puts a key there whose name is not in the code. */
static bool is_key_known(const struct code *code, const void *key)
{
	owned_name_table struct name_table *atoms = atoms_of(code);

	return name_table_find(atoms, span_of(key)) != NAME_ABSENT;
}

bool may_put_key(struct judge *judge, enum side side, const struct code *code, const char *key)
{
	return code_or_library(judge, side, code, is_key_known, key);
}

/* Takes that struct apart, by that key. */
static bool is_field_wanted(const struct code *code, const void *what)
{
	const struct type_diff *diff = what;

	for (size_t i = 0; i < code->len; i++)
		if (function_names(&code->functions[i], diff->of) &&
		    function_wants_key(code, &code->functions[i], diff->tag))
			return true;
	return false;
}

/* Who reads a struct may be the module that defines it, or one that is handed it. */
static bool wants(struct judge *judge, enum side side, const struct code *code,
		  const struct type_diff *diff)
{
	const struct type *type = diff->after;

	if (diff->of ? wants_key(code, diff->tag) ||
			       code_or_library(judge, side, code, is_field_wanted, diff)
		     : reads_key(judge, side, code, diff->tag) ||
			       gets_key(judge, side, code, diff->tag))
		return true;
	for (size_t i = 0; i < type->len; i++) {
		const char *of = type->variants[i].map ? type->variants[i].tag : NULL;
		const struct code *other = modules_code(judge->modules, side, of);

		if (other && wants_key(other, diff->tag))
			return true;
	}
	return false;
}

/* It looks for the key, or puts it there. */
static bool makes_sure(const struct code *code, const struct code_function *function, size_t at,
		       const char *key)
{
	static const struct beam_function sure[] = {
		{ "Elixir.Keyword", "has_key?", 2 },
		{ "Elixir.Keyword", "put", 3 },
		{ "Elixir.Keyword", "put_new", 3 },
		{ "Elixir.Keyword", "put_new_lazy", 3 },
	};
	const struct beam_function *to = code_op_import(code, &function->ops[at]);
	const struct term *asked;

	for (size_t i = 0; to && i < ARRAY_LEN(sure); i++)
		if (beam_function_same(to, &sure[i])) {
			asked = argument_at(function, at, 1);
			return asked && term_is_atom(asked, key);
		}
	return false;
}

static size_t times_named(const struct code_arg *args, size_t len, uint64_t label)
{
	size_t times = 0;

	for (size_t i = 0; i < len; i++)
		if (args[i].kind == CODE_LIST)
			times += times_named(args[i].items, args[i].len, label);
		else
			times += args[i].kind == CODE_LABEL && args[i].number == label;
	return times;
}

/* `if` of what looks for it leads to the label, as neither false nor nil, and nothing else does. */
static bool is_led_by_sure(const struct code *code, const struct code_function *function,
			   uint64_t label, const char *key)
{
	size_t times = 0;
	bool led = false;

	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];

		times += times_named(op->args, op->len, label);
		led = led || (i > 0 && op->opcode == OP_SELECT_VAL &&
			      times_named(&op->args[1], 1, label) == 1 &&
			      makes_sure(code, function, i - 1, key));
	}
	return led && times == 1;
}

/* Right before, it has looked for the key, or put it there. */
static bool is_there_by_then(const struct code *code, const struct code_function *function,
			     size_t at, const char *key)
{
	while (at-- > 0) {
		const struct code_op *op = &function->ops[at];

		if (op->opcode == OP_LABEL)
			return is_led_by_sure(code, function, op->args[0].number, key);
		if (makes_sure(code, function, at, key))
			return true;
	}
	return false;
}

static bool asks_for_pair(const struct code *code, const struct code_function *function,
			  const char *key)
{
	static const struct beam_function strict[] = {
		{ "Elixir.Access", "fetch!", 2 },           { "Elixir.Keyword", "fetch!", 2 },
		{ "Elixir.Keyword", "get_and_update!", 3 }, { "Elixir.Keyword", "pop!", 2 },
		{ "Elixir.Keyword", "replace!", 3 },        { "Elixir.Keyword", "update!", 3 },
	};

	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];
		const struct beam_function *to = code_op_import(code, op);
		const struct term *asked = NULL;

		for (size_t j = 0; to && j < ARRAY_LEN(strict); j++)
			if (beam_function_same(to, &strict[j]))
				asked = argument_at(function, i, 1);
		if (asked && term_is_atom(asked, key) &&
		    !is_there_by_then(code, function, i, key) &&
		    !fetch_is_caught(code, function, i, "badkey"))
			return true;
	}
	return false;
}

/* A callback comes to Keyword.fetch!(…, Key), or its like: what a start fetches is there. */
static bool fetches_pair(const struct code *code, const char *key, struct arena *arena)
{
	bool *marked = arena_array(arena, code->len, bool);

	for (size_t i = 0; i < code->len; i++)
		marked[i] = asks_for_pair(code, &code->functions[i], key);
	code_mark_callers(code, marked);
	for (size_t i = 0; i < code->len; i++)
		if (marked[i] && strncmp(code->functions[i].name, "handle_", 7) == 0 &&
		    code_exports(code, code->functions[i].name, code->functions[i].arity))
			return true;
	return false;
}

/* Whether the code that made a map of which not all is seen may have put the key into it. */
static bool may_have_put(const struct heir *heir, const struct type_diff *diff)
{
	return may_put_key(heir->judge, heir->side == SIDE_NEW ? SIDE_OLD : SIDE_NEW, heir->maker,
			   diff->tag);
}

static bool harms(const struct heir *heir, const struct type_diff *diff, bool converted)
{
	struct judge *judge = heir->judge;
	const enum side side = heir->side;
	const struct code *code = heir->code;

	if (diff->packed && !binaries_are_read(judge, side, code))
		return false;
	switch (diff->what) {
	case TYPE_SIZE:
		return diff->size < 64 && (converted || !somebody_knows(judge, side, code, diff));
	case TYPE_OTHER:
	case TYPE_SWAP:
		return true;
	case TYPE_KEYS:
		return !keys_found(judge, side, code, diff);
	case TYPE_KEY:
		return wants(judge, side, code, diff) && !(diff->open && may_have_put(heir, diff));
	case TYPE_PAIR:
		return fetches_pair(code, diff->tag, judge->arena) && !may_have_put(heir, diff);
	default:
		return false;
	}
}

const struct type_diff *first_harm(const struct heir *heir, struct type_diffs diffs, bool converted)
{
	for (size_t i = 0; i < diffs.len; i++)
		if (harms(heir, &diffs.items[i], converted))
			return &diffs.items[i];
	return NULL;
}

const char *type_diff_shown(struct arena *arena, const struct type_diff *diff)
{
	owned_str struct str text = STR_EMPTY;

	if (diff->what == TYPE_SIZE) {
		if (diff->tag)
			str_addf(&text, "the tuple %s had %zu elements and has %zu",
				 module_shown(diff->tag), diff->size, diff->new_size);
		else
			str_addf(&text, "a tuple had %zu elements and has %zu", diff->size,
				 diff->new_size);
	} else if (diff->what == TYPE_SWAP) {
		str_addf(&text, "elements %zu and %zu of a tuple%s%s changed places", diff->size,
			 diff->new_size, diff->tag ? ", " : "",
			 diff->tag ? module_shown(diff->tag) : "");
	} else if (diff->what == TYPE_PAIR) {
		str_addf(&text, "the list lacks the key %s, which is taken to be there", diff->tag);
	} else if (diff->what == TYPE_KEY) {
		if (diff->of)
			str_addf(&text, "the %s %s", struct_kind(diff->of), module_shown(diff->of));
		else
			str_adds(&text, "the map");
		str_addf(&text, " lacks the key %s, which is taken to be there", diff->tag);
	} else {
		str_adds(&text, diff->what == TYPE_KEYS ? "a key of the map was " : "was ");
		type_print(&text, diff->before);
		str_adds(&text, ", is ");
		type_print(&text, diff->after);
	}
	if (*diff->path)
		str_addf(&text, " (%s)", diff->path);
	return arena_dup(arena, str_span(&text));
}

const struct type_diff *type_harm(const struct heir *heir, const struct type *before,
				  const struct type *after)
{
	return first_harm(heir, type_compare(before, after, heir->judge->arena), false);
}
