// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "release/store/registry_parts.h"

#include <stdlib.h>

enum { LIST_MAX = 16 << 20, PAGES_MAX = 100, ASKED_AT_ONCE = 1000 };

const char *registry_url(struct registry *r, struct arena *arena, const char *repo,
			 const char *rest)
{
	return arena_printf(arena, "%s/v2/%s%s/%s", r->base, r->place.prefix, repo, rest);
}

static int get_manifest(struct place *place, const char *repo, const char *ref, struct str *out,
			struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_http_answer struct http_answer answer = { 0 };
	owned_str struct str body = STR_EMPTY;
	const char *const headers[] = {
		"Accept: " OCI_MANIFEST ", " OCI_INDEX
		", application/vnd.docker.distribution.manifest.v2+json"
		", application/vnd.docker.distribution.manifest.list.v2+json",
		NULL
	};
	struct http_call call = {
		.method = "GET", .headers = headers, .into = &body, .max = OCI_MANIFEST_MAX
	};

	call.url = registry_url(registry_of(place), &arena, repo,
				arena_printf(&arena, "manifests/%s", ref));
	if (registry_send(&answer, registry_of(place), &call, err))
		return -1;
	if (answer.status == 404)
		return error_set(err, ERROR_NOT_FOUND, "there is no %s of %s", ref, repo);
	if (answer.status != 200)
		return request_refused(&answer, call.url, "read the manifest", err);
	str_add(out, str_span(&body));
	return 0;
}

static int put_manifest(struct place *place, const char *repo, const char *ref, const char *type,
			struct span manifest, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_http_answer struct http_answer answer = { 0 };
	const char *const headers[] = { arena_printf(&arena, "Content-Type: %s", type), NULL };
	struct http_call call = { .method = "PUT", .headers = headers, .body = manifest };

	call.url = registry_url(registry_of(place), &arena, repo,
				arena_printf(&arena, "manifests/%s", ref));
	if (registry_send(&answer, registry_of(place), &call, err))
		return -1;
	if (answer.status != 201)
		return request_refused(&answer, call.url, "write the manifest", err);
	return 0;
}

static int has_blob(struct place *place, const char *repo, const struct descriptor *blob, bool *has,
		    struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_http_answer struct http_answer answer = { 0 };
	struct http_call call = { .method = "HEAD" };

	call.url = registry_url(registry_of(place), &arena, repo,
				arena_printf(&arena, "blobs/%s", blob->digest));
	if (registry_send(&answer, registry_of(place), &call, err))
		return -1;
	if (answer.status != 200 && answer.status != 404)
		return request_refused(&answer, call.url, "look for a blob", err);
	*has = answer.status == 200;
	return 0;
}

static int get_blob(struct place *place, const char *repo, const struct descriptor *blob,
		    struct str *out, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_http_answer struct http_answer answer = { 0 };
	owned_str struct str body = STR_EMPTY;
	struct http_call call = { .method = "GET", .into = &body, .max = (size_t)blob->size };

	call.url = registry_url(registry_of(place), &arena, repo,
				arena_printf(&arena, "blobs/%s", blob->digest));
	if (registry_send(&answer, registry_of(place), &call, err))
		return -1;
	if (answer.status != 200 && answer.status != 206)
		return request_refused(&answer, call.url, "read a blob", err);
	if ((int64_t)body.len != blob->size || !digest_fits(blob->digest, str_span(&body)))
		return error_set(err, ERROR_REFUSED,
				 "%s: what came for %s is something else; nothing of it was used",
				 place->url, blob->digest);
	str_add(out, str_span(&body));
	return 0;
}

/* ---- lists ---- */

/* Of "<URL>; rel=\"next\"", on the same host; NULL: that was the last page. */
static const char *next_page(struct registry *r, struct arena *arena,
			     const struct http_answer *answer)
{
	const char *link = http_header(arena, answer, "link"), *url;

	if (!link || link[0] != '<' || !strstr(link, "rel=\"next\""))
		return NULL;
	url = arena_dup(arena, (struct span){ link + 1, strcspn(link + 1, ">") });
	if (url[0] == '/')
		return arena_printf(arena, "%s%s", r->base, url);
	return strncmp(url, r->base, strlen(r->base)) == 0 ? url : NULL;
}

struct listing {
	struct arena *arena;
	const char **items;
	size_t len, cap;
	const char *prefix; /* only these, without it */
};

static void take_names(struct listing *l, const json_t *list)
{
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		const char *name = json_string_value(item);

		if (!name || strncmp(name, l->prefix, strlen(l->prefix)) != 0)
			continue;
		l->items = arena_grow(l->arena, l->items, l->len, &l->cap);
		l->items[l->len++] = arena_dup(l->arena, span_of(name + strlen(l->prefix)));
	}
}

static int list_pages(struct listing *l, struct registry *r, const char *url, const char *key,
		      struct error *err)
{
	for (int page = 0; url && page < PAGES_MAX; page++) {
		owned_http_answer struct http_answer answer = { 0 };
		const struct http_call call = { .method = "GET", .url = url, .max = LIST_MAX };
		json_t *root;

		if (registry_send(&answer, r, &call, err))
			return -1;
		if (answer.status == 404)
			return 0;
		if (answer.status != 200)
			return request_refused(&answer, url, "list", err);
		root = json_loadb(str_text(&answer.body), answer.body.len, 0, NULL);
		take_names(l, json_object_get(root, key));
		json_decref(root);
		url = next_page(r, l->arena, &answer);
	}
	return 0;
}

static int list(struct place *place, struct arena *arena, const char *repo, struct names *out,
		struct error *err)
{
	struct registry *r = registry_of(place);
	struct listing l = { .arena = arena, .prefix = repo[0] ? "" : r->place.prefix };
	const char *url =
		repo[0] ? registry_url(r, arena, repo,
				       arena_printf(arena, "tags/list?n=%d", ASKED_AT_ONCE))
			: arena_printf(arena, "%s/v2/_catalog?n=%d", r->base, ASKED_AT_ONCE);

	if (list_pages(&l, r, url, repo[0] ? "tags" : "repositories", err))
		return -1;
	*out = (struct names){ l.items, l.len };
	return 0;
}

static int remove_manifest(struct registry *r, const char *repo, const char *digest,
			   struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_http_answer struct http_answer answer = { 0 };
	struct http_call call = { .method = "DELETE" };

	call.url = registry_url(r, &arena, repo, arena_printf(&arena, "manifests/%s", digest));
	if (registry_send(&answer, r, &call, err))
		return -1;
	/* Two tags of one manifest: it is gone with the first. */
	if (answer.status != 202 && answer.status != 404)
		return request_refused(&answer, call.url, "remove", err);
	return 0;
}

static int remove_tags(struct place *place, const char *repo, struct names tags, struct error *err)
{
	for (size_t i = 0; i < tags.len; i++) {
		owned_arena struct arena arena = ARENA_EMPTY;
		owned_str struct str manifest = STR_EMPTY;

		if (get_manifest(place, repo, tags.items[i], &manifest, err)) {
			if (err->kind == ERROR_NOT_FOUND)
				continue;
			return -1;
		}
		if (remove_manifest(registry_of(place), repo,
				    digest_make(&arena, str_span(&manifest)), err))
			return -1;
	}
	return 0;
}

/* ---- open, closed ---- */

/* A registry needs none: what is sent twice is there once. */
static int no_lock(struct place *place, struct error *err)
{
	(void)place;
	(void)err;
	return 0;
}

static void registry_close(struct place *place)
{
	struct registry *r = registry_of(place);

	credentials_done(&r->credentials);
	secret_done(&r->authorization);
	http_close(r->http);
	arena_done(&r->arena);
	free(r);
}

static const struct place_ops ops = {
	.lock = no_lock,
	.get_manifest = get_manifest,
	.put_manifest = put_manifest,
	.has_blob = has_blob,
	.get_blob = get_blob,
	.put_blob = registry_put_blob,
	.list = list,
	.remove = remove_tags,
	.close = registry_close,
};

static bool is_path(struct span path)
{
	for (size_t i = 0; i < path.len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789._-/", path.ptr[i]))
			return false;
	return path.len == 0 || path.ptr[0] != '/';
}

int registry_open(struct place **out, const char *url, struct error *err)
{
	bool tls = span_starts(span_of(url), "oci://");
	struct span rest = span_of(strstr(url, "://") + 3), host = SPAN("");
	struct http *http;
	struct registry *r;

	span_next(&rest, '/', &host);
	while (rest.len > 0 && rest.ptr[rest.len - 1] == '/')
		rest.len--;
	if (host.len == 0 || memchr(host.ptr, '@', host.len) || !is_path(rest))
		return error_set(err, ERROR_USAGE,
				 "%s: no oci://REGISTRY/PATH, the path in lower case and digits",
				 memchr(url, '@', strlen(url)) ? "the URL of the store" : url);
	if (http_open(&http, err))
		return -1;
	r = mem_zero(1, sizeof(*r));
	r->http = http;
	r->host = span_is(host, "docker.io") ? "registry-1.docker.io" : arena_dup(&r->arena, host);
	r->base = arena_printf(&r->arena, "%s://%s", tls ? "https" : "http", r->host);
	r->place = (struct place){
		.ops = &ops,
		.url = arena_dup(&r->arena, span_of(url)),
		.id = r->base,
		.prefix =
			arena_printf(&r->arena, SPAN_FMT "%s", SPAN_ARG(rest), rest.len ? "/" : ""),
	};
	*out = &r->place;
	return 0;
}
