// SPDX-License-Identifier: Apache-2.0
/* rehearse.h - an upgrade tried here before it is done anywhere else.
 *
 * The old release is booted on a stand (stand.h), upgraded by the code that upgrades live
 * nodes (upgrade/node/install.h), taken back, upgraded again, committed, restarted into the new
 * release, taken back from there, and restarted into the old one.  After each of these it is
 * looked at, and compared with what a fresh start of the same release looks like.
 */
#pragma once
#include "upgrade/node/install.h"
#include "upgrade/rehearse/snapshot.h"

#include <jansson.h>

/* The phases in their order; names are stable: checks, scripts and JUnit know them. */
/* clang-format off */
#define REHEARSE_PHASES(X)                                                              \
	X(boot,            "starting the old release")                                  \
	X(upgrade,         "upgrading while it runs")                                   \
	X(downgrade,       "taking it back while it runs")                              \
	X(upgrade_again,   "upgrading again, and committing")                           \
	X(restart_new,     "restarting into the new release")                           \
	X(downgrade_fresh, "taking back a system that was started as the new release")  \
	X(restart_old,     "restarting into the old release")

/* What can be found.  Codes are stable.  A fault makes the rehearsal fail. */
/*	code                      severity */
#define REHEARSE_CODES(X)                              \
	X(upgrade_refused,         FINDING_FAULT)      \
	X(upgrade_failed,          FINDING_FAULT)      \
	X(downgrade_refused,       FINDING_FAULT)      \
	X(downgrade_failed,        FINDING_FAULT)      \
	X(code_change_failed,      FINDING_FAULT)      \
	X(process_suspended,       FINDING_FAULT)      \
	X(process_killed,          FINDING_FAULT)      \
	X(process_crashed,         FINDING_FAULT)      \
	X(child_not_started,       FINDING_FAULT)      \
	X(application_not_started, FINDING_FAULT)      \
	X(wrong_version,           FINDING_FAULT)      \
	X(does_not_start,          FINDING_FAULT)      \
	X(node_lost,               FINDING_FAULT)      \
	X(check_failed,            FINDING_FAULT)      \
	X(load_failed,             FINDING_FAULT)      \
	X(child_left_over,         FINDING_WARNING)    \
	X(application_left_over,   FINDING_WARNING)    \
	X(env_differs,             FINDING_WARNING)    \
	X(old_code,                FINDING_WARNING)    \
	X(errors_logged,           FINDING_WARNING)    \
	X(process_restarted,       FINDING_NOTE)       \
	X(process_stopped,         FINDING_NOTE)       \
	X(told,                    FINDING_NOTE)
/* clang-format on */

enum rehearse_phase_id {
#define X(name, title) PHASE_##name,
	REHEARSE_PHASES(X)
#undef X
		PHASE_COUNT,
};

enum finding_severity { FINDING_NOTE, FINDING_WARNING, FINDING_FAULT };

enum finding_code {
#define X(name, severity) FINDING_##name,
	REHEARSE_CODES(X)
#undef X
};

enum phase_status { PHASE_SKIPPED, PHASE_PASSED, PHASE_FAILED };

struct rehearse_phase {
	enum phase_status status;
	const char *runs;   /* the version that runs at its end; NULL: none */
	int64_t ms;         /* all of it */
	int64_t install_ms; /* what the installation itself took, or the start; 0: none */
	int64_t modules;    /* whose code was compared with the manifest */
	size_t checks;      /* that were run, all well unless there is a finding */
	struct observed seen;
};

struct finding {
	enum finding_code code;
	unsigned phases; /* bit n: found in phase n */
	const char *subject, *message;
};

struct rehearsal {
	const char *name, *old_vsn, *new_vsn;
	int64_t ms;
	struct rehearse_phase phases[PHASE_COUNT];
	const struct finding *findings; /* as they were found */
	size_t findings_len;
	size_t faults, warnings;
	bool strict; /* warnings count as faults */
	bool failed; /* it is not sound */
	bool load_ran;
};

struct rehearse_options {
	const char *old_release; /* tarball or folder */
	const char *new_release; /* tarball with a relup inside */
	const char *dir;         /* exists, and is empty; everything is done in there */
	const char *port_env;    /* variable that is to hold a free port; may be NULL */
	const char *ready;       /* shell commands; may be NULL */
	const char *load;
	const char *const *checks;
	size_t checks_len;
	int64_t boot_ms;    /* until it is up and ready */
	int64_t check_ms;   /* that one check may take */
	int64_t watch_ms;   /* how long to watch after each change */
	int64_t warm_ms;    /* how long the load works before the first change */
	bool one_way;       /* there need be no way back */
	bool strict;        /* warnings count as faults */
	struct names allow; /* codes of reasons of the plan that are none here */
	struct move_options move;
	/* Told as a phase begins and ends, and before each step of an installation; may be
	 * NULL.
	 */
	void (*begin)(void *context, enum rehearse_phase_id phase);
	void (*end)(void *context, enum rehearse_phase_id phase,
		    const struct rehearse_phase *result);
	void (*step)(void *context, enum install_step step, const char *text);
	void *context;
};

/* What is found wrong is in the result, which lives in the arena.  The caller sees to it that
 * nothing is left behind when this is killed (base/guard.h), and removes the folder.
 *
 * Fails only where nothing can be rehearsed: releases that cannot be read, an old release that
 * does not start here.
 */
must_check int rehearse(struct rehearsal *out, struct arena *arena,
			const struct rehearse_options *options, struct error *err);

const char *phase_name(enum rehearse_phase_id phase);
const char *phase_title(enum rehearse_phase_id phase);
const char *finding_name(enum finding_code code);
enum finding_severity finding_severity(enum finding_code code);
const char *finding_severity_name(enum finding_severity severity);

/* `relevo rehearse --json`; a new reference. */
json_t *rehearsal_json(const struct rehearsal *rehearsal);
/* JUnit XML, a test case for each phase; appended. */
void rehearsal_junit(struct str *out, const struct rehearsal *rehearsal);
