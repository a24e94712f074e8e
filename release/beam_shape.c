// SPDX-License-Identifier: Apache-2.0
/* What a module's data look like, and whether code_change looks at them. */
#include "release/beam_atoms.h"
#include "release/beam_code.h"
#include "release/name_table.h"

#include <stdlib.h>

/* ---- structs ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* __struct__/0 returns the struct with its defaults, which is a literal. */
static void find_fields(struct beam_facts *facts, struct arena *arena)
{
	const struct term *map = NULL, *tag;
	const char **names;
	size_t len = 0;

	if (!beam_exports(facts, "__struct__", 0))
		return;
	for (size_t i = 0; i < facts->literals->seq.len && !map; i++) {
		const struct term *literal = term_at(facts->literals, i);

		if (literal->kind == TERM_MAP && (tag = term_map_get(literal, "__struct__")) &&
		    term_is_atom(tag, facts->module))
			map = literal;
	}
	if (!map)
		return;
	names = arena_array(arena, map->map.len, const char *);
	for (size_t i = 0; i < map->map.len; i++) {
		const char *name = term_atom_name(map->map.keys[i]);

		if (name && strcmp(name, "__struct__") != 0)
			names[len++] = name;
	}
	qsort(names, len, sizeof(*names), by_text);
	facts->fields = (struct names){ names, len };
}

/* ---- code ---- */

struct walk {
	struct beam_facts *facts;
	struct arena *arena;
	struct name_table *tags;
	struct beam_record *records;
	size_t cap;
	bool in_code_change;
	unsigned values; /* how many arguments are handed on */
	unsigned step;   /* of { label, test_heap, put_tuple2, return } */
};

static const char *atom_of(const struct walk *walk, const struct beam_op *op, size_t nr)
{
	uint64_t atom = op->operands[nr].value;

	if (nr >= op->len || op->operands[nr].tag != BEAM_ATOM_NR || atom == 0 ||
	    atom > walk->facts->atoms.len)
		return NULL;
	return walk->facts->atoms.items[atom - 1];
}

static void note_record(struct walk *walk, const struct beam_op *op)
{
	const char *name = atom_of(walk, op, 3);
	uint64_t size = op->operands[2].value;
	bool is_new;
	size_t id;

	if (!name || op->operands[2].tag != BEAM_NUMBER || size > 63)
		return;
	id = name_table_add(walk->tags, name, &is_new);
	if (is_new) {
		walk->records = arena_grow(walk->arena, walk->records, id, &walk->cap);
		walk->records[id] = (struct beam_record){ .name = name };
	}
	walk->records[id].sizes |= (uint64_t)1 << size;
}

static void enter_function(struct walk *walk, const struct beam_op *op)
{
	const char *name = atom_of(walk, op, 1);
	uint64_t arity = op->operands[2].value;
	bool statem = walk->facts->roles & BEAM_GEN_STATEM;

	walk->in_code_change =
		name && strcmp(name, "code_change") == 0 && arity == (statem ? 4 : 3);
	walk->values = statem ? 2 : 1;
	walk->step = 0;
}

/* {ok, State} of the arguments: put_tuple2 x0, [ok, x1] or [ok, x1, x2]. */
static bool hands_on(const struct walk *walk, const struct beam_op *op)
{
	const char *ok = atom_of(walk, op, 2);

	if (op->len != 3 + walk->values || op->operands[1].tag != BEAM_EXTENDED || !ok ||
	    strcmp(ok, "ok") != 0)
		return false;
	for (unsigned i = 0; i < walk->values; i++)
		if (op->operands[3 + i].tag != BEAM_X || op->operands[3 + i].value != 1 + i)
			return false;
	return true;
}

/* The whole of a function that does nothing but hand the state on. */
static void follow_code_change(struct walk *walk, const struct beam_op *op)
{
	static const unsigned path[] = { OP_LABEL, OP_TEST_HEAP, OP_PUT_TUPLE2, OP_RETURN };

	if (op->code == OP_LINE)
		return;
	if (op->code != path[walk->step] || (op->code == OP_PUT_TUPLE2 && !hands_on(walk, op))) {
		walk->in_code_change = false;
		return;
	}
	if (++walk->step == ARRAY_LEN(path)) {
		walk->facts->keeps_state = true;
		walk->in_code_change = false;
	}
}

static void walk_code(struct beam_facts *facts, struct arena *arena, struct span chunk)
{
	owned_name_table struct name_table *tags = name_table_new();
	struct walk walk = { .facts = facts, .arena = arena, .tags = tags };
	struct beam_op op = { 0 };
	struct beam_code code;

	if (!beam_code_begin(&code, chunk))
		return;
	while (op.code != OP_INT_CODE_END && beam_code_next(&code, &op)) {
		if (op.code == OP_FUNC_INFO)
			enter_function(&walk, &op);
		else if (walk.in_code_change)
			follow_code_change(&walk, &op);
		if (op.code == OP_IS_TAGGED_TUPLE)
			note_record(&walk, &op);
	}
	if (op.code == OP_INT_CODE_END)
		facts->records = (struct beam_records){ walk.records, name_table_len(tags) };
	else
		facts->keeps_state = false;
}

int beam_read_shape(struct beam_facts *facts, struct arena *arena, const struct beam *beam,
		    struct error *err)
{
	if (beam_read_literals(&facts->literals, arena, beam, err))
		return -1;
	find_fields(facts, arena);
	walk_code(facts, arena, beam->chunks[BEAM_CODE]);
	return 0;
}
