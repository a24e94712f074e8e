// SPDX-License-Identifier: Apache-2.0
/* members.h - which nodes a target has at this moment, where relevo.yaml does not list them. */
#pragma once
#include "base/arena.h"
#include "release/project/target.h"

/* Fills target->nodes in, sorted by name, where it has `dns` or `seed`; a list stays as it is.
 *
 * dns   NAME@HOST: a node called NAME at each address of HOST; or, when HOST begins with "_", at
 * each host that its SRV records name seed  a node: itself, and those of its cluster that run the
 * same release.  Others of the cluster are added to left_out.
 *
 * All in the arena.  ERROR_NOT_FOUND: no such name, no address.  ERROR_UNREACHABLE: the name
 * service, or the seed.  ERROR_FAILED: a node of the cluster does not tell which release it runs.
 */
must_check int members_find(struct target *target, struct names *left_out, struct arena *arena,
			    const char *cookie, struct error *err);

/* Of an answer to a question for SRV records: the hosts that they name; in the arena.
 * ERROR_INVALID: it is no such answer.
 */
must_check int members_parse_srv(struct names *out, struct arena *arena, struct span answer,
				 struct error *err);
