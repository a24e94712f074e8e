// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/code_loops.h"

enum {
	ROUNDS = 3,    /* each time with what was seen before */
	WAYS = 3,      /* variants of the arguments that are tried */
	BEGINS = 64,   /* functions that processes begin in, with their arguments */
	STEPS = 16000, /* of one function */
	ALL = 300000,  /* … and of all */
};

static bool is_hibernate(const struct beam_function *to)
{
	return strcmp(to->name, "hibernate") == 0 && to->arity == 3 &&
	       (strcmp(to->module, "erlang") == 0 || strcmp(to->module, "proc_lib") == 0);
}

/* ---- which functions ---- */

struct graph {
	const struct code *code;
	struct loop_part *parts;
	bool *seen;
	size_t *todo, todo_len;
	bool changed;
};

static size_t nr_of(const struct code *code, const struct code_function *function)
{
	return (size_t)(function - code->functions);
}

/* The function of this module that an instruction calls, or makes a fun of. */
static const struct code_function *callee(const struct code *code, const struct code_op *op,
					  bool *by_name)
{
	const struct beam_function *to = code_op_import(code, op);

	*by_name = to && strcmp(to->module, code->module) == 0;
	return *by_name ? code_function(code, to->name, to->arity) : code_op_local(code, op);
}

static bool hibernates(const struct code *code, const struct code_function *function)
{
	for (size_t i = 0; i < function->len; i++) {
		const struct beam_function *to = code_op_import(code, &function->ops[i]);

		if (to && is_hibernate(to))
			return true;
	}
	return false;
}

/* Where it may wake up: exported functions whose names it has. */
static bool may_wake_in(const struct code *code, const struct code_function *function,
			const struct code_function *other)
{
	if (!code_exports(code, other->name, other->arity))
		return false;
	for (size_t i = 0; i < function->len; i++)
		for (size_t j = 0; j < function->ops[i].len; j++) {
			const struct term *term = code_term(&function->ops[i].args[j]);

			if (term && term->kind == TERM_ATOM && term_atom_name(term) &&
			    strcmp(term_atom_name(term), other->name) == 0)
				return true;
		}
	return false;
}

/* Calls edge() with each function that one calls. */
static void each_callee(struct graph *graph, size_t from,
			void (*edge)(struct graph *graph, size_t from, size_t to, bool by_name))
{
	const struct code *code = graph->code;
	const struct code_function *function = &code->functions[from], *to;
	bool by_name, sleeps = hibernates(code, function);

	for (size_t i = 0; i < function->len; i++)
		if ((to = callee(code, &function->ops[i], &by_name)))
			edge(graph, from, nr_of(code, to), by_name);
	for (size_t i = 0; i < code->len && sleeps; i++)
		if (may_wake_in(code, function, &code->functions[i]))
			edge(graph, from, i, true);
}

static void see(struct graph *graph, size_t from, size_t to, bool by_name)
{
	(void)from;
	(void)by_name;
	if (graph->seen[to])
		return;
	graph->seen[to] = true;
	graph->todo[graph->todo_len++] = to;
}

/* graph->seen: what can be reached from a function; itself only if it is called. */
static void reach(struct graph *graph, size_t from)
{
	memset(graph->seen, 0, graph->code->len * sizeof(*graph->seen));
	each_callee(graph, from, see);
	while (graph->todo_len > 0)
		each_callee(graph, graph->todo[--graph->todo_len], see);
}

static void lead_back(struct graph *graph, size_t from, size_t to, bool by_name)
{
	(void)by_name;
	if (graph->parts[to].round && !graph->parts[from].round)
		graph->parts[from].round = graph->changed = true;
}

static void name(struct graph *graph, size_t from, size_t to, bool by_name)
{
	(void)from;
	if (by_name && !graph->parts[to].named &&
	    code_exports(graph->code, graph->code->functions[to].name,
			 graph->code->functions[to].arity))
		graph->parts[to].named = graph->changed = true;
}

bool code_names_itself(const struct code *code)
{
	for (size_t i = 0; i < code->imports.len; i++)
		if (strcmp(code->imports.items[i].module, code->module) == 0 ||
		    is_hibernate(&code->imports.items[i]))
			return true;
	return false;
}

/* Answers whether edge() changed something. */
static bool once_for_all_inside(struct graph *graph, void (*edge)(struct graph *graph, size_t from,
								  size_t to, bool by_name))
{
	graph->changed = false;
	for (size_t i = 0; i < graph->code->len; i++)
		if (graph->parts[i].inside)
			each_callee(graph, i, edge);
	return graph->changed;
}

struct loop_part *code_loop_parts(const struct code *code,
				  bool (*waits)(const struct code *code,
						const struct code_function *function),
				  struct arena *arena)
{
	struct graph graph = { .code = code };

	graph.parts = arena_array(arena, code->len, struct loop_part);
	graph.seen = arena_array(arena, code->len, bool);
	graph.todo = arena_array(arena, code->len, size_t);
	for (size_t i = 0; i < code->len; i++) {
		graph.parts[i].waits = waits(code, &code->functions[i]);
		if (!graph.parts[i].waits)
			continue;
		reach(&graph, i);
		graph.parts[i].round = graph.seen[i];
		for (size_t j = 0; graph.seen[i] && j < code->len; j++)
			graph.parts[j].inside = graph.parts[j].inside || graph.seen[j];
	}
	while (once_for_all_inside(&graph, lead_back))
		;
	once_for_all_inside(&graph, name);
	return graph.parts;
}

/* ---- following ---- */

struct begin {
	const struct code_function *function;
	const struct value *args[LOOP_ARITY];
};

struct walk {
	const struct code *code;
	const struct loop_part *parts;
	const struct code_library *library;
	struct arena *arena;   /* takes types */
	struct arena *scratch; /* takes values */
	struct loop_entry *entries;
	struct begin begins[BEGINS];
	size_t begins_len;
	struct eval *eval;
	unsigned steps;
};

static void add_all(struct walk *walk, struct type ***types, const struct code_function *function,
		    const struct value *const *args)
{
	if (!*types) {
		*types = arena_array(walk->arena, function->arity, struct type *);
		for (size_t i = 0; i < function->arity; i++)
			(*types)[i] = type_new(walk->arena);
	}
	for (size_t i = 0; i < function->arity; i++)
		type_add((*types)[i], args[i], walk->arena);
}

/* Loops are not followed where they are called: each is, with all that it is given. */
static bool is_loop(const struct loop_part *part)
{
	return part->round && (part->waits || part->named);
}

static bool enter(void *ctx, const struct code_function *function, const struct value *const *args,
		  bool by_name)
{
	struct walk *walk = ctx;
	const struct eval_frame *top = walk->eval ? walk->eval->top : NULL;
	size_t nr = nr_of(walk->code, function);
	struct loop_entry *entry;

	if ((top && top->code != walk->code) || function->arity > LOOP_ARITY)
		return false;
	entry = &walk->entries[nr];
	if (!walk->parts[nr].named && !is_loop(&walk->parts[nr]))
		return false;
	add_all(walk, &entry->taken, function, args);
	if (by_name && top && walk->parts[nr_of(walk->code, top->function)].inside)
		add_all(walk, &entry->carried, function, args);
	return is_loop(&walk->parts[nr]);
}

static void begin(struct walk *walk, const struct code_function *function,
		  const struct value *const *args)
{
	struct begin *begin = &walk->begins[walk->begins_len];

	if (walk->begins_len == BEGINS || function->arity > LOOP_ARITY)
		return;
	for (size_t i = 0; i < walk->begins_len; i++) {
		size_t same = 0;

		while (walk->begins[i].function == function && same < function->arity &&
		       value_same(walk->begins[i].args[same], args[same]))
			same++;
		if (walk->begins[i].function == function && same == function->arity)
			return;
	}
	begin->function = function;
	for (size_t i = 0; i < function->arity; i++)
		begin->args[i] = args[i];
	walk->begins_len++;
}

/* {Module, Name, Arguments}: *function NULL where it is not one of this module. */
static const struct code_function *named_in(struct walk *walk, const char *name,
					    const struct value *list, const struct value **args)
{
	const struct value *rest = list, *head;
	uint32_t arity = 0;

	while (arity < LOOP_ARITY && value_uncons(rest, walk->scratch, &head, &rest))
		args[arity++] = head;
	return value_is_nil(rest) == YES && code_exports(walk->code, name, arity)
		       ? code_function(walk->code, name, arity)
		       : NULL;
}

static void start_named(struct walk *walk, const char *name, const struct value *list, bool inside)
{
	const struct value *args[LOOP_ARITY];
	const struct code_function *function = named_in(walk, name, list, args);

	if (function && !enter(walk, function, args, inside))
		begin(walk, function, args);
}

/* Functions that other processes begin in are handed over by name, or as funs. */
static void see_call(void *ctx, const struct beam_function *to, const struct value *const *args)
{
	struct walk *walk = ctx;
	bool hibernates = is_hibernate(to);

	for (size_t i = 0; i < to->arity; i++)
		if (args[i]->kind == VALUE_FUN && args[i]->fun.code == walk->code &&
		    args[i]->fun.len == args[i]->fun.function->arity)
			begin(walk, args[i]->fun.function, args[i]->fun.env);
	for (size_t i = 0; i + 2 < to->arity; i++)
		if (value_is_atom(args[i], walk->code->module) && value_atom_name(args[i + 1]))
			start_named(walk, value_atom_name(args[i + 1]), args[i + 2], hibernates);
}

static void follow(struct walk *walk, const struct code_function *function,
		   const struct value *const *args)
{
	struct eval eval = { .arena = walk->scratch,
			     .library = walk->library,
			     .limit = STEPS,
			     .on_call = see_call,
			     .on_enter = enter,
			     .ctx = walk };

	if (walk->steps > ALL)
		return;
	walk->eval = &eval;
	eval_function(&eval, walk->code, function, args);
	walk->eval = NULL;
	walk->steps += eval.steps;
}

static bool is_any_taken(const struct walk *walk)
{
	for (size_t i = 0; i < walk->code->len; i++)
		if (walk->entries[i].taken)
			return true;
	return false;
}

static void follow_begins(struct walk *walk)
{
	for (size_t i = 0; i < walk->begins_len; i++)
		follow(walk, walk->begins[i].function, walk->begins[i].args);
}

size_t loop_ways(struct type *const *types, size_t arity)
{
	size_t ways = 1;

	for (size_t i = 0; types && i < arity; i++)
		ways = type_ways(types[i]) > ways ? type_ways(types[i]) : ways;
	return ways < WAYS ? ways : WAYS;
}

void loop_args(const struct value **args, struct type *const *types, size_t arity, size_t way,
	       struct arena *arena)
{
	for (size_t i = 0; i < arity; i++)
		args[i] = types ? type_value(types[i], way, arena) : value_argument(arena, 1);
}

static void follow_loop(struct walk *walk, size_t nr)
{
	const struct code_function *function = &walk->code->functions[nr];
	struct type *const *types = walk->entries[nr].taken;
	const struct value *args[LOOP_ARITY];

	for (size_t way = 0;
	     function->arity <= LOOP_ARITY && way < loop_ways(types, function->arity); way++) {
		loop_args(args, types, function->arity, way, walk->scratch);
		follow(walk, function, args);
	}
}

/* Those that are no loops themselves, and inside of them or not. */
static void follow_exports(struct walk *walk, bool inside)
{
	const struct value *args[256];

	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		args[i] = value_argument(walk->scratch, 1);
	for (size_t i = 0; i < walk->code->len; i++) {
		const struct code_function *function = &walk->code->functions[i];

		if (walk->parts[i].inside == inside && !is_loop(&walk->parts[i]) &&
		    code_exports(walk->code, function->name, function->arity))
			follow(walk, function, args);
	}
}

struct loop_entry *code_loop_entries(const struct code *code, const struct loop_part *parts,
				     const struct code_library *library,
				     const struct loop_start *starts, size_t starts_len,
				     struct arena *arena)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct walk walk = { .code = code,
			     .parts = parts,
			     .library = library,
			     .arena = arena,
			     .scratch = &scratch };

	walk.entries = arena_array(arena, code->len, struct loop_entry);
	for (size_t i = 0; i < code->len; i++)
		walk.entries[i].function = &code->functions[i];
	for (size_t i = 0; i < starts_len; i++)
		start_named(&walk, starts[i].name, starts[i].args, false);
	follow_exports(&walk, false);
	follow_begins(&walk);
	if (!is_any_taken(&walk)) {
		follow_exports(&walk, true);
		follow_begins(&walk);
	}
	for (int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < code->len; i++)
			if (is_loop(&parts[i]) && walk.entries[i].taken)
				follow_loop(&walk, i);
	/* Who starts those is not seen. */
	for (size_t i = 0; i < code->len; i++)
		if (is_loop(&parts[i]) && !walk.entries[i].taken)
			follow_loop(&walk, i);
	return walk.entries;
}
