// SPDX-License-Identifier: Apache-2.0
#include "release/store/request.h"

#include "base/clock.h"

#include <jansson.h>

enum { TRIES = 5, FIRST_WAIT_MS = 200, SAID_MAX = 300 };

static bool passes(int status)
{
	return status == 429 || (status >= 500 && status != 501 && status != 505);
}

static bool may_repeat(const struct http_call *call)
{
	return strcmp(call->method, "POST") != 0 && strcmp(call->method, "PATCH") != 0;
}

int request_send(struct http_answer *out, struct http *http, const struct http_call *call,
		 struct error *err)
{
	struct http_call again = *call;
	int64_t wait = FIRST_WAIT_MS;
	int tries = may_repeat(call) ? TRIES : 1;

	while (tries > 0) {
		owned_http_answer struct http_answer answer = { 0 };
		int ret = http_send(&answer, http, &again, err);

		tries--;
		/* There is no rest: what came is not the beginning of what is there now. */
		if (ret == 0 && answer.status == 416 && again.resume) {
			str_clear(again.into);
			again.resume = false;
			continue;
		}
		if (ret ? tries == 0 || !error_may_retry(err->kind)
			: tries == 0 || !passes(answer.status)) {
			if (ret == 0) {
				*out = answer;
				answer = (struct http_answer){ 0 };
			}
			return ret;
		}
		again.resume = again.into && again.into->len > 0;
		clock_sleep_ms(wait);
		wait *= 2;
	}
	return error_set(err, ERROR_UNREACHABLE, "no whole answer came");
}

/* What a registry says in JSON; else the first line. */
static void add_reason(struct str *out, const struct http_answer *answer)
{
	json_t *root = json_loadb(str_text(&answer->body), answer->body.len, 0, NULL);
	const json_t *first = json_array_get(json_object_get(root, "errors"), 0);
	const char *message = json_string_value(json_object_get(first, "message"));

	if (message && message[0])
		str_addf(out, ": %.*s", SAID_MAX, message);
	json_decref(root);
}

int request_refused(const struct http_answer *answer, const char *url, const char *doing,
		    struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str reason = STR_EMPTY;
	enum error_kind kind =
		answer->status == 404 ? ERROR_NOT_FOUND
		: answer->status == 401 || answer->status == 403 || answer->status == 405
			? ERROR_REFUSED
		: passes(answer->status) ? ERROR_UNREACHABLE
					 : ERROR_FAILED;

	add_reason(&reason, answer);
	error_set_(err, kind, "cannot %s: %s answers %d%s", doing, http_shown(&arena, url),
		   answer->status, str_text(&reason));
	if (answer->status == 401 || answer->status == 403)
		return error_hint(err, "Who may is said by Docker's config.json (registries), or "
				       "by ~/.netrc (web servers).");
	return -1;
}

bool url_is_private(const char *url)
{
	struct span host = span_of(url);
	static const char *const ours[] = { "localhost", "127.", "[::1]" };

	if (span_starts(host, "https://"))
		return true;
	if (!span_starts(host, "http://"))
		return false;
	host = (struct span){ url + 7, strcspn(url + 7, "/?#") };
	for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
		size_t len = strlen(ours[i]);

		if (span_starts(host, ours[i]) &&
		    (host.len == len || host.ptr[len] == ':' || ours[i][len - 1] == '.'))
			return !memchr(host.ptr, '@', host.len);
	}
	return false;
}
