// SPDX-License-Identifier: Apache-2.0
/* sign_key.h - the private key that a command signs with. */
#pragma once
#include "cmd/command.h"
#include "release/trust/key.h"

struct sign_key_opts {
	const char *key, *passphrase_file;
};

#define SIGN_KEY_OPTIONS(opts, field)                                               \
	OPT_TEXT(opts, field.key, 'k', "key", "FILE",                               \
		 "the private key, as relevo keygen makes it"),                     \
		OPT_TEXT(opts, field.passphrase_file, 0, "passphrase-file", "FILE", \
			 "its first line is the passphrase of the key")

/* ERROR_USAGE: none is given, or it cannot be opened. */
must_check int sign_key_read(struct key **out, const struct sign_key_opts *opts, struct error *err);
