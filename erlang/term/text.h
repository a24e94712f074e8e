// SPDX-License-Identifier: Apache-2.0
/* text.h - what systools accepts as the texts and names of a .rel or .app file.
 *
 * Besides systools' own rules, texts that end up as C text may hold no NUL, and
 * whatever becomes the name of a folder (an application, a version) no slash.
 */
#pragma once
#include "base/names.h"
#include "erlang/term/term.h"

enum text_verdict {
	TEXT_GOOD,
	TEXT_BAD,   /* systools: no string */
	TEXT_CRASH, /* no text at all: systools fails with {'EXIT', {badarg, _}} */
};

/* *out is filled in only with TEXT_GOOD. */
enum text_verdict text_check(const char **out, struct arena *arena, const struct term *term);
/* A text that can be part of the name of a folder. */
enum text_verdict text_check_folder(const char **out, struct arena *arena, const struct term *term);
bool name_fits_folder(const char *name);
/* A proper list of atoms; false, *out untouched, when it is none. */
bool names_from_list(struct names *out, struct arena *arena, const struct term *list);
