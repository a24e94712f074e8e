// SPDX-License-Identifier: Apache-2.0
/* translate.h - from the instructions of appups to those release_handler executes.
 *
 * What systools does between reading the appups and writing the relup, instruction
 * for instruction: short forms are filled in, the parts before the point of no return
 * are put together, instructions on applications are spelt out, and modules that
 * depend on each other are put in order and changed as one block.
 *
 * OTP leaves one thing open, the order among modules that do not depend on each other
 * (it follows a hash table there): here the instruction that comes first goes first.
 */
#pragma once
#include "release/model/rel.h"

/* One application's script, or one instruction that follows from the .rel files. */
struct script {
	const struct term *instructions; /* must be a list, else "bad_appup" */
	const char *file;                /* for messages; NULL: not from a file */
};

enum direction { DIRECTION_UP, DIRECTION_DOWN };

/* *out: the list of low-level instructions, in the arena.
 *
 * target  the release that is gone to: its modules are loaded
 * left    the release that is left: its modules are removed
 *
 * Refusals: ERROR_INVALID, err->otp is the tag of the reason systools_rc gives
 * ("undef_module", "bad_instruction", …).  "bad_appup" is relevo's own, for what
 * makes systools crash: a script that is no proper list.
 */
must_check int translate(const struct term **out, struct arena *arena, enum direction direction,
			 const struct script *scripts, size_t len, const struct resolved *target,
			 const struct resolved *left, struct error *err);
