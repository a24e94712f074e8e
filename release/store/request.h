// SPDX-License-Identifier: Apache-2.0
/* request.h - requests to a server that may be busy, or go away for a moment. */
#pragma once
#include "base/http.h"

/* http_send(), again after a while where nothing came, or a status that passes (429, 5xx): a few
 * times, for methods that may be repeated.  Content goes on where it broke off (call->into).
 */
must_check int request_send(struct http_answer *out, struct http *http,
			    const struct http_call *call, struct error *err);
/* The error of a status that is none of what was hoped for, with what the server says.
 * doing   "push 1.0.0"
 */
must_check int request_refused(const struct http_answer *answer, const char *url, const char *doing,
			       struct error *err);
/* Whether what is sent to the URL stays secret: https, or this machine. */
bool url_is_private(const char *url);
