// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a BEAM file, and any bytes as the code of one: no crash, no leak, no endless
 * work; what is read can be printed.
 */
#include "release/code.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct code *code, struct arena *arena)
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

/* The bytes as the code of a module with two atoms, an import and a fun. */
static void as_chunk(struct span bytes)
{
	static const char *const atoms[] = { "m", "init" };
	static const struct beam_function imports[] = { { "erlang", "'++'", 2 } };
	static const char funs[] = "\0\0\0\1\0\0\0\2\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0";
	const struct beam_facts facts = { .module = "m",
					  .atoms = { atoms, 2 },
					  .imports = { imports, 1 } };
	struct beam beam = { .module = "m" };
	owned_arena struct arena arena = ARENA_EMPTY;
	struct code *code;
	struct error err;

	beam.chunks[BEAM_CODE] = bytes;
	beam.chunks[BEAM_FUNT] = (struct span){ funs, sizeof(funs) };
	beam.chunks[BEAM_STRT] = SPAN("text");
	if (code_read(&code, &arena, &beam, &facts, &err) == 0)
		look(code, &arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = { (const char *)data, size };
	owned_arena struct arena arena = ARENA_EMPTY;
	struct code *code;
	struct error err;

	as_chunk(bytes);
	if (code_open(&code, &arena, bytes, &err) == 0)
		look(code, &arena);
	return 0;
}
