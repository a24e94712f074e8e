// SPDX-License-Identifier: Apache-2.0
/* stand.h - a release that runs here for a while, apart from everything else: in a folder of
 * its own, on 127.0.0.1 alone, with an epmd, a name and a cookie that nobody else has.
 *
 * A stand changes the environment of this program (RELEASE_*, ERL_EPMD_PORT): one at a time.
 */
#pragma once
#include "base/process.h"
#include "upgrade/node/node.h"

struct stand {
	const char *dir;  /* all of it is below */
	const char *root; /* of the release */
	const char *name; /* of the release */
	const char *vsn;  /* that was unpacked */
	const char *node;
	const char *log; /* what the VM said */
	const char *cookie;
	int port; /* handed to the release; 0: none */
	struct arena arena;
	struct process *epmd, *vm;
};

struct stand_options {
	const char *dir;      /* exists, and is empty */
	const char *release;  /* tarball or folder */
	const char *port_env; /* variable that is to hold a free port; may be NULL */
};

/* Unpacks and starts epmd; free with stand_done(), which ends what runs and keeps the folder.
 *
 * ERROR_NOT_FOUND, ERROR_INVALID: of the release.  ERROR_FAILED: no epmd.
 */
must_check int stand_make(struct stand *out, const struct stand_options *options,
			  struct error *err);
void stand_done(struct stand *stand);
#define owned_stand owned(stand_done)

/* Starts the VM and waits until all of its applications run.
 *
 * ERROR_FAILED: it ended, or is not up in time; with what it said last.
 */
must_check int stand_boot(struct node **out, struct stand *stand, struct deadline deadline,
			  struct error *err);
/* Whether the VM's process has ended. */
bool stand_is_down(struct stand *stand);
/* Stops the VM as `bin/NAME stop` does, by force after a while. */
void stand_halt(struct stand *stand);
/* The last lines of what the VM said since `from` (bytes of the log); in the arena. */
const char *stand_said(const struct stand *stand, struct arena *arena, int64_t from);
int64_t stand_log_size(const struct stand *stand);

/* "NAME=VALUE", NULL at the end, for commands beside the stand: how to reach the node. */
const char *const *stand_env(const struct stand *stand, struct arena *arena, const char *phase,
			     const char *vsn);
