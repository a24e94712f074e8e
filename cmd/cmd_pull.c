// SPDX-License-Identifier: Apache-2.0
/* relevo pull NAME@VERSION: from a store, once it is found to be trusted. */
#include "base/json.h"
#include "cmd/output.h"
#include "cmd/store_arg.h"
#include "cmd/trust.h"
#include "release/store/remote.h"

struct pull_opts {
	const char *store, *out;
	bool overwrite;
	struct trust_opts trust;
};

static const struct option pull_options[] = {
	STORE_OPTION(struct pull_opts, store),
	OPT_TEXT(struct pull_opts, out, 'o', "out", "DIR",
		 "where the tarball is put (default: the folder of the project's releases, or .)"),
	OPT_FLAG(struct pull_opts, overwrite, 0, "overwrite",
		 "another file of that name may be there already"),
	TRUST_OPTIONS(struct pull_opts, trust),
	OPT_END,
};

static void print_pulled(const struct pulled *pulled)
{
	char size[32], went[32];

	print("%s\n", pulled->path);
	if (pulled->trusted.key)
		print("%s %s is signed with %s (%.16s)\n", pulled->name, pulled->vsn,
		      pulled->trusted.key, pulled->trusted.id);
	if (pulled->was_there)
		print("it was there already\n");
	else
		print("%zu parts, %s; %zu of them, %s, came from the store\n", pulled->parts,
		      human_bytes(pulled->size, size), pulled->came,
		      human_bytes(pulled->went, went));
}

static json_t *pulled_json(const struct pulled *pulled, const char *store)
{
	return json_pack("{s:o, s:o, s:o, s:s, s:o, s:b, s:b, s:o, s:I, s:I, s:I, s:I}", "name",
			 json_text(pulled->name), "version", json_text(pulled->vsn), "store",
			 json_text(store), "digest", pulled->digest, "file",
			 json_text(pulled->path), "was_there", pulled->was_there, "signed",
			 pulled->trusted.is_signed, "key", json_text(pulled->trusted.key), "parts",
			 (json_int_t)pulled->parts, "came", (json_int_t)pulled->came, "size",
			 (json_int_t)pulled->size, "came_bytes", (json_int_t)pulled->went);
}

static int find_reference(struct reference *out, struct arena *arena, const char *arg,
			  const struct project *project, struct error *err)
{
	if (!reference_parse(out, arena, arg))
		return error_set(err, ERROR_USAGE,
				 "%s: no release of a store: NAME@VERSION, NAME@TAG or "
				 "NAME@sha256:…",
				 arg);
	if (!out->name && project)
		out->name = project->release;
	return 0;
}

static int pull_run(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_place struct place *place = NULL;
	const struct pull_opts *opts = call->opts;
	struct trust trust;
	struct pull_options options = { .overwrite = opts->overwrite, .trust = &trust };
	struct reference reference;
	struct project *project;
	struct pulled pulled;

	if (store_project(&project, &arena, err) ||
	    find_reference(&reference, &arena, call->argv[0], project, err) ||
	    trust_find(&trust, &arena, &opts->trust, err) ||
	    store_open(&place, &arena, opts->store, err))
		return -1;
	options.folder = opts->out ? opts->out : project ? project->store : ".";
	if (remote_pull(&pulled, &arena, place, &reference, &options, err))
		return -1;
	if (call->json)
		print_json(pulled_json(&pulled, place->url));
	else
		print_pulled(&pulled);
	return 0;
}

/* clang-format off */
const struct command cmd_pull = {
	.name = "pull",
	.args = "NAME@VERSION",
	.summary = "Get a release from a store",
	.description =
		"Puts the release together, byte for byte the tarball that was pushed: NAME-VERSION.tar.gz.  In place of "
		"the version a tag may stand, or the digest that relevo push told; in a project VERSION alone is enough.  "
		"Parts that came before, with another version, are not asked for again.\n\n"
		"All that comes is compared with its digest.  The whole is verified in a hidden file, as relevo verify "
		"does, before it takes its place: the signature by the keys of --trust and relevo.yaml, every file, the "
		"oldest version that may be used.  What does not fit is refused (status 4), and nothing is left of it.",
	.examples =
		"relevo pull shop@1.1.0 --store oci://registry.example.com/acme --trust release.key.pub\n"
		"relevo pull shop@stable --store /mnt/releases --out /tmp\n",
	.group = "Stores",
	.args_min = 1,
	.args_max = 1,
	.options = pull_options,
	.opts_size = sizeof(struct pull_opts),
	.run = pull_run,
};
/* clang-format on */
