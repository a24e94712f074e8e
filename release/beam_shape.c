// SPDX-License-Identifier: Apache-2.0
/* What a module's data look like, and whether code_change looks at them. */
#include "release/code_facts.h"
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

/* ---- records ---- */

struct walk {
	struct arena *arena;
	struct name_table *tags;
	struct beam_record *records;
	size_t cap;
};

static void note_record(struct walk *walk, const struct code_op *op)
{
	const char *name = code_term(&op->args[3]) ? term_atom_name(op->args[3].term) : NULL;
	uint64_t size = op->args[2].number;
	bool is_new;
	size_t id;

	if (!name || op->args[2].kind != CODE_NUMBER || size > 63)
		return;
	id = name_table_add(walk->tags, name, &is_new);
	if (is_new) {
		walk->records = arena_grow(walk->arena, walk->records, id, &walk->cap);
		walk->records[id] = (struct beam_record){ .name = name };
	}
	walk->records[id].sizes |= (uint64_t)1 << size;
}

static struct beam_records matched(const struct code *code, struct arena *arena)
{
	owned_name_table struct name_table *tags = name_table_new();
	struct walk walk = { .arena = arena, .tags = tags };

	for (size_t f = 0; f < code->len; f++)
		for (size_t i = 0; i < code->functions[f].len; i++)
			if (code->functions[f].ops[i].opcode == OP_IS_TAGGED_TUPLE)
				note_record(&walk, &code->functions[f].ops[i]);
	return (struct beam_records){ walk.records, name_table_len(tags) };
}

/* ---- code_change ---- */

/* In one of its roles at least, and in none of them does it anything else. */
static bool keeps_state(const struct code *code, unsigned roles)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	bool keeps = false;

	for (unsigned role = 1; role <= BEAM_SPECIAL; role <<= 1) {
		enum code_change change =
			roles & role ? code_change(code, (enum beam_role)role, &scratch)
				     : CODE_CHANGE_ABSENT;

		if (change == CODE_CHANGE_CONVERTS || change == CODE_CHANGE_UNKNOWN)
			return false;
		keeps = keeps || change == CODE_CHANGE_KEEPS;
	}
	return keeps;
}

int beam_read_shape(struct beam_facts *facts, struct arena *arena, const struct beam *beam,
		    struct error *err)
{
	struct error damaged;
	struct code *code;

	if (beam_read_literals(&facts->literals, arena, beam, err))
		return -1;
	find_fields(facts, arena);
	/* Of code that is damaged nothing is told; whoever runs it will hear of it. */
	if (code_read(&code, arena, beam, facts, &damaged))
		return 0;
	facts->records = matched(code, arena);
	facts->keeps_state = keeps_state(code, facts->roles);
	return 0;
}
