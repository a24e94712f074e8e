// SPDX-License-Identifier: Apache-2.0
/* verdict_running.h - what runs in old code while, and after, the steps are taken. */
#pragma once
#include "upgrade/verdict/verdict_parts.h"

/* ---- verdict_between.c ---- */

/* Servers that are the same, and call libraries of which one is loaded before the other. */
void judge_between(struct judge *judge);

/* ---- verdict_staying.c ---- */

/* Processes that stay in the old code of a module, in what a loop of it can come to (NULL: any),
 * and call changed functions that give them what they do not understand; where nobody catches that.
 */
void judge_staying_calls(struct judge *judge, const struct app_diff *app,
			 const struct module_diff *module, const struct code_function *loop);

/* ---- verdict_caught.c ---- */

/* The functions that are come to by calls of which nobody catches what they raise: from a loop;
 * NULL: from wherever others may call.
 */
const bool *reached_uncaught(const struct code *code, const struct code_function *loop,
			     struct arena *arena);
/* The first call by its full name of which is() says yes, and of which the function catches
 * nothing; NULL: there is none.
 */
const struct beam_function *uncaught_call(const struct code *code,
					  const struct code_function *function,
					  bool (*is)(void *ctx, const struct beam_function *to),
					  void *ctx);
/* The same in all that a loop can come to, where nobody on the way does. */
const struct beam_function *loop_call(const struct code *code, const struct code_function *loop,
				      bool (*is)(void *ctx, const struct beam_function *to),
				      void *ctx);

/* ---- verdict_gone.c ---- */

/* Modules that are gone, and still run. */
void judge_gone(struct judge *judge, const struct app_diff *app, const struct appup_made *made);

/* ---- verdict_order.c ---- */

/* Whether a function is code_change, or does something for it. */
bool is_of_code_change(const struct code *code, const struct code_function *function);

/* code_change that calls processes; applications that are started before what they call changes. */
void judge_order_of_change(struct judge *judge);

/* ---- verdict_steps.c ---- */

/* What runs while what it calls is gone already, or has not come yet, on both ways. */
void judge_steps(struct judge *judge);

/* ---- verdict_loops.c ---- */

/* A function of the module itself that processes which it starts call by its full name, as they
 * come to it: in the code that is there by then.  NULL: none that matches.
 */
const struct beam_function *
begun_call(const struct code *code, struct arena *arena,
	   bool (*matches)(void *ctx, const struct beam_function *function), void *ctx);
/* A function that processes of this module go round in, where they wait, or for good, and from
 * which they never leave for newer code; NULL: none is seen.  One that ends (loop_ends()) only
 * where all do.
 */
const struct code_function *loop_that_stays(struct judge *judge, const struct code *code);
/* Whether any of its functions is one, whoever begins there. */
bool has_loop(struct judge *judge, const struct code *code);
/* What loop_that_stays() finds, of processes that another module lets begin in an exported function
 * of that name. */
const struct code_function *loop_begun_at(struct judge *judge, const struct code *code,
					  const char *name);
/* The same of those that a function of another module comes to last: fun() -> loops:run(S) end. */
const struct code_function *loop_begun_in(struct judge *judge, const struct code *starter,
					  const struct code *code);
/* Whether a function waits by itself, or in one of those that block. */
bool function_waits(const struct code *code, const struct code_function *function);
bool function_blocks(const struct beam_function *function);

/* ---- verdict_ends.c ---- */

/* Whether a function of the old code that goes round by tail calls is seen to end, each time that
 * it is begun, when it has waited for less than a minute: it counts, and waits for known times.
 */
bool loop_ends(struct judge *judge, const struct code *code, const struct code_function *loop);

/* ---- verdict_carried.c ---- */

/* What processes without a behaviour take into the new code by calling it by its full name. */
void judge_carried(struct judge *judge, const struct app_diff *app,
		   const struct module_diff *module);

/* ---- verdict_relup.c ---- */

/* What the relup does to processes: suspends those that cannot be, purges twice, asks
 * applications for a supervisor that they do not have.
 */
void judge_relup(struct judge *judge);
