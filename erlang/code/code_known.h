// SPDX-License-Identifier: Apache-2.0
/* code_known.h - functions of OTP and Elixir by tables of what each returns; the rooms inside
 * known_call(), nothing for other modules.
 */
#pragma once
#include "erlang/code/code_eval.h"
#include "erlang/code/code_rows.h"

struct known_row {
	const char *module, *name;
	uint32_t arity;
	/* What it returns; NULL: that is not known with these arguments. */
	const struct value *(*call)(struct eval *eval, const struct value *const *args);
};

/* Whether a function is in a table of such rows, and then what it returns. */
bool known_by_rows(const struct value **out, struct rows *rows, struct eval *eval,
		   const struct beam_function *function, const struct value *const *args);
/* The same of those over maps (code_known_put.c), and of Elixir's (code_known_elixir.c). */
bool known_of_map(const struct value **out, struct eval *eval, const struct beam_function *function,
		  const struct value *const *args);
bool known_of_elixir(const struct value **out, struct eval *eval,
		     const struct beam_function *function, const struct value *const *args);

/* ---- code_known_put.c ---- */

const struct value *map_empty(struct eval *eval);
/* [{Key, Value}, …] put into a map; NULL when not all of them can be seen. */
const struct value *map_put_pairs(struct eval *eval, const struct value *map,
				  const struct value *list);
/* The same; of those that are not seen each may change what another key has. */
const struct value *map_put_list(struct eval *eval, const struct value *map,
				 const struct value *list);
/* The keys of a map, with values that are not known, put into another one. */
const struct value *map_put_keys(struct eval *eval, const struct value *map,
				 const struct value *from);
