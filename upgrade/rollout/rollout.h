// SPDX-License-Identifier: Apache-2.0
/* rollout.h - a fleet on its way from what it runs to one release: the engine.
 *
 * Pure: rollout_step() takes what was seen and the time, changes the state and says what is to be
 * done.  It knows no clock, no socket, no file; whoever drives it writes the state down before
 * acting on it, carries the actions out and tells what came of each.
 *
 * What holds, whatever fails and whenever (tests/sim checks each):
 *	1. A node is at the old release or at the new one: nothing is begun on a node while it is
 *	   not known what it runs, or something is under way there.
 *	2. Never more than max_unavailable nodes that do not serve, are being changed, or have not
 *	   been heard of lately.
 *	3. Nothing is made permanent before its bake is over, and it was well at the end of it.
 *	4. After rollout_resume() every node is asked what it runs; what was done is not repeated.
 *	5. Every action carries the token of this run; a node that has seen a later one refuses, and
 *	   then this run ends.
 *	6. Going back touches what was touched, waits for no wave or bake, keeps max_unavailable,
 *and leads to no release that is known to be bad.
 *	7. No data is no verdict: it neither promotes nor rolls back.
 *
 * Time is the rollout's own, in milliseconds: it follows the clock it is given, but never goes
 * back and never makes more than a small step at once.  So a clock that jumps ends no bake, and
 * deadlines, which are moments of that time, stand still while nobody drives.
 *
 * Ownership: the rollout owns all text in it; what is passed in is copied.
 */
#pragma once
#include "base/arena.h"
#include "base/error.h"

#include <jansson.h>

/* ---- what is wanted ---- */

enum rollout_mode {
	MODE_auto,    /* hot where it can be, else by a restart */
	MODE_hot,     /* hot or not at all */
	MODE_restart, /* always by a restart */
};

enum on_failure { ON_FAILURE_rollback, ON_FAILURE_pause, ON_FAILURE_stop };

/* When what is well is made permanent. */
enum commit_when { COMMIT_end, COMMIT_wave };

struct rollout_amount {
	int64_t value; /* nodes, or percent of all */
	bool percent;
};

enum { ROLLOUT_WAVES_MAX = 64, ROLLOUT_NODES_MAX = 10000 };

struct rollout_policy {
	enum rollout_mode mode;
	enum on_failure on_failure;
	enum commit_when commit;
	struct rollout_amount max_unavailable; /* percent round down; at least 1 */
	/* How many nodes have it after each wave, cumulative; percent round up.  The last wave
	 * takes whatever is left.
	 */
	struct rollout_amount waves[ROLLOUT_WAVES_MAX];
	size_t waves_len;
	int64_t bake_ms;     /* from the last installation of a wave to the next wave */
	int64_t pause_ms;    /* after each wave but the last; 0: none */
	bool pause;          /* there, until it is promoted */
	int64_t probe_ms;    /* between two looks at a node */
	unsigned fail_limit; /* bad looks in a row that make a node unhealthy */
	int64_t node_ms;     /* for one action on a node, and to come back after it was lost */
	int64_t once_ms;     /* for what is run once */
	int64_t progress_ms; /* within which a node must have got further */
	int64_t total_ms;    /* for all, pauses not counted; 0: no limit */
	unsigned parallel;   /* actions at once */
	bool before, after;  /* there is something to run once, before and after all nodes */
	bool drain;          /* a node is drained before a restart, and undrained when it is well */
	bool judge; /* nodes with and without the release are compared at the end of a bake */
};

#define ROLLOUT_POLICY                           \
	((struct rollout_policy){                \
		.max_unavailable = { 1, false }, \
		.waves = { { 1, false } },       \
		.waves_len = 1,                  \
		.bake_ms = 60000,                \
		.probe_ms = 5000,                \
		.fail_limit = 3,                 \
		.node_ms = 300000,               \
		.once_ms = 300000,               \
		.progress_ms = 900000,           \
		.parallel = 16,                  \
	})

/* ---- what is done ---- */

enum action_kind {
	ACTION_none,
	ACTION_look,    /* what does it run, is it well, which way leads to the release? */
	ACTION_stage,   /* bring the release and check it; nothing that runs is changed */
	ACTION_install, /* not committed */
	ACTION_probe,   /* is it well? */
	ACTION_commit,
	ACTION_revert, /* to node->from, for good */
	ACTION_undrain,
	ACTION_before, /* of no node: once, before the first installation */
	ACTION_judge,  /* of no node: nodes with the release against those without */
	ACTION_after,  /* of no node: once, when all is committed */
	/* Of whoever drives it, never asked for: hooks.failure, and what an installation would
	   meet. */
	ACTION_failure,
	ACTION_foresee,
	ACTION_KINDS,
};
const char *action_name(enum action_kind kind);

enum way { WAY_none, WAY_hot, WAY_restart };

struct rollout_action {
	enum action_kind kind;
	uint64_t id; /* names it in the answer; grows */
	size_t node; /* which; SIZE_MAX: none */
	enum way way;
	const char *vsn; /* that the node is to have after it; NULL: does not matter */
};

struct rollout_actions {
	struct rollout_action *items;
	size_t len, cap;
};
void rollout_actions_done(struct rollout_actions *actions);

/* ---- what is seen ---- */

enum outcome {
	OUTCOME_ok,
	OUTCOME_refused,     /* nothing was changed, and it will not be otherwise the next time */
	OUTCOME_rolled_back, /* it was changed, and is as before */
	OUTCOME_failed,      /* what it is now must be asked */
	OUTCOME_stuck,       /* needs a person */
	OUTCOME_down,        /* the node does not run */
	OUTCOME_silent,      /* no answer: it may run or not */
	OUTCOME_fenced,      /* a later run has been there */
	OUTCOMES,
};
const char *outcome_name(enum outcome outcome);

enum health { HEALTH_unknown, HEALTH_pass, HEALTH_fail };

/* What a node is, as it said itself. */
struct node_facts {
	const char *runs, *boots; /* versions: now, and after a restart */
	int64_t born;             /* another number after each start of its VM; 0: not told */
	bool has;                 /* it knows the release that it is to get */
	bool serving;
	enum health health;
	enum way way; /* from `runs` to the release; WAY_none: there is none (text says why) */
};

enum command_kind {
	COMMAND_pause,
	COMMAND_promote, /* ends a pause, whatever it is for */
	COMMAND_abort,   /* back */
	COMMAND_again,   /* what is run once and was cut short is run again */
	COMMAND_interrupt,
	COMMAND_supersede, /* another release is to be deployed instead */
	COMMAND_give_up,   /* two releases were side by side for too long: as if one was not well */
};

enum sight_kind {
	SIGHT_answer,  /* to an action */
	SIGHT_command, /* of a person; `vsn` is the release it speaks of */
	/* A node joined the fleet; with `vsn` it began with the release that is rolled out, by a
	 * restart, and goes back to that one.
	 */
	SIGHT_new,
	SIGHT_gone, /* a node left it */
};

struct sight {
	enum sight_kind kind;
	uint64_t id; /* of the action */
	enum outcome outcome;
	const struct node_facts *facts; /* NULL: nothing is known */
	const char *text;               /* what was wrong, for a person; may be NULL */
	enum health verdict;            /* of ACTION_judge */
	enum command_kind command;
	const char *vsn;
	const char *node, *zone;
};

/* ---- the state ---- */

enum stage {
	STAGE_unknown,   /* must be looked at */
	STAGE_seen,      /* does not run the release */
	STAGE_staged,    /* has it, checked */
	STAGE_installed, /* runs it, not committed */
	STAGE_committed,
	STAGE_back, /* runs again what it ran before */
	STAGE_gone, /* left the fleet */
	STAGES,
};
const char *stage_name(enum stage stage);

enum { WHY_MAX = 400 };

struct rollout_doing {
	enum action_kind kind;
	uint64_t id; /* 0: nothing */
	int64_t deadline;
};

struct rollout_node {
	const char *name, *zone;
	const char *from; /* what it ran and booted when it was first seen; NULL: not seen */
	const char *runs, *boots; /* as of the last look; NULL: never */
	int64_t born;             /* the same; 0: never */
	enum way way;
	enum stage stage;
	unsigned wave;
	bool staged;  /* it was brought and checked */
	bool touched; /* an installation was begun */
	bool drained; /* that began by draining it, and it was not undrained since */
	bool serving;
	bool cold;  /* back by a restart: hot was refused */
	bool stuck; /* needs a person */
	enum health health;
	unsigned fails;       /* in a row */
	unsigned tries;       /* of the present step */
	int64_t seen_at;      /* when it last answered; -1: never */
	int64_t lost_at;      /* since when it does not; -1: it does */
	bool down;            /* it is lost because it does not run */
	int64_t passed_at;    /* when it was last well; -1: never since its installation */
	int64_t installed_at; /* -1: not */
	int64_t not_before;   /* of the next try */
	int64_t undrain_by;   /* on the way back: then also where nothing can be said of it */
	struct rollout_doing doing;
	char why[WHY_MAX]; /* what was last wrong */
	bool dirty;        /* changed since the state was last written down */
};

enum phase {
	PHASE_look,   /* every node is asked what it is */
	PHASE_stage,  /* every node gets the release and is checked */
	PHASE_before, /* what is run once */
	PHASE_waves,
	PHASE_commit,
	PHASE_after,
	PHASE_back, /* what was touched goes back */
	PHASE_end,
	PHASES,
};
const char *rollout_phase_name(enum phase phase);

enum result {
	RESULT_none,
	RESULT_done,
	RESULT_refused,     /* nothing was changed */
	RESULT_rolled_back, /* all on what they ran before */
	RESULT_stuck,       /* needs a person */
	RESULT_fenced,      /* another run has taken over */
	RESULT_superseded,  /* by another deploy; each node runs what it boots */
	RESULTS,
};
const char *result_name(enum result result);

enum paused {
	PAUSED_no,
	PAUSED_wave,      /* as the policy has it */
	PAUSED_operator,  /* a person said so */
	PAUSED_failure,   /* something failed, and the policy is to wait for a person */
	PAUSED_no_data,   /* nothing can be said of a node for too long */
	PAUSED_once,      /* what is run once was cut short; a person must say whether it is done */
	PAUSED_interrupt, /* whoever drove it was told to stop */
	PAUSES,
};
const char *paused_name(enum paused paused);

/* What is run once. */
enum once { ONCE_waiting, ONCE_running, ONCE_done };

struct rollout {
	struct arena arena;
	struct rollout_policy policy;
	const char *release, *to, *digest; /* name, version, and what else tells it from others */
	struct rollout_node *nodes;
	size_t len, cap;
	const char **bad; /* versions that are known to be bad */
	size_t bad_len, bad_cap;
	uint64_t token;   /* grows with each run */
	uint64_t last_id; /* of actions */
	int64_t clock;    /* the rollout's time */
	int64_t wall;     /* what the clock said when it was last looked at; -1: never */
	enum phase phase;
	enum result result;
	enum paused paused;
	bool failed;         /* something did; `why` says what */
	bool aborted;        /* by a person */
	bool superseded;     /* the same, but what is committed stays */
	unsigned wave;       /* the present one */
	int64_t bake_until;  /* of the present wave; -1: not all of it is installed */
	int64_t pause_until; /* -1: none */
	bool promoted;       /* the pause after the present wave is over */
	enum health judged;  /* after the bake */
	int64_t judged_at;
	char judged_why[WHY_MAX]; /* what was said of that; "": nothing */
	int64_t progress_by, total_by;
	uint64_t progress; /* steps that all nodes have reached; never less */
	enum once before, after;
	struct rollout_doing doing; /* of no node */
	char why[WHY_MAX];          /* the first thing that went wrong, or what is waited for */
	size_t cursor;              /* where the next look at the nodes begins */
	unsigned in_flight;         /* actions */
};

/* A new rollout.  Nodes are added with rollout_add() before the first step. */
struct rollout *rollout_new(const char *release, const char *to, const char *digest,
			    const struct rollout_policy *policy, uint64_t token);
void rollout_free(struct rollout *rollout); /* NULL is fine */
static inline void rollout_done(struct rollout **rollout)
{
	rollout_free(*rollout);
}
#define owned_rollout owned(rollout_done)

/* zone: the failure domain, "": none.  ERROR_USAGE: it is there already, or there are too many. */
must_check int rollout_add(struct rollout *rollout, const char *node, const char *zone,
			   struct error *err);
/* A version that nothing is ever taken back to. */
void rollout_add_bad(struct rollout *rollout, const char *vsn);

bool rollout_is_bad_version(const struct rollout *rollout, const char *vsn);

/* A rollout that takes back what another one has done, which is over: every node to `vsn`, or, when
 * that is NULL, those that it touched to what they ran before.  Free with rollout_free().
 */
struct rollout *rollout_back(const struct rollout *last, const char *vsn, uint64_t token);

/* Another run of it begins, with a later token: nothing is known to be under way, all nodes are to
 * be asked.  A pause that waits for no decision ends; a rollout that is at its end stays there.
 */
void rollout_resume(struct rollout *rollout, uint64_t token);

/* One step.  `wall` is any clock in milliseconds.  What is to be done is added to *actions; the
 * state, with the dirty nodes, is to be written down before any of it is begun.
 */
void rollout_step(struct rollout *rollout, const struct sight *sights, size_t len, int64_t wall,
		  struct rollout_actions *actions);

/* Nothing is under way, and nothing will be until a person says so, or ever. */
bool rollout_rests(const struct rollout *rollout);
/* How many waves there are, and how many nodes are in `wave` or before it. */
unsigned rollout_waves(const struct rollout *rollout);
size_t rollout_wave_end(const struct rollout *rollout, unsigned wave);
/* Nodes at most that may be out at once. */
size_t rollout_max_unavailable(const struct rollout *rollout);
/* Those that do not serve, are being changed, or were not heard of lately. */
size_t rollout_unavailable(const struct rollout *rollout);
/* NULL: there is none of that name. */
struct rollout_node *rollout_find(const struct rollout *rollout, const char *name);

/* ---- written down ---- */

/* All but the nodes, and one node; new references.  Together they are the state. */
json_t *rollout_head_json(const struct rollout *rollout);
json_t *rollout_node_json(const struct rollout_node *node);
json_t *rollout_policy_json(const struct rollout_policy *policy);
/* Reads them again; nodes in their order.  ERROR_INVALID. */
must_check int rollout_read_head(struct rollout **out, const json_t *head, struct error *err);
must_check int rollout_read_node(struct rollout *rollout, const json_t *node, struct error *err);
