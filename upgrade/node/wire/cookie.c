// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/wire/cookie.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { COOKIE_MAX = 255 }; /* of an atom */

void cookie_done(struct str *cookie)
{
	if (cookie->ptr)
		explicit_bzero(cookie->ptr, cookie->cap);
	str_done(cookie);
}

/* Who knows the cookie leaves no core file behind. */
static void leave_no_core(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) == 0) {
		limit.rlim_cur = 0;
		setrlimit(RLIMIT_CORE, &limit);
	}
}

static int take(struct str *out, struct span text, const char *where, struct error *err)
{
	text = span_trim(text);
	if (text.len == 0)
		return error_set(err, ERROR_USAGE, "the cookie in %s is empty", where);
	if (text.len > COOKIE_MAX)
		return error_set(err, ERROR_USAGE, "the cookie in %s is longer than %d bytes",
				 where, COOKIE_MAX);
	str_add(out, text);
	return 0;
}

static int from_file(struct str *out, const char *file, struct error *err)
{
	owned_cookie struct str text = STR_EMPTY;

	str_room(&text, 4096); /* so that it never moves and leaves a copy behind */
	return file_read_given(file, 4000, &text, err) || take(out, str_span(&text), file, err) ? -1
												: 0;
}

static int from_variable(struct str *out, const char *variable, struct error *err)
{
	const char *text = getenv(variable);

	if (!text)
		return error_set(err, ERROR_USAGE, "the environment variable %s is not set",
				 variable);
	return take(out, span_of(text), variable, err);
}

int cookie_find(struct str *out, const char *file, const char *variable, struct error *err)
{
	owned_str struct str path = STR_EMPTY;
	const char *home = getenv("HOME");

	leave_no_core();
	if (file)
		return from_file(out, file, err);
	if (variable)
		return from_variable(out, variable, err);
	if (getenv("RELEASE_COOKIE"))
		return from_variable(out, "RELEASE_COOKIE", err);
	str_addf(&path, "%s/.erlang.cookie", home ? home : "");
	if (!path_is_file(str_text(&path))) {
		error_set_(err, ERROR_USAGE, "no cookie to connect with");
		return error_hint(err,
				  "Give one by --cookie-file FILE, --cookie-env VARIABLE, "
				  "$RELEASE_COOKIE or ~/.erlang.cookie.  A release of relevo's "
				  "or Mix's has its own where it lies: --cookie-file "
				  "INSTALLATION/releases/COOKIE.");
	}
	return from_file(out, str_text(&path), err);
}
