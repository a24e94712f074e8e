// SPDX-License-Identifier: Apache-2.0
/* verdict_starts.h - what only a start makes: children, names, tables, timers. */
#pragma once
#include "upgrade/verdict/verdict_parts.h"

/* ---- verdict_children.c ---- */

/* Supervisors whose children changed. */
void judge_children(struct judge *judge, const struct appup_made *made);
/* The same of an application that did not change. */
void judge_others_children(struct judge *judge, const struct app_diff *app);

/* ---- verdict_supervisors.c ---- */

/* Supervisors whose init/1 an update runs again. */
void judge_supervisors(struct judge *judge, const struct app_diff *app,
		       const struct appup_made *made);

/* ---- verdict_registered.c ---- */

/* The changed module whose process the old release registers under a name that is not its own;
 * NULL: none is seen.
 */
const char *module_registered_as(struct judge *judge, const char *name);
/* Adds the names under which processes of those modules run. */
void add_registered_names(struct judge *judge, struct name_table *names);

/* ---- verdict_taken.c ---- */

/* New children that register, or make, what a process that runs on has. */
void judge_taken(struct judge *judge);

/* ---- verdict_again.c ---- */

/* Children that are started again with arguments of the old code. */
void judge_again(struct judge *judge);

/* ---- verdict_start.c ---- */

/* Whether a function of the new release runs only while processes or applications start, as far as
 * is seen: all that calls it in its application is init/1, start/2, start_link and the like.
 */
bool runs_at_start(struct judge *judge, struct module_at *module,
		   const struct code_function *function);
/* … so that a call in it is made only then, too: not behind a message that it waits for. */
bool effect_at_start(struct judge *judge, struct module_at *module,
		     const struct code_effect *effect);
/* The same of what a message sets off again, which is sent there: a timer; begun: a start is seen
 * to send the message.
 */
bool goes_on_from_start(struct judge *judge, struct module_at *module,
			const struct code_function *function, bool begun);
/* Whether children that are started in the upgrade are of that module. */
bool starts_anew(const struct judge *judge, const char *module);

/* ---- verdict_found.c ---- */

/* Processes of changed modules that release_handler does not find, where the code shows it. */
void judge_found(struct judge *judge);
/* A code_change that makes something of states that stay as they are need not be called. */
bool state_changes(struct judge *judge, const struct module_diff *module, enum beam_role role);

/* ---- verdict_rows.c ---- */

/* Rows of tables that only a start puts in.  After judge_wiring(): where the table itself is told
 * of, its rows are not.
 */
void judge_rows(struct judge *judge);

/* ---- verdict_wiring.c ---- */

/* Tables, names, timers, subscriptions that only a start makes, and the new code makes otherwise.
 */
void judge_wiring(struct judge *judge);

/* ---- verdict_beside.c ---- */

/* Handlers that changed modules add under another name than before.  After what is wired. */
void judge_beside(struct judge *judge);
/* Whether a start of a module that changed makes tables, names or the like, of which there may be
 * several.
 */
bool makes_at_start(struct judge *judge, struct module_at *module);

/* ---- verdict_shards.c ---- */

/* Things that a start makes by a count, of which the code takes one. */
void judge_shards(struct judge *judge);

/* ---- verdict_top.c ---- */

/* Applications without the supervisor that release_handler asks for its children. */
void judge_tops(struct judge *judge);
