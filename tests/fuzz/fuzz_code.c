// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a BEAM file, and any bytes as the code of one: no crash, no leak, no endless
 * work; what is read can be printed.
 */
#include "erlang/code/children.h"
#include "erlang/code/code_facts.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(struct code *code, struct arena *arena)
{
	owned_str struct str text = STR_EMPTY;

	if (code->unread && code->len > 0)
		abort();
	for (size_t f = 0; f < code->len; f++) {
		const struct code_function *function = &code->functions[f];

		for (size_t i = 0; i < function->len; i++)
			code_print_op(&text, code, &function->ops[i], NULL, NULL);
		if (!code_function(code, function->name, function->arity))
			abort();
	}
	if (!code_digests(code, arena) && !code->unread)
		abort();
	code_remote(code, arena);
}

/* The module itself, whatever others it asks for. */
static const struct code *open_same(void *ctx, const char *module)
{
	(void)module;
	return ctx;
}

static bool follow_same(void *ctx, const char *module)
{
	(void)ctx;
	return module[0] == 'm';
}

static void ask(struct code *code, struct arena *arena)
{
	static const enum beam_role roles[] = { BEAM_GEN_SERVER, BEAM_GEN_STATEM, BEAM_GEN_EVENT,
						BEAM_SPECIAL };
	const struct code_library library = { open_same, follow_same, code, NULL, NULL };
	owned_str struct str text = STR_EMPTY;
	struct code_shape shape;
	struct children children;
	bool found;

	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++) {
		code_change(code, roles[i]);
		shape = code_init_shape(code, roles[i], &library, arena);
		code_shape_print(&text, &shape);
	}
	children = code_children(code, NULL, &library, arena);
	if (!children_equal(&children, &children))
		abort();
	for (size_t i = 0; i < children.len; i++)
		child_print(&text, &children.items[i]);
	for (size_t i = 0; i < code->len; i++)
		code_started_children(code, code->functions[i].name, code->functions[i].arity,
				      &library, arena, &found);
	code_struct(code, arena);
	code_records(code, arena);
	code_loop(code);
}

/* The bytes as the code of a module with two atoms, an import and a fun. */
static void as_chunk(struct span bytes)
{
	static const char *const atoms[] = { "m",           "init", "__struct__",
					     "code_change", "ok",   "system_code_change" };
	static const struct beam_function imports[] = { { "erlang", "++", 2 },
							{ "Elixir.Supervisor", "init", 2 },
							{ "Elixir.Supervisor", "start_link", 2 },
							{ "lists", "keyfind", 3 },
							{ "maps", "put", 3 },
							{ "m", "init", 1 } };
	static const struct beam_function exports[] = { { NULL, "init", 1 },
							{ NULL, "__struct__", 0 },
							{ NULL, "code_change", 3 },
							{ NULL, "code_change", 4 },
							{ NULL, "system_code_change", 4 } };
	static const char funs[] = "\0\0\0\1\0\0\0\2\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0";
	const struct beam_facts facts = { .module = "m",
					  .atoms = { atoms, 6 },
					  .exports = { exports, 5 },
					  .imports = { imports, 6 } };
	struct beam beam = { .module = "m" };
	owned_arena struct arena arena = ARENA_EMPTY;
	struct code *code;
	struct error err;

	beam.chunks[BEAM_CODE] = bytes;
	beam.chunks[BEAM_FUNT] = (struct span){ funs, sizeof(funs) };
	beam.chunks[BEAM_STRT] = SPAN("text");
	if (code_read(&code, &arena, &beam, &facts, &err) == 0) {
		look(code, &arena);
		ask(code, &arena);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = { (const char *)data, size };
	owned_arena struct arena arena = ARENA_EMPTY;
	struct code *code;
	struct error err;

	as_chunk(bytes);
	if (code_open(&code, &arena, bytes, &err) == 0) {
		look(code, &arena);
		ask(code, &arena);
	}
	return 0;
}
