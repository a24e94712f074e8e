// SPDX-License-Identifier: Apache-2.0
/* verdict_parts.h - the rooms inside verdict_reasons(); nothing for other modules. */
#pragma once
#include "release/name_table.h"
#include "upgrade/verdict.h"

enum side { SIDE_OLD, SIDE_NEW };

/* A module of one of the releases. */
struct judge_module {
	const char *name;
	const struct app_diff *app;
	const struct module_diff *diff; /* one that is not the same in both, or … */
	const struct module_same *same; /* … is; both NULL: of an application that came or went */
	const struct beam_facts *facts; /* when they were asked for */
	const struct code *code;
};

struct judge_modules {
	struct name_table *names; /* of … */
	struct judge_module *items;
};

struct judge {
	struct arena *arena;
	const struct diff *diff;
	const struct appups *appups;
	const struct term *up, *down; /* the relup's steps */
	struct reasons *reasons;
	struct judge_modules modules[2]; /* of each side */
	struct error *err;
	bool failed; /* something could not be read: *err says what */
};

/* JUDGE(judge, code, application, module, format, …) */
#define JUDGE(judge, ...) reason_add((judge)->arena, (judge)->reasons, __VA_ARGS__)

/* ---- verdict_modules.c ---- */

void judge_modules_init(struct judge *judge);
void judge_modules_done(struct judge *judge);
/* NULL: that release has none of that name. */
struct judge_module *judge_find(const struct judge *judge, enum side side, const char *module);
/* NULL: it cannot be read, which is noted in judge->failed. */
const struct beam_facts *judge_facts(struct judge *judge, enum side side,
				     struct judge_module *module);
/* The same for what its functions do. */
const struct code *judge_code(struct judge *judge, enum side side, struct judge_module *module);

/* ---- verdict_release.c ---- */

/* Names, versions, what everything stands on, the order of start. */
void judge_release(struct judge *judge);

/* ---- verdict_config.c ---- */

void judge_config(struct judge *judge);

/* ---- verdict_module.c ---- */

/* A module that changed, by instructions that somebody wrote or that are generated. */
void judge_module(struct judge *judge, const struct app_diff *app,
		  const struct module_diff *module, bool generated);

/* ---- verdict_state.c ---- */

/* A changed module whose processes, or whose structs, live on. */
void judge_state(struct judge *judge, const struct app_diff *app, const struct module_diff *module);

/* ---- verdict_children.c ---- */

/* A changed module that starts children. */
void judge_children(struct judge *judge, const struct app_diff *app,
		    const struct module_diff *module);

/* ---- verdict_moves.c ---- */

void judge_moves(struct judge *judge);

/* ---- verdict_calls.c ---- */

/* Functions that are called, and are not there. */
void judge_calls(struct judge *judge);

/* ---- verdict_loops.c ---- */

/* A function in which processes of this module wait for messages, and from which they never
 * leave for newer code; NULL: none is seen.
 */
const struct code_function *loop_that_stays(const struct code *code, struct arena *arena);

/* ---- verdict_top.c ---- */

/* Applications without the supervisor that release_handler asks for its children. */
void judge_tops(struct judge *judge);

/* ---- verdict_relup.c ---- */

/* What the relup does to processes: suspends those that cannot be, purges twice, asks
 * applications for a supervisor that they do not have.
 */
void judge_relup(struct judge *judge);
