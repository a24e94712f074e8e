// SPDX-License-Identifier: Apache-2.0
/* session.h - relevo's own texts on one connection to a node: each is sent once, packed, and kept
 * there by a process that ends with the connection (session.erl).
 */
#pragma once
#include "upgrade/node/scripts/scripts.h"
#include "upgrade/node/wire/rpc.h"

struct node_session; /* opaque: see session.c */

/* Free with node_session_free(), before the connection is closed or after.
 *
 * ERROR_REFUSED: the node has hardly an atom left, so that any text would end it.
 * ERROR_FAILED: it is no whole Erlang node.  Else as rpc_call().
 */
must_check int node_session_open(struct node_session **out, struct dist *dist,
				 struct deadline deadline, struct error *err);
void node_session_free(struct node_session *session); /* NULL is fine */
/* How many atoms the node had room for when the session began. */
int64_t node_session_free_atoms(const struct node_session *session);

/* As node_eval(), with one of relevo's texts.
 * ERROR_UNREACHABLE also where it failed because the node starts, stops or restarts meanwhile.
 */
must_check int node_session_run(const struct term **out, const struct term **bad,
				struct node_session *session, struct arena *arena,
				enum script script, const struct binding *bindings,
				size_t bindings_len, struct deadline deadline, struct error *err);

/* A term as a node wants it that is asked by binary_to_term(zlib:unzip(Packed)): small on the wire.
 * It must hold no atom that the node may not know.
 */
must_check int node_session_pack(const struct term **out, struct arena *arena,
				 const struct term *term, struct error *err);

static inline void node_session_done(struct node_session **session)
{
	node_session_free(*session);
}
#define owned_node_session owned(node_session_done)
