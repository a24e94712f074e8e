// SPDX-License-Identifier: Apache-2.0
#include "k8s/desired.h"

#include "base/file.h"
#include "base/json.h"
#include "release/store/remote.h"

#include <stdlib.h>
#include <string.h>

enum { SOURCE_MAX = 2048, WORD_MAX = 128, NOTE_MAX = 4096, KEYS_MAX = 16 };

static const char *text_in(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

int desired_read(struct desired *out, struct arena *arena, const json_t *json, struct error *err)
{
	const struct desired found = { text_in(json, "release"), text_in(json, "version"),
				       text_in(json, "digest"), text_in(json, "source") };

	if (!name_is_word(found.name) || strlen(found.name) > WORD_MAX)
		return error_set(err, ERROR_INVALID, "\"release\" is not the name of one");
	if (!version_is_word(found.vsn) || strlen(found.vsn) > WORD_MAX)
		return error_set(err, ERROR_INVALID, "\"version\" is not one");
	if (!digest_is_good(found.digest))
		return error_set(err, ERROR_INVALID, "\"digest\" is not sha256: and 64 digits");
	if (!found.source[0] || strlen(found.source) > SOURCE_MAX)
		return error_set(err, ERROR_INVALID, "\"source\" is not a store");
	*out = (struct desired){ arena_dup(arena, span_of(found.name)),
				 arena_dup(arena, span_of(found.vsn)),
				 arena_dup(arena, span_of(found.digest)),
				 arena_dup(arena, span_of(found.source)) };
	return 0;
}

/* ---- what is on the volume ---- */

const char *volume_store(struct arena *arena, const char *root)
{
	return arena_printf(arena, "%s/" VOLUME_OURS "/store", root);
}

static const char *tarball_of(struct arena *arena, const char *root, const char *name,
			      const char *vsn)
{
	return arena_printf(arena, "%s/%s-%s.tar.gz", volume_store(arena, root), name, vsn);
}

static const char *note_of(struct arena *arena, const char *root, const char *name, const char *vsn)
{
	return arena_printf(arena, "%s/%s-%s.json", volume_store(arena, root), name, vsn);
}

/* NULL: there is none, or it cannot be read: then the release is fetched again. */
static json_t *read_note(struct arena *arena, const char *root, const char *name, const char *vsn)
{
	owned_str struct str text = STR_EMPTY;
	struct error ignored;

	if (file_read(note_of(arena, root, name, vsn), NOTE_MAX, &text, &ignored))
		return NULL;
	return json_loadb(str_text(&text), text.len, 0, NULL);
}

static int write_note(struct arena *arena, const char *root, const struct pulled *pulled,
		      struct error *err)
{
	owned_json json_t *note = json_pack("{s:s, s:s}", "digest", pulled->digest, "manifest",
					    pulled->trusted.manifest_sha256);
	owned_mem char *text = json_dumps(note, JSON_COMPACT);

	return file_write(note_of(arena, root, pulled->name, pulled->vsn), span_of(text), 0644,
			  err);
}

const char *volume_digest(struct arena *arena, const char *root, const char *name, const char *vsn)
{
	owned_json json_t *note = read_note(arena, root, name, vsn);
	char sha256[HASH_HEX_MAX];
	struct error ignored;

	if (!note ||
	    hash_file_hex(HASH_SHA256,
			  arena_printf(arena, "%s/releases/%s/relevo.manifest.json", root, vsn),
			  sha256, &ignored) ||
	    strcmp(sha256, text_in(note, "manifest")) != 0 ||
	    !digest_is_good(text_in(note, "digest")))
		return NULL;
	return arena_dup(arena, span_of(text_in(note, "digest")));
}

/* ---- bringing it there ---- */

static int pull(struct pulled *out, struct arena *arena, const char *root, const char *source,
		const struct reference *reference, const struct trust *trust, struct error *err)
{
	owned_place struct place *place = NULL;
	struct pull_options options = { .folder = volume_store(arena, root),
					.overwrite = true,
					.trust = trust };

	return place_open(&place, source, err) ||
			       remote_pull(out, arena, place, reference, &options, err) ||
			       write_note(arena, root, out, err)
		       ? -1
		       : 0;
}

/* What came earlier is verified again: keys change, and so may what lies on a volume. */
static bool is_good(struct arena *arena, const char *root, const struct desired *desired,
		    const struct trust *trust)
{
	owned_json json_t *note = read_note(arena, root, desired->name, desired->vsn);
	const char *tarball = tarball_of(arena, root, desired->name, desired->vsn);
	owned_release struct release *release = NULL;
	struct trusted found;
	struct error ignored;

	return path_is_file(tarball) && strcmp(text_in(note, "digest"), desired->digest) == 0 &&
	       release_open(&release, tarball, &ignored) == 0 &&
	       release_trust(&found, arena, release, trust, &ignored) == 0 &&
	       strcmp(found.manifest_sha256, text_in(note, "manifest")) == 0;
}

int desired_fetch(const char **path, struct arena *arena, const char *root,
		  const struct desired *desired, const struct trust *trust, struct error *err)
{
	const struct reference reference = { desired->name, desired->digest };
	struct pulled pulled;

	if (!is_good(arena, root, desired, trust)) {
		if (pull(&pulled, arena, root, desired->source, &reference, trust, err))
			return -1;
		if (strcmp(pulled.vsn, desired->vsn) != 0)
			return error_set(err, ERROR_REFUSED, "%s in %s is %s %s, not %s",
					 desired->digest, desired->source, desired->name,
					 pulled.vsn, desired->vsn);
	}
	*path = tarball_of(arena, root, desired->name, desired->vsn);
	return 0;
}

int desired_fetch_version(struct arena *arena, const char *root, const char *source,
			  const char *name, const char *vsn, const struct trust *trust,
			  struct error *err)
{
	const struct reference reference = { name, vsn };
	struct pulled pulled;

	if (path_is_file(tarball_of(arena, root, name, vsn)))
		return 0;
	return pull(&pulled, arena, root, source, &reference, trust, err);
}

void volume_prune(const char *root, const char *name, struct names keep)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *store = volume_store(&arena, root);
	struct dir_entry *entries;
	struct error ignored;
	size_t len;

	if (dir_names(&entries, &len, &arena, store, &ignored))
		return;
	for (size_t i = 0; i < len; i++) {
		struct span file = span_of(entries[i].name);
		size_t skip = strlen(name) + 1;
		bool note = span_ends(file, ".json"), tarball = span_ends(file, ".tar.gz");
		size_t tail = note ? strlen(".json") : strlen(".tar.gz");

		if ((!note && !tarball) || !span_starts(file, name) || file.len < skip + tail ||
		    names_have(keep, arena_dup(&arena, (struct span){ file.ptr + skip,
								      file.len - skip - tail })))
			continue;
		(void)!tree_remove(path_join(&arena, store, entries[i].name), &ignored);
	}
}

/* Secrets are mounted as links, beside folders whose names begin with "..". */
int keys_in(struct trust *out, struct arena *arena, const char *folder, struct error *err)
{
	const char **keys = arena_array(arena, KEYS_MAX, const char *);
	struct dir_entry *entries;
	size_t len, found = 0;

	*out = (struct trust){ .required = folder != NULL };
	if (!folder)
		return 0;
	if (dir_list(&entries, &len, arena, folder, err))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (entries[i].name[0] == '.' || entries[i].is_dir)
			continue;
		if (found == KEYS_MAX)
			return error_set(err, ERROR_INVALID, "%s holds more than %d keys", folder,
					 KEYS_MAX);
		keys[found++] = path_join(arena, folder, entries[i].name);
	}
	out->keys = (struct names){ keys, found };
	return 0;
}
