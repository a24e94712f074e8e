// SPDX-License-Identifier: Apache-2.0
/* relevo provenance RELEASE: from what it was built, signed. */
#include "base/hash.h"
#include "base/json.h"
#include "cmd/output.h"
#include "cmd/release_arg.h"
#include "cmd/sign_key.h"
#include "release/project/git.h"
#include "release/read/manifest_read.h"
#include "release/trust/provenance.h"

#include <stdlib.h>

struct provenance_opts {
	struct sign_key_opts key;
	const char *builder, *source;
};

static const struct option provenance_options[] = {
	SIGN_KEY_OPTIONS(struct provenance_opts, key),
	OPT_TEXT(struct provenance_opts, builder, 0, "builder", "URI",
		 "who built it (default: urn:relevo:local)"),
	OPT_TEXT(struct provenance_opts, source, 0, "source", "URL",
		 "where the project's repository is (default: what it was cloned from)"),
	OPT_END,
};

/* What git cannot tell is not told. */
static const char *origin(struct arena *arena, const struct release *release)
{
	struct manifest manifest;
	const char *dir, *url;
	struct error ignored;

	if (!release->manifest ||
	    manifest_read(&manifest, arena, release->tree, release->manifest, &ignored) ||
	    !manifest.commit || path_real(&dir, arena, ".", &ignored) ||
	    git_origin(&url, arena, dir, manifest.commit, &ignored))
		return NULL;
	return url;
}

static int make(json_t **out, struct arena *arena, const char *path,
		const struct provenance_opts *opts, struct error *err)
{
	owned_release struct release *release = NULL;
	char sha256[HASH_HEX_MAX];
	struct provenance what = {
		.file = path_base(path),
		.sha256 = sha256,
		.builder = opts->builder ? opts->builder : "urn:relevo:local",
		.source = opts->source,
	};
	struct lock lock;

	if (path_is_dir(path))
		return error_set(err, ERROR_USAGE, "%s is a folder; this is told of tarballs",
				 path);
	if (hash_file_hex(HASH_SHA256, path, sha256, err) || release_open(&release, path, err) ||
	    lock_read(&lock, arena, ".", err))
		return -1;
	if (!what.source)
		what.source = origin(arena, release);
	return provenance_make(out, arena, release, &lock, &what, err);
}

static int provenance_run(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct provenance_opts *opts = call->opts;
	owned_key struct key *key = NULL;
	owned_json json_t *statement = NULL;
	owned_mem char *text = NULL;
	json_t *envelope;
	const char *path;

	if (release_arg(&path, &arena, call->argv[0], err) ||
	    sign_key_read(&key, &opts->key, err) || make(&statement, &arena, path, opts, err))
		return -1;
	text = json_dumps(statement, JSON_COMPACT | JSON_SORT_KEYS);
	if (dsse_make(&envelope, PROVENANCE_TYPE, span_of(text ? text : ""), key, err))
		return -1;
	print_json(envelope);
	return 0;
}

/* clang-format off */
const struct command cmd_provenance = {
	.name = "provenance",
	.args = "RELEASE",
	.summary = "Vouch for what a release was built from (SLSA)",
	.description =
		"Prints an in-toto statement about the tarball RELEASE, with a SLSA 1.0 predicate: the commit, the branch, whether "
		"files were changed, and the dependencies of mix.lock or rebar.lock here with their checksums; in an envelope (DSSE) "
		"that is signed with the key.",
	.examples = "relevo provenance 1.1.0 --key ci.key --source https://git.example.com/shop >shop.intoto.json\n",
	.group = "Trust",
	.no_json = true,
	.args_min = 1,
	.args_max = 1,
	.options = provenance_options,
	.opts_size = sizeof(struct provenance_opts),
	.run = provenance_run,
};
/* clang-format on */
