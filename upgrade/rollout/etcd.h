// SPDX-License-Identifier: Apache-2.0
/* etcd.h - etcd, by way of its JSON gateway (/v3/…): ranges, transactions, leases.
 *
 * Every call tries one endpoint after the other, the one that last answered first, until one does
 * or its time is over.  A transaction may have been made although no answer came, and
 * is then tried again: its conditions must tell whether it was.
 *
 * ERROR_UNREACHABLE: none answers, or the cluster has no leader.  ERROR_FAILED: etcd refuses, as
 * when it is full; the text says what to do.  ERROR_INVALID: what answers is no etcd.
 * ERROR_USAGE: the credentials are not good, or not to be had.  ERROR_PAUSED: it was told to stop.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "base/http.h"
#include "base/names.h"

#include <jansson.h>

struct etcd; /* opaque: see etcd.c */

struct etcd_options {
	struct names endpoints; /* URLs; one at least */
	struct http_tls tls;
	const char *user;                         /* NULL: none */
	const char *password_file, *password_env; /* one of them, with a user */
	bool (*stop)(void); /* true: it is not waited for any longer; may be NULL */
};

/* Copies what it needs; asks nobody yet.  Free with etcd_close(). */
must_check int etcd_open(struct etcd **out, const struct etcd_options *options, struct error *err);
void etcd_close(struct etcd *etcd); /* NULL is fine */
/* How long each call may take from now on: 10 s, where nothing is said. */
void etcd_patience(struct etcd *etcd, int64_t ms);
/* The endpoint that answered last, or all of them; for messages. */
const char *etcd_name(const struct etcd *etcd);

/* ---- keys ---- */

struct etcd_kv {
	struct span key, value;          /* each with a NUL behind it */
	int64_t created, version, lease; /* the revision that made it; how often it was put */
};

struct etcd_kvs {
	const struct etcd_kv *items;
	size_t len;
	int64_t count; /* that there are, also where fewer were asked for */
};

enum etcd_order { ETCD_BY_KEY, ETCD_LAST_KEY_FIRST, ETCD_OLDEST_FIRST };

struct etcd_range {
	const char *prefix; /* of the keys */
	const char *key;    /* instead: just this one */
	const char *after;  /* only those behind this key of the prefix; NULL: all */
	enum etcd_order order;
	int64_t limit; /* at most; 0: the number is all that is wanted */
};

/* Texts in the arena. */
must_check int etcd_get(struct etcd_kvs *out, struct etcd *etcd, struct arena *arena,
			const struct etcd_range *range, struct error *err);

/* ---- transactions: lists of conditions and of what is done; new references ---- */

enum { ETCD_TXN_MAX = 100 }; /* of each, in one transaction */

/* The revision that made the key; 0: it is not there. */
json_t *etcd_if_created(const char *key, int64_t revision);
json_t *etcd_if_version(const char *key, int64_t version);
json_t *etcd_if_value(const char *key, const char *value);
/* lease 0: none. */
json_t *etcd_put(const char *key, const char *value, int64_t lease);
json_t *etcd_delete(const char *key);
/* All that begins with the prefix and comes before `before`, NULL: all of that. */
json_t *etcd_delete_all(const char *prefix, const char *before);

/* Does all of `then` if all conditions hold; *done says whether.  Takes both lists. */
must_check int etcd_txn(bool *done, struct etcd *etcd, json_t *conditions, json_t *then,
			struct error *err);

/* ---- leases ---- */

/* ttl_ms is rounded up to seconds; etcd may make it longer. */
must_check int etcd_grant(int64_t *lease_out, struct etcd *etcd, int64_t ttl_ms, struct error *err);
/* *alive false: it has run out. */
must_check int etcd_keep_alive(bool *alive, struct etcd *etcd, int64_t lease, struct error *err);
/* What holds it goes; one that is not there is no error. */
must_check int etcd_revoke(struct etcd *etcd, int64_t lease, struct error *err);

/* ---- answers; pure, for the fuzzer ---- */

must_check int etcd_read_kvs(struct etcd_kvs *out, struct arena *arena, const json_t *answer,
			     struct error *err);
/* A number as the gateway writes it: a text, or left out where it is 0. */
int64_t etcd_number(const json_t *object, const char *key);
