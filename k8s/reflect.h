// SPDX-License-Identifier: Apache-2.0
/* reflect.h - what there is of one kind of objects, kept up to date from a list and a watch; pure.
 *
 * What is heard goes in, what changed comes out; it knows no server and no clock.  An answer that
 * is an error, cut off or no JSON changes nothing that is known: only a whole list, and a watch,
 * take objects away.
 */
#pragma once
#include "base/error.h"
#include "base/str.h"

#include <jansson.h>

enum reflect_change {
	REFLECT_ADDED,
	REFLECT_CHANGED,
	REFLECT_GONE,   /* of the object as it was seen last: what it is known by (metadata) */
	REFLECT_SYNCED, /* all there is has been told; key and object NULL */
};

enum {
	REFLECT_LINE_MAX = 3 << 20, /* of one event; twice what etcd takes */
	REFLECT_OBJECTS_MAX = 100000,
	REFLECT_PAGE = 500,
	REFLECT_WAIT_MIN_MS = 800,
	REFLECT_WAIT_MAX_MS = 30000,
};

/* key: "NAMESPACE/NAME", or "NAME"; the object is borrowed, and without managedFields.  False:
 * enough, nothing is told any more.
 */
typedef bool reflect_seen(void *context, enum reflect_change change, const char *key,
			  const json_t *object);

struct reflect; /* opaque: see reflect.c */

struct reflect *reflect_new(reflect_seen *seen, void *context);
void reflect_free(struct reflect *r); /* NULL is fine */
/* False once `seen` has said so. */
bool reflect_wants_more(const struct reflect *r);

/* ---- what is to be asked next ---- */

struct reflect_next {
	bool watch;       /* else a list */
	struct str query; /* "?…", without selectors */
	int64_t wait_ms;  /* before that; whoever waits adds up to as much again, by chance */
};

/* watch_s: how long a watch may stay open. */
void reflect_next(struct reflect_next *out, const struct reflect *r, int watch_s);

/* ---- what was heard ---- */

/* A list, or a page of it.  ERROR_INVALID: it is none; nothing has changed. */
must_check int reflect_listed(struct reflect *r, const json_t *list, struct error *err);
void reflect_watch_begins(struct reflect *r, int64_t now);
/* The bytes of a watch as they come; false: it is to be closed. */
bool reflect_take(struct reflect *r, struct span bytes);
/* The watch is over: closed by the server (failed NULL), or after it failed.  -1: that is to be
 * told to someone; what is asked next is the same either way.
 */
must_check int reflect_watch_ended(struct reflect *r, int64_t now, struct error *err);

struct reflect_failure {
	int code;     /* of HTTP; 0: no answer */
	bool too_new; /* the server does not know the version yet that it was asked for */
};

/* A list, or the request of a watch, has failed. */
void reflect_failed(struct reflect *r, const struct reflect_failure *failure, int64_t now);

static inline void reflect_done(struct reflect **r)
{
	reflect_free(*r);
}
#define owned_reflect owned(reflect_done)
