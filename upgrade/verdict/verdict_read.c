// SPDX-License-Identifier: Apache-2.0
/* Who reads what is stored is tried with it: with what the other release put there, and with what
 * its own does.
 */
#include "erlang/code/code_type.h"
#include "upgrade/verdict/verdict_kept.h"
#include "upgrade/verdict/verdict_states.h"

#include <limits.h>

enum { STEPS_MAX = 8000, ALL_STEPS_MAX = 4000000, WAYS_MAX = 24, CALLS_MAX = 64 };

/* How it comes back. */
enum gives { GIVES_IT, GIVES_OK, GIVES_LIST, GIVES_ROWS_OF_KEY, GIVES_ELEMENT, GIVES_PAIRS };

/* clang-format off */
static const struct read {
	const char *module, *name;
	uint32_t arity;
	unsigned where; /* the argument that says which one */
	enum stored stored;
	enum gives gives;
} reads[] = {
	{ "ets", "lookup", 2, 0, STORED_ROWS, GIVES_ROWS_OF_KEY },
	{ "ets", "lookup_element", 3, 0, STORED_ROWS, GIVES_ELEMENT },
	{ "ets", "match_object", 2, 0, STORED_ROWS, GIVES_LIST },
	{ "ets", "tab2list", 1, 0, STORED_ROWS, GIVES_LIST },
	{ "ets", "take", 2, 0, STORED_ROWS, GIVES_ROWS_OF_KEY },
	{ "dets", "lookup", 2, 0, STORED_ROWS, GIVES_ROWS_OF_KEY },
	{ "dets", "match_object", 2, 0, STORED_ROWS, GIVES_LIST },
	{ "persistent_term", "get", 1, 0, STORED_TERM, GIVES_IT },
	{ "persistent_term", "get", 2, 0, STORED_TERM, GIVES_IT },
	{ "erlang", "get", 1, 0, STORED_IN_PROCESS, GIVES_IT },
	{ "erlang", "erase", 1, 0, STORED_IN_PROCESS, GIVES_IT },
	{ "Elixir.Process", "delete", 1, 0, STORED_IN_PROCESS, GIVES_IT },
	{ "Elixir.Process", "get", 1, 0, STORED_IN_PROCESS, GIVES_IT },
	{ "Elixir.Process", "get", 2, 0, STORED_IN_PROCESS, GIVES_IT },
	{ "Elixir.Registry", "lookup", 2, 0, STORED_IN_REGISTRY, GIVES_PAIRS },
	{ "Elixir.Registry", "meta", 2, 1, STORED_META, GIVES_OK },
	{ "application", "get_env", 2, 1, STORED_ENV, GIVES_OK },
	{ "application", "get_env", 3, 1, STORED_ENV, GIVES_IT },
	{ "Elixir.Application", "get_env", 2, 1, STORED_ENV, GIVES_IT },
	{ "Elixir.Application", "get_env", 3, 1, STORED_ENV, GIVES_IT },
	{ "Elixir.Application", "fetch_env!", 2, 1, STORED_ENV, GIVES_IT },
};
/* clang-format on */

/* Calls that others may learn something from. */
struct calls {
	struct call {
		struct beam_function to; /* each once */
		struct type *given;      /* a tuple of its arguments */
	} items[CALLS_MAX];
	size_t len; /* CALLS_MAX: there may be others */
};

/* A function that is followed while what it reads from a place is given to it. */
struct reader {
	struct judge *judge;
	const struct stored_at *at;
	struct arena *arena;
	const struct value *value;
	bool read; /* it did */
	struct eval *eval;
	struct spots ends;   /* where it raised */
	struct type *gives;  /* takes what it returns; NULL: nobody wants it */
	struct calls *calls; /* the same of what it calls */
};

static const struct read *read_of(const struct reader *reader, const struct beam_function *function,
				  const struct value *const *args)
{
	for (size_t i = 0; i < ARRAY_LEN(reads); i++)
		if (reads[i].stored == reader->at->stored && reads[i].arity == function->arity &&
		    strcmp(reads[i].name, function->name) == 0 &&
		    strcmp(reads[i].module, function->module) == 0 &&
		    stored_is_at(args[reads[i].where], reader->at, reader->arena))
			return &reads[i];
	return NULL;
}

static const struct value *element_of(const struct value *row, const struct value *position,
				      struct arena *arena)
{
	const struct term *term = value_term(position, arena);
	int64_t nr;

	return term && term_get_integer(term, &nr) && nr > 0 && nr <= value_tuple_size(row)
		       ? value_element(row, (size_t)nr - 1, arena)
		       : &value_unknown;
}

static bool is_unknown(const struct value *value)
{
	return value->kind == VALUE_UNKNOWN || value->kind == VALUE_ARGUMENT;
}

/* A row that was looked up by a key has that in it, in a record behind its tag: [{Key, Value}]
 * takes it, where Key is what was asked for.  By an atom a row is found that begins with it.
 */
static const struct value *row_of_key(const struct value *row, const struct value *key,
				      struct arena *arena)
{
	const int size = value_tuple_size(row);
	const struct value **items;
	size_t at = 0;

	if (size > 1 && value_atom_name(value_element(row, 0, arena)) && !value_atom_name(key))
		at = 1;
	if (size <= (int)at || !is_unknown(value_element(row, at, arena)))
		return row;
	items = arena_array(arena, (size_t)size, const struct value *);
	for (size_t i = 0; i < (size_t)size; i++)
		items[i] = value_element(row, i, arena);
	items[at] = key->kind == VALUE_UNKNOWN ? &value_looked_up : key;
	return value_tuple(arena, items, (size_t)size);
}

static const struct value *found(struct reader *reader, const struct beam_function *function,
				 const struct value *const *args)
{
	struct arena *arena = reader->arena;
	const struct read *read = read_of(reader, function, args);
	const struct value *pair[] = { value_of_kind(arena, TERM_PID), reader->value };
	const struct value *ok[] = { value_of_atom(arena, "ok"), reader->value };

	if (!read)
		return NULL;
	reader->read = true;
	switch (read->gives) {
	case GIVES_ELEMENT:
		return element_of(reader->value, args[2], arena);
	case GIVES_ROWS_OF_KEY:
		return value_cons(arena, row_of_key(reader->value, args[1], arena),
				  value_of_term(arena, &term_nil));
	case GIVES_LIST:
		return value_cons(arena, reader->value, value_of_term(arena, &term_nil));
	case GIVES_OK:
		return value_tuple(arena, ok, ARRAY_LEN(ok));
	case GIVES_PAIRS:
		return value_cons(arena, value_tuple(arena, pair, ARRAY_LEN(pair)),
				  value_of_term(arena, &term_nil));
	default:
		return reader->value;
	}
}

/* The server that has it, by a call. */
static bool is_asked(const struct stored_at *at, const struct beam_function *function,
		     const struct value *const *args)
{
	return at->server && effect_calls_server(function) && value_is_atom(args[0], at->server);
}

static bool answer(void *ctx, const struct beam_function *function, const struct value *const *args,
		   struct values *out);

static void ask(struct reader *reader, const struct value *message, struct values *out)
{
	const struct stored_at *at = reader->at;
	const bool has_it = at->stored == STORED_IN_SERVER;
	struct modules *modules = reader->judge->modules;
	const struct code *code = modules_code(modules, at->to, at->server);
	struct eval eval = { .arena = reader->arena,
			     .library = &modules->library[at->to],
			     .limit = STEPS_MAX,
			     .answer = answer,
			     .ctx = reader };
	struct values answers = { 0 };

	if (code)
		answers = server_answers(&eval, code, message,
					 has_it ? value_with_key(reader->value, reader->arena)
						: value_argument(reader->arena, 1));
	reader->judge->read_steps += eval.steps;
	reader->read = reader->read || has_it;
	for (size_t i = 0; i < answers.len; i++)
		eval_add(reader->eval, out, answers.items[i]);
	if (!code || eval.gave_up)
		eval_add(reader->eval, out, &value_unknown);
}

static bool answer(void *ctx, const struct beam_function *function, const struct value *const *args,
		   struct values *out)
{
	struct reader *reader = ctx;
	const struct value *value = found(reader, function, args);

	if (is_asked(reader->at, function, args)) {
		ask(reader, args[1], out);
		return true;
	}
	if (value)
		eval_add(reader->eval, out, value);
	return value;
}

static void note_end(void *ctx)
{
	struct reader *reader = ctx;

	spots_add(&reader->ends, spot_of(reader->eval));
}

/* It makes something of what it is given, or writes that to a log; but not the term as it is. */
static bool tells_nobody(const struct beam_function *function)
{
	/* clang-format off */
	static const char *const modules[] = {
		"binary", "error_logger", "io", "io_lib", "logger", "math", "string", "unicode",
		"Elixir.Atom", "Elixir.Float", "Elixir.IO", "Elixir.Integer", "Elixir.Kernel",
		"Elixir.Logger", "Elixir.String", "Elixir.String.Chars", "Elixir.Tuple",
	};
	static const char *const bifs[] = {
		"++", "--", "append_element", "element", "get", "max", "min", "setelement",
	};
	/* clang-format on */

	if (strcmp(function->module, "erlang") == 0) {
		for (size_t i = 0; i < ARRAY_LEN(bifs); i++)
			if (strcmp(bifs[i], function->name) == 0)
				return true;
		return strstr(function->name, "_to_") && strncmp(function->name, "term", 4) != 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(modules); i++)
		if (strcmp(modules[i], function->module) == 0)
			return strncmp(function->name, "send", 4) != 0 &&
			       strncmp(function->name, "spawn", 5) != 0;
	return known_pure(function->module);
}

/* What it does is seen by following it. */
static bool is_followed(const struct eval *eval, const struct beam_function *function)
{
	const struct code_library *library = eval->library;
	const struct code *code = NULL;

	if (known_pure(function->module) ||
	    (library->follow && library->follow(library->ctx, function->module)))
		code = library->open(library->ctx, function->module);
	return code && code_exports(code, function->name, function->arity);
}

static bool puts_back(const struct reader *reader, const struct beam_function *function,
		      const struct value *const *args)
{
	return reader->at->stored == STORED_IN_PROCESS && function->arity == 2 &&
	       strcmp(function->name, "put") == 0 &&
	       (strcmp(function->module, "erlang") == 0 ||
		strcmp(function->module, "Elixir.Process") == 0) &&
	       stored_is_at(args[0], reader->at, reader->arena);
}

static struct call *call_of(struct calls *calls, const struct beam_function *to)
{
	for (size_t i = 0; i < calls->len; i++)
		if (beam_function_same(&calls->items[i].to, to))
			return &calls->items[i];
	return NULL;
}

static bool has_fun(const struct beam_function *function, const struct value *const *args)
{
	for (size_t i = 0; i < function->arity; i++)
		if (args[i]->kind == VALUE_FUN)
			return true;
	return false;
}

/* Of a fun what it holds. */
static void note_given(struct reader *reader, const struct beam_function *to,
		       const struct value *const *args)
{
	const struct value **items = arena_array(reader->arena, to->arity, const struct value *);
	struct call *call = call_of(reader->calls, to);

	if (reader->calls->len == CALLS_MAX)
		return;
	if (!call) {
		call = &reader->calls->items[reader->calls->len++];
		*call = (struct call){ *to, type_new(reader->arena) };
	}
	for (size_t i = 0; i < to->arity; i++)
		items[i] = args[i]->kind == VALUE_FUN
				   ? value_tuple(reader->arena, args[i]->fun.env, args[i]->fun.len)
				   : args[i];
	type_add(call->given, value_tuple(reader->arena, items, to->arity), reader->arena);
}

static void note_call(void *ctx, const struct beam_function *function,
		      const struct value *const *args)
{
	struct reader *reader = ctx;

	if ((!tells_nobody(function) || has_fun(function, args)) &&
	    !is_followed(reader->eval, function) && !read_of(reader, function, args) &&
	    !puts_back(reader, function, args))
		note_given(reader, function, args);
}

/* A fun or a module that is not known may do anything with it. */
static void note_blind(void *ctx, const struct value *const *args, size_t arity)
{
	const struct beam_function to = { "", "", (uint32_t)arity };

	note_given(ctx, &to, args);
}

/* How many different things it may return; -1: not all of it is seen. */
static int outcomes(struct reader *reader, enum side to, const struct code *code,
		    const struct code_function *function, const struct value *value)
{
	struct eval eval = { .arena = reader->arena,
			     .library = &reader->judge->modules->library[to],
			     .limit = STEPS_MAX,
			     .answer = answer,
			     .on_call = reader->calls ? note_call : NULL,
			     .on_blind = reader->calls ? note_blind : NULL,
			     .on_raise = note_end,
			     .ctx = reader };
	struct values values;

	reader->eval = &eval;
	reader->value = value;
	values = eval_any(&eval, code, function);
	reader->judge->read_steps += eval.steps;
	for (size_t i = 0; reader->gives && i < values.len; i++)
		type_add(reader->gives, values.items[i], reader->arena);
	return eval.gave_up || reader->ends.len == SPOTS_MAX ||
			       (reader->calls && reader->calls->len == CALLS_MAX)
		       ? -1
		       : (int)values.len;
}

static size_t ways_of(const struct type *type)
{
	return type_exact_ways(type) < WAYS_MAX ? type_exact_ways(type) : WAYS_MAX;
}

static bool is_own(const struct value *value, const struct type *made, struct arena *arena)
{
	for (size_t i = 0; i < ways_of(made); i++)
		if (value_same(value, type_exact_value(made, i, arena)))
			return true;
	return false;
}

/* Whether it raises at a place where it never does with what its own release puts there.  It must
 * return fewer things than with each of those, too: where something is not known a way that raises
 * may be none that is gone.
 */
static bool fails(struct judge *judge, const struct stored_at *at, const struct code *code,
		  const struct code_function *function)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct reader reader = { .judge = judge, .at = at, .arena = &scratch };
	int least = INT_MAX, now;
	size_t own;

	for (size_t i = 0; i < ways_of(at->made); i++) {
		now = outcomes(&reader, at->to, code, function,
			       type_exact_value(at->made, i, &scratch));
		if (now < 0 || !reader.read)
			return false;
		least = now < least ? now : least;
	}
	own = reader.ends.len;
	for (size_t i = 0; i < ways_of(at->there); i++) {
		const struct value *value = type_exact_value(at->there, i, &scratch);

		if (is_own(value, at->made, &scratch))
			continue;
		now = outcomes(&reader, at->to, code, function, value);
		if (now < 0)
			return false;
		if (reader.ends.len > own && now < least)
			return true;
		reader.ends.len = own;
	}
	return false;
}

/* Numbers count as integers. */
static unsigned kinds_of(const struct type *type)
{
	const unsigned integer = 1U << TERM_INTEGER, other = 1U << TERM_BIG | 1U << TERM_FLOAT;

	return type->kinds & other ? (type->kinds & ~other) | integer : type->kinds;
}

/* Not seen in both, or an integer is a float. */
static bool is_as_good(const struct type_diff *diff)
{
	const struct type *was = diff->before, *is = diff->after;

	return kinds_of(was) == kinds_of(is) &&
	       (diff->what == TYPE_LOST ? was->unknown && is->unknown
					: was->kinds != is->kinds && was->len == 0);
}

static bool gives_the_same(const struct type *was, const struct type *is, struct arena *arena)
{
	struct type_diffs diffs = type_compare(was, is, arena);

	for (size_t i = 0; i < diffs.len; i++)
		if (!is_as_good(&diffs.items[i]))
			return false;
	return !type_loses_atoms(was, is);
}

static bool calls_the_same(struct calls *was, struct calls *is, struct arena *arena)
{
	for (size_t i = 0; i < was->len; i++) {
		const struct call *call = call_of(is, &was->items[i].to);

		if (!call || !gives_the_same(was->items[i].given, call->given, arena))
			return false;
	}
	return was->len == is->len;
}

/* Whether it raises nowhere else than with what its own release puts there, and returns and calls
 * the same.
 */
static bool goes_on(struct judge *judge, const struct stored_at *at, const struct code *code,
		    const struct code_function *function)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct type *own = type_new(&scratch), *others = type_new(&scratch);
	struct calls calls = { .len = 0 }, other_calls = { .len = 0 };
	struct reader reader = {
		.judge = judge, .at = at, .arena = &scratch, .gives = own, .calls = &calls
	};
	size_t ends;

	for (size_t i = 0; i < type_exact_ways(at->made); i++)
		if (outcomes(&reader, at->to, code, function,
			     type_exact_value(at->made, i, &scratch)) < 0)
			return false;
	ends = reader.ends.len;
	reader.gives = others;
	reader.calls = &other_calls;
	for (size_t i = 0; i < type_exact_ways(at->there); i++)
		if (outcomes(&reader, at->to, code, function,
			     type_exact_value(at->there, i, &scratch)) < 0)
			return false;
	return reader.read && reader.ends.len == ends && gives_the_same(others, own, &scratch) &&
	       calls_the_same(&other_calls, &calls, &scratch);
}

/* A key of the process dictionary of another process may have the same name. */
static bool reads_there(const struct beam_facts *facts, const struct stored_at *at)
{
	const bool is_alone = at->stored == STORED_IN_PROCESS && strcmp(facts->module, at->by) != 0;

	for (size_t i = 0; i < facts->imports.len; i++)
		if (strcmp(facts->imports.items[i].module, at->by) == 0 ||
		    (at->server && effect_calls_server(&facts->imports.items[i])))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(reads) && !is_alone; i++)
		if (reads[i].stored == at->stored &&
		    beam_imports(facts, reads[i].module, reads[i].name, reads[i].arity))
			return true;
	return false;
}

/* Functions that come to a call which reads there; NULL: there are none. */
static const bool *readers_of(struct judge *judge, const struct stored_at *at,
			      struct module_at *module, const struct code *code)
{
	struct code_effects effects = effects_through(judge, at->to, module);
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct reader reader = { .at = at, .arena = &scratch };
	bool *marked = arena_array(judge->arena, code->len, bool), any = false;

	for (size_t i = 0; i < effects.len; i++)
		if (read_of(&reader, &effects.items[i].to, effects.items[i].args) ||
		    is_asked(at, &effects.items[i].to, effects.items[i].args))
			any = marked[effects.items[i].in - code->functions] = true;
	if (!any)
		return NULL;
	code_mark_callers(code, marked);
	return marked;
}

/* Whether something may be there that the code which reads it does not expect: without trying it.
 */
static bool may_fail(const struct judge *judge, const struct stored_at *at)
{
	struct type_diffs diffs = type_compare(at->there, at->made, judge->arena);

	if (at->there->unknown || at->made->unknown)
		return false;
	if (type_loses_atoms(at->there, at->made))
		return true;
	for (size_t i = 0; i < diffs.len; i++) {
		const struct type_diff *diff = &diffs.items[i];

		/* Rows of a kind more may have keys of their own. */
		if (diff->what == TYPE_SIZE || diff->what == TYPE_OTHER || diff->what == TYPE_KEY ||
		    (diff->what == TYPE_MORE && (at->stored != STORED_ROWS || *diff->path)))
			return true;
	}
	return false;
}

/* Calls is() for each function that others may call, and that comes to a call which reads there;
 * the first for which it says yes, as text; NULL: none.  *any: there are some.
 */
static const char *find_reader(struct judge *judge, const struct stored_at *at, bool *any,
			       bool (*is)(struct judge *judge, const struct stored_at *at,
					  const struct code *code,
					  const struct code_function *function))
{
	struct modules *modules = judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *after = &modules->items[SIDE_NEW][i];
		struct module_at *module = modules_find(modules, at->to, after->name);
		const struct beam_facts *facts;
		const struct code *code;
		const bool *readers;

		if (judge->read_steps > ALL_STEPS_MAX)
			return NULL;
		if (!module || !(module_may_differ(judge, after)))
			continue;
		facts = module_facts(modules, at->to, module);
		code = facts && reads_there(facts, at) ? module_code(modules, at->to, module)
						       : NULL;
		readers = code && !code->unread ? readers_of(judge, at, module, code) : NULL;
		for (size_t j = 0; readers && j < code->len; j++) {
			const struct code_function *function = &code->functions[j];

			if (!readers[j] || !code_exports(code, function->name, function->arity))
				continue;
			*any = true;
			if (is(judge, at, code, function))
				return arena_printf(judge->arena, "%s:%s/%u",
						    module_shown(code->module), function->name,
						    function->arity);
		}
	}
	return NULL;
}

const char *reader_that_fails(struct judge *judge, const struct stored_at *at)
{
	bool any;

	return may_fail(judge, at) ? find_reader(judge, at, &any, fails) : NULL;
}

static bool stumbles(struct judge *judge, const struct stored_at *at, const struct code *code,
		     const struct code_function *function)
{
	return !goes_on(judge, at, code, function);
}

bool readers_go_on(struct judge *judge, const struct stored_at *at)
{
	bool any = false;

	return !at->there->unknown && !at->made->unknown &&
	       type_exact_ways(at->there) <= WAYS_MAX && type_exact_ways(at->made) <= WAYS_MAX &&
	       !find_reader(judge, at, &any, stumbles) && any && judge->read_steps <= ALL_STEPS_MAX;
}
