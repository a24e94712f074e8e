// SPDX-License-Identifier: Apache-2.0
/* engine.h - what the files of the engine share; for them alone. */
#pragma once
#include "upgrade/rollout/rollout.h"

enum {
	TRIES_MAX = 3,             /* of one step on one node */
	BACK_TRIES_MAX = 6,        /* to take one node back: there is nothing better to do */
	FIRST_PATIENCE_MS = 15000, /* for a node that cannot be reached before anything was done */
};

/* Sums of a few such times are still numbers. */
#define ROLLOUT_NEVER_MS (INT64_C(1) << 50)

/* A text as long as the rollout lives; the same text is kept once.  NULL stays NULL. */
const char *rollout_text(struct rollout *r, const char *text);

static inline bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* Between two looks at one node: longer where there are many. */
int64_t probe_interval(const struct rollout *r);
/* It counts against max_unavailable. */
bool node_is_out(const struct rollout *r, const struct rollout_node *node);
bool node_has_new(const struct rollout_node *node);
/* Of a rollout that was superseded: it runs what it boots. */
bool node_stays(const struct rollout *r, const struct rollout_node *node);
/* Long enough with the release, and well at the end of it. */
bool node_baked(const struct rollout *r, const struct rollout_node *node);

/* Something went wrong for good: the first reason is kept, and the policy says what follows. */
void rollout_fail(struct rollout *r, const char *format, ...) printf_like(2, 3);
void rollout_pause(struct rollout *r, enum paused why, const char *format, ...) printf_like(3, 4);
void rollout_unpause(struct rollout *r);
void rollout_enter(struct rollout *r, enum phase phase);
void node_forget(struct rollout *r, struct rollout_node *node); /* must be looked at */
void node_say(struct rollout_node *node, const char *text);

/* sights.c */
void rollout_take(struct rollout *r, const struct sight *sight);
/* Answers that do not come any more. */
void rollout_expire(struct rollout *r);

/* phases.c: true when it went on to another phase or wave. */
bool rollout_advance(struct rollout *r);
void rollout_watch_deadlines(struct rollout *r);

/* schedule.c */
void rollout_schedule(struct rollout *r, struct rollout_actions *actions);

/* waves.c: every node gets its wave; those of a zone are spread over them. */
void rollout_make_waves(struct rollout *r);
