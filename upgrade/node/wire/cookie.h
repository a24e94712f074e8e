// SPDX-License-Identifier: Apache-2.0
/* cookie.h - the secret that nodes share; it is in no message, log or argument list. */
#pragma once
#include "base/error.h"
#include "base/str.h"

/* From the file if one is named, else from the environment variable if one is named, else
 * from $RELEASE_COOKIE, else from ~/.erlang.cookie.  Free with cookie_done(), which wipes it.
 * The process, and those that it starts from here on, leave no core file.
 *
 * ERROR_USAGE: there is none, it is empty or too long.  ERROR_NOT_FOUND: no such file.
 */
must_check int cookie_find(struct str *out, const char *file, const char *variable,
			   struct error *err);
void cookie_done(struct str *cookie);
#define owned_cookie owned(cookie_done)
