// SPDX-License-Identifier: Apache-2.0
#include "release/store/oci.h"

#include "base/hash.h"

#include <stdlib.h>

#define SHA256 "sha256:"

bool digest_is_good(const char *digest)
{
	size_t prefix = strlen(SHA256);

	return strncmp(digest, SHA256, prefix) == 0 && strlen(digest) == prefix + 64 &&
	       strspn(digest + prefix, "0123456789abcdef") == 64;
}

const char *digest_hex(const char *digest)
{
	return digest + strlen(SHA256);
}

const char *digest_make(struct arena *arena, struct span data)
{
	char hex[HASH_HEX_MAX];

	hash_hex(HASH_SHA256, data, hex);
	return arena_printf(arena, SHA256 "%s", hex);
}

bool digest_fits(const char *digest, struct span data)
{
	char hex[HASH_HEX_MAX];

	hash_hex(HASH_SHA256, data, hex);
	return strcmp(digest_hex(digest), hex) == 0;
}

int descriptor_read(struct descriptor *out, struct arena *arena, const json_t *object,
		    struct error *err)
{
	const char *type = json_string_value(json_object_get(object, "mediaType"));
	const char *digest = json_string_value(json_object_get(object, "digest"));
	const json_t *size = json_object_get(object, "size");
	json_t *annotations = json_object_get(object, "annotations");

	if (!type || !digest || !digest_is_good(digest) || !json_is_integer(size) ||
	    json_integer_value(size) < 0 || json_integer_value(size) > OCI_BLOB_MAX)
		return error_set(err, ERROR_INVALID,
				 "a descriptor needs \"mediaType\", \"digest\" (sha256:…) and "
				 "\"size\" (at most %d)",
				 OCI_BLOB_MAX);
	*out = (struct descriptor){
		.type = arena_dup(arena, span_of(type)),
		.digest = arena_dup(arena, span_of(digest)),
		.size = json_integer_value(size),
		.annotations = json_is_object(annotations) ? annotations : NULL,
	};
	return 0;
}

json_t *descriptor_json(const char *type, const char *digest, int64_t size, json_t *annotations)
{
	return json_pack("{s:s, s:s, s:I, s:o*}", "mediaType", type, "digest", digest, "size",
			 (json_int_t)size, "annotations", annotations);
}

const char *annotation_of(const json_t *annotations, const char *name)
{
	return json_string_value(json_object_get(annotations, name));
}

static int read_layers(struct image_manifest *out, struct arena *arena, struct error *err)
{
	const json_t *list = json_object_get(out->root, "layers");
	size_t len = json_array_size(list);
	struct descriptor *layers;

	if (!json_is_array(list) || len > OCI_ENTRIES_MAX)
		return error_set(err, ERROR_INVALID, "\"layers\" must be a list");
	layers = arena_array(arena, len, struct descriptor);
	for (size_t i = 0; i < len; i++)
		if (descriptor_read(&layers[i], arena, json_array_get(list, i), err))
			return error_wrap(err, "\"layers\"");
	out->layers = layers;
	out->len = len;
	return 0;
}

int image_manifest_read(struct image_manifest *out, struct arena *arena, struct span json,
			struct error *err)
{
	owned_image_manifest struct image_manifest m = { 0 };
	json_error_t fault;

	m.root = json_loadb(json.ptr, json.len, JSON_REJECT_DUPLICATES, &fault);
	if (!m.root)
		return error_set(err, ERROR_INVALID, "the manifest is no JSON: %s", fault.text);
	if (json_integer_value(json_object_get(m.root, "schemaVersion")) != 2)
		return error_set(err, ERROR_INVALID,
				 "a manifest of another kind: want \"schemaVersion\": 2");
	if (descriptor_read(&m.config, arena, json_object_get(m.root, "config"), err))
		return error_wrap(err, "the manifest: \"config\"");
	if (read_layers(&m, arena, err))
		return error_wrap(err, "the manifest");
	*out = m;
	m.root = NULL;
	return 0;
}

void image_manifest_done(struct image_manifest *manifest)
{
	json_decref(manifest->root);
}

void json_add_bytes(struct str *out, const json_t *document)
{
	owned_mem char *text = json_dumps(document, JSON_COMPACT | JSON_SORT_KEYS);

	str_adds(out, text ? text : "");
}
