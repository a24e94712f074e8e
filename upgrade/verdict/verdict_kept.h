// SPDX-License-Identifier: Apache-2.0
/* verdict_kept.h - what is kept elsewhere than in a state: in tables, terms, other processes; by
 * name. */
#pragma once
#include "upgrade/verdict/verdict_parts.h"

/* ---- verdict_stored.c ---- */

enum stored {
	STORED_ROWS,
	STORED_TERM,
	STORED_IN_PROCESS,
	STORED_IN_REGISTRY,
	STORED_META,
	STORED_ENV,
	STORED_IN_SERVER,
	STORED_ELSEWHERE
};

/* What stands at a place, and what the release that finds it puts there itself. */
struct stored_at {
	enum stored stored;
	const char *place; /* the name of a table, the key of a term, as text */
	const char *by;    /* a module that puts it there */
	enum side to;      /* the release that finds it */
	const struct type *there, *made;
	const char *server; /* that is asked for it by calls, and has it itself or in a table, or
			       NULL */
};

/* Whether that names the place. */
bool stored_is_at(const struct value *where, const struct stored_at *at, struct arena *arena);

/* The same of a module that is the same, and stores what others make. */
void judge_stored_by(struct judge *judge, struct module_at *old, struct module_at *module,
		     const struct code *old_code, const struct code *code);

/* Rows of tables, persistent terms and the like that a module makes otherwise. */
void judge_stored(struct judge *judge);

/* ---- verdict_served.c ---- */

struct eval;

/* What a server that is the same keeps for a changed module of the new release. */
void judge_served(struct judge *judge, struct module_at *module);
/* gen_server:call and its like. */
bool effect_calls_server(const struct beam_function *to);
/* What its callers get for a message, each once. */
struct values server_answers(struct eval *eval, const struct code *code,
			     const struct value *message, const struct value *state);

/* ---- verdict_read.c ---- */

/* A function that reads it and raises, where it does not with what its own release puts there:
 * "module:name/1"; NULL: none is seen.
 */
const char *reader_that_fails(struct judge *judge, const struct stored_at *at);
/* Whether all that read it are seen to go on with it as with what their own release puts there. */
bool readers_go_on(struct judge *judge, const struct stored_at *at);

/* ---- verdict_shared.c ---- */

/* Records and structs that changed, and are kept by others than the processes of their module. */
void judge_shared(struct judge *judge);

/* ---- verdict_given.c ---- */

/* Whether functions of a changed module return something of another shape; takes them as
 * "module:name/arity".
 */
bool gives_otherwise(struct judge *judge, const struct module_diff *module,
		     struct name_table *given);
/* Adds to `names` those modules, and to `given` their functions, that hand such things on: they
 * call what is in `given`, and what they return has another shape for it.
 */
void given_through(struct judge *judge, struct name_table *names, struct name_table *given);

/* ---- verdict_plugins.c ---- */

/* What servers keep for changed modules that they call by names they were given. */
void judge_plugins(struct judge *judge);

/* ---- verdict_managers.c ---- */

/* Whether an event that goes to a manager may come to a handler: not where all that adds it is seen
 * to add it to others.
 */
bool handler_may_get(struct judge *judge, const struct value *manager, const char *handler);

/* ---- verdict_kept.c ---- */

/* What processes of a changed module have from it beside their state. */
void judge_kept_things(struct judge *judge, const struct app_diff *app,
		       const struct module_diff *module);

/* ---- verdict_ignored.c ---- */

/* Options, keys of the environment and of states that have another name, and are read with a
 * default.
 */
void judge_ignored(struct judge *judge);

/* ---- verdict_getters.c ---- */

/* Whether code hands a key to a function, of its own or of another module, that fetches what it is
 * given.
 */
bool gets_key(struct judge *judge, enum side side, const struct code *code, const char *key);

/* ---- verdict_counters.c ---- */

/* Counters that have other places in an array, or in a row. */
void judge_counters(struct judge *judge);

/* ---- verdict_funs.c ---- */

/* Funs of the old code of a changed module that others keep. */
void judge_funs(struct judge *judge, struct module_at *module);

/* ---- verdict_named.c ---- */

/* Functions that processes and tables keep by name, and that are gone: {M, F, Args}, fun M:F/A. */
void judge_named(struct judge *judge);
