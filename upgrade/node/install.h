// SPDX-License-Identifier: Apache-2.0
/* install.h - the life of an upgrade on one node: install, commit, revert, remove.
 *
 * Each of these first looks at what the node really is and does only what is left to do.
 * The same call after relevo, the connection or the node went down at any moment
 * finishes the job.
 *
 * Errors say what state the node is in now, and what to do next:
 *	ERROR_REFUSED           nothing was changed, the old release runs
 *	ERROR_ROLLED_BACK       it was changed, and the old release runs again
 *	ERROR_STUCK             it needs a person
 *	ERROR_UNREACHABLE       the node is gone; what it will be is not known
 */
#pragma once
#include "upgrade/node/bundle.h"
#include "upgrade/node/move.h"
#include "upgrade/node/stage.h"
#include "upgrade/node/watch.h"

/* The steps, by the names that are announced.  Names are stable: scripts wait for them. */
#define INSTALL_STEPS(X) \
	X(look)          \
	X(recover)       \
	X(preflight)     \
	X(stage)         \
	X(clean)         \
	X(unpack)        \
	X(files)         \
	X(check)         \
	X(drain)         \
	X(install)       \
	X(restart)       \
	X(verify)        \
	X(after)         \
	X(bake)          \
	X(commit)        \
	X(revert)        \
	X(remove)

enum install_step {
#define X(name) STEP_##name,
	INSTALL_STEPS(X)
#undef X
};

const char *install_step_name(enum install_step step);

struct install_options {
	struct move_options move;
	/* Of limits, crashes: -1 stands for more than twice as many as before the installation, and
	 * more than two.
	 */
	struct watch_limits limits;
	int64_t bake_ms;
	bool one_way;     /* go on without a way back */
	int64_t drain_ms; /* how long processes in replaced code are waited for */
	bool kill;        /* such processes may be killed by the purge */
	bool no_render;   /* idle pages are left as they are */
	bool show_values; /* of configuration that changes; secrets left out */
	/* Instead of an installation, or a way back, while it runs: the VM is restarted into the
	 * release, which is booted once, on trial.
	 */
	bool restart;
	struct names allow;            /* codes of reasons of the plan that are none here */
	bool hand_on;                  /* keep what was brought, for other nodes to fetch */
	const struct stage_peer *peer; /* a node that may have what this one lacks; NULL: none */
	/* What the plan warns of, before anything is done; may be NULL. */
	void (*warning)(void *context, const char *text);
	/* Told before each step is done, with a text for a person; may be NULL. */
	void (*step)(void *context, enum install_step step, const char *text);
	/* Of what takes long: bytes sent, milliseconds baked; may be NULL. */
	void (*progress)(void *context, enum install_step step, uint64_t done, uint64_t total);
	/* What is being waited for: the node, or another relevo; may be NULL. */
	void (*waiting)(void *context, const char *why);
	void *context;
};

#define INSTALL_OPTIONS                                    \
	((struct install_options){                         \
		.move = { .code_change_timeout_ms = 30000, \
			  .suspend_timeout_ms = 30000,     \
			  .config_timeout_ms = 60000,      \
			  .timeout_ms = 300000 },          \
		.drain_ms = 30000,                         \
		.limits = WATCH_LIMITS,                    \
	})

/* What the node was told once it ran the other release. */
struct upgrade_after {
	int64_t endpoints;    /* that read configuration and static files anew (Phoenix) */
	int64_t called;       /* functions that the release asks for (upgrade.after) */
	int64_t rendered;     /* pages (LiveView) that were rendered anew … */
	int64_t left;         /* … and those that were not … */
	const char *why_left; /* … because of this */
	struct names failed;  /* what went wrong, a text each */
};

struct install_result {
	const char *name, *from, *vsn; /* the release; the versions before and now */
	bool already;                  /* it ran before we came */
	bool permanent;                /* committed */
	int64_t install_ms;            /* what the installation itself took; 0: none */
	/* What went to the node this time, all that it lacked, and the whole tarball; 0: none. */
	int64_t sent_bytes, lacked_bytes, release_bytes;
	/* What the node lacked, as another may fetch it from there; NULL: nothing was lacking. */
	const char *parcel_file, *parcel_sha256;
	struct move_pauses pauses; /* of what was suspended meanwhile */
	struct upgrade_after after;
	int64_t modules;          /* that were compared with the manifest */
	const char *const *notes; /* what a person should know, a line each */
	size_t notes_len;
};

/* Brings the release to the node, unpacked and compared with its manifest, and has release_handler
 * check it: all that node_install() does before it changes what runs.
 */
must_check int node_prepare(struct install_result *out, struct node *node, struct arena *arena,
			    const struct bundle *bundle, const struct install_options *options,
			    struct error *err);
/* Takes the node to the release of the tarball; not committed.  When the release does not
 * verify or bake well, the node is taken back.
 */
must_check int node_install(struct install_result *out, struct node *node, struct arena *arena,
			    const struct bundle *bundle, const struct install_options *options,
			    struct error *err);
/* Makes the version that runs permanent; `vsn`, when given, must be the one. */
must_check int node_commit(struct install_result *out, struct node *node, struct arena *arena,
			   const char *vsn, const struct install_options *options,
			   struct error *err);
/* Takes the node back: from a version that is not committed to the permanent one, from a
 * committed one to `vsn` (NULL: the newest old one of a lower version), which is then made
 * permanent.
 */
must_check int node_revert(struct install_result *out, struct node *node, struct arena *arena,
			   const char *vsn, const struct install_options *options,
			   struct error *err);
/* Removes a release that neither runs nor boots. */
must_check int node_remove(struct node *node, struct arena *arena, const char *vsn,
			   const struct install_options *options, struct error *err);
/* What was put right. */
struct adoption {
	bool records;      /* RELEASES written */
	bool start_script; /* bin/NAME made to boot what is permanent */
};

/* Makes a node that relevo did not build one that can be upgraded and taken back: writes
 * RELEASES for the release that runs, where a node was started without (a plain mix release);
 * has the start script of relx, which names the version it boots, read it in start_erl.data.
 *
 * ERROR_REFUSED: sasl does not run, there is no .rel file, a release is not committed (nothing was
 * changed), or the start script cannot be written.
 */
must_check int node_adopt(struct adoption *out, struct node *node, struct arena *arena,
			  struct error *err);
