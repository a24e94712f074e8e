// SPDX-License-Identifier: Apache-2.0
/* Functions over containers of OTP and Elixir, whose inside only they know.  How those are built
 * depends on what they hold, as hashes and order of keys do, so that their code says little.  Here
 * each holds a map, from its keys, or a list of its elements, and a function over it is another one
 * over that.
 *
 * A container is {'a dict', Contents} with its own tag, of sets the same in both versions;
 * %MapSet{} and a stream have them under a key that they have not in truth, beside others that are
 * not known; a queue is {Contents, []}; what is a list is just that.
 */
#include "erlang/code/code_containers.h"
#include "erlang/code/code_eval.h"

enum { SHOWN = 3 }; /* values of one container that may each be the one that is looked for */

enum form { TAGGED, STRUCT, QUEUE, LIST };

static const struct container {
	const char *module;
	enum form form;
	const char *tag;
	enum term_kind holds;
} containers[] = {
	{ "array", TAGGED, "an array", TERM_MAP },    { "dict", TAGGED, "a dict", TERM_MAP },
	{ "gb_sets", TAGGED, "a gb_set", TERM_LIST }, { "gb_trees", TAGGED, "a gb_tree", TERM_MAP },
	{ "orddict", LIST, NULL, TERM_LIST },         { "ordsets", LIST, NULL, TERM_LIST },
	{ "queue", QUEUE, NULL, TERM_LIST },          { "sets", TAGGED, "a set", TERM_LIST },
	{ "Elixir.MapSet", STRUCT, NULL, TERM_LIST }, { "Elixir.Stream", STRUCT, NULL, TERM_LIST },
};

static const struct container *container_of(const char *module)
{
	for (size_t i = 0; i < ARRAY_LEN(containers); i++)
		if (*module == *containers[i].module && strcmp(module, containers[i].module) == 0)
			return &containers[i];
	return NULL;
}

static const struct value *nil(struct eval *eval)
{
	return value_of_term(eval->arena, &term_nil);
}

static const struct value *of_one(struct eval *eval, const char *tag, const struct value *value)
{
	const struct value *const items[] = { value_of_atom(eval->arena, tag), value };

	return value_tuple(eval->arena, items, ARRAY_LEN(items));
}

/* ---- a container ---- */

static const struct value *wrap(struct eval *eval, const struct container *container,
				const struct value *contents)
{
	const struct value *queue[] = { contents, nil(eval) }, *map;

	if (value_term_kind(contents) < 0)
		queue[0] = contents = value_of_kind(eval->arena, container->holds);
	switch (container->form) {
	case TAGGED:
		return of_one(eval, container->tag, contents);
	case STRUCT:
		map = value_map_put(eval->arena, value_of_kind(eval->arena, TERM_MAP),
				    value_of_atom(eval->arena, value_contents_key), contents);
		return value_map_put(eval->arena, map, value_of_atom(eval->arena, "__struct__"),
				     value_of_atom(eval->arena, container->module));
	case QUEUE:
		return value_tuple(eval->arena, queue, ARRAY_LEN(queue));
	case LIST:
		break;
	}
	return contents;
}

/* The elements of a set that stands in the code as it is. */
static const struct value *keys_of(struct eval *eval, const struct value *map)
{
	const struct value *list = nil(eval);

	if (!map || map->kind != VALUE_TERM || map->constant.term->kind != TERM_MAP)
		return NULL;
	for (size_t i = 0; i < map->constant.term->map.len; i++, eval->steps++)
		list = value_cons(eval->arena,
				  value_of_term(eval->arena, map->constant.term->map.keys[i]),
				  list);
	return list;
}

/* What it holds; NULL: it is no such container, or not one that was made here. */
static const struct value *unwrap(struct eval *eval, const struct container *container,
				  const struct value *value)
{
	const struct value *contents = NULL;
	const int kind = value_term_kind(value);

	if (kind < 0)
		return value_of_kind(eval->arena, container->holds);
	if (container->form == LIST)
		contents = value;
	else if (container->form == QUEUE && value_tuple_size(value) == 2)
		contents = value_is_nil(value_element(value, 0, eval->arena)) == YES
				   ? value_element(value, 1, eval->arena)
				   : value_element(value, 0, eval->arena);
	else if (container->tag && value_is_tagged(value, container->tag, 2))
		contents = value_element(value, 1, eval->arena);
	else if (kind == TERM_MAP && container->form == STRUCT)
		contents = value_map_at(value, value_contents_key, eval->arena);
	if (!contents && container->form == STRUCT && kind == TERM_MAP)
		contents = keys_of(eval, value_map_at(value, "map", eval->arena));
	if (contents && value_term_kind(contents) < 0)
		return value_of_kind(eval->arena, container->holds);
	return contents && value_term_kind(contents) == (int)container->holds ? contents : NULL;
}

/* ---- what is in it ---- */

struct found {
	struct values values;
	bool all;  /* there is nothing else */
	bool sure; /* there is one */
};

static void found_add(struct found *found, struct eval *eval, const struct value *value)
{
	if (value_term_kind(value) < 0 || found->values.len == SHOWN)
		found->all = false;
	else
		eval_add(eval, &found->values, value);
	eval->steps++;
}

static void find_in_map(struct found *found, struct eval *eval, const struct value *map)
{
	const struct term *term;

	for (; map->kind == VALUE_MAP; map = map->map.base)
		found_add(found, eval, map->map.value);
	term = map->kind == VALUE_TERM ? map->constant.term : NULL;
	for (size_t i = 0; term && term->kind == TERM_MAP && i < term->map.len; i++)
		found_add(found, eval, value_of_term(eval->arena, term->map.values[i]));
	found->all = found->all && term;
}

/* pairs  what it has in it are {Key, Value} */
static void find_in_list(struct found *found, struct eval *eval, const struct value *list,
			 bool pairs)
{
	const struct value *head;

	while (value_uncons(list, eval->arena, &head, &list))
		found_add(found, eval, pairs ? value_element(head, 1, eval->arena) : head);
	found->all = found->all && value_is_nil(list) == YES;
}

/* The values that a key may have: the one that it is seen to have, or any. */
static struct found find_value(struct eval *eval, const struct value *contents,
			       const struct value *key)
{
	struct found found = { .all = true };
	const struct value *value;

	if (value_term_kind(contents) == TERM_LIST)
		find_in_list(&found, eval, contents, true);
	else if (value_map_get(contents, key, eval->arena, &value) == YES) {
		eval_add(eval, &found.values, value);
		found.sure = true;
	} else
		find_in_map(&found, eval, contents);
	if (!found.all)
		eval_add(eval, &found.values, &value_unknown);
	return found;
}

static struct found find_element(struct eval *eval, const struct value *list)
{
	struct found found = { .all = true };

	find_in_list(&found, eval, list, false);
	found.sure = value_is_nil(list) == NO;
	if (!found.all)
		eval_add(eval, &found.values, &value_unknown);
	return found;
}

/* ---- the call ---- */

static const struct value *with_rest(struct eval *eval, const struct value *element,
				     const struct value *rest, bool pair)
{
	const struct value *const one[] = { element, rest };
	const struct value *const two[] = { value_element(element, 0, eval->arena),
					    value_element(element, 1, eval->arena), rest };

	return pair ? value_tuple(eval->arena, two, 3) : value_tuple(eval->arena, one, 2);
}

/* One outcome where there is a value, or an element. */
static const struct value *there(struct eval *eval, const struct container_row *row,
				 const struct value *container, const struct value *value)
{
	switch (row->result) {
	case FIND:
		return of_one(eval, "ok", value);
	case VALUE:
	case PEEK:
		return of_one(eval, "value", value);
	case TAKE:
	case TAKEN:
		return with_rest(eval, value, container, false);
	case REST:
		return with_rest(eval, value, container, row->to != NULL);
	case OUT:
		return with_rest(eval, of_one(eval, "value", value), container, false);
	default:
		return value;
	}
}

/* … and where there is none; NULL: it raises. */
static const struct value *not_there(struct eval *eval, const struct container_row *row,
				     const struct value *container)
{
	switch (row->result) {
	case FIND:
	case TAKE:
		return value_of_atom(eval->arena, "error");
	case VALUE:
		return value_of_atom(eval->arena, "none");
	case DEFAULT:
		return &value_unknown;
	case PEEK:
		return value_of_atom(eval->arena, "empty");
	case OUT:
		return of_one(eval, "empty", container);
	default:
		return NULL;
	}
}

static struct values outcomes(struct eval *eval, const struct container_row *row,
			      struct found found, const struct value *container)
{
	const struct value *otherwise = not_there(eval, row, container);
	struct values out = { 0 };

	for (size_t i = 0; i < found.values.len; i++)
		eval_add(eval, &out, there(eval, row, container, found.values.items[i]));
	if (otherwise && !found.sure)
		eval_add(eval, &out, otherwise);
	return out;
}

/* The next argument of the other function. */
static const struct value *argument(struct eval *eval, const char **with,
				    const struct value *const *args)
{
	const struct value *pair[2];

	switch (*(*with)++) {
	case '+':
		return value_cons(eval->arena, argument(eval, with, args), nil(eval));
	case '=':
		pair[0] = argument(eval, with, args);
		pair[1] = argument(eval, with, args);
		return value_tuple(eval->arena, pair, 2);
	case 'n':
		return value_of_term(eval->arena, term_integer(eval->arena, 1));
	case '?':
		return &value_unknown;
	case '#':
		return value_of_kind(eval->arena, TERM_INTEGER);
	default:
		return args[(*with)[-1] - '0'];
	}
}

/* What the other function returns; its arguments are those with contents in place of containers. */
static struct values call_other(struct eval *eval, const struct container_row *row,
				const struct value *const *args)
{
	struct beam_function other = { row->to_module, row->to, 0 };
	const struct value *inner[4] = { NULL };
	struct values out = { 0 };
	bool known;

	for (const char *with = row->with; *with;)
		inner[other.arity++] = argument(eval, &with, args);
	if (row->to) {
		out = eval_remote(eval, &other, inner, &known);
		if (known)
			return out;
		out = (struct values){ 0 };
	}
	eval_add(eval, &out, row->to ? &value_unknown : other.arity > 0 ? inner[0] : nil(eval));
	return out;
}

static struct values all_wrapped(struct eval *eval, const struct container *container,
				 struct values values)
{
	struct values out = { 0 };

	for (size_t i = 0; i < values.len; i++)
		eval_add(eval, &out, wrap(eval, container, values.items[i]));
	return out;
}

static struct values first_of(struct eval *eval, const struct container_row *row,
			      struct values lists, const struct value *container)
{
	struct values out = { 0 }, some;

	for (size_t i = 0; i < lists.len; i++) {
		some = outcomes(eval, row, find_element(eval, lists.items[i]), container);
		for (size_t j = 0; j < some.len; j++)
			eval_add(eval, &out, some.items[j]);
	}
	return out;
}

/* Of all containers in a list one. */
static const struct value *all_of(struct eval *eval, const struct container *container,
				  const struct value *list)
{
	static const struct beam_function append = { "erlang", "++", 2 };
	const struct value *both[] = { NULL, nil(eval) }, *head;
	struct values made;
	bool known;

	while (value_uncons(list, eval->arena, &head, &list)) {
		both[0] = unwrap(eval, container, head);
		if (!both[0])
			both[0] = value_of_kind(eval->arena, container->holds);
		made = eval_remote(eval, &append, both, &known);
		both[1] = known && made.len == 1 ? made.items[0] : both[0];
	}
	return wrap(eval, container, both[1]);
}

static bool call(struct values *out, struct eval *eval, const struct container *container,
		 const struct container_row *row, const struct value *const *args)
{
	const struct value *inner[4], *given = NULL;

	for (uint32_t i = 0; i < row->arity; i++) {
		inner[i] = args[i];
		if (!(row->containers & 1u << i))
			continue;
		inner[i] = unwrap(eval, container, args[i]);
		if (!inner[i])
			return false;
		if (!given)
			given = value_term_kind(args[i]) < 0 ? wrap(eval, container, inner[i])
							     : args[i];
	}
	switch (row->result) {
	case IS:
		*out = call_other(eval, row, inner);
		break;
	case HOLDS:
		*out = all_wrapped(eval, container, call_other(eval, row, inner));
		break;
	case ALL:
		eval_add(eval, out, all_of(eval, container, args[0]));
		break;
	case SAME:
		eval_add(eval, out, given);
		break;
	case FIRST:
	case REST:
	case PEEK:
	case OUT:
		*out = first_of(eval, row, call_other(eval, row, inner), given);
		break;
	default:
		*out = outcomes(eval, row, find_value(eval, inner[1], inner[0]), given);
		break;
	}
	return true;
}

/* The set of Elixir's, or the stream, that it is; NULL: none. */
static const struct container *enumerated(struct eval *eval, const struct value *value)
{
	const struct value *module = value_term_kind(value) == TERM_MAP
					     ? value_map_at(value, "__struct__", eval->arena)
					     : NULL;
	const char *name = module ? value_atom_name(module) : NULL;
	const struct container *container = name ? container_of(name) : NULL;

	return container && container->form == STRUCT ? container : NULL;
}

/* A range whose ends are not known, as a list: the numbers in it. */
static const struct value *numbers(struct eval *eval, const struct value *value)
{
	const struct value *module = value_term_kind(value) == TERM_MAP
					     ? value_map_at(value, "__struct__", eval->arena)
					     : NULL;

	if (!module || !value_is_atom(module, "Elixir.Range") || value_term(value, eval->arena))
		return NULL;
	return value_cons(eval->arena, value_of_kind(eval->arena, TERM_INTEGER), nil(eval));
}

/* A function of Enum over sets, streams and ranges: the same over their elements. */
static bool over_elements(struct values *out, struct eval *eval,
			  const struct beam_function *function, const struct value *const *args)
{
	static const struct beam_function append = { "erlang", "++", 2 };
	const bool into = strcmp(function->name, "into") == 0 && function->arity == 2;
	const bool zips = strncmp(function->name, "zip", 3) == 0 && function->arity > 1;
	const struct container *container = NULL;
	const struct value *inner[4];
	bool any = false, known;

	if (function->arity > ARRAY_LEN(inner))
		return false;
	for (uint32_t i = 0; i < function->arity; i++) {
		container = enumerated(eval, args[i]);
		inner[i] = container ? unwrap(eval, container, args[i]) : numbers(eval, args[i]);
		if (zips && i < 2 && value_term_kind(args[i]) < 0)
			inner[i] = value_of_kind(eval->arena, TERM_LIST);
		any = any || inner[i];
		inner[i] = inner[i] ? inner[i] : args[i];
	}
	if (!any)
		return false;
	if (into && inner[1] != args[1])
		*out = all_wrapped(eval, container, eval_remote(eval, &append, inner, &known));
	else
		*out = eval_remote(eval, function, inner, &known);
	return true;
}

static bool is_made_here(struct eval *eval, const struct container *container,
			 const struct value *value)
{
	return container->form != LIST && container->form != QUEUE && value_term_kind(value) >= 0 &&
	       unwrap(eval, container, value);
}

bool known_container(struct eval *eval, const struct beam_function *function,
		     const struct value *const *args, struct values *out)
{
	const struct container *container = container_of(function->module);
	const struct container_row *row = container ? container_row(function) : NULL;

	*out = (struct values){ 0 };
	if (!container)
		return strcmp(function->module, "Elixir.Enum") == 0 &&
		       over_elements(out, eval, function, args);
	if (row)
		return call(out, eval, container, row, args);
	/* Its code would not know what is made here. */
	for (uint32_t i = 0; i < function->arity; i++)
		if (is_made_here(eval, container, args[i])) {
			eval_add(eval, out, &value_unknown);
			return true;
		}
	return false;
}
