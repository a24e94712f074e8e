// SPDX-License-Identifier: Apache-2.0
/* boot.h - the boot scripts of an assembled release, as Mix arranges them. */
#pragma once
#include "release/model/script.h"

struct boot_options {
	const struct script_var *vars; /* RELEASE_LIB for every folder of non-OTP applications */
	size_t vars_len;
	bool consolidated; /* releases/VSN/consolidated goes first in the code path */
	bool providers;    /* Elixir's configuration providers run at boot */
	enum term_atoms atoms;
};

/* Writes DIR/start.script, start.boot, start_clean.script and start_clean.boot.
 *
 * clean is the same release with no application started but kernel and stdlib.
 */
must_check int boot_write(const char *dir, struct arena *arena, const struct resolved *release,
			  const struct resolved *clean, const struct boot_base *base,
			  const struct boot_options *options, struct error *err);
