// SPDX-License-Identifier: Apache-2.0
/* rollout.h - what the commands share that drive or show the rollout of a target. */
#pragma once
#include "cmd/command.h"
#include "release/project/project.h"
#include "upgrade/rollout/fleet.h"

#include <sys/types.h>

struct rollout_opts {
	const char *target, *state;
};

/* clang-format off */
#define ROLLOUT_OPTIONS(opts, field)                                                          \
	OPT_TEXT(opts, field.target, 't', "target", "TARGET",                                 \
		 "which of the targets in relevo.yaml (default: the only one)"),              \
	OPT_TEXT(opts, field.state, 0, "state", "FILE",                                       \
		 "where rollouts are written down (default: as \"state\" in relevo.yaml says, "  \
		 "else $XDG_STATE_HOME/relevo/relevo.db, else below ~/.local/state)")
/* clang-format on */

/* A target and the journal of its rollouts, with what a rollout needs once there is one. */
struct session {
	struct arena arena;
	const struct call *call;
	struct project *project;
	const struct target *target;
	struct target found; /* the target, with the nodes that it has now */
	struct journal *journal;
	struct str cookie;
	struct bundle bundle;
	struct ways *ways;
	struct rollout *rollout;
	struct journal_entry entry;
	/* What was last shown, so that it is shown once. */
	enum phase phase;
	unsigned wave;
	bool baking;
	bool told_back; /* to hooks.notify */
	pid_t telling;  /* the process that does; 0: none */
};
void session_done(struct session *session);
#define owned_session owned(session_done)

/* Finds the target and opens the journal.  ERROR_USAGE, ERROR_NOT_FOUND: no such target. */
must_check int session_open(struct session *out, const struct call *call,
			    const struct rollout_opts *opts, struct error *err);
/* Finds out which nodes the target has, where they are not listed; wants the cookie. */
must_check int session_find_nodes(struct session *session, struct error *err);
/* What is needed to drive it: the cookie, the tarball, the ways to it. */
must_check int session_load(struct session *session, const char *release, struct error *err);
/* The last rollout; session->rollout NULL: there was none. */
must_check int session_last(struct session *session, struct error *err);
/* The same for the release of session->rollout, from where it lay or else from the store. */
must_check int session_load_again(struct session *session, struct error *err);
/* Locks the target, and reads the last rollout with all that is needed to go on with it.
 * ERROR_NOT_FOUND: there is none, or it is over.  ERROR_REFUSED: its tarball is another now.
 */
must_check int session_continue(struct session *session, struct error *err);
/* What the release is worth is known when the rollout is over; written down again, as whoever drove
 * it may have been killed before.  Needs the lock.
 */
must_check int session_remember(struct session *session, struct error *err);
/* Drives session->rollout until it rests, and tells how it went. */
must_check int session_run(struct session *session, struct error *err);
/* Prints the result; fails as deploy is to end. */
must_check int session_tell(struct session *session, struct error *err);
/* Both. */
must_check int session_drive(struct session *session, struct error *err);
/* The rollout as `relevo status --json` prints it; a new reference. */
json_t *session_json(const struct session *session, const char *driver);
/* The same for people; appended to *out, in colour where `stream` is a terminal.  Without times it
 * stays the same as long as nothing happens.
 */
void session_text(struct str *out, const struct session *session, const char *driver, FILE *stream,
		  bool times);
/* The same, printed. */
void session_print(const struct session *session, const char *driver);

/* Whether a node could never be asked what it runs. */
bool session_unreachable(const struct session *session);

/* What was foreseen of each node, in their order: an object each, as fleet_foresee() has it, or
 * NULL. Waves, ways, what would be suspended, hooks.
 */
json_t *session_foreseen_json(const struct session *session, json_t *const *foreseen);
void session_foreseen_print(const struct session *session, json_t *const *foreseen);
/* How many nodes would refuse it. */
size_t session_foreseen_refused(const struct session *session, json_t *const *foreseen);
