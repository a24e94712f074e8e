// SPDX-License-Identifier: Apache-2.0
#include "docker/base.h"

#include "base/cache.h"
#include "base/deflate.h"
#include "base/file.h"
#include "base/json.h"
#include "base/zstd.h"
#include "docker/libs.h"

enum { LIBS_VERSION = 1, CONFIG_VERSION = 1, LAYER_PLAIN_MAX = 2000 << 20, LAYERS_MAX = 120 };

/* ---- which one ---- */

int image_name_parse(const char **store, const char **repo, const char **ref, struct arena *arena,
		     const char *text, struct error *err)
{
	const char *slash = strrchr(text, '/'), *at = strchr(text, '@');
	const char *colon = slash ? strchr(slash, ':') : NULL;
	const char *end = at ? at : colon ? colon : text + strlen(text);

	if (at)
		slash = memrchr(text, '/', (size_t)(at - text));
	if (!slash || slash < strstr(text, "://") + 3 || slash + 1 >= end)
		return error_set(err, ERROR_USAGE, "%s: no image: oci://REGISTRY/PATH:TAG", text);
	*store = arena_dup(arena, (struct span){ text, (size_t)(slash - text) });
	*repo = arena_dup(arena, (struct span){ slash + 1, (size_t)(end - slash - 1) });
	*ref = *end ? arena_dup(arena, span_of(end + 1)) : "";
	return 0;
}

/* "oci:DIR:NAME", "DIR" */
static int open_layout(struct base *base, const char **ref, struct arena *arena, const char *text,
		       struct error *err)
{
	const char *dir = span_starts(span_of(text), "oci:") ? text + 4 : text;
	const char *colon = path_is_dir(dir) ? NULL : strchr(dir, ':');

	*ref = colon ? colon + 1 : "";
	if (colon)
		dir = arena_dup(arena, (struct span){ dir, (size_t)(colon - dir) });
	if (!path_is_dir(dir))
		return error_set(err, ERROR_NOT_FOUND, "%s: no OCI layout", dir);
	base->repo = "";
	return folder_open(&base->place, dir, err);
}

static int open_place(struct base *base, const char **ref, struct arena *arena, const char *text,
		      struct error *err)
{
	const char *store;

	if (!place_is_url(text))
		return open_layout(base, ref, arena, text, err);
	if (image_name_parse(&store, &base->repo, ref, arena, text, err))
		return -1;
	if (!(*ref)[0])
		*ref = "latest";
	return place_open(&base->place, store, err);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* The digest of the manifest for this machine; NULL: none. */
static const char *for_machine(const json_t *index, const char *arch)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (json_object_get(index, "manifests"), i, entry) {
		const json_t *platform = json_object_get(entry, "platform");
		const char *digest = text_of(entry, "digest");

		if (strcmp(text_of(platform, "architecture"), arch) == 0 &&
		    strcmp(text_of(platform, "os"), "linux") == 0 && digest_is_good(digest))
			return digest;
	}
	return NULL;
}

static int read_manifest(struct image_manifest *out, struct base *base, struct arena *arena,
			 const char *ref, const char *arch, struct error *err)
{
	owned_str struct str bytes = STR_EMPTY;
	owned_json json_t *index = NULL;
	const char *digest;

	if (base->place->ops->get_manifest(base->place, base->repo, ref, &bytes, err))
		return -1;
	index = json_loadb(str_text(&bytes), bytes.len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_array(json_object_get(index, "manifests")))
		return place_take_manifest(out, arena, base->place, base->repo, ref,
					   str_span(&bytes), &base->digest, err);
	if (digest_is_good(ref) && !digest_fits(ref, str_span(&bytes)))
		return error_set(err, ERROR_REFUSED, "what came for %s is something else", ref);
	digest = for_machine(index, arch);
	if (!digest)
		return error_set(err, ERROR_NOT_FOUND, "it has nothing for linux/%s", arch);
	return place_read_manifest(out, arena, base->place, base->repo,
				   arena_dup(arena, span_of(digest)), &base->digest, err);
}

/* ---- what is in it ---- */

/* The same content by the names that came first. */
static const char *layer_type(const char *type)
{
	static const char *const names[][2] = {
		{ "application/vnd.docker.image.rootfs.diff.tar.gzip", OCI_LAYER_GZIP },
		{ "application/vnd.docker.image.rootfs.diff.tar",
		  "application/vnd.oci.image.layer.v1.tar" },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(type, names[i][0]) == 0)
			return names[i][1];
	return type;
}

static int take_layers(struct base *base, struct arena *arena,
		       const struct image_manifest *manifest, struct error *err)
{
	struct descriptor *layers = arena_array(arena, manifest->len, struct descriptor);

	if (manifest->len > LAYERS_MAX)
		return error_set(err, ERROR_INVALID, "it has more than %d layers", LAYERS_MAX);
	for (size_t i = 0; i < manifest->len; i++) {
		layers[i] = manifest->layers[i];
		layers[i].type = layer_type(layers[i].type);
		layers[i].annotations = NULL;
	}
	base->layers = layers;
	base->len = manifest->len;
	return 0;
}

/* What has this digest is the same for ever, wherever it lies. */
static int read_config(struct str *out, const struct base *base, const struct descriptor *blob,
		       struct cache *cache, struct error *err)
{
	struct cache_key key = cache_key("config", CONFIG_VERSION, span_of(blob->digest));

	if (cache_get(cache, &key, out))
		return 0;
	if (base->place->ops->get_blob(base->place, base->repo, blob, out, err))
		return -1;
	cache_put(cache, &key, str_span(out));
	return 0;
}

static int take_config(struct base *base, const struct descriptor *blob, struct cache *cache,
		       struct error *err)
{
	owned_str struct str bytes = STR_EMPTY;

	if (read_config(&bytes, base, blob, cache, err))
		return -1;
	base->config = json_loadb(str_text(&bytes), bytes.len, JSON_REJECT_DUPLICATES, NULL);
	if (json_array_size(json_object_get(json_object_get(base->config, "rootfs"), "diff_ids")) !=
	    base->len)
		return error_set(err, ERROR_INVALID, "its configuration does not fit its layers");
	return 0;
}

int base_read_layer(const struct base *base, size_t nr, struct str *out, struct error *err)
{
	if (!base->place)
		return layer_pack(out, &base->layer, err);
	return base->place->ops->get_blob(base->place, base->repo, &base->layers[nr], out, err);
}

static int unpack(struct str *out, struct span bytes, struct error *err)
{
	if (span_starts(bytes, "\x1f\x8b"))
		return gzip_inflate_all(out, bytes, LAYER_PLAIN_MAX, err);
	if (span_starts(bytes, ZSTD_HEAD))
		return zstd_inflate(out, bytes, LAYER_PLAIN_MAX, err);
	str_add(out, bytes);
	return 0;
}

/* What a layer has is found once; then it need not come any more. */
static int find_libs(json_t **out, const struct base *base, size_t nr, struct cache *cache,
		     struct error *err)
{
	struct cache_key key = cache_key("libs", LIBS_VERSION, span_of(base->layers[nr].digest));
	owned_str struct str known = STR_EMPTY, bytes = STR_EMPTY, plain = STR_EMPTY;

	if (cache_get(cache, &key, &known)) {
		*out = json_loadb(str_text(&known), known.len, 0, NULL);
		if (*out)
			return 0;
		str_clear(&known);
	}
	if (base_read_layer(base, nr, &bytes, err) || unpack(&plain, str_span(&bytes), err) ||
	    libs_of_layer(out, str_span(&plain), err))
		return -1;
	json_add_bytes(&known, *out);
	cache_put(cache, &key, str_span(&known));
	return 0;
}

static int take_libs(struct base *base, struct cache *cache, struct error *err)
{
	for (size_t i = 0; i < base->len; i++) {
		owned_json json_t *layer = NULL;

		if (find_libs(&layer, base, i, cache, err))
			return error_wrap(err, "its layer %s", base->layers[i].digest);
		libs_put(base->libs, layer);
	}
	return 0;
}

static int open_image(struct base *base, struct arena *arena, const char *arch, struct error *err)
{
	owned_image_manifest struct image_manifest manifest = { 0 };
	owned_cache struct cache *cache = cache_open();
	const char *ref;

	return open_place(base, &ref, arena, base->name, err) ||
			       read_manifest(&manifest, base, arena, ref, arch, err) ||
			       take_layers(base, arena, &manifest, err) ||
			       take_config(base, &manifest.config, cache, err) ||
			       take_libs(base, cache, err)
		       ? -1
		       : 0;
}

static int open_root(struct base *base, struct arena *arena, struct error *err)
{
	owned_json json_t *libs = NULL;
	struct descriptor *layers;

	if (layer_of_folder(&base->layer, arena, base->name, err) ||
	    layer_describe(&base->layer, arena, err) ||
	    libs_of_items(&libs, base->layer.items, base->layer.len, err))
		return -1;
	libs_put(base->libs, libs);
	layers = arena_array(arena, 1, struct descriptor);
	layers[0] = base->layer.blob;
	base->layers = layers;
	base->len = 1;
	base->config = json_pack("{s:{s:s, s:[s]}}", "rootfs", "type", "layers", "diff_ids",
				 base->layer.diff_id);
	return 0;
}

static bool is_root(struct arena *arena, const char *text)
{
	return path_is_dir(text) && !path_is_file(path_join(arena, text, "oci-layout"));
}

int base_open(struct base *out, struct arena *arena, const char *text, const char *arch,
	      struct error *err)
{
	owned_base struct base base = { .name = arena_dup(arena, span_of(text)),
					.libs = json_object() };

	if (!path_exists(text) && !strchr(text, ':'))
		return error_set(err, ERROR_USAGE,
				 "%s: no folder, and no image: oci://REGISTRY/PATH:TAG", text);
	if (is_root(arena, text) ? open_root(&base, arena, err)
				 : open_image(&base, arena, arch, err))
		return error_wrap(err, "the base %s", text);
	*out = base;
	base = (struct base){ 0 };
	return 0;
}

void base_done(struct base *base)
{
	json_decref(base->config);
	json_decref(base->libs);
	place_close(base->place);
}
