// SPDX-License-Identifier: Apache-2.0
/* One blob to a registry: taken from another repository, or sent, in pieces when it is long.  Where
 * a connection breaks, the registry says how much it has, and that is gone on from; one that has
 * forgotten gets all of it again.
 */
#include "base/clock.h"
#include "release/store/registry_parts.h"

#include <stdlib.h>

enum { CHUNK = 4 << 20, TRIES = 5, FIRST_WAIT_MS = 200 };

struct upload {
	struct registry *registry;
	struct arena arena;
	const char *repo;
	const struct descriptor *blob;
	struct span data;
	const char *location; /* where the next piece goes; NULL: not begun */
	size_t done;          /* bytes that the registry has */
};

static const char *absolute(struct upload *u, const char *location)
{
	if (location[0] == '/')
		return arena_printf(&u->arena, "%s%s", u->registry->base, location);
	return location;
}

static int take_location(struct upload *u, const struct http_answer *answer, const char *url,
			 struct error *err)
{
	const char *location = http_header(&u->arena, answer, "location");

	if (!location)
		return error_set(err, ERROR_INVALID, "%s: says not where to send a blob to", url);
	u->location = absolute(u, location);
	return 0;
}

/* *mounted: it is there already. */
static int begin(struct upload *u, const char *from, bool *mounted, struct error *err)
{
	owned_http_answer struct http_answer answer = { 0 };
	struct http_call call = { .method = "POST" };
	struct registry *r = u->registry;
	const char *query = "";

	if (from)
		query = arena_printf(&u->arena, "?mount=%s&from=%s", u->blob->digest, from);
	call.url = registry_url(r, &u->arena, u->repo,
				arena_printf(&u->arena, "blobs/uploads/%s", query));
	if (registry_send(&answer, r, &call, err))
		return -1;
	*mounted = from && answer.status == 201;
	if (*mounted)
		return 0;
	if (answer.status != 202)
		return request_refused(&answer, call.url, "send a blob", err);
	u->done = 0;
	return take_location(u, &answer, call.url, err);
}

static int send_piece(struct upload *u, struct error *err)
{
	owned_http_answer struct http_answer answer = { 0 };
	size_t left = u->data.len - u->done, len = left < CHUNK ? left : CHUNK;
	const char *const headers[] = {
		"Content-Type: application/octet-stream",
		arena_printf(&u->arena, "Content-Range: %zu-%zu", u->done, u->done + len - 1), NULL
	};
	const struct http_call call = {
		.method = "PATCH",
		.url = u->location,
		.headers = headers,
		.body = { u->data.ptr + u->done, len },
	};

	if (registry_send(&answer, u->registry, &call, err))
		return -1;
	if (answer.status != 202 && answer.status != 204)
		return request_refused(&answer, u->location, "send a blob", err);
	u->done += len;
	return take_location(u, &answer, call.url, err);
}

/* With what is left of it. */
static int finish(struct upload *u, struct error *err)
{
	owned_http_answer struct http_answer answer = { 0 };
	const char *const headers[] = { "Content-Type: application/octet-stream", NULL };
	struct http_call call = {
		.method = "PUT",
		.headers = headers,
		.body = { u->data.ptr + u->done, u->data.len - u->done },
	};

	call.url = arena_printf(&u->arena, "%s%cdigest=%s", u->location,
				strchr(u->location, '?') ? '&' : '?', u->blob->digest);
	if (registry_send(&answer, u->registry, &call, err))
		return -1;
	if (answer.status != 201)
		return request_refused(&answer, call.url, "send a blob", err);
	return 0;
}

static int send_rest(struct upload *u, struct error *err)
{
	while (u->data.len - u->done > CHUNK)
		if (send_piece(u, err))
			return -1;
	return finish(u, err);
}

/* How far it came, as the registry has it; from the start where it cannot tell. */
static void look_back(struct upload *u)
{
	owned_http_answer struct http_answer answer = { 0 };
	const struct http_call call = { .method = "GET", .url = u->location };
	struct error ignored;
	const char *range;
	size_t end;

	u->location = NULL;
	if (registry_send(&answer, u->registry, &call, &ignored) || answer.status != 204)
		return;
	range = http_header(&u->arena, &answer, "range");
	if (!range || strncmp(range, "0-", 2) != 0)
		return;
	end = strtoull(range + 2, NULL, 10);
	u->done = end > 0 ? end + 1 : 0;
	if (u->done <= u->data.len)
		(void)!take_location(u, &answer, call.url, &ignored);
}

static int try_upload(struct upload *u, const char *from, bool *mounted, struct error *err)
{
	*mounted = false;
	if (!u->location && begin(u, from, mounted, err))
		return -1;
	return *mounted ? 0 : send_rest(u, err);
}

static void upload_done(struct upload *u)
{
	arena_done(&u->arena);
}

int registry_put_blob(struct place *place, const char *repo, const struct descriptor *blob,
		      struct span data, const char *from, bool *sent, struct error *err)
{
	owned(upload_done) struct upload u = {
		.registry = registry_of(place), .repo = repo, .blob = blob, .data = data
	};
	int64_t wait = FIRST_WAIT_MS;
	bool mounted;

	for (int tries = TRIES;; tries--) {
		if (try_upload(&u, from, &mounted, err) == 0) {
			*sent = !mounted;
			return 0;
		}
		/* Another repository that may not be looked into is no reason not to send. */
		if (from && !u.location) {
			from = NULL;
			continue;
		}
		if (tries <= 1 || err->kind == ERROR_REFUSED)
			return -1;
		clock_sleep_ms(wait);
		wait *= 2;
		if (u.location && err->kind == ERROR_UNREACHABLE)
			look_back(&u);
		else
			u.location = NULL;
	}
}
