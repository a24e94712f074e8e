// SPDX-License-Identifier: Apache-2.0
/* depend.h - the order in which things that depend on each other are dealt with.
 *
 * Things are numbers from 0; those that hang together by dependencies, in whatever
 * direction, are a group.  Inside a group a thing goes before what it depends on;
 * things in a circle go together, by number; what is free goes by number.  Time and
 * memory are near-linear in things and edges, and nothing recurses.
 */
#pragma once
#include "base/arena.h"

struct depend_edge {
	uint32_t from, to; /* `from` depends on `to` */
};

struct depend_groups {
	const uint32_t *order; /* all things, group after group */
	const uint32_t *start; /* group g is order[start[g]] … order[start[g + 1] - 1] */
	const uint32_t *group; /* of each thing */
	uint32_t len;          /* groups, by the smallest number in each */
};

void depend_sort(struct depend_groups *out, struct arena *arena, uint32_t len,
		 const struct depend_edge *edges, size_t edges_len);
