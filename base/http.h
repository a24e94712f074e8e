// SPDX-License-Identifier: Apache-2.0
/* http.h - one HTTP(S) request and its answer (libcurl).
 *
 * Nothing is followed, no proxy is asked, no credentials are taken from anywhere, and only http and
 * https are spoken.
 */
#pragma once
#include "base/error.h"
#include "base/str.h"

struct http_request {
	const char *url;
	int64_t timeout_ms; /* for all of it */
	size_t body_max;    /* bytes of the answer; what is beyond is left out */
};

struct http_answer {
	int status;
	struct str body;
	int64_t us; /* from the request to the end of the answer */
};

/* GET.  Whatever status comes is no error.
 *
 * ERROR_UNREACHABLE: no answer: refused, reset, not in time, unknown host, a certificate that is
 * not good.  ERROR_USAGE: not a URL.
 */
must_check int http_get(struct http_answer *out, const struct http_request *request,
			struct error *err);
void http_answer_done(struct http_answer *answer);
#define owned_http_answer owned(http_answer_done)
