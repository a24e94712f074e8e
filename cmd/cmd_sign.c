// SPDX-License-Identifier: Apache-2.0
/* relevo sign RELEASE: vouches for a release with a key. */
#include "base/json.h"
#include "cmd/output.h"
#include "cmd/release_arg.h"
#include "cmd/sign_key.h"
#include "release/trust/sign.h"

struct sign_opts {
	struct sign_key_opts key;
	const char *certificate;
};

static const struct option sign_options[] = {
	SIGN_KEY_OPTIONS(struct sign_opts, key),
	OPT_TEXT(struct sign_opts, certificate, 0, "certificate", "FILE",
		 "sign with certificates (CMS): that of the key, and those between it and its "
		 "authority (PEM)"),
	OPT_END,
};

static int sign_run(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct sign_opts *opts = call->opts;
	owned_key struct key *key = NULL;
	const char *path;
	char id[KEY_ID_MAX];

	if (release_arg(&path, &arena, call->argv[0], err) ||
	    sign_key_read(&key, &opts->key, err) || release_sign(path, key, opts->certificate, err))
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
