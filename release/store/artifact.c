// SPDX-License-Identifier: Apache-2.0
#include "release/store/artifact.h"

#include "base/json.h"
#include "release/files/tree.h"

enum { TAG_MAX = 128 };

bool tag_is_good(const char *tag)
{
	size_t len = strlen(tag);

	return len > 0 && len <= TAG_MAX && !strchr(".-", tag[0]) &&
	       strspn(tag, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
		       len;
}

int tag_of_version(const char **out, struct arena *arena, const char *vsn, struct error *err)
{
	char *tag = arena_dup(arena, span_of(vsn));

	for (char *at = tag; *at; at++)
		if (*at == '+')
			*at = '_';
	if (!tag_is_good(tag))
		return error_set(err, ERROR_USAGE,
				 "%s: no tag can be made of it: letters, digits and . - + _", vsn);
	*out = tag;
	return 0;
}

static json_t *title(const char *name)
{
	return json_pack("{s:o}", OCI_TITLE, json_text(name));
}

static json_t *parts_json(struct arena *arena, const struct descriptor *parts,
			  const char *const *names, size_t len)
{
	json_t *list = json_array();

	for (size_t i = 0; i < len; i++)
		json_array_append_new(
			list, descriptor_json(parts[i].type, parts[i].digest, parts[i].size,
					      title(arena_printf(arena, "%s.tar.gz",
								 names[i][0] ? names[i] : "top"))));
	return list;
}

static json_t *annotations_json(const struct artifact *artifact)
{
	return json_pack("{s:o, s:o, s:o*}", OCI_TITLE, json_text(artifact->name), OCI_VERSION,
			 json_text(artifact->vsn), OCI_REVISION,
			 artifact->revision ? json_text(artifact->revision) : NULL);
}

void artifact_make(struct str *config, struct str *manifest, struct arena *arena,
		   const struct artifact *artifact, const struct descriptor *parts,
		   const char *const *names, size_t len)
{
	owned_json json_t *root =
		json_pack("{s:i, s:o, s:o, s:o, s:o*, s:{s:s, s:I}}", "format", 1, "name",
			  json_text(artifact->name), "version", json_text(artifact->vsn), "erts",
			  json_text(artifact->erts), "revision",
			  artifact->revision ? json_text(artifact->revision) : NULL, "tarball",
			  "digest", artifact->tarball, "size", (json_int_t)artifact->size);
	owned_json json_t *whole = NULL;

	json_add_bytes(config, root);
	whole = json_pack("{s:i, s:s, s:s, s:o, s:o, s:o}", "schemaVersion", 2, "mediaType",
			  OCI_MANIFEST, "artifactType", ARTIFACT_TYPE, "config",
			  descriptor_json(ARTIFACT_CONFIG, digest_make(arena, str_span(config)),
					  (int64_t)config->len, NULL),
			  "layers", parts_json(arena, parts, names, len), "annotations",
			  annotations_json(artifact));
	json_add_bytes(manifest, whole);
}

int artifact_check(const struct image_manifest *manifest, struct error *err)
{
	int64_t size = 0;

	if (strcmp(manifest->config.type, ARTIFACT_CONFIG) != 0)
		return error_set(err, ERROR_INVALID, "not a release of relevo's, but %.100s",
				 manifest->config.type);
	for (size_t i = 0; i < manifest->len; i++)
		size += manifest->layers[i].size;
	if (size > TREE_MAX || manifest->config.size > ARTIFACT_CONFIG_MAX)
		return error_set(err, ERROR_INVALID, "larger than a release may be");
	return 0;
}

/* NULL: not there, or no single word. */
static const char *word_of(struct arena *arena, const json_t *root, const char *key)
{
	const char *text = json_string_value(json_object_get(root, key));

	return text && version_is_word(text) ? arena_dup(arena, span_of(text)) : NULL;
}

int artifact_read(struct artifact *out, struct arena *arena, const struct image_manifest *manifest,
		  struct span config, struct error *err)
{
	owned_json json_t *root = json_loadb(config.ptr, config.len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *tarball = json_object_get(root, "tarball");
	const char *digest = json_string_value(json_object_get(tarball, "digest"));
	struct artifact artifact = {
		.name = word_of(arena, root, "name"),
		.vsn = word_of(arena, root, "version"),
		.erts = word_of(arena, root, "erts"),
		.revision = word_of(arena, root, "revision"),
		.size = json_integer_value(json_object_get(tarball, "size")),
	};

	if (artifact_check(manifest, err))
		return -1;
	if (!artifact.name || !name_is_word(artifact.name) || !artifact.vsn || !artifact.erts ||
	    !digest || !digest_is_good(digest) || artifact.size <= 0)
		return error_set(err, ERROR_INVALID, "its configuration is none of a release");
	artifact.tarball = arena_dup(arena, span_of(digest));
	*out = artifact;
	return 0;
}
