// SPDX-License-Identifier: Apache-2.0
/* stage.h - brings a parcel into the releases folder of a node, as BASE.tar.gz.
 *
 * A process on the node takes the pieces; it is linked to our connection and dies with
 * it.  What it has written is under BASE.DIGEST.part until size and digest are right, and
 * is gone on with after a break.
 * The digest is SHA-256 where the node has crypto loaded, else MD5: it guards against
 * damage on the way, authenticity is checked here, before anything is sent.
 */
#pragma once
#include "upgrade/node/parcel.h"

/* Another node that has the very parcel, from which this one is to fetch it: what it gives, by
 * Erlang's own distribution between the two, need not be sent; what it does not give is sent.
 */
struct stage_peer {
	const char *node, *file, *sha256; /* the file as that node calls it */
};

typedef void stage_progress(void *context, uint64_t done, uint64_t total);

/* *sent receives how many bytes went over; 0: the node had the very file already.
 *
 * peer      may be NULL
 * hand_on   keep it there as BASE.parcel, for other nodes to fetch, until the node is changed next
 * progress  may be NULL
 *
 * ERROR_UNREACHABLE: the node or the connection is gone.  ERROR_REFUSED: no room there.
 * ERROR_FAILED: the node cannot write the file, or it arrived damaged.
 */
must_check int stage_send(int64_t *sent, struct node *node, const char *base,
			  const struct parcel *parcel, const struct stage_peer *peer, bool hand_on,
			  stage_progress *progress, void *context, struct error *err);
