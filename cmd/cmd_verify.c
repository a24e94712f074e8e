// SPDX-License-Identifier: Apache-2.0
/* relevo verify RELEASE: who vouches for it, and is it still what he vouched for? */
#include "base/json.h"
#include "cmd/output.h"
#include "cmd/release_arg.h"
#include "cmd/trust.h"

struct verify_opts {
	struct trust_opts trust;
};

static const struct option verify_options[] = {
	TRUST_OPTIONS(struct verify_opts, trust),
	OPT_END,
};

static void print_trusted(const struct release *release, const struct trusted *found)
{
	if (found->key)
		print("%s %s is signed with %s (%.16s)\n", release->name, release->vsn, found->key,
		      found->id);
	else if (found->subject)
		print("%s %s is signed by %s\n", release->name, release->vsn, found->subject);
	else if (found->is_signed)
		print("%s %s is signed; by whom was not looked at, no key is trusted\n",
		      release->name, release->vsn);
	else
		print("%s %s is not signed\n", release->name, release->vsn);
	if (release->manifest)
		print("%zu files are as its manifest says\n", found->files);
	else
		print("it has no manifest to compare its files with\n");
}

static json_t *trusted_json(const struct release *release, const struct trusted *found)
{
	return json_pack("{s:o, s:o, s:b, s:o, s:o, s:o, s:I, s:b}", "name",
			 json_text(release->name), "version", json_text(release->vsn), "signed",
			 found->is_signed, "key", json_text(found->key), "id",
			 json_text(found->key ? found->id : NULL), "subject",
			 json_text(found->subject), "files", (json_int_t)found->files, "manifest",
			 release->manifest != NULL);
}

static int verify_run(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct verify_opts *opts = call->opts;
	owned_release struct release *release = NULL;
	struct trusted found;
	struct trust trust;
	const char *path;

	if (trust_find(&trust, &arena, &opts->trust, err) ||
	    release_arg(&path, &arena, call->argv[0], err) || release_open(&release, path, err) ||
	    release_trust(&found, &arena, release, &trust, err))
		return -1;
	if (call->json)
		print_json(trusted_json(release, &found));
	else
		print_trusted(release, &found);
	return 0;
}

/* clang-format off */
const struct command cmd_verify = {
	.name = "verify",
	.args = "RELEASE",
	.summary = "Who vouches for a release, and is it still that?",
	.description =
		"Checks the signature of RELEASE, a folder or a tarball, against the trusted keys, then every file "
		"against the manifest that the signature covers.  Trusted are the public keys of --trust and of "
		"trust.keys in relevo.yaml; where there are any, a release that none of them signed is refused, and so is "
		"one older than trust.minimum.\n\n"
		"Ends with 4 where the release must not be used, and says why.",
	.examples =
		"relevo verify shop-1.1.0.tar.gz --trust release.key.pub\n"
		"relevo verify 1.1.0 --json\n",
	.group = "Trust",
	.args_min = 1,
	.args_max = 1,
	.options = verify_options,
	.opts_size = sizeof(struct verify_opts),
	.run = verify_run,
};
/* clang-format on */
