// SPDX-License-Identifier: Apache-2.0
/* verdict_states.h - whether processes go on with the state that they have. */
#pragma once
#include "upgrade/verdict/verdict_parts.h"

/* ---- verdict_agent.c ---- */

/* The state of Elixir's agents that a changed module starts. */
void judge_agents(struct judge *judge, const struct app_diff *app,
		  const struct module_diff *module);
/* The same of those that a module starts which is the same; once. */
void judge_agents_of_same(struct judge *judge, struct module_at *module);
/* … where changed ones ask them. */
void judge_agents_asked(struct judge *judge);

/* ---- verdict_agent_uses.c ---- */

struct type;

/* The agents that a module starts, in one of the releases. */
struct agent {
	const char *name; /* NULL: not seen */
	const struct code *code;
	enum side side;
	struct type *type;  /* of its state */
	bool only_named;    /* what is asked by a name that is not seen is not it */
	const char *by_way; /* of this module's functions it is asked, not of its own; or NULL */
};

/* What its functions make of the state goes into its type, too. */
void agent_grow(struct judge *judge, const struct agent *agent);
/* A function that never returns with some state that the agent of the other release has, where it
 * does with its own: "get/1"; NULL: none is seen.
 */
const char *agent_use_that_fails(struct judge *judge, const struct agent *agent,
				 const struct agent *maker);
/* With VALUE_ANY_KEY for keys of maps that are not seen. */
const struct value *value_with_key(const struct value *value, struct arena *arena);

/* ---- verdict_assigns.c ---- */

/* Assigns of pages and channels that live on. */
void judge_assigns(struct judge *judge, const struct app_diff *app,
		   const struct module_diff *module);

/* ---- verdict_components.c ---- */

/* Assigns of the components of pages that live on. */
void judge_component_assigns(struct judge *judge, const struct app_diff *app,
			     const struct module_diff *module);

/* ---- verdict_handed.c ---- */

/* States that a module hands out, and others keep and hand back. */
void judge_handed(struct judge *judge, const struct app_diff *app,
		  const struct module_diff *module);

/* ---- verdict_pages.c ---- */

/* Closures in sockets, components that are thrown away. */
void judge_pages(struct judge *judge, const struct app_diff *app, const struct module_diff *module);
/* Closures of the library itself, where that changes. */
void judge_own_closures(struct judge *judge);

/* ---- verdict_module.c ---- */

/* A module that changed. */
void judge_module(struct judge *judge, const struct app_diff *app,
		  const struct module_diff *module);

/* An appup by hand that has code_change called of modules that are the same: it may be written for
 * an older step.
 */
void judge_stale(struct judge *judge, const struct app_diff *app, const struct appup_made *made);

/* ---- verdict_state.c ---- */

/* A changed module whose processes, or whose structs, live on. */
void judge_state(struct judge *judge, const struct app_diff *app, const struct module_diff *module);

/* Whether the appup has code_change of a module called: one by hand may load the module and leave
 * its processes alone.
 */
bool code_change_is_asked(const struct judge *judge, const struct app_diff *app,
			  const char *module);

struct code_shape;
/* Whether code that makes states of the shape `to` can go on with one of the shape `from`. */
bool shape_fits(const struct code *code, const struct code_shape *from,
		const struct code_shape *to);

struct type;

/* ---- verdict_bridge.c ---- */

/* The state of a supervisor_bridge. */
void judge_bridge(struct judge *judge, const struct app_diff *app,
		  const struct module_diff *module);

/* ---- verdict_statem.c ---- */

/* A state that is a function, and no longer there; NULL: none. */
const char *state_gone(const struct module_diff *module);
/* The same, or {Name, …} that handle_event/4 of the new code takes nowhere: as text. */
const char *state_not_taken(struct judge *judge, const struct module_diff *module);

/* ---- verdict_cope.c ---- */

/* Code of a release that goes on with what other code made. */
struct heir {
	struct judge *judge;
	enum side side;
	const struct code *code;
	const struct code *maker; /* that went on with it before; NULL: code_change made it */
	enum beam_role role;      /* whose callbacks are tried: one bit of BEAM_PROCESS */
};

/* Whether all callbacks are seen to do with a state of the type `before` as much as with one of
 * `after`.
 */
bool callbacks_cope(const struct heir *heir, const struct type *before, const struct type *after);

/* A callback that fails for some state of the type `before`, where it goes on with those of the
 * type `after`: "handle_call/3, given stop"; NULL: none is seen to.
 */
const char *callback_that_fails(const struct heir *heir, const struct type *before,
				const struct type *after);

/* ---- verdict_triable.c ---- */

struct type_diff;
/* What is taken out of a list, or found under a key that is computed, is not seen where it is used.
 */
bool can_be_seen_in_use(const struct type_diff *diff);
/* Whether code asks more often than the one before whether something is of a kind, a bit of
 * term_kind: it may make what it wants of that.
 */
bool asks_newly_for(const struct code *code, const struct code *maker, unsigned kinds);
/* Whether trying code with one state in place of the other shows what becomes of all that differs.
 *
 * maker  the code that went on with it before
 */
bool can_be_tried_with(struct judge *judge, enum side side, const struct code *code,
		       const struct code *maker, const struct type *before,
		       const struct type *after);

/* ---- verdict_told_apart.c ---- */

struct code_function;
struct value;
/* Atoms and tuples that a callback compares something with: some of them are messages.  Where it
 * compares nothing, one that it calls may: handle_call(Req, From, S) -> call(Req, From, up(S)). How
 * many there are, up to `max`.
 *
 * message  which argument of the callback is
 */
size_t messages_told_apart(const struct value **out, size_t max, const struct code *code,
			   const struct code_function *function, unsigned message,
			   struct arena *arena);
/* Adds those that it tells by what they are: {Id, …}, maps, texts. */
size_t messages_of_kinds(const struct value **out, size_t len, size_t max,
			 const struct code_function *function, unsigned message,
			 struct arena *arena);

/* ---- verdict_types.c ---- */

/* A module with processes, as it is in both releases. */
struct typed {
	const struct app_diff *app;
	const char *name;
	const struct code *old_code, *new_code;
	const struct beam_facts *old_facts;
	enum beam_role role;
	bool keeps; /* code_change hands the state on, or is not called */
};

/* The state below its first level, and where it cannot be seen. */
void judge_types(struct judge *judge, const struct typed *typed);
/* What in the code of `side` fails for states of the type `before`, where it goes on with those of
 * the type `after`: "handle_call/3, given stop"; NULL: nothing is seen to.
 */
const char *what_fails(struct judge *judge, enum side side, const struct typed *typed,
		       const struct type *before, const struct type *after);

/* ---- verdict_unseen.c ---- */

/* The sizes of tuples that code tells something from, a bit for each. */
uint64_t sizes_told_apart(const struct code *code);
/* What is not seen of the states, and is taken for something else than before. */
void judge_unseen(struct judge *judge, const struct typed *typed, const struct type *before,
		  const struct type *after);

/* ---- verdict_argument.c ---- */

/* What is seen where each kind of thing is tried that a start may be given, and the state of one of
 * the releases keeps.
 */
struct argument {
	const struct type_diff
		*harm; /* whichever kind it is, the new code fails; NULL: not seen to */
	bool alike;    /* whichever it is, both releases go on with the same */
};
/* diffs: between the states before and after */
struct argument argument_seen(const struct heir *heir, const struct typed *typed,
			      const struct type *before, const struct type *after,
			      struct type_diffs diffs);

/* ---- verdict_lost.c ---- */

/* "M", or "M that run P", of one whose plugin is looked at. */
const char *process_shown(const struct judge *judge, const struct typed *typed);
/* What is lost from sight otherwise than in the same function, which does the same; NULL: nothing.
 *
 * earlier  what was lost with less time: in other places what was seen then was the same; or NULL
 */
const struct type_diff *first_lost(struct judge *judge, const struct typed *typed,
				   struct type_diffs diffs, const struct type_diffs *earlier);
void judge_lost(struct judge *judge, const struct typed *typed, const struct type_diff *diff);
/* The state of one side, looked for with more time. */
const struct type *looked_for(struct judge *judge, enum side side, const struct typed *typed);
/* Whether something is lost even so. */
bool state_is_lost(struct judge *judge, const struct typed *typed, const struct type *before,
		   const struct type *after);

/* ---- verdict_harm.c ---- */

/* The first of some differences for which code cannot go on with a value; NULL: none is seen to be
 * one.
 *
 * converted  code_change made the value: it should be as the new code makes it, whoever understands
 *            what it was
 */
const struct type_diff *first_harm(const struct heir *heir, struct type_diffs diffs,
				   bool converted);
/* The same of all differences between two types, of a value that nobody converted. */
const struct type_diff *type_harm(const struct heir *heir, const struct type *before,
				  const struct type *after);
/* "the tuple item had 2 elements and has 3 (under jobs)" */
const char *type_diff_shown(struct arena *arena, const struct type_diff *diff);

/* Whether code, or what it calls or stands beside it in its application, makes terms of binaries:
 * others hand on, compare or hash what term_to_binary gave.
 */
bool binaries_are_read(struct judge *judge, enum side side, const struct code *code);
/* Whether it calls functions of a module. */
bool imports_from(const struct code *code, const char *module);
/* Whether is() says yes to the code, or to a changed module that it calls: who made a value, or
 * reads it, may be that.
 */
bool code_or_library(struct judge *judge, enum side side, const struct code *code,
		     bool (*is)(const struct code *code, const void *what), const void *what);
/* Whether they may put a key into a map of which not all is seen. */
bool may_put_key(struct judge *judge, enum side side, const struct code *code, const char *key);
/* Whether the code, or a changed module that it calls, takes a key of a map to be there. */
bool reads_key(struct judge *judge, enum side side, const struct code *code, const char *key);

/* ---- verdict_keys.c ---- */

/* Whether code that finds a map whose computed keys are of another kind than it makes looks up
 * those, too, as far as is seen; or none by a key.
 */
bool keys_found(struct judge *judge, enum side side, const struct code *code,
		const struct type_diff *diff);
