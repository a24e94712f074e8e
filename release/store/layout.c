// SPDX-License-Identifier: Apache-2.0
#include "release/store/layout.h"

#include "base/json.h"
#include "base/name_table.h"

#include <stdlib.h>

enum { TRIES = 10, NESTED_MAX = 3 };

static struct layout *layout_of(struct place *place)
{
	return (struct layout *)place;
}

static const char *blob_path(struct arena *arena, const char *digest)
{
	return arena_printf(arena, "blobs/sha256/%s", digest_hex(digest));
}

/* ---- the index ---- */

/* Without one the layout is empty. */
static int read_index(json_t **out, struct place *place, struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	json_error_t fault;
	json_t *root;

	if (layout_of(place)->files->read(place, INDEX_PATH, INDEX_MAX, &text, err)) {
		if (err->kind != ERROR_NOT_FOUND)
			return -1;
		*out = json_pack("{s:i, s:s, s:[]}", "schemaVersion", 2, "mediaType", OCI_INDEX,
				 "manifests");
		return 0;
	}
	root = json_loadb(str_text(&text), text.len, JSON_REJECT_DUPLICATES, &fault);
	if (json_is_array(json_object_get(root, "manifests"))) {
		*out = root;
		return 0;
	}
	json_decref(root);
	return error_set(err, ERROR_INVALID, "%s: its index.json is none", place->url);
}

static json_t *entries_of(json_t *index)
{
	return json_object_get(index, "manifests");
}

/* "shop:1.0.0" */
static const char *name_of(const json_t *entry)
{
	const char *name = annotation_of(json_object_get(entry, "annotations"), OCI_REF_NAME);

	return name ? name : "";
}

/* The tag of an entry of this repository; NULL: it is of another one. */
static const char *tag_of(const json_t *entry, const char *repo)
{
	const char *name = name_of(entry);
	size_t len = strlen(repo);

	return strncmp(name, repo, len) == 0 && name[len] == ':' ? name + len + 1 : NULL;
}

/* Others call their images what they like: of the repository "" the whole name counts, and "" is
 * any. */
static bool is_called(const json_t *entry, const char *repo, const char *ref)
{
	const char *tag = repo[0] ? tag_of(entry, repo) : name_of(entry);
	const char *digest = json_string_value(json_object_get(entry, "digest"));

	if (!repo[0] && !ref[0])
		return true;
	return tag && (strcmp(tag, ref) == 0 || (digest && strcmp(digest, ref) == 0));
}

static int find_entry(struct descriptor *out, struct place *place, struct arena *arena,
		      const char *repo, const char *ref, struct error *err)
{
	owned_json json_t *index = NULL;
	json_t *entry;
	size_t i;

	if (read_index(&index, place, err))
		return -1;
	json_array_foreach (entries_of(index), i, entry)
		if (is_called(entry, repo, ref)) {
			if (descriptor_read(out, arena, entry, err))
				return error_wrap(err, "%s: index.json", place->url);
			out->annotations = NULL;
			return 0;
		}
	return error_set(err, ERROR_NOT_FOUND, "there is no %s%s%s", ref[0] ? ref : "image",
			 repo[0] ? " of " : "", repo);
}

static void set_entry(json_t *index, const char *repo, const char *ref, const char *type,
		      struct arena *arena, struct span manifest)
{
	const char *name = arena_printf(arena, "%s:%s", repo, ref);
	json_t *entries = entries_of(index);

	for (size_t i = json_array_size(entries); i > 0; i--)
		if (strcmp(name_of(json_array_get(entries, i - 1)), name) == 0)
			json_array_remove(entries, i - 1);
	json_array_append_new(entries, descriptor_json(type, digest_make(arena, manifest),
						       (int64_t)manifest.len,
						       json_pack("{s:s}", OCI_REF_NAME, name)));
}

static int write_index(struct place *place, const json_t *index, bool *changed, struct error *err)
{
	owned_str struct str text = STR_EMPTY;

	json_add_bytes(&text, index);
	return layout_of(place)->files->write(place, INDEX_PATH, str_span(&text), changed, err);
}

static int too_busy(const struct place *place, struct error *err)
{
	return error_set(err, ERROR_LOCKED, "%s: others write into it all the time", place->url);
}

/* ---- manifests ---- */

static int not_that(const struct place *place, const char *digest, struct error *err)
{
	return error_set(err, ERROR_REFUSED, "%s: what it has as %s is something else", place->url,
			 digest);
}

static int layout_get_blob(struct place *place, const char *repo, const struct descriptor *blob,
			   struct str *out, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	size_t start = out->len;
	struct span data;

	(void)repo;
	if (layout_of(place)->files->read(place, blob_path(&arena, blob->digest),
					  (size_t)blob->size, out, err))
		return -1;
	data = (struct span){ str_text(out) + start, out->len - start };
	if ((int64_t)data.len == blob->size && digest_fits(blob->digest, data))
		return 0;
	return not_that(place, blob->digest, err);
}

static int layout_get_manifest(struct place *place, const char *repo, const char *ref,
			       struct str *out, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct descriptor entry;

	/* One of an index's own manifests. */
	if (digest_is_good(ref)) {
		if (layout_of(place)->files->read(place, blob_path(&arena, ref), OCI_MANIFEST_MAX,
						  out, err))
			return -1;
		return digest_fits(ref, str_span(out)) ? 0 : not_that(place, ref, err);
	}
	if (find_entry(&entry, place, &arena, repo, ref, err))
		return -1;
	if (entry.size > OCI_MANIFEST_MAX)
		return error_set(err, ERROR_INVALID, "%s: the manifest of %s:%s is too large",
				 place->url, repo, ref);
	return layout_get_blob(place, repo, &entry, out, err);
}

static int layout_put_manifest(struct place *place, const char *repo, const char *ref,
			       const char *type, struct span manifest, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct layout_files *files = layout_of(place)->files;
	bool changed = true;

	if (files->write(place, blob_path(&arena, digest_make(&arena, manifest)), manifest, NULL,
			 err) ||
	    files->write(place, "oci-layout", SPAN("{\"imageLayoutVersion\":\"1.0.0\"}"), NULL,
			 err))
		return -1;
	/* Only an index names it. */
	if (digest_is_good(ref))
		return 0;
	for (int tries = 0; changed && tries < TRIES; tries++) {
		owned_json json_t *index = NULL;

		changed = false;
		if (read_index(&index, place, err))
			return -1;
		set_entry(index, repo, ref, type, &arena, manifest);
		if (write_index(place, index, &changed, err))
			return -1;
	}
	return changed ? too_busy(place, err) : 0;
}

static int list_entries(struct place *place, struct arena *arena, const char *repo,
			const json_t *index, struct names *out, struct error *err)
{
	owned_name_table struct name_table *names = name_table_new();
	size_t len = json_array_size(json_object_get(index, "manifests"));
	const char **items;

	if (len > OCI_ENTRIES_MAX)
		return error_set(err, ERROR_INVALID, "%s: more than %d manifests", place->url,
				 OCI_ENTRIES_MAX);
	for (size_t i = 0; i < len; i++) {
		const json_t *entry = json_array_get(json_object_get(index, "manifests"), i);
		const char *name = name_of(entry), *tag = tag_of(entry, repo);

		if (!repo[0] && strchr(name, ':'))
			tag = arena_dup(arena, (struct span){ name, strcspn(name, ":") });
		if (tag && tag[0])
			name_table_add(names, arena_dup(arena, span_of(tag)), NULL);
	}
	items = arena_array(arena, name_table_len(names), const char *);
	for (size_t i = 0; i < name_table_len(names); i++)
		items[i] = name_table_name(names, i);
	*out = (struct names){ items, name_table_len(names) };
	return 0;
}

static int layout_list(struct place *place, struct arena *arena, const char *repo,
		       struct names *out, struct error *err)
{
	owned_json json_t *index = NULL;

	return read_index(&index, place, err) || list_entries(place, arena, repo, index, out, err)
		       ? -1
		       : 0;
}

/* ---- blobs ---- */

static int layout_has_blob(struct place *place, const char *repo, const struct descriptor *blob,
			   bool *has, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;

	(void)repo;
	return layout_of(place)->files->has(place, blob_path(&arena, blob->digest), has, err);
}

static int layout_put_blob(struct place *place, const char *repo, const struct descriptor *blob,
			   struct span data, const char *from, bool *sent, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;

	(void)repo;
	(void)from;
	*sent = true;
	return layout_of(place)->files->write(place, blob_path(&arena, blob->digest), data, NULL,
					      err);
}

/* ---- removing ---- */

struct reach {
	struct place *place;
	struct arena *arena;
	struct name_table *blobs;
};

static void reach_digest(struct reach *r, const json_t *object)
{
	const char *digest = json_string_value(json_object_get(object, "digest"));

	if (digest && digest_is_good(digest))
		name_table_add(r->blobs, arena_dup(r->arena, span_of(digest)), NULL);
}

/* All that a manifest, or an index of them, wants; itself, too. */
static int reach_manifest(struct reach *r, const json_t *entry, int depth, struct error *err)
{
	owned_str struct str bytes = STR_EMPTY;
	owned_json json_t *root = NULL;
	struct descriptor blob;
	json_t *child;
	size_t i;

	reach_digest(r, entry);
	if (descriptor_read(&blob, r->arena, entry, err) ||
	    layout_get_blob(r->place, "", &blob, &bytes, err))
		return -1;
	root = json_loadb(str_text(&bytes), bytes.len, 0, NULL);
	reach_digest(r, json_object_get(root, "config"));
	json_array_foreach (json_object_get(root, "layers"), i, child)
		reach_digest(r, child);
	json_array_foreach (json_object_get(root, "manifests"), i, child)
		if (depth >= NESTED_MAX || reach_manifest(r, child, depth + 1, err))
			return -1;
	return 0;
}

static int reach_all(struct reach *r, const json_t *entries, struct error *err)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (entries, i, entry)
		if (reach_manifest(r, entry, 0, err))
			return -1;
	return 0;
}

/* Moves the entries with these tags out of the index. */
static void take_out(json_t *index, const char *repo, struct names tags, json_t *removed)
{
	json_t *entries = entries_of(index);

	for (size_t i = json_array_size(entries); i > 0; i--) {
		json_t *entry = json_array_get(entries, i - 1);
		const char *tag = tag_of(entry, repo);

		if (tag && names_have(tags, tag)) {
			json_array_append(removed, entry);
			json_array_remove(entries, i - 1);
		}
	}
}

/* Every blob that is there, or at least those that were wanted until now. */
static int find_candidates(struct reach *r, const json_t *removed, struct error *err)
{
	const struct layout_files *files = layout_of(r->place)->files;
	struct names there;

	if (!files->list)
		return reach_all(r, removed, err);
	if (files->list(r->place, r->arena, &there, err))
		return -1;
	for (size_t i = 0; i < there.len; i++) {
		const char *digest = arena_printf(r->arena, "sha256:%s", there.items[i]);

		if (digest_is_good(digest))
			name_table_add(r->blobs, digest, NULL);
	}
	return 0;
}

static int sweep(struct place *place, const json_t *index, const json_t *removed, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_name_table struct name_table *wanted = name_table_new();
	owned_name_table struct name_table *there = name_table_new();
	struct reach keep = { place, &arena, wanted }, all = { place, &arena, there };

	if (reach_all(&keep, json_object_get(index, "manifests"), err) ||
	    find_candidates(&all, removed, err))
		return -1;
	for (size_t i = 0; i < name_table_len(there); i++) {
		const char *digest = name_table_name(there, i);

		if (name_table_find(wanted, span_of(digest)) == NAME_ABSENT &&
		    layout_of(place)->files->remove(place, blob_path(&arena, digest), err))
			return -1;
	}
	return 0;
}

/* First nothing points to them any more; then they go. */
static int layout_remove(struct place *place, const char *repo, struct names tags,
			 struct error *err)
{
	for (int tries = 0; tries < TRIES; tries++) {
		owned_json json_t *index = NULL, *removed = json_array();
		bool changed = false;

		if (read_index(&index, place, err))
			return -1;
		take_out(index, repo, tags, removed);
		if (write_index(place, index, &changed, err))
			return -1;
		if (!changed)
			return sweep(place, index, removed, err);
	}
	return too_busy(place, err);
}

/* ---- the place ---- */

static int layout_lock(struct place *place, struct error *err)
{
	const struct layout_files *files = layout_of(place)->files;

	return files->lock ? files->lock(place, err) : 0;
}

static void layout_close(struct place *place)
{
	struct layout *layout = layout_of(place);

	layout->files->close(place);
	arena_done(&layout->arena);
	free(layout);
}

struct place *layout_begin(struct layout *layout, const struct layout_files *files, const char *url,
			   const char *id)
{
	static const struct place_ops ops = {
		.lock = layout_lock,
		.get_manifest = layout_get_manifest,
		.put_manifest = layout_put_manifest,
		.has_blob = layout_has_blob,
		.get_blob = layout_get_blob,
		.put_blob = layout_put_blob,
		.list = layout_list,
		.remove = layout_remove,
		.close = layout_close,
	};

	layout->files = files;
	layout->place = (struct place){ .ops = &ops, .url = url, .id = id, .prefix = "" };
	return &layout->place;
}
