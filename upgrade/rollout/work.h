// SPDX-License-Identifier: Apache-2.0
/* work.h - one action of a rollout, carried out on a live node.
 *
 * Each is done in a process of its own, which tells what came of it as one JSON document.
 */
#pragma once
#include "release/project/target.h"
#include "upgrade/node/bundle.h"
#include "upgrade/node/stage.h"
#include "upgrade/rollout/rollout.h"

enum { WORK_ANSWER_MAX = 4 << 20 };

struct work {
	const struct target *target;
	const char *cookie;
	const struct bundle *bundle;
	uint64_t token;
	struct rollout_action action;
	const char *node, *from;       /* NULL: of no node; what it ran before */
	const struct stage_peer *peer; /* that it may fetch the release from; NULL: none */
	const json_t *baseline;        /* an earlier look at the node; NULL: none */
	const char *beside;            /* of no node: the first node of the fleet */
};

/* Does it; a new reference (what hooks printed stands under their names):
 *
 *	outcome   as outcome_name()
 *	text      what was wrong, for a person; not there when all went well
 *	facts     {runs, boots, born, has, serving, health}; not there when nothing is known
 *	manifest  SHA-256 of the manifest of what runs; of a look
 *	measures, census, findings   of a probe
 *	notes     what a person should know; a list
 *	parcel    {file, sha256, bytes}: what the node lacked, where it can be had from there; of a
 *stage pause_us  the longest that a process was suspended
 */
json_t *work_do(const struct work *work);
/* From what an error is to what is told. */
enum outcome work_outcome(const struct error *err);
