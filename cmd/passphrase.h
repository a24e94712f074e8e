// SPDX-License-Identifier: Apache-2.0
/* passphrase.h - what opens a private key: from a file, from the environment, or typed in; never
 * from the command line, where everybody sees it.
 */
#pragma once
#include "base/error.h"
#include "base/str.h"

/* Wipes the text before it is freed. */
void passphrase_done(struct str *passphrase);
#define owned_passphrase owned(passphrase_done)

/* Appended to *out: the first line of `file`; where that is NULL, $RELEVO_PASSPHRASE; else what is
 * typed at the terminal after the question `prompt`.  ERROR_USAGE: there is none of these.
 */
must_check int passphrase_find(struct str *out, const char *file, const char *prompt,
			       struct error *err);
