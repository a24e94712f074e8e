// SPDX-License-Identifier: Apache-2.0
/* An OCI layout on a web server: read by GET, written by PUT, MKCOL and DELETE (WebDAV). */
#include "release/store/layout.h"
#include "release/store/request.h"

struct web {
	struct layout layout;
	const char *base; /* without a slash at the end */
	struct http *http;
	const char *etag;     /* of the index that was read last; NULL: none */
	bool index_was_there; /* then */
};

static int web_send(struct http_answer *out, struct place *place, const char *path,
		    struct http_call call, const char **url, struct error *err)
{
	struct web *web = (struct web *)place;

	*url = arena_printf(&web->layout.arena, "%s/%s", web->base, path);
	call.url = *url;
	call.netrc = url_is_private(*url);
	return request_send(out, web->http, &call, err);
}

static int web_read(struct place *place, const char *path, size_t max, struct str *out,
		    struct error *err)
{
	struct web *web = (struct web *)place;
	owned_http_answer struct http_answer answer = { 0 };
	owned_str struct str body = STR_EMPTY;
	const struct http_call call = { .method = "GET", .into = &body, .max = max };
	bool index = strcmp(path, INDEX_PATH) == 0;
	const char *url;

	if (web_send(&answer, place, path, call, &url, err))
		return -1;
	if (index) {
		web->etag = http_header(&web->layout.arena, &answer, "etag");
		web->index_was_there = answer.status == 200;
	}
	if (answer.status != 200 && answer.status != 206)
		return request_refused(&answer, url, "read", err);
	str_add(out, str_span(&body));
	return 0;
}

static int web_has(struct place *place, const char *path, bool *has, struct error *err)
{
	owned_http_answer struct http_answer answer = { 0 };
	const struct http_call call = { .method = "HEAD" };
	const char *url;

	if (web_send(&answer, place, path, call, &url, err))
		return -1;
	if (answer.status != 200 && answer.status != 404)
		return request_refused(&answer, url, "look", err);
	*has = answer.status == 200;
	return 0;
}

/* Strong tags only: a weak one may stand for other bytes, too. */
static const char *condition(struct web *web, const char *path)
{
	if (strcmp(path, INDEX_PATH) != 0)
		return NULL;
	if (!web->index_was_there)
		return "If-None-Match: *";
	if (!web->etag || web->etag[0] != '"')
		return NULL;
	return arena_printf(&web->layout.arena, "If-Match: %s", web->etag);
}

/* The folders above; that they are there already is fine. */
static int make_folders(struct place *place, const char *path, struct error *err)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		owned_http_answer struct http_answer answer = { 0 };
		const struct http_call call = { .method = "MKCOL" };
		const char *url,
			*dir = arena_dup(&((struct web *)place)->layout.arena,
					 (struct span){ path, (size_t)(slash - path + 1) });

		if (web_send(&answer, place, dir, call, &url, err))
			return -1;
	}
	return 0;
}

static int put(struct http_answer *out, struct place *place, const char *path, struct span data,
	       const char **url, struct error *err)
{
	const char *const headers[] = { "Content-Type: application/octet-stream",
					condition((struct web *)place, path), NULL };
	const struct http_call call = { .method = "PUT", .headers = headers, .body = data };

	return web_send(out, place, path, call, url, err);
}

static int web_write(struct place *place, const char *path, struct span data, bool *changed,
		     struct error *err)
{
	owned_http_answer struct http_answer answer = { 0 };
	const char *url;

	if (put(&answer, place, path, data, &url, err))
		return -1;
	/* A folder on the way is missing. */
	if (answer.status == 409) {
		http_answer_done(&answer);
		answer = (struct http_answer){ 0 };
		if (make_folders(place, path, err) || put(&answer, place, path, data, &url, err))
			return -1;
	}
	if (answer.status == 412 && changed) {
		*changed = true;
		return 0;
	}
	if (answer.status < 200 || answer.status > 299)
		return request_refused(&answer, url, "write", err);
	return 0;
}

static int web_remove(struct place *place, const char *path, struct error *err)
{
	owned_http_answer struct http_answer answer = { 0 };
	const struct http_call call = { .method = "DELETE" };
	const char *url;

	if (web_send(&answer, place, path, call, &url, err))
		return -1;
	if ((answer.status < 200 || answer.status > 299) && answer.status != 404)
		return request_refused(&answer, url, "remove", err);
	return 0;
}

static void web_close(struct place *place)
{
	http_close(((struct web *)place)->http);
}

/* A web server has no locks: the index is only replaced while it is what was read. */
static const struct layout_files files = {
	.read = web_read,
	.has = web_has,
	.write = web_write,
	.remove = web_remove,
	.close = web_close,
};

int web_open(struct place **out, const char *url, struct error *err)
{
	struct span base = span_of(url);
	struct web *web;
	struct http *http;

	if (strpbrk(url, "?#@ ")) {
		error_set_(err, ERROR_USAGE, "the URL of a store has no user, query or blank");
		return error_hint(err, "User and password stand in ~/.netrc.");
	}
	if (http_open(&http, err))
		return -1;
	while (base.len > 0 && base.ptr[base.len - 1] == '/')
		base.len--;
	web = mem_zero(1, sizeof(*web));
	web->http = http;
	web->base = arena_dup(&web->layout.arena, base);
	*out = layout_begin(&web->layout, &files, web->base, web->base);
	return 0;
}
