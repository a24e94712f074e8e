// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"
#include "base/json.h"
#include "release/store/challenge.h"
#include "release/store/registry_parts.h"

enum { HEADERS_MAX = 8, TOKEN_MAX = 256 << 10 };

static int find_credentials(struct registry *r, struct error *err)
{
	if (r->looked)
		return 0;
	r->looked = true;
	return credentials_find(&r->credentials, r->host, err);
}

/* Appends "Authorization: Basic …". */
static void add_basic(struct str *out, const struct credentials *c)
{
	owned_secret struct str plain = STR_EMPTY;

	str_room(&plain, c->user.len + c->password.len + 2);
	str_add(&plain, str_span(&c->user));
	str_addc(&plain, ':');
	str_add(&plain, str_span(&c->password));
	str_room(out, 2 * plain.len + 64);
	str_adds(out, "Authorization: Basic ");
	base64_add(out, str_span(&plain));
}

static int take_token(struct registry *r, const struct http_answer *answer, const char *realm,
		      struct error *err)
{
	owned_json json_t *root = json_loadb(str_text(&answer->body), answer->body.len, 0, NULL);
	const char *token = json_string_value(json_object_get(root, "token"));

	if (!token)
		token = json_string_value(json_object_get(root, "access_token"));
	if (!token || strpbrk(token, "\r\n"))
		return error_set(err, ERROR_INVALID, "%s: no token in its answer", realm);
	secret_done(&r->authorization);
	str_room(&r->authorization, strlen(token) + 64);
	str_addf(&r->authorization, "Authorization: Bearer %s", token);
	return 0;
}

static void add_query(struct str *out, const struct challenge *c, char first)
{
	if (c->service) {
		str_addf(out, "%cservice=", first);
		query_add(out, c->service);
		first = '&';
	}
	/* Several scopes are words of one. */
	for (struct span rest = span_of(c->scope ? c->scope : ""), scope;
	     span_next(&rest, ' ', &scope);) {
		owned_arena struct arena arena = ARENA_EMPTY;

		if (scope.len == 0)
			continue;
		str_addf(out, "%cscope=", first);
		query_add(out, arena_text(&arena, scope));
		first = '&';
	}
}

static int ask_token(struct http_answer *out, struct registry *r, const struct challenge *c,
		     struct error *err)
{
	owned_str struct str url = STR_EMPTY;
	owned_secret struct str basic = STR_EMPTY;
	const char *const headers[] = { NULL, NULL };
	const char *with[] = { NULL, NULL };
	struct http_call call = { .method = "GET", .max = TOKEN_MAX, .headers = headers };

	str_adds(&url, c->realm);
	add_query(&url, c, strchr(c->realm, '?') ? '&' : '?');
	call.url = str_text(&url);
	if (r->credentials.user.len > 0) {
		add_basic(&basic, &r->credentials);
		with[0] = str_text(&basic);
		call.headers = with;
	}
	return request_send(out, r->http, &call, err);
}

/* An identity token is changed for one for this work. */
static int change_token(struct http_answer *out, struct registry *r, const struct challenge *c,
			struct error *err)
{
	owned_secret struct str form = STR_EMPTY;
	const char *const headers[] = { "Content-Type: application/x-www-form-urlencoded", NULL };
	struct http_call call = {
		.method = "POST", .url = c->realm, .max = TOKEN_MAX, .headers = headers
	};

	str_room(&form, 3 * r->credentials.token.len + 4096);
	str_adds(&form, "grant_type=refresh_token&client_id=relevo&refresh_token=");
	query_add(&form, str_text(&r->credentials.token));
	add_query(&form, c, '&');
	call.body = str_span(&form);
	return request_send(out, r->http, &call, err);
}

static int fetch_token(struct registry *r, const struct challenge *c, struct error *err)
{
	owned_http_answer struct http_answer answer = { 0 };
	bool given = credentials_given(&r->credentials);

	if (!c->realm || (given && !url_is_private(c->realm)))
		return error_set(err, ERROR_REFUSED,
				 "%s wants a token, from where no password is to be sent to (%s)",
				 r->place.url, c->realm ? c->realm : "nowhere");
	if (r->credentials.token.len > 0 ? change_token(&answer, r, c, err)
					 : ask_token(&answer, r, c, err))
		return -1;
	if (answer.status != 200)
		return request_refused(&answer, c->realm, "log in", err);
	return take_token(r, &answer, http_shown(&r->arena, c->realm), err);
}

int registry_login(struct registry *r, const char *header, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct challenge challenge;

	challenge_read(&challenge, &arena, header);
	if (find_credentials(r, err))
		return -1;
	if (challenge.bearer)
		return fetch_token(r, &challenge, err);
	if (!challenge.basic)
		return error_set(err, ERROR_REFUSED, "%s wants a login of an unknown kind",
				 r->place.url);
	if (r->credentials.user.len == 0) {
		error_set_(err, ERROR_REFUSED, "%s wants a login, and there is none for %s",
			   r->place.url, r->host);
		return error_hint(err, "docker login, podman login or skopeo login make one.");
	}
	if (!url_is_private(r->base))
		return error_set(err, ERROR_REFUSED,
				 "%s wants a password, which is sent to no host without TLS",
				 r->place.url);
	secret_done(&r->authorization);
	add_basic(&r->authorization, &r->credentials);
	return 0;
}

static int send_once(struct http_answer *out, struct registry *r, const struct http_call *call,
		     struct error *err)
{
	const char *headers[HEADERS_MAX];
	struct http_call with = *call;
	size_t len = 0;

	for (const char *const *h = call->headers; h && *h && len < HEADERS_MAX - 2; h++)
		headers[len++] = *h;
	/* An upload may be sent elsewhere, to a host that is told nothing. */
	if (r->authorization.len > 0 && strncmp(call->url, r->base, strlen(r->base)) == 0 &&
	    call->url[strlen(r->base)] == '/')
		headers[len++] = str_text(&r->authorization);
	headers[len] = NULL;
	with.headers = headers;
	return request_send(out, r->http, &with, err);
}

int registry_send(struct http_answer *out, struct registry *r, const struct http_call *call,
		  struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_http_answer struct http_answer answer = { 0 };
	const char *challenge;

	if (send_once(&answer, r, call, err))
		return -1;
	challenge = http_header(&arena, &answer, "www-authenticate");
	if (answer.status != 401 || !challenge) {
		*out = answer;
		answer = (struct http_answer){ 0 };
		return 0;
	}
	return registry_login(r, challenge, err) || send_once(out, r, call, err) ? -1 : 0;
}
