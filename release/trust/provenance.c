// SPDX-License-Identifier: Apache-2.0
#include "release/trust/provenance.h"

#include "base/base64.h"
#include "base/json.h"
#include "release/read/manifest_read.h"

#define BUILD_TYPE "urn:relevo:build:1"

/* source   NULL, or no URI: a name will do */
static void add_source(json_t *list, struct arena *arena, const char *name, const char *source,
		       const char *commit)
{
	const char *uri = source ? git_uri(arena, source) : NULL;

	json_array_append_new(list,
			      json_pack("{s:o, s:o*, s:{s:o}}", "name", json_text(name), "uri",
					uri ? json_text(arena_printf(arena, "git+%s", uri)) : NULL,
					"digest", "gitCommit", json_text(commit)));
}

/* The commit, and what the lock file names. */
static json_t *dependencies(struct arena *arena, const struct manifest *manifest,
			    const struct lock *lock, const char *source)
{
	json_t *list = json_array();

	if (manifest->commit)
		add_source(list, arena, manifest->name, source, manifest->commit);
	for (size_t i = 0; i < lock->len; i++) {
		const struct locked *locked = &lock->items[i];

		if (!locked->package)
			add_source(list, arena, locked->app, locked->url, locked->commit);
		else if (locked->sha256)
			json_array_append_new(list, json_pack("{s:o, s:o, s:{s:o}}", "name",
							      json_text(locked->app), "uri",
							      json_text(locked_purl(arena, locked)),
							      "digest", "sha256",
							      json_text(locked->sha256)));
	}
	return list;
}

int provenance_make(json_t **out, struct arena *arena, const struct release *release,
		    const struct lock *lock, const struct provenance *what, struct error *err)
{
	struct manifest manifest;

	if (!release->manifest)
		return error_set(err, ERROR_NOT_FOUND,
				 "%s has no manifest that tells what it was built from",
				 release->path);
	if (manifest_read(&manifest, arena, release->tree, release->manifest, err))
		return -1;
	*out = json_pack("{s:s, s:[{s:o, s:{s:o}}], s:s, s:{s:{s:s, s:{s:o, s:o}, s:{s:o, s:o, "
			 "s:b}, s:o}, s:{s:{s:o}}}}",
			 "_type", "https://in-toto.io/Statement/v1", "subject", "name",
			 json_text(what->file), "digest", "sha256", json_text(what->sha256),
			 "predicateType", "https://slsa.dev/provenance/v1", "predicate",
			 "buildDefinition", "buildType", BUILD_TYPE, "externalParameters",
			 "release", json_text(release->name), "version", json_text(release->vsn),
			 "internalParameters", "branch", json_text(manifest.branch), "describe",
			 json_text(manifest.describe), "dirty", manifest.dirty,
			 "resolvedDependencies", dependencies(arena, &manifest, lock, what->source),
			 "runDetails", "builder", "id", json_text(what->builder));
	return 0;
}

void dsse_add(struct str *out, const char *type, struct span payload)
{
	str_addf(out, "DSSEv1 %zu %s %zu ", strlen(type), type, payload.len);
	str_add(out, payload);
}

int dsse_make(json_t **out, const char *type, struct span payload, const struct key *key,
	      struct error *err)
{
	owned_str struct str covered = STR_EMPTY, signature = STR_EMPTY;
	owned_str struct str payload64 = STR_EMPTY, signature64 = STR_EMPTY;
	char id[KEY_ID_MAX];

	dsse_add(&covered, type, payload);
	if (key_sign(&signature, key, str_span(&covered), err))
		return -1;
	base64_add(&payload64, payload);
	base64_add(&signature64, str_span(&signature));
	key_id(key, id);
	*out = json_pack("{s:s, s:s, s:[{s:s, s:s}]}", "payloadType", type, "payload",
			 str_text(&payload64), "signatures", "keyid", id, "sig",
			 str_text(&signature64));
	return 0;
}
