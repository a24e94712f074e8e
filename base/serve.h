// SPDX-License-Identifier: Apache-2.0
/* serve.h - a small HTTP/1.1 server, with TLS that knows its clients, or without.
 *
 * One thread: whoever owns it polls serve_fd() and calls serve_turn().  An answer may come at once
 * or later, so nothing is waited for in here; a child process may be forked between two turns.
 */
#pragma once
#include "base/error.h"
#include "base/str.h"

struct serve;    /* opaque: see serve.c */
struct exchange; /* one request, until it is answered */

struct serve_options {
	const char
		*address; /* "127.0.0.1:9443", "[::]:9443", ":9443" (any); port 0: any free one */
	/* PEM, copied; cert NULL: plain HTTP, and everybody may ask. */
	const char *cert, *key;
	/* PEM of who vouches for clients, and the name that they must have, in the certificate's
	 * subject or among its DNS names; another one is answered 403.
	 */
	const char *ca, *client;
	size_t body_max; /* a longer body is answered 413 */
	/* Called for each request that is whole; `exchange` is to be answered exactly once, there
	 * or later.
	 */
	void (*handle)(void *context, struct exchange *exchange);
	void *context;
};

/* Listens; free with serve_close().
 *
 * ERROR_USAGE: no such address.  ERROR_FAILED: it is taken, the certificates are none, or
 * libmicrohttpd is not installed.
 */
must_check int serve_open(struct serve **out, const struct serve_options *options,
			  struct error *err);
/* All that was asked must have been answered; NULL is fine. */
void serve_close(struct serve *serve);
int serve_port(const struct serve *serve);

/* To be polled for POLLIN, for so long at most (-1: for ever). */
int serve_fd(const struct serve *serve);
int serve_wait_ms(const struct serve *serve);
/* Does what there is to do; waits for nothing. */
void serve_turn(struct serve *serve);
/* Requests that are not answered yet. */
size_t serve_waiting(const struct serve *serve);

/* Borrowed, until it is answered; the path is without what follows a "?". */
const char *exchange_method(const struct exchange *exchange);
const char *exchange_path(const struct exchange *exchange);
struct span exchange_body(const struct exchange *exchange);
/* NULL: it has none. */
const char *exchange_header(const struct exchange *exchange, const char *name);
/* Ends it; the body is copied. */
void exchange_answer(struct exchange *exchange, unsigned status, const char *type,
		     struct span body);

static inline void serve_done(struct serve **serve)
{
	serve_close(*serve);
}
#define owned_serve owned(serve_done)
