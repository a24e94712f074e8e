// SPDX-License-Identifier: Apache-2.0
/* relup.h - what release_handler will execute, exactly as systools:make_relup makes it.
 *
 * Pure: reads appups through the releases' trees, writes nothing, judges nothing.
 */
#pragma once
#include "release/model/rel.h"

/* An appup that takes the place of the file beside the new version's .app. */
struct appup {
	const char *app;
	const struct term *term; /* {Vsn, [{UpFrom, Instructions}], [{DownTo, …}]} */
	const char *file;        /* for messages */
};

struct relup_base {
	const struct resolved *release;
	const char *description; /* NULL: [] */
};

struct relup_input {
	const struct resolved *top;
	const struct relup_base *up; /* releases to come from … */
	size_t up_len;
	const struct relup_base *down; /* … and to go back to */
	size_t down_len;
	const struct appup *appups; /* by application of the top release; others are read */
	size_t appups_len;
	bool restart_emulator;
};

/* *out: {Vsn, [{UpFrom, Descr, Instructions}], [{DownTo, Descr, Instructions}]}.
 * *warnings, when wanted: a list of OTP's own warning terms.
 * Refusals: ERROR_INVALID with OTP's name in err->otp ("no_relup", "missing_sasl",
 * "undef_module", …), or "bad_appup" for what makes systools crash.  The first fault in
 * OTP's order is the one that is told.  docs/relup.md lists the names, and the rule for
 * the order that OTP leaves open.
 */
must_check int relup_make(const struct term **out, const struct term **warnings,
			  struct arena *arena, const struct relup_input *input, struct error *err);
