// SPDX-License-Identifier: Apache-2.0
/* verdict_parts.h - the rooms inside verdict_reasons(); nothing for other modules. */
#pragma once
#include "upgrade/verdict/verdict.h"

struct judge {
	struct arena *arena;
	const struct diff *diff;
	const struct appups *appups;
	const struct term *up, *down; /* the relup's steps */
	struct reasons *reasons;
	struct modules *modules;
	/* The relup starts a new emulator before it changes anything: no process lives through
	 * it, so that only what holds for a fresh start is told.
	 */
	bool anew;
};

/* JUDGE(judge, code, application, module, format, …) */
#define JUDGE(judge, ...) reason_add((judge)->arena, (judge)->reasons, __VA_ARGS__)

/* ---- verdict_release.c ---- */

/* Names, versions, what everything stands on, the order of start. */
void judge_release(struct judge *judge);

/* An application of OTP itself that has other files under the same version. */
bool is_otp_rebuilt(const struct app_diff *app);

/* ---- verdict_config.c ---- */

void judge_config(struct judge *judge);

/* ---- verdict_agent.c ---- */

/* The state of Elixir's agents that a changed module starts. */
void judge_agents(struct judge *judge, const struct app_diff *app,
		  const struct module_diff *module);

/* ---- verdict_module.c ---- */

/* A module that changed, by instructions that somebody wrote or that are generated. */
void judge_module(struct judge *judge, const struct app_diff *app, const struct module_diff *module,
		  bool generated);

/* ---- verdict_state.c ---- */

/* A changed module whose processes, or whose structs, live on. */
void judge_state(struct judge *judge, const struct app_diff *app, const struct module_diff *module);

struct code_shape;
/* Whether code that makes states of the shape `to` can go on with one of the shape `from`. */
bool shape_fits(const struct code *code, const struct code_shape *from,
		const struct code_shape *to);

/* Whether the state that its processes start with is seen, and has the same shape as before. */
bool state_stays(struct judge *judge, const struct app_diff *app, const struct module_diff *module);

/* ---- verdict_kept.c ---- */

/* What processes of a changed module have from it beside their state. */
void judge_kept_things(struct judge *judge, const struct app_diff *app,
		       const struct module_diff *module);

/* ---- verdict_children.c ---- */

/* Supervisors whose children changed. */
void judge_children(struct judge *judge, const struct appup_made *made);

/* Every atom that a module knows; to be freed. */
struct name_table *atoms_of(const struct code *code);

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
