// SPDX-License-Identifier: Apache-2.0
/* witness.h - what a node is, told from all that say something about it: what booted, what
 * release_handler holds, RELEASES and start_erl.data.  Where they differ the state has a name.
 */
#pragma once
#include "upgrade/node/node.h"

/* What is told beside release_handler's list. */
struct witnesses {
	const char *booted_name, *booted_vsn; /* what the VM booted, or would by init:restart */
	const char *start_vsn;                /* of start_erl.data; "": it says nothing */
	bool start_is_there;                  /* that version can be booted */
	bool copy_is_left;                    /* of RELEASES, of a write that was cut short */
	bool records_differ;                  /* RELEASES says otherwise than release_handler */
};

/* Sets the states of releases->items to what is true, adds the release that runs where
 * release_handler does not know it, and sets releases->trouble.  All in the arena.
 */
void releases_judge(struct node_releases *releases, const struct witnesses *witnesses,
		    struct arena *arena);
