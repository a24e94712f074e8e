// SPDX-License-Identifier: Apache-2.0
/* send.h - blobs on their way into a repository: what is there is not sent, what another repository
 * of the place has is taken from there.
 */
#pragma once
#include "release/store/known.h"
#include "release/store/place.h"

struct sending {
	struct place *place;
	const char *repo;
	struct known known;
	size_t blobs, sent, mounted; /* how many there are, were sent, were taken from elsewhere */
	uint64_t size, went;         /* bytes of all of them, and of those that were sent */
};

struct sending sending_begin(struct place *place, const char *repo);
/* fill   appends the bytes, where they are wanted
 * from   a repository that is known to have it, prefix and all; NULL: whatever is remembered
 */
must_check int send_blob(struct sending *sending, const struct descriptor *blob,
			 int (*fill)(void *context, struct str *out, struct error *err),
			 void *context, const char *from, struct error *err);
/* The same for bytes that are at hand. */
must_check int send_bytes(struct sending *sending, const struct descriptor *blob, struct span data,
			  struct error *err);

static inline void sending_done(struct sending *sending)
{
	known_done(&sending->known);
}
#define owned_sending owned(sending_done)
