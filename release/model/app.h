// SPDX-License-Identifier: Apache-2.0
/* app.h - one application as its .app file tells it. */
#pragma once
#include "base/arena.h"
#include "base/error.h"
#include "base/names.h"
#include "erlang/term/term.h"
#include "release/files/tree.h"

struct app {
	const char *name, *vsn;
	const char *dir; /* the folder the .app file lies in, usually …/ebin */
	const struct term *description, *id; /* texts */
	struct names modules, registered;
	struct names applications, optional, includes;
	const struct term *env; /* [{Key, Value}] */
	const struct term *max_t, *max_p;
	const struct term *start_phases; /* NULL: undefined */
	const struct term *mod;          /* {Module, Args}; NULL: a library */
	const struct term *term;         /* the whole {application, …}; NULL when it is outside */
	bool outside;                    /* of the OTP that the release runs on: nothing is known
					  * but its name and version */
};

/* Checks the keys in systools' order (vsn first, maxP last) and fails on the first bad
 * one with ERROR_INVALID, err->otp "bad_param", "missing_param" or
 * "badly_formatted_application".  `file` is for messages, its folder becomes `dir`.
 */
must_check int app_parse(struct app **out, struct arena *arena, const struct term *term,
			 const char *file, struct error *err);
/* Reads and parses DIR/NAME.app. */
must_check int app_read(struct app **out, struct arena *arena, const struct tree *tree,
			const char *dir, const char *name, struct error *err);
