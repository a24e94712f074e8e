// SPDX-License-Identifier: Apache-2.0
/* text.h - what systools accepts as the texts and names of a .rel or .app file.
 *
 * Besides systools' own rules, what ends up as C text may hold no NUL, and whatever becomes
 * the name of a folder (an application, a version) no slash.
 */
#pragma once
#include "base/names.h"
#include "erlang/term/term.h"

enum text_verdict {
	TEXT_GOOD,
	TEXT_BAD,   /* systools: no string */
	TEXT_CRASH, /* no text at all: systools fails with {'EXIT', {badarg, _}} */
};

/* Whether a term is text; there may be a NUL in it. */
enum text_verdict text_judge(const struct term *term);
/* As C text, without a NUL; *out is filled in only with TEXT_GOOD. */
enum text_verdict text_check(const char **out, struct arena *arena, const struct term *term);
/* A text that can be part of the name of a folder. */
enum text_verdict text_check_folder(const char **out, struct arena *arena, const struct term *term);
/* An atom's name; false, *out untouched, when it is no atom, or one with a NUL. */
bool name_get(const char **out, const struct term *atom);
/* The same for an atom that becomes the name of a folder. */
bool name_get_folder(const char **out, const struct term *atom);
/* A proper list of such atoms; false, *out untouched, when it is none. */
bool names_from_list(struct names *out, struct arena *arena, const struct term *list);
