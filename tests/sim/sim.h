// SPDX-License-Identifier: Apache-2.0
/* sim.h - a fleet that is not there: nodes, the network between, whoever drives, and what befalls
 * them, all from one seed.
 */
#pragma once
#include "upgrade/rollout/rollout.h"

enum {
	NODES_MAX = 1000,
	FAULTS_MAX = 64,
	LATE_MAX = 64,
	VSN_OLD = 0,
	VSN_NEW = 1,
	VSN_OLDER = 2,
	VSNS = 3
};
extern const char *const versions[VSNS];

/* ---- chance ---- */

struct chance {
	uint64_t state;
};
uint64_t chance_next(struct chance *chance);
/* 0 … below - 1 */
uint64_t chance_below(struct chance *chance, uint64_t below);
/* In `in` cases of a thousand. */
bool chance_of(struct chance *chance, unsigned in);

/* ---- what befalls ---- */

enum fault_kind {
	FAULT_crash,     /* the node goes down, and comes back after `for_ms` (-1: never) */
	FAULT_hang,      /* what it does takes that long more */
	FAULT_partition, /* nothing reaches it, nothing comes from it */
	FAULT_liar,      /* its health is told at random */
	FAULT_no_data,   /* its health is not told */
	FAULT_flap,      /* it is well and unwell by turns */
	FAULT_replace,   /* another of the same name, fresh, in its place */
	FAULT_kill,      /* whoever drives is killed; another goes on after `for_ms` */
	FAULT_freeze,    /* whoever drives is stopped; another goes on; the first wakes later */
	FAULT_jump,      /* the clock, by `for_ms`, back or forth */
	FAULT_pause,     /* a person: */
	FAULT_promote,
	FAULT_abort,
	FAULT_abort_other, /* of another release */
	FAULT_join,
	FAULT_leave,
	FAULT_supersede, /* another deploy takes its place */
	FAULT_loss,      /* from the beginning: of a thousand messages `node` are lost */
	FAULT_twice,
	FAULT_slow,
	FAULTS,
};

struct fault {
	enum fault_kind kind;
	int64_t at, for_ms;
	unsigned node;
	bool off; /* left out, to see whether it matters */
};

/* ---- nodes ---- */

struct sim_node {
	bool there, alive, serving_op; /* an operation has taken it out */
	int runs, boots;
	bool staged;
	bool drained;    /* the front sends nothing to it */
	int64_t back_at; /* it boots then; -1: not */
	int64_t apart_until, liar_until, mute_until, flap_until;
	uint64_t seen_token, seen_id;
	/* What it does: one thing at a time. */
	struct rollout_action op;
	uint64_t op_token;
	int64_t op_ends; /* -1: nothing */
	bool op_serves;  /* it did when that began */
	enum outcome op_outcome;
	/* A look that waits for the end of it. */
	struct rollout_action waits;
	uint64_t waits_token;
	int64_t installed_at; /* true time */
	int64_t fault_at;     /* when something last befell it */
	unsigned life;        /* grows when it is replaced */
	unsigned starts;      /* grows when it boots */
};

/* ---- what the checks remember, apart from the engine ---- */

struct seen_node {
	/* Of the present run. */
	bool known;     /* looked at since the last thing that may have changed it */
	bool told_well; /* as last told */
	bool out;       /* as last told: not serving, or no answer */
	int64_t told_at;
	int runs, boots; /* as last told; -1: never */
	bool has, staged, in_time;
	uint64_t asked; /* action without an answer; 0: none */
	enum action_kind asked_kind;
	int64_t asked_at;
	/* Of all runs. */
	bool begun; /* an installation */
	int64_t passed_at;
	int first_boots; /* what it booted when first seen; -1: not seen */
	unsigned fails;
};

struct coordinator {
	struct rollout *r;
	uint64_t token;
};

struct sim {
	uint64_t seed;
	struct chance chance;
	int64_t now, skew;
	struct fault faults[FAULTS_MAX];
	size_t faults_len;
	unsigned loss, twice, slow; /* of a thousand messages */
	struct rollout_policy policy;
	unsigned count;
	struct sim_node nodes[NODES_MAX];
	struct seen_node seen[NODES_MAX];
	struct coordinator driver; /* its rollout is NULL while nobody drives */
	/* What one that was stopped does when it wakes. */
	struct rollout_action late[LATE_MAX];
	size_t late_len;
	uint64_t late_token;
	uint64_t token;
	int64_t wake_at, resume_at; /* -1: not */
	json_t *journal;            /* what was last written down */
	bool bad_release;           /* the new one is not well */
	bool bad_after_restart_only;
	bool refuses;    /* it cannot be staged */
	bool no_hot;     /* only by a restart */
	bool old_is_bad; /* the old one is known to be bad */
	bool bad_news;   /* something that may be a reason to go back was told */
	bool back_begun;
	int64_t back_at, quiet_since;
	unsigned before_runs, told_last;
	int64_t jumped_ms;
	bool noisy; /* anything at all befalls it */
	bool again; /* this is the rollout that superseded the first */
	/* Events. */
	struct event *queue;
	size_t queue_len, queue_cap;
	uint64_t event_nr;
	/* What went on. */
	char **trace;
	size_t trace_len, trace_cap;
	bool tracing;
	char broken[300]; /* "": nothing */
	unsigned steps;
};

void sim_say(struct sim *sim, const char *format, ...) printf_like(2, 3);
void sim_break(struct sim *sim, int invariant, const char *format, ...) printf_like(3, 4);

/* ---- events ---- */

enum event_kind { EVENT_tick, EVENT_request, EVENT_answer, EVENT_op, EVENT_fault, EVENT_boot };

struct event {
	int64_t at;
	uint64_t nr;
	enum event_kind kind;
	unsigned node;
	uint64_t token;
	struct rollout_action action;
	/* of an answer */
	enum outcome outcome;
	bool has_facts;
	struct node_facts facts;
	enum health verdict;
	struct fault fault;
};

void event_add(struct sim *sim, struct event event);
bool event_next(struct sim *sim, struct event *out);

/* node.c */
void node_request(struct sim *sim, const struct event *request);
void node_op_ends(struct sim *sim, unsigned nr);
void node_boots(struct sim *sim, unsigned nr);
void node_crashes(struct sim *sim, unsigned nr, int64_t for_ms);
void node_replaced(struct sim *sim, unsigned nr);
bool node_apart(const struct sim *sim, unsigned nr);

/* check.c */
void check_actions(struct sim *sim, const struct coordinator *driver,
		   const struct rollout_action *actions, size_t len);
void check_answer(struct sim *sim, const struct event *answer);
void check_new_run(struct sim *sim);
void check_commit(struct sim *sim, unsigned nr);
void check_load(struct sim *sim);
void check_end(struct sim *sim);
/* One was superseded; what is remembered of it is forgotten. */
void check_superseded(struct sim *sim);
struct seen_node check_nothing_seen(void);
