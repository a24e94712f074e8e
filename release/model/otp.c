// SPDX-License-Identifier: Apache-2.0
#include "release/model/otp.h"
#include "base/file.h"
#include "base/names.h"
#include "base/process.h"

#include <stdlib.h>

enum { DATA_MAX = 4096 };

/* The folder two above the program, links followed: ROOT of ROOT/bin/erl; NULL: none. */
static const char *root_of(struct arena *arena, const char *program)
{
	owned_mem char *found = process_find(program);
	struct error ignored;
	const char *real;

	if (!found || path_real(&real, arena, found, &ignored))
		return NULL;
	return path_dir(arena, path_dir(arena, real));
}

/* "13.1.5 25" */
static int read_start_data(struct otp *otp, struct arena *arena, struct error *err)
{
	const char *file = path_join(arena, otp->root, "releases/start_erl.data");
	owned_str struct str text = STR_EMPTY;
	struct span rest, erts, release;

	if (file_read(file, DATA_MAX, &text, err))
		return -1;
	rest = span_trim(str_span(&text));
	if (!span_next(&rest, ' ', &erts) || !erts.len || !(release = span_trim(rest)).len)
		return error_set(err, ERROR_INVALID, "%s must hold \"ERTS-VERSION RELEASE\"", file);
	otp->erts = arena_dup(arena, erts);
	if (!name_is_word(otp->erts))
		return error_set(err, ERROR_INVALID, "%s: \"%s\" is no version of ERTS", file,
				 otp->erts);
	otp->release = arena_dup(arena, release);
	return 0;
}

static const char *read_version(const struct otp *otp, struct arena *arena)
{
	const char *file =
		arena_printf(arena, "%s/releases/%s/OTP_VERSION", otp->root, otp->release);
	owned_str struct str text = STR_EMPTY;
	struct error ignored;

	if (file_read(file, DATA_MAX, &text, &ignored) || !span_trim(str_span(&text)).len)
		return otp->release;
	return arena_dup(arena, span_trim(str_span(&text)));
}

int otp_open(struct otp *out, struct arena *arena, const char *root, struct error *err)
{
	struct otp otp = {
		.root = arena_dup(arena, span_of(root)),
		.lib = path_join(arena, root, "lib"),
		.boot = path_join(arena, root, "bin/start_clean.boot"),
	};

	if (read_start_data(&otp, arena, err))
		return error_wrap(err, "%s is no installed Erlang/OTP", root);
	otp.version = read_version(&otp, arena);
	*out = otp;
	return 0;
}

int otp_find(struct otp *out, struct arena *arena, struct error *err)
{
	const char *root = root_of(arena, "erl");

	if (!root) {
		error_set_(err, ERROR_NOT_FOUND, "no Erlang/OTP here: there is no erl in PATH");
		return error_hint(err, "Install Erlang/OTP, or put its bin folder into PATH.");
	}
	/* A running VM puts ROOT/erts-VSN/bin first in the PATH of what it starts. */
	if (span_starts(span_of(path_base(root)), "erts-"))
		root = path_dir(arena, root);
	if (otp_open(out, arena, root, err))
		return error_hint(err, "The erl that comes first in PATH leads there; put the bin "
				       "folder of the Erlang/OTP itself before it.");
	return 0;
}

enum term_atoms otp_atoms(const struct otp *otp)
{
	return strtol(otp->release, NULL, 10) > 25 ? TERM_ATOMS_UTF8 : TERM_ATOMS_LATIN1;
}

const char *elixir_lib_find(struct arena *arena)
{
	const char *root = root_of(arena, "elixir");
	const char *lib = root ? path_join(arena, root, "lib") : NULL;

	if (!lib || !path_is_file(path_join(arena, lib, "elixir/ebin/elixir.app")))
		return NULL;
	return lib;
}
