// SPDX-License-Identifier: Apache-2.0
/* code_alike.h - whether two versions of a function do the same, in other words or with other logs.
 */
#pragma once
#include "erlang/code/code.h"

/* Whether both return the same for the same arguments, behind the same calls of the same functions:
 * what is asked, and what is written to a log, plays no part.  False: not seen to.
 *
 * given  an atom that is the first argument, or NULL: whatever it is
 */
bool code_alike(const struct code *old_code, const struct code_function *before,
		const struct code *new_code, const struct code_function *after,
		const struct term *given);
