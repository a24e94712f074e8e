// SPDX-License-Identifier: Apache-2.0
#include "release/store/send.h"

struct sending sending_begin(struct place *place, const char *repo)
{
	return (struct sending){ .place = place, .repo = repo, .known = known_open(place->id) };
}

static int put(struct sending *s, const struct descriptor *blob, struct span data, const char *from,
	       struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str known = STR_EMPTY;
	const char *own = arena_printf(&arena, "%s%s", s->place->prefix, s->repo);
	bool sent;

	if (!from)
		known_find(&known, &s->known, blob->digest);
	if (known.len > 0)
		from = known.ptr;
	if (from && strcmp(from, own) == 0)
		from = NULL;
	if (s->place->ops->put_blob(s->place, s->repo, blob, data, from, &sent, err))
		return -1;
	s->sent += sent;
	s->mounted += !sent;
	s->went += sent ? data.len : 0;
	return 0;
}

int send_blob(struct sending *s, const struct descriptor *blob,
	      int (*fill)(void *context, struct str *out, struct error *err), void *context,
	      const char *from, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str bytes = STR_EMPTY;
	bool has = false;

	s->blobs++;
	s->size += (uint64_t)blob->size;
	if (s->place->ops->has_blob(s->place, s->repo, blob, &has, err))
		return -1;
	if (!has && (fill(context, &bytes, err) || put(s, blob, str_span(&bytes), from, err)))
		return -1;
	known_put(&s->known, blob->digest, arena_printf(&arena, "%s%s", s->place->prefix, s->repo));
	return 0;
}

static int fill_span(void *context, struct str *out, struct error *err)
{
	(void)err;
	str_add(out, *(const struct span *)context);
	return 0;
}

int send_bytes(struct sending *s, const struct descriptor *blob, struct span data,
	       struct error *err)
{
	return send_blob(s, blob, fill_span, &data, NULL, err);
}
