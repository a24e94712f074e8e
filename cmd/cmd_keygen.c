// SPDX-License-Identifier: Apache-2.0
/* relevo keygen FILE: a key to sign releases with. */
#include "base/json.h"
#include "cmd/output.h"
#include "cmd/passphrase.h"
#include "release/trust/key.h"

struct keygen_opts {
	const char *type, *passphrase_file;
	bool no_passphrase;
};

static const struct option keygen_options[] = {
	OPT_TEXT(struct keygen_opts, type, 't', "type", "TYPE",
		 "ed25519 (the default), or p256 where a policy asks for ECDSA"),
	OPT_TEXT(struct keygen_opts, passphrase_file, 0, "passphrase-file", "FILE",
		 "its first line is the passphrase that encrypts the private key"),
	OPT_FLAG(struct keygen_opts, no_passphrase, 0, "no-passphrase",
		 "leave the private key as it is: for machines that keep it safe otherwise"),
	OPT_END,
};

/* Typed twice, where it is typed: nobody sees what they type. */
static int find_passphrase(struct str *out, const struct keygen_opts *opts, struct error *err)
{
	owned_passphrase struct str again = STR_EMPTY;

	if (opts->no_passphrase)
		return 0;
	if (passphrase_find(out, opts->passphrase_file, "Passphrase for the new key", err) ||
	    passphrase_find(&again, opts->passphrase_file, "The same again", err))
		return -1;
	if (!span_equal(str_span(out), str_span(&again)))
		return error_set(err, ERROR_USAGE, "the two passphrases differ; no key was made");
	if (out->len == 0) {
		error_set_(err, ERROR_USAGE, "the passphrase is empty; no key was made");
		return error_hint(err, "A key without one: --no-passphrase.");
	}
	return 0;
}

static int keygen_run(const struct call *call, struct error *err)
{
	const struct keygen_opts *opts = call->opts;
	owned_passphrase struct str passphrase = STR_EMPTY;
	owned_key struct key *key = NULL;
	const char *file = call->argv[0];
	owned_str struct str public = STR_EMPTY;
	char id[KEY_ID_MAX];

	if (key_make(&key, opts->type ? opts->type : "ed25519", err) ||
	    find_passphrase(&passphrase, opts, err) ||
	    key_write(key, file, opts->no_passphrase ? NULL : str_text(&passphrase), err))
		return -1;
	key_id(key, id);
	str_addf(&public, "%s.pub", file);
	if (call->json) {
		print_json(json_pack("{s:s, s:s, s:o, s:o}", "key", key_kind(key), "id", id,
				     "private", json_text(file), "public",
				     json_text(str_text(&public))));
		return 0;
	}
	print("%s      the private key: who has it signs releases\n", file);
	print("%s.pub  the public key %.16s: who has it checks them\n", file, id);
	say(call, "Sign:   relevo sign RELEASE --key %s", file);
	say(call, "Check:  relevo verify RELEASE --trust %s.pub", file);
	return 0;
}

/* clang-format off */
const struct command cmd_keygen = {
	.name = "keygen",
	.args = "FILE",
	.summary = "Make a key to sign releases with",
	.description =
		"Makes a pair of keys: FILE, the private one, which signs (readable by its owner alone, and "
		"encrypted with a passphrase), and FILE.pub, the public one, which checks.  Both are PEM files, as "
		"openssl reads them.  The passphrase is asked for at the terminal, or read from a file or from "
		"$RELEVO_PASSPHRASE.",
	.examples =
		"relevo keygen release.key\n"
		"relevo keygen ci.key --no-passphrase  # for a CI system that keeps secrets\n",
	.group = "Trust",
	.args_min = 1,
	.args_max = 1,
	.options = keygen_options,
	.opts_size = sizeof(struct keygen_opts),
	.run = keygen_run,
};
/* clang-format on */
