// SPDX-License-Identifier: Apache-2.0
/* http.h - HTTP(S) requests and their answers (libcurl); only http and https are spoken. */
#pragma once
#include "base/arena.h"
#include "base/error.h"

/* ---- questions: nothing is followed, no proxy is asked where none is named, no credentials are
 * taken from anywhere ---- */

/* PEM files, or what would be in them; neither: the system's authorities, no certificate of our
 * own.
 */
struct http_tls {
	const char *ca, *cert, *key;
	struct span ca_pem, cert_pem, key_pem;
	bool unchecked; /* whoever answers is believed */
};

struct http_request {
	const char *url;
	int64_t timeout_ms;         /* for all of it */
	int64_t connect_ms;         /* of that, to be connected; 0: as long as it likes */
	size_t body_max;            /* bytes of the answer; what is beyond is left out */
	const char *post;           /* the body of a POST; NULL: GET */
	const char *method;         /* instead of these; NULL: these */
	const char *const *headers; /* "Name: value", a NULL behind the last; NULL: none */
	struct http_tls tls;
	const char *proxy;      /* NULL: none */
	bool proxies;           /* those of the environment, where none is named */
	const char *connect_to; /* "HOST:PORT" instead of the URL's; NULL: the URL's */

	/* What comes with a status of 2xx goes there, while it comes, and not into the answer;
	 * false: enough.  May be NULL, as may `stop`: true, it is not waited for any longer (asked
	 * once a second at least).  Then http_ask() fails with ERROR_PAUSED.
	 */
	bool (*take)(void *context, struct span bytes);
	bool (*stop)(void *context);
	void *context; /* of both */
};

struct http_answer {
	int status;
	struct str body;
	bool cut;           /* there was more of it */
	struct str headers; /* lines of "Name: value" */
	int64_t us;         /* from the request to the end of the answer */
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

/* ---- work with a server ---- */

/* Over connections that are kept.  Proxies are those of the environment
 * ($https_proxy, $no_proxy …), certificates are checked against those of the system, or of
 * $SSL_CERT_FILE.  GET and HEAD follow redirections, never from https to http, and other hosts are
 * not told the header Authorization.
 */
enum {
	HTTP_REASON_MAX = 64 << 10, /* bytes of an answer that says why not */
	HTTP_STALL_SECONDS = 60,    /* without a byte: given up */
};

struct http_call {
	const char *method; /* "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "MKCOL" */
	const char *url;
	const char *const *headers; /* "Name: value"; NULL-terminated; may be NULL */
	struct span body;           /* what is sent */
	struct str *into;           /* what comes with a status of 2xx, also where it breaks off;
				     * NULL: goes into the answer */
	size_t max;                 /* bytes of that; more is ERROR_INVALID; 0: none is wanted */
	bool resume; /* of what is in *into already only the rest is asked for; a server that does
		      * not know how to gives all of it anew */
	bool netrc;  /* ~/.netrc may say who we are */
};

/* Whatever status comes is no error; the failures are those of http_get(). */
must_check int http_send(struct http_answer *out, struct http *http, const struct http_call *call,
			 struct error *err);
/* Of an answer, in the arena; NULL: it has none of that name.  Of several the last. */
const char *http_header(struct arena *arena, const struct http_answer *answer, const char *name);
/* Up to the query; in the arena. */
const char *http_shown(struct arena *arena, const char *url);

static inline void http_done(struct http **http)
{
	http_close(*http);
}
#define owned_http owned(http_done)
