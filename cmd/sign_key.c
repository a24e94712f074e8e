// SPDX-License-Identifier: Apache-2.0
#include "cmd/sign_key.h"

#include "base/file.h"
#include "cmd/passphrase.h"

static void pem_done(struct str *pem)
{
	passphrase_done(pem);
}

int sign_key_read(struct key **out, const struct sign_key_opts *opts, struct error *err)
{
	owned_passphrase struct str passphrase = STR_EMPTY;
	owned(pem_done) struct str pem = STR_EMPTY;
	bool encrypted;

	if (!opts->key) {
		error_set_(err, ERROR_USAGE, "no key to sign with");
		return error_hint(err, "Give it by --key FILE; relevo keygen makes one.");
	}
	str_room(&pem, 2 * KEY_FILE_MAX);
	if (file_read_given(opts->key, KEY_FILE_MAX, &pem, err))
		return -1;
	encrypted = key_is_encrypted(str_span(&pem));
	if (encrypted &&
	    passphrase_find(&passphrase, opts->passphrase_file, "Passphrase of the key", err))
		return error_wrap(err, "%s", opts->key);
	return key_read_private(out, str_span(&pem), opts->key,
				encrypted ? str_text(&passphrase) : NULL, err);
}
