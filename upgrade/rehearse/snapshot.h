// SPDX-License-Identifier: Apache-2.0
/* snapshot.h - what runs on a node, and what became of it: taken from the node, compared here.
 *
 * Snapshots live in the arena they were taken into.  Taking one fails as node_eval() does.
 */
#pragma once
#include "upgrade/node/node.h"

struct snapshot_entry {
	const char *name; /* "shop / 'Elixir.Shop.Stats'", "shop port" */
	int64_t value;    /* children: 1 when it runs; configuration: a digest */
};

struct snapshot_list {
	const struct snapshot_entry *items; /* by name */
	size_t len;
};

struct snapshot {
	struct snapshot_list applications;
	struct snapshot_list children; /* of supervisors that give them names */
	struct snapshot_list env;
	struct snapshot_list suspended;
	struct snapshot_list lingering; /* "x runs old code of y" */
};

must_check int snapshot_take(struct snapshot *out, struct node *node, struct arena *arena,
			     struct error *err);
/* NULL: not in the list. */
const struct snapshot_entry *snapshot_find(const struct snapshot_list *list, const char *name);

struct observed_end {
	const char *kind; /* "killed", "crashed", "ended" */
	const char *who, *reason;
	bool back; /* another process has its name now */
};

struct observed_pause {
	int64_t us;
	const char *who;
};

/* What was seen between two moments. */
struct observed {
	bool gone; /* the VM was restarted: nothing of it is known */
	int64_t processes, kept;
	int64_t ended; /* processes without a name that ended as processes do */
	int64_t bad;   /* killed and crashed; the first of them are in `ends` */
	const struct observed_end *ends;
	size_t ends_len;
	int64_t suspended;                   /* by release_handler, and resumed */
	const struct observed_pause *pauses; /* the longest first */
	size_t pauses_len;
	struct snapshot_list held; /* suspended by release_handler and never resumed */
	int64_t logged;            /* errors */
	const char *const *logs;   /* the first of them */
	size_t logs_len;
};

/* From now on; the node keeps it in a process of its own until it restarts. */
must_check int observe_start(struct node *node, struct arena *arena, struct error *err);
must_check int observe_end(struct observed *out, struct node *node, struct arena *arena,
			   struct error *err);
