// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/children.h"

static bool equal_terms(const struct term *a, const struct term *b)
{
	return a == b || (a && b && term_equal(a, b));
}

/* ---- one child ---- */

static const char *where_of(const struct value *value, struct arena *arena)
{
	const struct beam_function *f = &value->where;

	if (value->kind != VALUE_UNKNOWN || !f->name)
		return "a value at run time";
	return arena_printf(arena, "%s%s%s/%u", f->module ? f->module : "", f->module ? ":" : "",
			    f->name, f->arity);
}

static bool comes_from(const struct value *value, const char *module, const char *name)
{
	return value->kind == VALUE_UNKNOWN && value->where.module &&
	       strcmp(value->where.module, module) == 0 && strcmp(value->where.name, name) == 0;
}

/* The part `nr` of a tuple specification, `key` of a map; NULL: there is none. */
static const struct value *part(const struct value *spec, unsigned nr, const char *key,
				struct arena *arena)
{
	return value_tuple_size(spec) == 6 ? value_element(spec, nr, arena)
					   : value_map_at(spec, key, arena);
}

/* Whether all keys of a map are there to be seen. */
static bool is_whole(const struct value *spec)
{
	if (value_tuple_size(spec) == 6)
		return true;
	while (spec->kind == VALUE_MAP) {
		if (spec->map.key->kind != VALUE_TERM)
			return false;
		spec = spec->map.base;
	}
	return spec->kind == VALUE_TERM && spec->constant.term->kind == TERM_MAP;
}

static const struct term *seen(struct child *child, const struct value *value, struct arena *arena)
{
	const struct term *term = value ? value_term(value, arena) : NULL;

	if (!term && !child->opaque)
		child->opaque = value ? where_of(value, arena) : "a key that is not there";
	return term;
}

/* A part with a default. */
static const struct term *part_or(struct child *child, const struct value *spec, unsigned nr,
				  const char *key, const struct term *otherwise,
				  struct arena *arena)
{
	const struct value *value = part(spec, nr, key, arena);

	return value ? seen(child, value, arena) : otherwise;
}

static void read_start(struct child *child, const struct value *start, struct arena *arena)
{
	if (!start || value_tuple_size(start) != 3) {
		child->opaque = start ? where_of(start, arena) : "a specification without start";
		return;
	}
	child->module = value_atom_name(value_element(start, 0, arena));
	child->function = value_atom_name(value_element(start, 1, arena));
	child->given = value_element(start, 2, arena);
	child->args = value_term(child->given, arena);
	if (!child->module || !child->function)
		child->opaque = "where it is started";
}

static const struct term *default_shutdown(const struct term *type, struct arena *arena)
{
	if (!type)
		return NULL;
	return term_is_atom(type, "supervisor") ? term_atom(arena, "infinity")
						: term_integer(arena, 5000);
}

static const struct term *default_modules(const char *module, struct arena *arena)
{
	struct terms terms = { NULL, 0, 0 };

	if (!module)
		return NULL;
	terms_add(arena, &terms, term_atom(arena, module));
	return term_list_of(arena, &terms);
}

static struct child read_child(const struct value *spec, struct arena *arena)
{
	struct child child = { 0 };

	if (!is_whole(spec)) {
		child.opaque = where_of(spec, arena);
		if (value_term_kind(spec) != TERM_MAP)
			return child;
	}
	child.id = seen(&child, part(spec, 0, "id", arena), arena);
	read_start(&child, part(spec, 1, "start", arena), arena);
	/* What is not seen may be there all the same. */
	if (!is_whole(spec))
		return child;
	child.restart = part_or(&child, spec, 2, "restart", term_atom(arena, "permanent"), arena);
	child.type = part_or(&child, spec, 4, "type", term_atom(arena, "worker"), arena);
	child.shutdown =
		part_or(&child, spec, 3, "shutdown", default_shutdown(child.type, arena), arena);
	child.modules =
		part_or(&child, spec, 5, "modules", default_modules(child.module, arena), arena);
	return child;
}

/* ---- the list ---- */

static void read_list(struct children *children, const struct value *list, struct arena *arena)
{
	struct child *items = NULL;
	const struct value *head;
	size_t cap = 0;

	while (value_uncons(list, arena, &head, &list)) {
		items = arena_grow(arena, items, children->len, &cap);
		items[children->len++] = read_child(head, arena);
	}
	children->items = items;
	if (value_is_nil(list) != YES)
		children->opaque = where_of(list, arena);
}

/* {Strategy, Intensity, Period}, or a map. */
static void read_flags(struct children *children, const struct value *flags, struct arena *arena)
{
	const struct value *strategy = value_tuple_size(flags) == 3
					       ? value_element(flags, 0, arena)
					       : value_map_at(flags, "strategy", arena);

	children->flags = value_term(flags, arena);
	children->strategy = strategy ? value_atom_name(strategy) : NULL;
	if (!strategy && children->flags && children->flags->kind == TERM_MAP)
		children->strategy = "one_for_one";
}

static struct children read_init(const struct value *value, struct arena *arena)
{
	struct children children = { 0 };
	const struct value *inside =
		value_is_tagged(value, "ok", 2) ? value_element(value, 1, arena) : &value_unknown;

	if (comes_from(value, "Elixir.DynamicSupervisor", "init")) {
		children.dynamic = true;
		return children;
	}
	if (value_tuple_size(inside) != 2) {
		children.opaque = where_of(value, arena);
		return children;
	}
	read_flags(&children, value_element(inside, 0, arena), arena);
	read_list(&children, value_element(inside, 1, arena), arena);
	return children;
}

/* ignore and {error, …}: no children. */
static bool starts_nothing(const struct value *value)
{
	return value_is_atom(value, "ignore") || value_is_tagged(value, "error", 2);
}

static struct children opaque(const char *why)
{
	return (struct children){ .opaque = why };
}

static bool join_terms(const struct term **into, const struct term *other)
{
	if (equal_terms(*into, other))
		return true;
	*into = NULL;
	return false;
}

/* One child as two branches of the code make it: what it is given and how it is stopped may differ,
 * and is not known then, as in {DNSCluster, query: Application.get_env(:shop, :query) || :ignore}.
 */
static bool join_child(struct child *into, const struct child *other)
{
	struct child alike = *other;

	alike.args = into->args;
	alike.restart = into->restart;
	alike.shutdown = into->shutdown;
	alike.opaque = into->opaque;
	if (!child_equal(into, &alike))
		return false;
	if (!equal_terms(into->args, other->args))
		into->args = NULL;
	if (!into->given || !other->given || !value_same(into->given, other->given))
		into->given = NULL;
	if (other->opaque)
		into->opaque = other->opaque;
	if (!join_terms(&into->restart, other->restart))
		into->opaque = "when it is restarted";
	if (!join_terms(&into->shutdown, other->shutdown))
		into->opaque = "how long its shutdown may take";
	return true;
}

/* Element by element; false: these are several lists. */
static bool join_children(struct children *into, const struct children *other, struct arena *arena)
{
	struct children joined = *into, alike = *other;
	struct child *items = arena_array(arena, into->len, struct child);

	alike.items = into->items;
	alike.flags = into->flags;
	if (into->len != other->len || !children_equal(into, &alike))
		return false;
	for (size_t i = 0; i < into->len; i++) {
		items[i] = into->items[i];
		if (!items[i].id || !join_child(&items[i], &other->items[i]))
			return false;
	}
	joined.items = items;
	if (!equal_terms(into->flags, other->flags))
		joined.flags = NULL;
	*into = joined;
	return true;
}

struct children code_children(const struct code *code, const struct value *arg,
			      const struct code_library *library, struct arena *arena)
{
	struct eval eval = { .arena = arena, .library = library };
	const struct code_function *init = code_function(code, "init", 1);
	struct children children = { 0 }, next;
	struct values values;
	size_t ways = 0;

	if (!arg)
		arg = value_argument(arena, 0);
	if (code->unread || !init)
		return opaque(code->unread ? code->unread : "there is no init/1");
	values = eval_function(&eval, code, init, &arg);
	if (eval.gave_up) {
		eval = (struct eval){ .arena = arena, .library = library, .shares = true };
		values = eval_function(&eval, code, init, &arg);
	}
	if (eval.gave_up)
		return opaque("init/1 does too much");
	for (size_t i = 0; i < values.len; i++) {
		if (starts_nothing(values.items[i]))
			continue;
		next = read_init(values.items[i], arena);
		if (ways++ == 0)
			children = next;
		else if (!join_children(&children, &next, arena))
			return opaque("init/1 has several lists");
	}
	return ways > 0 ? children : opaque("init/1 returns nothing that can be seen");
}

/* ---- what init/1 is given ---- */

struct given {
	const char *module;
	const struct value *arg;
	bool several;
};

/* start_link([Name,] Module, Argument), Supervisor.start_link(Module, Argument, …) */
static void see_given(void *ctx, const struct beam_function *function,
		      const struct value *const *args)
{
	struct given *given = ctx;
	size_t at = 0;

	if (strncmp(function->name, "start_link", 10) != 0 ||
	    (strcmp(function->module, "supervisor") != 0 &&
	     strcmp(function->module, "Elixir.Supervisor") != 0))
		return;
	while (at + 1 < function->arity && !value_is_atom(args[at], given->module))
		at++;
	if (at + 1 >= function->arity)
		return;
	given->several = given->several || (given->arg && !value_same(given->arg, args[at + 1]));
	given->arg = args[at + 1];
}

const struct value *code_start_argument(const struct code *code, const struct code_library *library,
					struct arena *arena)
{
	struct given given = { .module = code->module };
	const struct value *args[256];

	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		args[i] = value_argument(arena, 0);
	for (size_t i = 0; i < code->len; i++) {
		struct eval eval = {
			.arena = arena, .library = library, .on_call = see_given, .ctx = &given
		};

		if (strncmp(code->functions[i].name, "start", 5) == 0 &&
		    code_exports(code, code->functions[i].name, code->functions[i].arity))
			eval_function(&eval, code, &code->functions[i], args);
	}
	return given.several ? NULL : given.arg;
}

/* ---- Supervisor.start_link(children, options) ---- */

struct starts {
	struct eval eval;
	struct arena *arena;
	struct children children;
	bool found;
};

static void see_call(void *ctx, const struct beam_function *function,
		     const struct value *const *args)
{
	struct starts *starts = ctx;
	struct children next = { 0 };
	const struct beam_function init = { "Elixir.Supervisor", "init", 2 };

	if (function->arity != 2 || strcmp(function->name, "start_link") != 0 ||
	    strcmp(function->module, "Elixir.Supervisor") != 0)
		return;
	/* With a module first it is start_link(module, argument). */
	if (value_atom_name(args[0]))
		return;
	next = read_init(known_call(&starts->eval, &init, args), starts->arena);
	if (!starts->found)
		starts->children = next;
	else if (!join_children(&starts->children, &next, starts->arena))
		starts->children = opaque("there are several lists");
	starts->found = true;
}

struct children code_started_children(const struct code *code, const char *name, uint32_t arity,
				      const struct code_library *library, struct arena *arena,
				      bool *found)
{
	struct starts starts = { .arena = arena };
	const struct code_function *function = code_function(code, name, arity);
	const struct value **args = arena_array(arena, arity, const struct value *);

	*found = false;
	if (code->unread)
		return opaque(code->unread);
	if (!function)
		return opaque(arena_printf(arena, "there is no %s/%u", name, arity));
	for (unsigned i = 0; i < arity; i++)
		args[i] = value_argument(arena, i);
	starts.eval = (struct eval){
		.arena = arena, .library = library, .on_call = see_call, .ctx = &starts
	};
	eval_function(&starts.eval, code, function, args);
	*found = starts.found;
	if (starts.eval.gave_up)
		return opaque(arena_printf(arena, "%s/%u does too much", name, arity));
	return starts.children;
}

/* ---- comparing ---- */

static bool equal_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool child_equal(const struct child *a, const struct child *b)
{
	return equal_terms(a->id, b->id) && equal_text(a->module, b->module) &&
	       equal_text(a->function, b->function) && equal_terms(a->args, b->args) &&
	       equal_terms(a->restart, b->restart) && equal_terms(a->shutdown, b->shutdown) &&
	       equal_terms(a->type, b->type) && equal_terms(a->modules, b->modules) &&
	       !a->opaque == !b->opaque;
}

bool children_equal(const struct children *a, const struct children *b)
{
	if (a->len != b->len || !a->opaque != !b->opaque || a->dynamic != b->dynamic ||
	    !equal_text(a->strategy, b->strategy) || !equal_terms(a->flags, b->flags))
		return false;
	for (size_t i = 0; i < a->len; i++)
		if (!child_equal(&a->items[i], &b->items[i]))
			return false;
	return true;
}

const struct child *children_find(const struct children *children, const struct term *id)
{
	for (size_t i = 0; i < children->len; i++)
		if (children->items[i].id && equal_terms(children->items[i].id, id))
			return &children->items[i];
	return NULL;
}

/* ---- text ---- */

static void add_term(struct str *out, const struct term *term)
{
	if (term)
		term_print(out, term);
	else
		str_adds(out, "_");
}

void child_print(struct str *out, const struct child *child)
{
	add_term(out, child->id);
	str_addf(out, ": %s:%s(", child->module ? child->module : "_",
		 child->function ? child->function : "_");
	if (child->args && term_is_list(child->args))
		for (size_t i = 0; i < child->args->seq.len; i++) {
			str_adds(out, i ? ", " : "");
			term_print(out, term_at(child->args, i));
		}
	else
		str_adds(out, "…");
	str_adds(out, ") ");
	add_term(out, child->restart);
	str_addc(out, ' ');
	add_term(out, child->type);
	str_addc(out, ' ');
	add_term(out, child->shutdown);
	if (child->opaque)
		str_addf(out, " (not seen: %s)", child->opaque);
}
