// SPDX-License-Identifier: Apache-2.0
/* relevo push RELEASE: into a store, where others find it by its version. */
#include "base/json.h"
#include "cmd/output.h"
#include "cmd/release_arg.h"
#include "cmd/store_arg.h"
#include "cmd/trust.h"
#include "release/store/remote.h"

struct push_opts {
	const char *store;
	struct option_list tags;
	bool overwrite;
	struct trust_opts trust;
};

static const struct option push_options[] = {
	STORE_OPTION(struct push_opts, store),
	OPT_LIST(struct push_opts, tags, 't', "tag", "TAG",
		 "a further name for it, such as \"stable\"; may be repeated"),
	OPT_FLAG(struct push_opts, overwrite, 0, "overwrite",
		 "the version may be there already, and be something else"),
	TRUST_OPTIONS(struct push_opts, trust),
	OPT_END,
};

static void print_pushed(const struct pushed *pushed, const char *store)
{
	char size[32], went[32];

	print("%s %s is in %s:\n%s\n", pushed->name, pushed->vsn, store, pushed->digest);
	if (pushed->was_there)
		print("it was there already; nothing was sent\n");
	else
		print("%zu parts, %s; %zu of them, %s, were sent\n", pushed->parts,
		      human_bytes(pushed->size, size), pushed->sent,
		      human_bytes(pushed->went, went));
	if (pushed->mounted > 0)
		print("%zu were taken from another repository\n", pushed->mounted);
}

static json_t *pushed_json(const struct pushed *pushed, const char *store)
{
	return json_pack("{s:o, s:o, s:o, s:s, s:b, s:I, s:I, s:I, s:I, s:I}", "name",
			 json_text(pushed->name), "version", json_text(pushed->vsn), "store",
			 json_text(store), "digest", pushed->digest, "was_there", pushed->was_there,
			 "parts", (json_int_t)pushed->parts, "sent", (json_int_t)pushed->sent,
			 "mounted", (json_int_t)pushed->mounted, "size", (json_int_t)pushed->size,
			 "sent_bytes", (json_int_t)pushed->went);
}

static int push_run(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_place struct place *place = NULL;
	const struct push_opts *opts = call->opts;
	struct trust trust;
	struct pushed pushed;
	struct push_options options = {
		.tags = { opts->tags.items, opts->tags.len },
		.overwrite = opts->overwrite,
		.trust = &trust,
	};
	const char *path;

	if (trust_find(&trust, &arena, &opts->trust, err) ||
	    store_open(&place, &arena, opts->store, err) ||
	    release_arg(&path, &arena, call->argv[0], err) ||
	    remote_push(&pushed, &arena, place, path, &options, err))
		return -1;
	if (call->json)
		print_json(pushed_json(&pushed, place->url));
	else
		print_pushed(&pushed, place->url);
	return 0;
}

/* clang-format off */
const struct command cmd_push = {
	.name = "push",
	.args = "RELEASE",
	.summary = "Put a release into a store",
	.description =
		"Sends the tarball of RELEASE, in parts: one for each application and other folder.  What the store has "
		"already, of another version or of another release, is not sent again.  Before that it is verified, as "
		"relevo verify does.\n\n"
		"A store is a folder (an OCI layout: put it where others can read it), the same on a web server that "
		"takes PUT, or a registry, where NAME becomes a repository below the path, and the version a tag.  Who may "
		"write there is said by ~/.netrc, or by what docker login, podman login or skopeo login left behind.\n\n"
		"A version that is there already, and something else, is refused (status 4).",
	.examples =
		"relevo push 1.1.0 --store oci://registry.example.com/acme --tag stable\n"
		"relevo push releases/shop-1.1.0.tar.gz --store /mnt/releases\n",
	.group = "Stores",
	.args_min = 1,
	.args_max = 1,
	.options = push_options,
	.opts_size = sizeof(struct push_opts),
	.run = push_run,
};
/* clang-format on */
