// SPDX-License-Identifier: Apache-2.0
/* foresee.h - what an installation would meet on a node, without changing anything there.
 *
 * How long processes would be suspended is an estimate: each of them is asked a question of sys,
 * at most 500 and three seconds long, one after the other as release_handler does it; the median
 * stands for those that were not asked.  That, twice (suspend, resume), or three times where
 * processes change their state, and the time that preparing the present code of the modules
 * takes, is the estimate.  What code_change itself takes is not in it, nor what other work of the
 * node adds.
 *
 * The configuration is evaluated with the code of the release, in a VM of its own on the node
 * (vm.erl).  Where the release is not unpacked there and has config providers, what the node
 * lacks of it is sent to a temporary folder, which is removed again.
 */
#pragma once
#include "upgrade/node/bundle.h"
#include "upgrade/node/changes.h"
#include "upgrade/node/install.h"

/* A list of texts. */
struct foreseen_texts {
	const char *const *items;
	size_t len;
};

/* Why a release would not be installed. */
struct foreseen_refusal {
	const char *code; /* for scripts: never renamed; docs/json.md has them */
	const char *message;
};

struct foreseen_refusals {
	const struct foreseen_refusal *items;
	size_t len;
};

struct foreseen_process {
	const char *module;     /* whose old code it is in; "": not of interest */
	const char *pid, *name; /* name "": none registered */
	const char *began, *in; /* functions, "meter:init/1" */
	const char *where;      /* "src/meter.erl:12"; "": not known */
};

struct foreseen_processes {
	const struct foreseen_process *items;
	size_t len;
};

/* Processes to be suspended for one module. */
struct foreseen_group {
	const char *module;
	int64_t count;
	int64_t answer_us; /* the longest that one took to answer, of those asked */
	int64_t queue;     /* the longest mailbox */
	int64_t bytes;     /* memory of all */
};

/* Open pages (LiveView) of a view, or channels of a module. */
struct foreseen_pages {
	const char *module;
	int64_t count;
	bool suspended;
	bool loses_state; /* by the plan that the release carries */
};

/* A fun of code that is loaded over; calling it fails once that code is purged. */
struct foreseen_fun {
	const char *module;
	const char *place;  /* "state", "dictionary", "ets" or "persistent_term" */
	const char *holder; /* the process, the table, the key */
};

struct foreseen {
	const char *name, *from, *vsn;
	bool already;                      /* it runs */
	struct foreseen_refusals refusals; /* why it would not be installed; none: it would */
	struct foreseen_texts notes;       /* what it would do beside, "its relup calls …" */
	/* Processes in code that is loaded over once more: they die. */
	struct foreseen_processes lingering;
	/* Processes that would be suspended but do not answer system messages. */
	struct foreseen_processes silent;
	int64_t suspends; /* how many processes would be suspended, by the supervision trees now */
	int64_t suspended_us; /* and for how long, estimated as above */
	const struct foreseen_group *groups;
	size_t groups_len;
	const struct foreseen_pages *pages;
	size_t pages_len;
	const struct foreseen_fun *funs;
	size_t funs_len;
	int64_t looked, left; /* processes and tables that were looked into for funs, and not */
	struct config_changes config;
	int64_t lacked_bytes, release_bytes; /* what would be sent; the whole tarball */
	int64_t needed_bytes, free_bytes;    /* on the node's disk; free -1: not known */
};

/* A fault of the release or the node is a refusal, not an error.
 *
 * ERROR_UNREACHABLE, ERROR_FAILED: as node_run().  ERROR_REFUSED: sasl does not run there.
 * ERROR_LOCKED: another relevo changes the node, and something must be sent there.
 */
must_check int node_foresee(struct foreseen *out, struct node *node, struct arena *arena,
			    const struct bundle *bundle, const struct install_options *options,
			    struct error *err);
