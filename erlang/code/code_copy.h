// SPDX-License-Identifier: Apache-2.0
/* code_copy.h - values without all else that lies in the arena they were made in. */
#pragma once
#include "erlang/code/code_value.h"

/* Copies from one arena into another; what lies in neither, as code does, is shared.  Nothing is
 * copied twice: values share their parts.
 */
struct copying {
	const struct arena *from;
	struct arena *into;
	struct copied *seen; /* by what was copied; free with copying_done() */
};

const struct value *value_copy(struct copying *copying, const struct value *value);
const char *text_copy(struct copying *copying, const char *text); /* NULL: NULL */
void copying_done(struct copying *copying);
#define owned_copying owned(copying_done)
