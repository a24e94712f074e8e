// SPDX-License-Identifier: Apache-2.0
/* api.h - the API server of Kubernetes: one request at a time.
 *
 * Nothing is followed, a token never goes over plain http, answers are bounded.  What the server
 * asks to be tried again later (429, 5xx with Retry-After) is, as long as the request has time.
 *
 * ERROR_UNREACHABLE: nobody answers, or nobody who is well.  ERROR_USAGE: it does not know us, or
 * we may not do that.  ERROR_NOT_FOUND: there is no such object, or no such kind of one.
 * ERROR_LOCKED: the object has changed meanwhile, or is there already.  ERROR_INVALID: the server
 * does not like what was sent, or what it sent is no answer.  ERROR_PAUSED: it was told to stop.
 */
#pragma once
#include "base/http.h"
#include "k8s/access.h"

struct kube; /* opaque: see api.c; one thread at a time */

struct kube_options {
	const char *config;          /* a kubeconfig file; NULL: the usual ones, then this pod's */
	const char *context;         /* NULL: the current one */
	const char *space;           /* the namespace; NULL: that of the context, or of the pod */
	bool (*stop)(void *context); /* true: it is not waited for any longer; may be NULL */
	void *stop_context;
};

/* Copies what it needs; asks nobody yet. */
must_check int kube_open(struct kube **out, const struct kube_options *options, struct error *err);
void kube_close(struct kube *kube); /* NULL is fine */
const char *kube_server(const struct kube *kube);
const char *kube_space(const struct kube *kube);
/* Whether it was told to stop. */
bool kube_stopped(const struct kube *kube);

static inline void kube_done(struct kube **kube)
{
	kube_close(*kube);
}
#define owned_kube owned(kube_done)

/* ---- requests ---- */

#define KUBE_JSON "application/json"
/* Server-side apply: the whole of what we want, whatever is there. */
#define KUBE_APPLY "application/apply-patch+yaml"
#define KUBE_MERGE "application/merge-patch+json"
#define KUBE_PATCH "application/json-patch+json"

enum { KUBE_ANSWER_MAX = 256 << 20, KUBE_OBJECT_MAX = 3 << 20, KUBE_PATIENCE_MS = 30000 };

/* What a Status object says. */
struct kube_status {
	int code;        /* of HTTP; 0: no answer */
	char reason[64]; /* "Conflict", "NotFound", "Expired" …; "": none was given */
	int retry_s;     /* Retry-After; 0: none */
	bool too_new;    /* the resourceVersion is one that the server does not know yet */
};

struct kube_request {
	const char *method;         /* NULL: GET */
	const char *path;           /* "/api/v1/namespaces/…?limit=1", already encoded */
	const json_t *body;         /* NULL: none */
	const char *type;           /* of the body; NULL: KUBE_JSON */
	int64_t timeout_ms;         /* for all of it, tries included; 0: KUBE_PATIENCE_MS */
	struct kube_status *status; /* what came, also when it fails; may be NULL */
};

/* The answer of a status of 2xx is a new reference; `out` may be NULL. */
must_check int kube_ask(json_t **out, struct kube *kube, const struct kube_request *request,
			struct error *err);
/* A GET whose answer is taken as it comes, until the server closes it (0), or `timeout_ms` are over
 * (ERROR_UNREACHABLE), or `take` says false (ERROR_PAUSED).
 */
must_check int kube_stream(struct kube *kube, const char *path, int64_t timeout_ms,
			   bool (*take)(void *context, struct span bytes), void *context,
			   struct kube_status *status, struct error *err);

/* ---- usual requests ---- */

/* Server-side apply of a whole object under our name; `force` takes fields from others.  No text of
 * a kind of our own may be empty in it: servers of 1.20 take that for null, and refuse it.
 */
must_check int kube_apply(json_t **out, struct kube *kube, const char *path, const json_t *object,
			  bool force, struct error *err);
/* The path of an object, or (name NULL) of all of its kind: resource "leases" of version
 * "coordination.k8s.io/v1" ("v1" for the core).  space NULL: of none.  In the arena.
 */
const char *kube_path(struct arena *arena, const char *version, const char *resource,
		      const char *space, const char *name);
/* A value of a query, encoded. */
const char *kube_encode(struct arena *arena, const char *text);
/* metadata.KEY of an object; "" where it is not there. */
const char *kube_meta(const json_t *object, const char *key);

/* Of an answer that is no success; *err is filled in.  Pure, for the fuzzer. */
void kube_refused(struct kube_status *out, const char *what, int code, const json_t *answer,
		  struct error *err);
