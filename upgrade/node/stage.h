// SPDX-License-Identifier: Apache-2.0
/* stage.h - brings a tarball into the releases folder of a node.
 *
 * A process on the node takes the pieces; it is linked to our connection and dies with
 * it.  What it has written is under BASE.tar.gz.part until size and digest are right.
 * The digest is SHA-256 where the node has crypto loaded, else MD5: it guards against
 * damage on the way, authenticity is checked here, before anything is sent.
 */
#pragma once
#include "upgrade/node/bundle.h"
#include "upgrade/node/node.h"

typedef void stage_progress(void *context, uint64_t done, uint64_t total);

/* *sent is false when the node had the very file already.
 *
 * progress  may be NULL
 *
 * ERROR_UNREACHABLE: the node or the connection is gone.  ERROR_FAILED: the node cannot
 * write the file, or it arrived damaged.
 */
must_check int stage_send(bool *sent, struct node *node, const struct bundle *bundle,
			  stage_progress *progress, void *context, struct error *err);
