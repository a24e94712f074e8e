// SPDX-License-Identifier: Apache-2.0
#include "docker/image.h"

#include "base/file.h"
#include "base/json.h"
#include "docker/image_config.h"
#include "docker/libs.h"
#include "release/read/manifest_read.h"

#include <stdlib.h>

enum { LAYER_RUNTIME, LAYER_DEPENDENCIES, LAYER_RELEASE };

static const char *const titles[IMAGE_LAYERS] = { "ERTS, OTP and Elixir", "dependencies",
						  "the release" };

/* What comes with Erlang and Elixir: it changes when they do. */
static const char *const runtime_apps[] = {
	"asn1",     "common_test", "compiler",   "crypto",     "debugger", "dialyzer",
	"diameter", "edoc",        "eex",        "eldap",      "elixir",   "erl_interface",
	"et",       "eunit",       "ex_unit",    "ftp",        "iex",      "inets",
	"kernel",   "logger",      "megaco",     "mix",        "mnesia",   "observer",
	"odbc",     "os_mon",      "parsetools", "public_key", "reltool",  "runtime_tools",
	"sasl",     "snmp",        "ssh",        "ssl",        "stdlib",   "syntax_tools",
	"tftp",     "tools",       "wx",         "xmerl",
};

/* ---- which layer ---- */

static bool is_used(const struct resolved *resolved, const char *name)
{
	for (size_t i = 0; i < resolved->len; i++)
		if (names_have(resolved->apps[i].uses, name) ||
		    names_have(resolved->apps[i].includes, name))
			return true;
	return false;
}

/* Of the project itself: as it says; else what has the release's version, and what nothing else
 * needs.
 */
static bool is_own(const struct release *release, const char *name, const char *vsn,
		   const struct image_options *options)
{
	if (options->own.len > 0)
		return names_have(options->own, name);
	return strcmp(vsn, release->vsn) == 0 || !is_used(release->resolved, name);
}

static int layer_of(const struct image *image, const char *path,
		    const struct image_options *options)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct names runtime = { runtime_apps, ARRAY_LEN(runtime_apps) };
	struct span rest = span_of(path), part, name;
	const char *app;

	if (span_starts(rest, "erts-"))
		return LAYER_RUNTIME;
	if (!span_next(&rest, '/', &part) || !span_is(part, "lib") ||
	    !span_next(&rest, '/', &part) || !span_next(&part, '-', &name))
		return LAYER_RELEASE;
	app = arena_dup(&arena, name);
	if (names_have(runtime, app))
		return LAYER_RUNTIME;
	return is_own(image->release, app, arena_dup(&arena, part), options) ? LAYER_RELEASE
									     : LAYER_DEPENDENCIES;
}

struct filling {
	struct image *image;
	unsigned owner;
	struct archive_source *items;
	size_t len, cap;
};

static void add(struct filling *f, struct archive_source item)
{
	item.owner = f->owner;
	f->items = arena_grow(&f->image->arena, f->items, f->len, &f->cap);
	f->items[f->len++] = item;
}

/* The folders on the way that the file before was not in. */
static void add_folders(struct filling *f, const char *path, const char *before)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t len = (size_t)(slash - path + 1);

		if (strncmp(path, before, len) != 0)
			add(f,
			    (struct archive_source){
				    .path = arena_dup(&f->image->arena, (struct span){ path, len }),
				    .is_dir = true,
				    .mode = 0755 });
	}
}

static int fill_layer(struct image *image, int nr, const struct archive_source *items, size_t len,
		      const struct image_options *options, struct error *err)
{
	struct filling f = { .image = image, .owner = options->user };
	const char *before = "";

	for (size_t i = 0; i < len; i++) {
		struct archive_source item = items[i];

		if (layer_of(image, item.path, options) != nr)
			continue;
		item.path = arena_printf(&image->arena, "%s/%s", &IMAGE_ROOT[1], item.path);
		item.mode = item.mode & 0111 ? 0755 : 0644;
		add_folders(&f, item.path, before);
		before = item.path;
		add(&f, item);
	}
	if (nr == LAYER_RELEASE)
		add(&f,
		    (struct archive_source){ .path = "app/tmp/", .is_dir = true, .mode = 0755 });
	if (f.len == 0)
		return 0;
	image->layers[image->len] =
		(struct layer){ .title = titles[nr], .items = f.items, .len = f.len };
	return layer_describe(&image->layers[image->len++], &image->arena, err);
}

/* ---- what it needs ---- */

static void find_programs(struct program **out, size_t *count, struct image *image,
			  const struct archive_source *items, size_t len)
{
	struct program *programs = arena_array(&image->arena, len, struct program);
	size_t found = 0;

	for (size_t i = 0; i < len; i++)
		if (elf_read(&programs[found].elf, &image->arena, items[i].data))
			programs[found++].path = items[i].path;
	*out = programs;
	*count = found;
}

static int find_machine(struct image *image, const struct program *programs, size_t len,
			struct error *err)
{
	for (size_t i = 0; i < len && !image->arch; i++)
		if (span_starts(span_of(programs[i].path), "erts-") &&
		    strcmp(path_base(programs[i].path), "beam.smp") == 0)
			image->arch = elf_architecture(programs[i].elf.machine);
	if (image->arch)
		return 0;
	error_set_(err, ERROR_REFUSED,
		   "%s: it has no Erlang runtime for a machine that is known here",
		   image->release->path);
	return error_hint(err, "Build it with \"erts: include\" in relevo.yaml.");
}

static int check_programs(struct image *image, const struct program *programs, size_t len,
			  const struct image_options *options, struct error *err)
{
	owned_str struct str missing = STR_EMPTY;

	libs_check(&missing, image->base.libs, programs, len);
	if (missing.len == 0 || options->unchecked)
		return 0;
	error_set_(err, ERROR_REFUSED,
		   "the base %s lacks what %s %s needs; no image was made:\n%.*s", image->base.name,
		   image->name, image->vsn, (int)missing.len - 1, missing.ptr);
	return error_hint(err,
			  "Take a base as new as the system that the release was built on, with "
			  "these libraries.");
}

/* ---- made ---- */

static int open_release(struct image *image, const char *tarball, const struct trust *trust,
			struct error *err)
{
	struct trusted found;
	struct manifest manifest;

	if (release_open(&image->release, tarball, err))
		return -1;
	if (tree_is_dir(image->release->tree)) {
		error_set_(err, ERROR_USAGE, "%s is a folder; an image is made of a tarball",
			   tarball);
		return error_hint(err, "relevo build makes one beside it.");
	}
	if (release_trust(&found, &image->arena, image->release, trust, err))
		return -1;
	image->name = image->release->name;
	image->vsn = image->release->vsn;
	if (!name_is_word(image->name) || !version_is_word(image->vsn))
		return error_set(err, ERROR_INVALID, "%s: its name or version is no single word",
				 tarball);
	if (!image->release->manifest)
		return 0;
	if (manifest_read(&manifest, &image->arena, image->release->tree, image->release->manifest,
			  err))
		return -1;
	image->revision = manifest.commit;
	return 0;
}

static int make(struct image *image, const char *tarball, const struct image_options *options,
		struct error *err)
{
	struct archive_source *items;
	struct program *programs;
	size_t len, count;

	if (open_release(image, tarball, options->trust, err))
		return -1;
	tree_sources(&items, &len, &image->arena, image->release->tree);
	find_programs(&programs, &count, image, items, len);
	if (find_machine(image, programs, count, err) ||
	    base_open(&image->base, &image->arena, options->base, image->arch, err) ||
	    check_programs(image, programs, count, options, err))
		return -1;
	for (int nr = 0; nr < IMAGE_LAYERS; nr++)
		if (fill_layer(image, nr, items, len, options, err))
			return -1;
	return image_describe(image, options, err);
}

int image_make(struct image **out, const char *tarball, const struct image_options *options,
	       struct error *err)
{
	struct image *image = mem_zero(1, sizeof(*image));

	if (make(image, tarball, options, err)) {
		image_free(image);
		return -1;
	}
	*out = image;
	return 0;
}

void image_free(struct image *image)
{
	if (!image)
		return;
	release_free(image->release);
	base_done(&image->base);
	str_done(&image->config);
	str_done(&image->manifest);
	arena_done(&image->arena);
	free(image);
}

/* ---- sent ---- */

struct base_layer {
	const struct base *base;
	size_t nr;
};

static int fill_base(void *context, struct str *out, struct error *err)
{
	const struct base_layer *layer = context;

	return base_read_layer(layer->base, layer->nr, out, err);
}

static int fill_own(void *context, struct str *out, struct error *err)
{
	return layer_pack(out, context, err);
}

static int send_base(struct image *image, struct sending *sending, struct error *err)
{
	const struct base *base = &image->base;
	const char *from = NULL;

	/* In the same registry nothing has to come here and go back. */
	if (base->place && strcmp(base->place->id, sending->place->id) == 0)
		from = arena_printf(&image->arena, "%s%s", base->place->prefix, base->repo);
	for (size_t i = 0; i < base->len; i++) {
		struct base_layer layer = { base, i };

		if (send_blob(sending, &base->layers[i], fill_base, &layer, from, err))
			return error_wrap(err, "the base %s", base->name);
	}
	return 0;
}

static int send_image(struct image *image, struct sending *sending, struct error *err)
{
	const struct descriptor config = { OCI_CONFIG,
					   digest_make(&image->arena, str_span(&image->config)),
					   (int64_t)image->config.len, NULL };

	if (send_base(image, sending, err))
		return -1;
	for (size_t i = 0; i < image->len; i++)
		if (send_blob(sending, &image->layers[i].blob, fill_own, &image->layers[i], NULL,
			      err))
			return -1;
	return send_bytes(sending, &config, str_span(&image->config), err);
}

static int put(struct sending *sending, const char *ref, const char *type, const struct str *bytes,
	       struct error *err)
{
	return sending->place->ops->put_manifest(sending->place, sending->repo, ref, type,
						 str_span(bytes), err);
}

static int put_index(const char **digest, struct arena *arena, struct sending *sending,
		     struct image *const *images, size_t len, const char *tag, struct error *err)
{
	json_t *manifests = json_array();
	owned_json json_t *root = json_pack("{s:i, s:s, s:o}", "schemaVersion", 2, "mediaType",
					    OCI_INDEX, "manifests", manifests);
	owned_str struct str bytes = STR_EMPTY;

	for (size_t i = 0; i < len; i++) {
		json_t *entry = descriptor_json(OCI_MANIFEST, images[i]->digest,
						(int64_t)images[i]->manifest.len, NULL);

		json_object_set_new(
			entry, "platform",
			json_pack("{s:s, s:s}", "architecture", images[i]->arch, "os", "linux"));
		json_array_append_new(manifests, entry);
		if (put(sending, images[i]->digest, OCI_MANIFEST, &images[i]->manifest, err))
			return -1;
	}
	json_add_bytes(&bytes, root);
	*digest = digest_make(arena, str_span(&bytes));
	return put(sending, tag, OCI_INDEX, &bytes, err);
}

static int check_same(struct image *const *images, size_t len, struct error *err)
{
	for (size_t i = 1; i < len; i++)
		if (strcmp(images[i]->name, images[0]->name) != 0 ||
		    strcmp(images[i]->vsn, images[0]->vsn) != 0)
			return error_set(
				err, ERROR_USAGE, "%s %s and %s %s do not go into one image",
				images[0]->name, images[0]->vsn, images[i]->name, images[i]->vsn);
	for (size_t i = 1; i < len; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(images[i]->arch, images[j]->arch) == 0)
				return error_set(err, ERROR_USAGE, "two releases for %s",
						 images[i]->arch);
	return 0;
}

int image_put(const char **digest, struct arena *arena, struct sending *sending,
	      struct image *const *images, size_t len, const char *tag, struct error *err)
{
	if (check_same(images, len, err) || sending->place->ops->lock(sending->place, err))
		return -1;
	for (size_t i = 0; i < len; i++)
		if (send_image(images[i], sending, err))
			return err->kind == ERROR_UNREACHABLE
				       ? error_hint(
						 err,
						 "The tag %s is as it was; pushed again, only what "
						 "lacks is sent.",
						 tag)
				       : -1;
	if (len > 1)
		return put_index(digest, arena, sending, images, len, tag, err);
	*digest = images[0]->digest;
	return put(sending, tag, OCI_MANIFEST, &images[0]->manifest, err);
}
