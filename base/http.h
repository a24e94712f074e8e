// SPDX-License-Identifier: Apache-2.0
/* http.h - HTTP(S) requests and their answers (libcurl).
 *
 * Nothing is followed, no proxy is asked, no credentials are taken from anywhere, and only http and
 * https are spoken.
 */
#pragma once
#include "base/error.h"
#include "base/str.h"

/* PEM files; NULL: the system's authorities, no certificate of our own. */
struct http_tls {
	const char *ca, *cert, *key;
};

struct http_request {
	const char *url;
	int64_t timeout_ms;         /* for all of it */
	size_t body_max;            /* bytes of the answer; what is beyond is left out */
	const char *post;           /* the body of a POST; NULL: GET */
	const char *const *headers; /* "Name: value", a NULL behind the last; NULL: none */
	struct http_tls tls;
};

struct http_answer {
	int status;
	struct str body,
		headers; /* the latter "NAME: VALUE\r\n" each, below the line of the status */
	bool cut;        /* there was more of it */
	int64_t us;      /* from the request to the end of the answer */
};

/* One request.  Whatever status comes is no error.
 *
 * ERROR_UNREACHABLE: no answer: refused, reset, not in time, unknown host, a certificate that is
 * not good.  ERROR_USAGE: not a URL.
 */
must_check int http_get(struct http_answer *out, const struct http_request *request,
			struct error *err);
void http_answer_done(struct http_answer *answer);
#define owned_http_answer owned(http_answer_done)

/* Requests in a row over connections that are kept. */
struct http; /* opaque: see http.c */

must_check int http_open(struct http **out, struct error *err);
void http_close(struct http *http); /* NULL is fine */
must_check int http_ask(struct http_answer *out, struct http *http,
			const struct http_request *request, struct error *err);
