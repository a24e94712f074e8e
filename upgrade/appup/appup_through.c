// SPDX-License-Identifier: Apache-2.0
/* What a changed module comes to by way of modules that are the same: where such a module gives
 * otherwise for it, or is given something else, both must change together, as if it called what
 * changed itself.
 */
#include "erlang/code/code_type.h"
#include "upgrade/appup/appup_parts.h"
#include "upgrade/diff/stays.h"

enum { REACHED_MAX = 4000, STEPS = 8000 };

/* A function that is the same, with all that is below it in modules that changed. */
struct reached {
	struct module_at *module;
	const struct code *code;
	const struct code_function *function;
	size_t *calls; /* others of them */
	size_t len, cap;
	bool *changed; /* by the number of the vertex; NULL: none */
	bool judged, alike;
};

struct through {
	struct appup_work *work;
	struct name_table *names; /* "module:function/arity", of … */
	struct reached *items;
	size_t cap;
};

static size_t vertex_nr(const struct through *through, const struct vertex *vertex)
{
	return (size_t)(vertex - through->work->vertices);
}

static void see_changed(const struct through *through, struct reached *reached, size_t nr)
{
	if (!reached->changed)
		reached->changed = arena_array(through->work->arena,
					       name_table_len(through->work->names), bool);
	reached->changed[nr] = true;
}

static struct span key_of(struct str *key, const struct beam_function *to)
{
	str_clear(key);
	str_addf(key, "%s:%s/%u", to->module, to->name, to->arity);
	return str_span(key);
}

/* NAME_ABSENT: it is not ours, or too far away. */
static size_t reach(struct through *through, const struct beam_function *to)
{
	struct modules *modules = through->work->modules;
	const struct code_library *library = &modules->library[SIDE_NEW];
	owned_str struct str key = STR_EMPTY;
	struct module_at *module;
	const struct code *code;
	const struct code_function *function;
	size_t nr = name_table_find(through->names, key_of(&key, to));

	if (nr != NAME_ABSENT || name_table_len(through->names) == REACHED_MAX ||
	    !library->follow(library->ctx, to->module))
		return nr;
	module = modules_find(modules, SIDE_NEW, to->module);
	code = module_code(modules, SIDE_NEW, module);
	function = code ? code_function(code, to->name, to->arity) : NULL;
	if (!function)
		return NAME_ABSENT;
	nr = name_table_add_copy(through->names, str_span(&key));
	through->items = arena_grow(through->work->arena, through->items, nr, &through->cap);
	through->items[nr] =
		(struct reached){ .module = module, .code = code, .function = function };
	return nr;
}

/* The function that an instruction calls, or makes a fun of. */
static struct beam_function called_by(const struct reached *from, const struct code_op *op)
{
	const struct code_function *local = code_op_local(from->code, op);
	const struct beam_function *to = code_op_import(from->code, op);

	if (local)
		return (struct beam_function){ from->module->name, local->name, local->arity };
	return to ? *to : (struct beam_function){ 0 };
}

static void reach_from(struct through *through, size_t nr)
{
	const struct code_function *function = through->items[nr].function;

	for (size_t i = 0; i < function->len; i++) {
		struct beam_function to = called_by(&through->items[nr], &function->ops[i]);
		const struct vertex *vertex =
			to.module ? vertex_find(through->work, to.module) : NULL;
		struct reached *from;
		size_t other;

		if (!to.module)
			continue;
		if (vertex) {
			if (vertex->diff->change == CHANGE_CHANGED &&
			    !function_stays(through->work->modules, to.module, to.name, to.arity))
				see_changed(through, &through->items[nr],
					    vertex_nr(through, vertex));
			continue;
		}
		other = reach(through, &to);
		from = &through->items[nr];
		if (other == NAME_ABSENT)
			continue;
		from->calls = arena_grow(through->work->arena, from->calls, from->len, &from->cap);
		from->calls[from->len++] = other;
	}
}

/* What is called comes behind its callers, mostly. */
static void hand_up(const struct through *through)
{
	const size_t vertices = name_table_len(through->work->names);
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = name_table_len(through->names); i-- > 0;) {
			struct reached *from = &through->items[i];

			for (size_t j = 0; j < from->len; j++) {
				const bool *has = through->items[from->calls[j]].changed;

				for (size_t k = 0; has && k < vertices; k++)
					if (has[k] && !(from->changed && from->changed[k])) {
						see_changed(through, from, k);
						more = true;
					}
			}
		}
	}
}

/* ---- whether it matters ---- */

static bool types_alike(const struct type *before, const struct type *after, struct arena *arena)
{
	return type_compare(before, after, arena).len == 0 &&
	       type_compare(after, before, arena).len == 0 && !type_loses_atoms(before, after) &&
	       !type_loses_atoms(after, before);
}

static const struct type *returned(const struct through *through, enum side side,
				   const struct reached *reached, struct arena *arena)
{
	struct eval eval = { .arena = arena,
			     .library = &through->work->modules->library[side],
			     .limit = STEPS };
	struct type *type = type_new(arena);
	const struct value *args[256];
	struct values values;

	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		args[i] = value_argument(arena, 0);
	values = eval_function(&eval, reached->code, reached->function, args);
	for (size_t i = 0; i < values.len; i++)
		type_add(type, values.items[i], arena);
	return type;
}

/* Whether it is seen to return the same in both releases. */
static bool returns_alike(const struct through *through, struct reached *reached)
{
	owned_arena struct arena scratch = ARENA_EMPTY;

	if (!reached->judged) {
		reached->judged = true;
		reached->alike =
			types_alike(returned(through, SIDE_OLD, reached, &scratch),
				    returned(through, SIDE_NEW, reached, &scratch), &scratch);
	}
	return reached->alike;
}

static bool is_x0(const struct code_arg *arg)
{
	return arg->kind == CODE_X && arg->number == 0;
}

static bool reads_x0(const struct code_arg *args, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (is_x0(&args[i]) ||
		    (args[i].kind == CODE_LIST && reads_x0(args[i].items, args[i].len)))
			return true;
	return false;
}

/* Whether what a call returns is thrown away: something else is put into its place. */
static bool is_dropped(const struct code_function *function, size_t call)
{
	for (size_t i = call + 1; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];
		const struct code_arg *args = op->args;

		switch (op->opcode) {
		case OP_PUT_TUPLE2:
			if (reads_x0(args + 1, 1))
				return false;
			if (is_x0(args))
				return true;
			break;
		case OP_MOVE:
		case OP_PUT_LIST:
		case OP_GC_BIF1:
		case OP_GC_BIF2:
		case OP_GC_BIF3:
			if (reads_x0(args, op->len - 1))
				return false;
			if (is_x0(&args[op->len - 1]))
				return true;
			break;
		case OP_TEST_HEAP:
		case OP_INIT_YREGS:
		case OP_TRIM:
			break;
		default:
			return false;
		}
	}
	return false;
}

static bool is_call_of(const struct code *code, const struct code_op *op,
		       const struct beam_function *to)
{
	const struct beam_function *called = code_op_import(code, op);

	return called && beam_function_same(called, to);
}

/* Whether somewhere in the code what the function returns is looked at. */
static bool is_used(const struct code *code, const struct beam_function *to)
{
	for (size_t i = 0; i < code->len; i++)
		for (size_t j = 0; j < code->functions[i].len; j++)
			if (is_call_of(code, &code->functions[i].ops[j], to) &&
			    !is_dropped(&code->functions[i], j))
				return true;
	return false;
}

struct given {
	const struct beam_function *to;
	struct type **types; /* of its arguments */
	struct arena *arena;
};

static void see_given(void *ctx, const struct beam_function *function,
		      const struct value *const *args)
{
	const struct given *given = ctx;

	if (!beam_function_same(function, given->to))
		return;
	for (uint32_t i = 0; i < function->arity; i++)
		type_add(given->types[i], args[i], given->arena);
}

/* What a module is seen to give to a function of another one. */
static struct type **given_to(const struct through *through, enum side side,
			      const struct code *code, const struct beam_function *to,
			      struct arena *arena)
{
	struct given given = { to, arena_array(arena, to->arity + 1, struct type *), arena };
	bool *marked = arena_array(arena, code->len, bool);
	const struct value *args[256];

	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		args[i] = value_argument(arena, 0);
	for (uint32_t i = 0; i < to->arity; i++)
		given.types[i] = type_new(arena);
	for (size_t i = 0; i < code->len; i++)
		for (size_t j = 0; j < code->functions[i].len; j++)
			marked[i] = marked[i] || is_call_of(code, &code->functions[i].ops[j], to);
	for (size_t i = 0; i < code->len; i++) {
		struct eval eval = { .arena = arena,
				     .library = &through->work->modules->library[side],
				     .on_call = see_given,
				     .ctx = &given,
				     .limit = STEPS };

		if (marked[i])
			eval_function(&eval, code, &code->functions[i], args);
	}
	return given.types;
}

/* What cannot be seen is handed on in both releases: from the same place. */
static bool gives_alike(const struct through *through, const struct vertex *from,
			const struct beam_function *to)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct type **before = given_to(through, SIDE_OLD, from->diff->old_code, to, &scratch);
	struct type **after = given_to(through, SIDE_NEW, from->diff->new_code, to, &scratch);

	for (uint32_t i = 0; i < to->arity; i++)
		if (!type_same(before[i], after[i]) || type_loses_atoms(before[i], after[i]) ||
		    type_loses_atoms(after[i], before[i]))
			return false;
	return true;
}

/* Whether processes that run meanwhile may notice. */
static bool matters(const struct through *through, const struct vertex *from,
		    const struct beam_function *to, struct reached *reached)
{
	return ((is_used(from->diff->old_code, to) || is_used(from->diff->new_code, to)) &&
		!returns_alike(through, reached)) ||
	       !gives_alike(through, from, to);
}

/* ---- all of it ---- */

/* What only the new code calls is new before it is called: they need not stand still. */
static void look_through(struct through *through, struct vertex *from,
			 const struct beam_facts *facts)
{
	struct appup_work *work = through->work;
	owned_str struct str key = STR_EMPTY;

	for (size_t i = 0; i < facts->imports.len; i++) {
		const struct beam_function *to = &facts->imports.items[i];
		size_t nr = name_table_find(through->names, key_of(&key, to));
		struct reached *reached = nr == NAME_ABSENT ? NULL : &through->items[nr];

		if (!reached || !reached->changed || !matters(through, from, to, reached))
			continue;
		for (size_t j = 0; j < name_table_len(work->names); j++)
			if (reached->changed[j] && &work->vertices[j] != from) {
				from->through |= beam_imports(from->diff->old_facts, to->module,
							      to->name, to->arity);
				vertex_depend(work, from, &work->vertices[j]);
			}
	}
}

/* Supervisors are updated at the end. */
static bool is_looked_at(const struct vertex *vertex)
{
	const struct module_diff *diff = vertex->diff;

	return diff->change == CHANGE_CHANGED && diff->old_code && diff->new_code &&
	       !diff->old_code->unread && !diff->new_code->unread &&
	       !((diff->old_facts->roles | diff->new_facts->roles) & BEAM_SUPERVISOR);
}

static void reach_imports(struct through *through, const struct beam_facts *facts)
{
	for (size_t i = 0; i < facts->imports.len; i++)
		if (!vertex_find(through->work, facts->imports.items[i].module))
			reach(through, &facts->imports.items[i]);
}

void through_deps(struct appup_work *work)
{
	owned_name_table struct name_table *names = name_table_new();
	struct through through = { .work = work, .names = names };
	const size_t len = name_table_len(work->names);

	for (size_t i = 0; i < len; i++)
		if (is_looked_at(&work->vertices[i])) {
			reach_imports(&through, work->vertices[i].diff->new_facts);
			reach_imports(&through, work->vertices[i].diff->old_facts);
		}
	for (size_t i = 0; i < name_table_len(names); i++)
		reach_from(&through, i);
	hand_up(&through);
	for (size_t i = 0; i < len; i++)
		if (is_looked_at(&work->vertices[i])) {
			look_through(&through, &work->vertices[i],
				     work->vertices[i].diff->new_facts);
			look_through(&through, &work->vertices[i],
				     work->vertices[i].diff->old_facts);
		}
}
