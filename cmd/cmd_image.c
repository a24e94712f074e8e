// SPDX-License-Identifier: Apache-2.0
/* relevo image build, image push: an OCI image of a release, without a daemon. */
#include "base/json.h"
#include "cmd/listed.h"
#include "cmd/output.h"
#include "cmd/release_arg.h"
#include "cmd/store_arg.h"
#include "cmd/trust.h"
#include "docker/image.h"
#include "release/store/artifact.h"

enum { IMAGE_USER = 65532, IMAGES_MAX = 16 };

struct image_opts {
	const char *base, *to, *tag, *health;
	struct option_list labels, env, ports;
	long user;
	bool unchecked;
	struct trust_opts trust;
};

#define IMAGE_OPTIONS                                                                          \
	OPT_TEXT(struct image_opts, base, 'b', "base", "BASE",                                 \
		 "what it lies on: the root of a file system (a folder), an OCI layout (DIR, " \
		 "oci:DIR:NAME), "                                                             \
		 "or oci://REGISTRY/PATH:TAG"),                                                \
		OPT_TEXT(struct image_opts, tag, 't', "tag", "TAG",                            \
			 "its tag (default: the version)"),                                    \
		OPT_LIST(struct image_opts, labels, 'l', "label", "NAME=VALUE",                \
			 "a label; may be repeated"),                                          \
		OPT_LIST(struct image_opts, env, 'e', "env", "NAME=VALUE",                     \
			 "set in its environment; may be repeated; no secrets, everybody can " \
			 "read them"),                                                         \
		OPT_LIST(struct image_opts, ports, 'p', "port", "PORT",                        \
			 "it listens there: 4000, 4000/udp; may be repeated"),                 \
		OPT_NUMBER(struct image_opts, user, 'u', "user", "UID",                        \
			   "who runs it, and owns its files (default: 65532)"),                \
		OPT_TEXT(struct image_opts, health, 0, "health", "COMMAND",                    \
			 "what tells that it is well (default: whether the node answers), or " \
			 "none"),                                                              \
		OPT_FLAG(struct image_opts, unchecked, 0, "unchecked",                         \
			 "also on a base that lacks libraries which the release needs"),       \
		TRUST_OPTIONS(struct image_opts, trust)

static const struct option build_options[] = {
	IMAGE_OPTIONS,
	OPT_TEXT(struct image_opts, to, 'o', "out", "DIR", "the OCI layout that it is put into"),
	OPT_END,
};

static const struct option push_options[] = {
	IMAGE_OPTIONS,
	OPT_TEXT(struct image_opts, to, 0, "to", "IMAGE", "oci://REGISTRY/PATH, or …/PATH:TAG"),
	OPT_END,
};

/* ---- images ---- */

struct images {
	struct image *items[IMAGES_MAX];
	size_t len;
};

static void images_done(struct images *images)
{
	for (size_t i = 0; i < images->len; i++)
		image_free(images->items[i]);
}

static int find_options(struct image_options *out, struct arena *arena, struct trust *trust,
			const struct image_opts *opts, struct error *err)
{
	struct project *project;
	const char **own;

	if (!opts->base) {
		error_set_(err, ERROR_USAGE, "no base to put the release on");
		return error_hint(
			err, "Say --base, such as oci://registry.example.com/base/debian:12-slim.");
	}
	if (trust_find(trust, arena, &opts->trust, err) || store_project(&project, arena, err))
		return -1;
	*out = (struct image_options){
		.base = opts->base,
		.user = opts->user ? (unsigned)opts->user : IMAGE_USER,
		.labels = { opts->labels.items, opts->labels.len },
		.env = { opts->env.items, opts->env.len },
		.ports = { opts->ports.items, opts->ports.len },
		.health = opts->health,
		.unchecked = opts->unchecked,
		.trust = trust,
	};
	if (!project)
		return 0;
	own = arena_array(arena, project->apps_len, const char *);
	for (size_t i = 0; i < project->apps_len; i++)
		own[i] = project->apps[i].name;
	out->own = (struct names){ own, project->apps_len };
	return 0;
}

static int make_images(struct images *out, struct arena *arena, const struct call *call,
		       struct error *err)
{
	struct image_options options;
	struct trust trust;

	if (call->argc > IMAGES_MAX)
		return error_set(err, ERROR_USAGE, "at most %d releases", IMAGES_MAX);
	if (find_options(&options, arena, &trust, call->opts, err))
		return -1;
	for (int i = 0; i < call->argc; i++) {
		const char *path;

		if (release_arg(&path, arena, call->argv[i], err) ||
		    image_make(&out->items[out->len], path, &options, err))
			return -1;
		out->len++;
	}
	return 0;
}

/* ---- told ---- */

static void print_image(const struct image *image)
{
	char size[32];

	print("%s %s for linux/%s on %s\n", image->name, image->vsn, image->arch, image->base.name);
	for (size_t i = 0; i < image->len; i++)
		print("  %-22s %10s  %.*s\n", image->layers[i].title,
		      human_bytes((uint64_t)image->layers[i].blob.size, size), DIGEST_SHOWN,
		      image->layers[i].blob.digest);
}

static json_t *layers_json(const struct image *image)
{
	json_t *list = json_array();

	for (size_t i = 0; i < image->len; i++)
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:I}", "title", image->layers[i].title,
						"digest", image->layers[i].blob.digest, "size",
						(json_int_t)image->layers[i].blob.size));
	return list;
}

static json_t *images_json(const struct images *images, const struct sending *sending,
			   const char *place, const char *tag, const char *digest)
{
	json_t *list = json_array();

	for (size_t i = 0; i < images->len; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "architecture",
						      images->items[i]->arch, "digest",
						      images->items[i]->digest, "layers",
						      layers_json(images->items[i])));
	return json_pack("{s:o, s:o, s:o, s:o, s:s, s:o, s:I, s:I, s:I, s:I, s:I}", "name",
			 json_text(images->items[0]->name), "version",
			 json_text(images->items[0]->vsn), "place", json_text(place), "tag",
			 json_text(tag), "digest", digest, "images", list, "blobs",
			 (json_int_t)sending->blobs, "sent", (json_int_t)sending->sent, "mounted",
			 (json_int_t)sending->mounted, "size", (json_int_t)sending->size,
			 "sent_bytes", (json_int_t)sending->went);
}

static void print_images(const struct images *images, const struct sending *sending,
			 const char *place, const char *tag, const char *digest)
{
	char size[32], went[32];

	for (size_t i = 0; i < images->len; i++)
		print_image(images->items[i]);
	print("%s:%s is\n%s\n", place, tag, digest);
	print("%zu blobs, %s; %zu of them, %s, were sent\n", sending->blobs,
	      human_bytes(sending->size, size), sending->sent, human_bytes(sending->went, went));
	if (sending->mounted > 0)
		print("%zu were taken from another repository\n", sending->mounted);
}

/* Where it goes: `place` is how that is told. */
static int put_images(const struct call *call, const struct images *images, struct place *place,
		      const char *repo, const char *tag, const char *told, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_sending struct sending sending = sending_begin(place, repo);
	const struct image_opts *opts = call->opts;
	const char *digest;

	if (opts->tag)
		tag = opts->tag;
	if (!tag[0] && tag_of_version(&tag, &arena, images->items[0]->vsn, err))
		return -1;
	if (!tag_is_good(tag))
		return error_set(err, ERROR_USAGE,
				 "%s: no tag: letters, digits and . - _, 128 at most", tag);
	if (image_put(&digest, &arena, &sending, images->items, images->len, tag, err))
		return -1;
	if (call->json)
		print_json(images_json(images, &sending, told, tag, digest));
	else
		print_images(images, &sending, told, tag, digest);
	return 0;
}

/* ---- the commands ---- */

static int build_run(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned(images_done) struct images images = { 0 };
	owned_place struct place *place = NULL;
	const struct image_opts *opts = call->opts;
	const char *told;

	if (!opts->to)
		return error_set(err, ERROR_USAGE,
				 "no OCI layout to put the image into: --out DIR");
	if (make_images(&images, &arena, call, err) || folder_open(&place, opts->to, err))
		return -1;
	told = arena_printf(&arena, "oci:%s:%s", opts->to, images.items[0]->name);
	return put_images(call, &images, place, images.items[0]->name, "", told, err);
}

static int push_run(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned(images_done) struct images images = { 0 };
	owned_place struct place *place = NULL;
	const struct image_opts *opts = call->opts;
	const char *store, *repo, *tag, *told;

	if (!opts->to || !span_starts(span_of(opts->to), "oci"))
		return error_set(err, ERROR_USAGE, "where to? --to oci://REGISTRY/PATH");
	if (image_name_parse(&store, &repo, &tag, &arena, opts->to, err) ||
	    registry_open(&place, store, err) || make_images(&images, &arena, call, err))
		return -1;
	told = arena_printf(&arena, "%s/%s", store, repo);
	return put_images(call, &images, place, repo, tag, told, err);
}

/* clang-format off */
#define WHAT_IT_IS \
	"The release lies in /app, in three layers on those of BASE: the runtime (ERTS, OTP, Elixir), what it depends " \
	"on, and the project's own applications with scripts and configuration.  It runs as a user that is not root, " \
	"bin/NAME is its first process, and the same release on the same base is the same image, whoever makes it " \
	"and when.  It is verified first, as relevo verify does.\n\n" \
	"What the programs and libraries in the release need is looked for in the base: a library that is missing, " \
	"or is older than the one that the release was built with, is told here (status 4), and not by a container " \
	"that does not start.\n\n" \
	"Several releases, of one version for several machines, become one image with an index."

static const struct command image_build = {
	.name = "build",
	.parent = "image",
	.args = "RELEASE...",
	.summary = "Make an image, into an OCI layout",
	.description = WHAT_IT_IS,
	.examples =
		"relevo image build 1.1.0 --base /srv/roots/bookworm --out images\n"
		"relevo image build 1.1.0 --base oci://registry.example.com/base/debian:12-slim --out images --port 4000\n",
	.args_min = 1,
	.args_max = -1,
	.options = build_options,
	.opts_size = sizeof(struct image_opts),
	.run = build_run,
};

static const struct command image_push = {
	.name = "push",
	.parent = "image",
	.args = "RELEASE...",
	.summary = "Make an image, into a registry",
	.description = WHAT_IT_IS "\n\nLayers that the registry has already are neither packed nor sent.",
	.examples =
		"relevo image push 1.1.0 --base oci://registry.example.com/base/debian:12-slim --to oci://registry.example.com/acme/shop\n",
	.args_min = 1,
	.args_max = -1,
	.options = push_options,
	.opts_size = sizeof(struct image_opts),
	.run = push_run,
};

static const struct command *const subcommands[] = { &image_build, &image_push, NULL };

const struct command cmd_image = {
	.name = "image",
	.args = "",
	.summary = "Make a container image of a release, without a daemon",
	.group = "Stores",
	.subcommands = subcommands,
};
/* clang-format on */
