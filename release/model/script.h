// SPDX-License-Identifier: Apache-2.0
/* script.h - the start script of a release (the term inside start.script and start.boot). */
#pragma once
#include "release/model/rel.h"

/* What every script of one OTP begins with.  It differs from OTP to OTP, so it is read
 * from a boot file of the very ERTS that the release runs on.
 */
struct boot_base {
	struct names preloaded; /* the first preLoaded */
	struct names mandatory; /* the first primLoad, in its order */
};

/* From a start_clean.boot or start.boot. */
must_check int boot_base_read(struct boot_base *out, struct arena *arena, const struct tree *tree,
			      const char *file, struct error *err);

struct script_var {
	const char *name, *path; /* {variables, [{name, path}]} of systools */
};

struct script_options {
	const struct script_var *vars;
	size_t vars_len;
	bool no_dot_erlang;
	bool local;
};

/* The term {script, {Name, Vsn}, Instructions}, equal to what systools:make_script
 * makes with the same options.
 */
must_check int script_make(const struct term **out, struct arena *arena,
			   const struct resolved *release, const struct boot_base *base,
			   const struct script_options *options, struct error *err);
