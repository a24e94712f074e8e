// SPDX-License-Identifier: Apache-2.0
/* names.h - whether a node has room for the names of a release: each name that it does not know yet
 * becomes an atom there, its table of atoms is of a fixed size, and a VM whose table is full ends.
 */
#pragma once
#include "upgrade/node/bundle.h"
#include "upgrade/node/node.h"

/* Counts the names in the relup, the configuration, the .app files and the manifest; the node is
 * asked which of them it knows only where it might not have room for all.  To be called before any
 * of these is sent to the node as terms, or read there.
 *
 * ERROR_REFUSED: there is no room.
 */
must_check int names_fit(struct node *node, const struct bundle *bundle, struct error *err);
