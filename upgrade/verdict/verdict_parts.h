// SPDX-License-Identifier: Apache-2.0
/* verdict_parts.h - what all rooms inside verdict_reasons() share; nothing for other modules.  What
 * they are to each other stands by topics in verdict_release.h, _states.h, _kept.h, _messages.h,
 * _starts.h and _running.h.
 */
#pragma once
#include "base/name_table.h"
#include "erlang/code/children.h"
#include "erlang/code/code_effects.h"
#include "upgrade/diff/stays.h"
#include "upgrade/verdict/verdict.h"

struct judge {
	struct arena *arena;
	const struct diff *diff;
	const struct appups *appups;
	const struct term *up, *down; /* the relup's steps */
	struct reasons *reasons;
	struct modules *modules;
	/* As the modules' own, also while those take an unknown module for `plugin`: others look
	 * at it.
	 */
	struct code_library library[SIDES];
	struct watched *watched[SIDES]; /* modules that were asked for, by their number */
	struct effects_batch *batches;  /* that are followed beside, the last one first */
	unsigned read_steps;            /* that readers of what is stored were tried for */
	unsigned between_steps;         /* that judge_between() took */
	bool *agents;  /* for judge_agents_of_same(), when it was asked, by their number */
	bool *callers; /* for calls_changed(), when it was asked, by the numbers of new modules */
	const char *plugin; /* that the libraries take an unknown module for, or NULL */
	/* The relup starts a new emulator before it changes anything: no process lives through
	 * it, so that only what holds for a fresh start is told.
	 */
	bool anew;
	const struct process_name *registered; /* names of processes, once they are known */
	bool knows_registered;
	struct aside *aside; /* it looks beside another one, which has its say first; or NULL */
};

struct prepared;
struct watched {
	struct code_watch *watch;  /* NULL: not asked for */
	struct prepared *prepared; /* NULL: nobody else follows it */
	struct effects_batch *batch;
};

/* One that has been told nothing. */
struct judge judge_of(struct modules *modules);

/* JUDGE(judge, code, application, module, format, …) */
#define JUDGE(judge, ...) reason_add((judge)->arena, (judge)->reasons, __VA_ARGS__)

/* ---- verdict_aside.c ---- */

/* Whether there is such a finding about a module already. */
bool is_told(const struct judge *judge, enum reason_code code, const char *module);
/* Begins to judge beside the caller, who goes on with other things. */
struct aside *aside_begin(struct judge *judge, void (*judging)(struct judge *judge));
/* Tells what it found, behind what the caller told meanwhile: as if it had only begun now. */
void aside_end(struct aside *aside);

/* ---- verdict_parts.c ---- */

/* Every atom that a module knows; to be freed. */
struct name_table *atoms_of(const struct code *code);
/* Whether the code wants a key of a map to be there: K in a pattern, map.k, %{map | k: v}. */
bool wants_key(const struct code *code, const char *key);
/* Whether a pattern names a key, whatever becomes of a map that lacks it. */
bool matches_key(const struct code *code, const char *key);
/* As wants_key(), of calls alone: maps:get(K, Map), Map.fetch!(map, K). */
bool fetches_key(const struct code *code, const char *key);
/* verdict_try.c: whether an instruction that fails with error:{Reason, _} stands in a try or catch
 * alone that takes that.
 */
bool fetch_is_caught(const struct code *code, const struct code_function *function, size_t at,
		     const char *reason);
/* A constant that is put into the register of an argument, right in front of a call; NULL: none is.
 */
const struct term *argument_at(const struct code_function *function, size_t at, uint64_t nr);
bool function_wants_key(const struct code *code, const struct code_function *function,
			const char *key);
/* Whether an instruction of it names an atom. */
bool function_names(const struct code_function *function, const char *name);
/* Whether it makes a fun in its own body. */
bool function_makes_fun(const struct code_function *function);
/* An appup by hand that has a way back, on which it does nothing about the state of the processes
 * of a module.
 */
bool goes_back_as_it_is(const struct judge *judge, const struct app_diff *app, const char *module);
/* kernel, stdlib, sasl: what each release has, whatever else. */
bool is_base(const char *app);
/* Of a supervisor, or the callback module of an application; NULL: it is none, or cannot be read.
 */
const struct code *starting_code(struct judge *judge, enum side side, const char *module);
/* The children that such a module starts. */
struct children module_children(struct judge *judge, enum side side, const char *module,
				struct arena *arena);

/* Instructions that were come to. */
enum { SPOTS_MAX = 64 };
struct spot {
	const struct code_function *in;
	size_t at;
};
struct spots {
	struct spot items[SPOTS_MAX]; /* each once */
	size_t len;                   /* SPOTS_MAX: there may be others */
};
struct eval;
/* Where something is that is being followed. */
struct spot spot_of(const struct eval *eval);
bool spots_have(const struct spots *spots, struct spot spot);
/* False: it is among them, or they are full. */
bool spots_add(struct spots *spots, struct spot spot);

/* ---- verdict_names.c ---- */

/* By the numbers of the new release's modules: those that are the same and know one of the names,
 * also as that of a behaviour.
 */
bool *modules_naming(struct judge *judge, const struct name_table *names);
/* Whether a module of the old release besides that one has both names, its own and a function's. */
bool named_elsewhere(struct judge *judge, const char *module, const char *function);
/* Whether any module of the old release names an atom, or one of OTP or Elixir that these call puts
 * it into maps or pairs: else nothing there is seen to make it a key.
 */
bool atom_was_known(struct judge *judge, const char *name);
/* Of a module of the new release that is the same: whether it calls one that changed, by what that
 * gives it may do something else.
 */
bool calls_changed(struct judge *judge, const struct module_at *module);
/* Of any module of the new release: whether it may do something else than before. */
bool module_may_differ(struct judge *judge, const struct module_at *module);

/* ---- verdict_effects.c ---- */

/* Begins to follow all that changed, on other cores: who asks for a module then finds it followed,
 * waits for it, or follows it himself.
 */
void effects_begin(struct judge *judge);
/* The same of others in both releases, by their number in the new one. */
void effects_begin_of(struct judge *judge, const bool *wanted);
/* What nobody asked for is left. */
void effects_end(struct judge *judge);
/* For a judge that looks beside another one: it shares what is followed for all. */
void effects_share(struct judge *judge, const struct judge *other);
/* What a module does to the world: tables, names, timers, messages, starts of processes.
 *
 * asked  the calls that matter: others may be among the results, or not
 */
struct code_effects effects_of(struct judge *judge, enum side side, struct module_at *module,
			       effect_asked *asked);
/* All of it, and behind it what functions of other modules do for it, in the function that calls
 * those.
 */
struct code_effects effects_through(struct judge *judge, enum side side, struct module_at *module);
/* To ask for: any of these calls; those that start something, or add a handler. */
effect_asked effect_any, effect_starts;
/* Whether it is a call of module:name; arity 0: of any. */
bool effect_is(const struct code_effect *effect, const char *module, const char *name,
	       uint32_t arity);

/* spawn_link(M, F, A), proc_lib:start_link(M, F, A), Task.start_link(M, F, A), of a module: the
 * function's name, and *args (unless NULL) the list behind it.  NULL: another call.
 */
const char *effect_begins(const struct code_effect *effect, const char *module,
			  const struct value **args);

/* ---- verdict_absent.c ---- */

/* Whether a function that fetches a key of the process dictionary goes on where it is not there. */
bool fetch_goes_on(const struct code *code, const struct code_function *function,
		   const struct value *key);

/* ---- verdict_acts.c ---- */

enum resource { TABLE, KEPT_TERM, NAME, DICTIONARY, GROUP };

struct act {
	enum resource resource;
	bool makes; /* or uses it */
	const char *key;
	const struct value *value; /* of the key */
};

/* False: it is none of these calls, or the key cannot be seen. */
bool act_read(struct act *act, const struct code_effect *effect, struct arena *arena);
bool act_is_of(const struct act *act, const struct act *other);
/* The same, or with a text in the key of which not all is seen, so that it may be. */
bool act_may_be_of(const struct act *act, const struct act *other);
/* Whether ets:new(…, Options) makes one that others find by its name. */
bool table_is_named(const struct value *options, struct arena *arena);
/* Whether a function looks first whether a name or a table is there, or catches what is raised. */
bool function_is_careful(const struct code *code, const struct code_function *function);
/* The same of all its calls of another one, where these stand. */
bool calls_are_careful(const struct code *code, const struct code_function *function,
		       const struct beam_function *to);
struct eval_frame;
/* Whether some function on the way to a call does. */
bool call_is_careful(const struct eval_frame *at);

/* The atom under which such a call registers a process, locally; NULL: none. */
const char *started_as(const struct code_effect *effect, struct arena *arena);
