// SPDX-License-Identifier: Apache-2.0
#include "release/read/store.h"
#include "release/store/remote.h"

#include <stdlib.h>

enum { TAGS_MAX = 2000 };

struct lister {
	struct arena *arena;
	struct place *place;
	struct listed *items;
	size_t len, cap;
};

/* False, no error: no release of relevo's. */
static bool describe(struct listed *out, struct arena *arena, const char *repo,
		     const struct image_manifest *manifest, const char *digest)
{
	const json_t *annotations = json_object_get(manifest->root, "annotations");
	const char *vsn = annotation_of(annotations, OCI_VERSION);
	const char *revision = annotation_of(annotations, OCI_REVISION);
	struct error ignored;

	if (artifact_check(manifest, &ignored) || !vsn || !version_is_word(vsn))
		return false;
	*out = (struct listed){
		.name = repo,
		.vsn = arena_dup(arena, span_of(vsn)),
		.digest = digest,
		.revision = revision ? arena_dup(arena, span_of(revision)) : NULL,
	};
	for (size_t i = 0; i < manifest->len; i++)
		out->size += manifest->layers[i].size;
	return true;
}

static struct listed *find(struct lister *l, const char *repo, const char *digest)
{
	for (size_t i = 0; i < l->len; i++)
		if (strcmp(l->items[i].digest, digest) == 0 && strcmp(l->items[i].name, repo) == 0)
			return &l->items[i];
	return NULL;
}

static void add_tag(struct lister *l, struct listed *listed, const char *tag)
{
	const char *own, **items;
	struct error ignored;

	if (tag_of_version(&own, l->arena, listed->vsn, &ignored) == 0 && strcmp(own, tag) == 0)
		return;
	items = arena_array(l->arena, listed->tags.len + 1, const char *);
	for (size_t i = 0; i < listed->tags.len; i++)
		items[i] = listed->tags.items[i];
	items[listed->tags.len] = arena_dup(l->arena, span_of(tag));
	listed->tags = (struct names){ items, listed->tags.len + 1 };
}

/* A tag may be gone since it was listed, or be an image's. */
static int list_tag(struct lister *l, const char *repo, const char *tag, struct error *err)
{
	owned_image_manifest struct image_manifest manifest = { 0 };
	struct listed *listed, found;
	const char *digest;
	struct error why;

	if (place_read_manifest(&manifest, l->arena, l->place, repo, tag, &digest, &why)) {
		if (why.kind == ERROR_NOT_FOUND || why.kind == ERROR_INVALID)
			return 0;
		*err = why;
		return -1;
	}
	listed = find(l, repo, digest);
	if (!listed) {
		if (!describe(&found, l->arena, repo, &manifest, digest))
			return 0;
		l->items = arena_grow(l->arena, l->items, l->len, &l->cap);
		listed = &l->items[l->len++];
		*listed = found;
	}
	add_tag(l, listed, tag);
	return 0;
}

static int list_repo(struct lister *l, const char *repo, struct error *err)
{
	struct names tags;

	if (l->place->ops->list(l->place, l->arena, repo, &tags, err))
		return -1;
	if (tags.len > TAGS_MAX)
		return error_set(err, ERROR_INVALID, "%s: %s has more than %d tags", l->place->url,
				 repo, TAGS_MAX);
	for (size_t i = 0; i < tags.len; i++)
		if (tag_is_good(tags.items[i]) && list_tag(l, repo, tags.items[i], err))
			return -1;
	return 0;
}

static int by_version(const void *a, const void *b)
{
	const struct listed *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	if (order == 0)
		order = version_compare(right->vsn, left->vsn);
	return order ? order : strcmp(left->digest, right->digest);
}

int remote_list(struct listed **out, size_t *len, struct arena *arena, struct place *place,
		const char *name, struct error *err)
{
	struct lister l = { .arena = arena, .place = place };
	struct names repos = { &name, 1 };

	if (!name && place->ops->list(place, arena, "", &repos, err))
		return -1;
	for (size_t i = 0; i < repos.len; i++)
		if (name_is_word(repos.items[i]) && list_repo(&l, repos.items[i], err))
			return -1;
	if (l.len > 0)
		qsort(l.items, l.len, sizeof(*l.items), by_version);
	*out = l.items;
	*len = l.len;
	return 0;
}

int remote_prune(struct listed **out, size_t *len, struct arena *arena, struct place *place,
		 const char *name, size_t keep, bool dry, struct error *err)
{
	struct listed *all, *gone;
	size_t count, gone_len = 0;
	const char **tags;

	if ((!dry && place->ops->lock(place, err)) ||
	    remote_list(&all, &count, arena, place, name, err))
		return -1;
	gone = arena_array(arena, count, struct listed);
	tags = arena_array(arena, count, const char *);
	for (size_t i = keep; i < count; i++) {
		if (all[i].tags.len > 0)
			continue;
		if (tag_of_version(&tags[gone_len], arena, all[i].vsn, err))
			return -1;
		gone[gone_len++] = all[i];
	}
	if (gone_len > 0 && !dry &&
	    place->ops->remove(place, name, (struct names){ tags, gone_len }, err))
		return -1;
	*out = gone;
	*len = gone_len;
	return 0;
}
