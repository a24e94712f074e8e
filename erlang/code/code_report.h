// SPDX-License-Identifier: Apache-2.0
/* code_report.h - what is told of a compiled module: its facts, and what its functions do.
 *
 * All of it lives in the arena, or points into what was read.
 */
#pragma once
#include "erlang/code/children.h"
#include "erlang/code/code_facts.h"

#include <jansson.h>

/* Of several the first; 0: none. */
enum beam_role process_role(const struct beam_facts *facts);
struct names beam_roles(const struct beam_facts *facts, struct arena *arena);
/* Of the struct it defines (Elixir). */
struct names struct_fields(const struct code *code, struct arena *arena);
/* code_change hands the state on as it is. */
bool code_keeps_state(const struct beam_facts *facts, const struct code *code);
const char *term_text_of(struct arena *arena, const struct term *term);

typedef void beam_digest_fn(const struct beam *beam, uint8_t out[static BEAM_DIGEST]);
/* beam_md5 or beam_digest, in hexadecimal. */
const char *beam_digest_hex(struct arena *arena, const struct beam *beam, beam_digest_fn *digest);

/* What its functions do, as far as that is seen without running them; NULL: it does no such thing,
 * or it is not seen.
 */
struct code_report {
	const struct code *code;
	enum beam_role role; /* the process it is, 0 for none */
	const char *change, *state, *loop;
	bool has_children;
	struct children children;
	const struct code_digest *digests; /* one for each function */
};

/* library  other modules that it refers to */
struct code_report code_report(const struct code *code, const struct beam_facts *facts,
			       const struct code_library *library, struct arena *arena);

/* As `relevo beam --code --json` prints it. */
json_t *code_report_json(const struct code_report *report, struct arena *arena);
/* As `relevo beam --json` prints it. */
json_t *module_json(const struct beam *beam, const struct beam_facts *facts,
		    const struct code *code, struct arena *arena);
