// SPDX-License-Identifier: Apache-2.0
/* otp.h - the Erlang/OTP and the Elixir that are installed here, found without running them. */
#pragma once
#include "base/arena.h"
#include "base/error.h"
#include "erlang/term/term.h"

struct otp {
	const char *root;    /* "/usr/lib/erlang": holds lib, releases, erts-VSN */
	const char *lib;     /* ROOT/lib */
	const char *erts;    /* "13.1.5" */
	const char *release; /* "25" */
	const char *version; /* "25.2.3"; the release when no OTP_VERSION tells more */
	const char *boot;    /* ROOT/bin/start_clean.boot: see boot_base_read() */
};

/* The one whose `erl` comes first in PATH.  ERROR_NOT_FOUND: there is none, or it is no part
 * of an installed OTP.
 */
must_check int otp_find(struct otp *out, struct arena *arena, struct error *err);
/* The one in a folder: ROOT/releases/start_erl.data tells which it is. */
must_check int otp_open(struct otp *out, struct arena *arena, const char *root, struct error *err);

/* How that OTP writes the atoms of boot files. */
enum term_atoms otp_atoms(const struct otp *otp);

/* The folder of Elixir's applications ("/usr/lib/elixir/lib"), by the first `elixir` in PATH;
 * NULL when there is none.
 */
const char *elixir_lib_find(struct arena *arena);
