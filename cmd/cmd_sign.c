// SPDX-License-Identifier: Apache-2.0
/* relevo sign RELEASE: vouches for a release with a key. */
#include "base/file.h"
#include "base/json.h"
#include "cmd/output.h"
#include "cmd/passphrase.h"
#include "cmd/release_arg.h"
#include "release/trust/sign.h"

struct sign_opts {
	const char *key, *passphrase_file;
};

static const struct option sign_options[] = {
	OPT_TEXT(struct sign_opts, key, 'k', "key", "FILE",
		 "the private key, as relevo keygen makes it"),
	OPT_TEXT(struct sign_opts, passphrase_file, 0, "passphrase-file", "FILE",
		 "its first line is the passphrase of the key"),
	OPT_END,
};

static void pem_done(struct str *pem)
{
	passphrase_done(pem);
}

static int read_key(struct key **out, const struct sign_opts *opts, struct error *err)
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

static int sign_run(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_key struct key *key = NULL;
	const char *path;
	char id[KEY_ID_MAX];

	if (release_arg(&path, &arena, call->argv[0], err) || read_key(&key, call->opts, err) ||
	    release_sign(path, key, err))
		return -1;
	key_id(key, id);
	if (call->json)
		print_json(json_pack("{s:o, s:s, s:s}", "path", json_text(path), "key",
				     key_kind(key), "id", id));
	else
		print("%s is signed with the key %.16s\n", path, id);
	return 0;
}

/* clang-format off */
const struct command cmd_sign = {
	.name = "sign",
	.args = "RELEASE",
	.summary = "Vouch for a release with a key",
	.description =
		"Compares every file of RELEASE, a folder or a tarball, with the manifest in it, then signs the "
		"manifest: releases/VSN/relevo.manifest.sig.  A signature that is there is replaced.  The tarball is "
		"written anew with the same files, and takes the place of the old one when it is whole.\n\n"
		"openssl checks a signature without relevo; see docs/artifacts.md.",
	.examples =
		"relevo sign releases/shop-1.1.0.tar.gz --key release.key\n"
		"RELEVO_PASSPHRASE=… relevo sign 1.1.0 --key ci.key  # in CI, from its secrets\n",
	.group = "Trust",
	.args_min = 1,
	.args_max = 1,
	.options = sign_options,
	.opts_size = sizeof(struct sign_opts),
	.run = sign_run,
};
/* clang-format on */
