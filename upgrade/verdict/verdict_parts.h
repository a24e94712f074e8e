// SPDX-License-Identifier: Apache-2.0
/* verdict_parts.h - the rooms inside verdict_reasons(); nothing for other modules. */
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

/* ---- verdict_release.c ---- */

/* Names, versions, what everything stands on, the order of start. */
void judge_release(struct judge *judge);

/* An application of OTP itself that has other files under the same version. */
bool is_otp_rebuilt(const struct app_diff *app);

/* ---- verdict_config.c ---- */

void judge_config(struct judge *judge);

/* ---- verdict_env.c ---- */

/* What changed code asks for, and no configuration names. */
void judge_env_read(struct judge *judge);

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

/* ---- verdict_names.c ---- */

/* By the numbers of the new release's modules: those that are the same and know one of the names,
 * also as that of a behaviour.
 */
bool *modules_naming(struct judge *judge, const struct name_table *names);
/* Whether a module of the old release besides that one has both names, its own and a function's. */
bool named_elsewhere(struct judge *judge, const char *module, const char *function);
/* Whether any module of the old release names an atom: else nothing there is seen to make it. */
bool atom_was_known(struct judge *judge, const char *name);
/* Of a module of the new release that is the same: whether it calls one that changed, by what that
 * gives it may do something else.
 */
bool calls_changed(struct judge *judge, const struct module_at *module);
/* Of any module of the new release: whether it may do something else than before. */
bool module_may_differ(struct judge *judge, const struct module_at *module);

/* ---- verdict_kept.c ---- */

/* What processes of a changed module have from it beside their state. */
void judge_kept_things(struct judge *judge, const struct app_diff *app,
		       const struct module_diff *module);

/* ---- verdict_children.c ---- */

/* Supervisors whose children changed. */
void judge_children(struct judge *judge, const struct appup_made *made);
/* The same of an application that did not change. */
void judge_others_children(struct judge *judge, const struct app_diff *app);

/* ---- verdict_supervisors.c ---- */

/* Supervisors whose init/1 an update runs again. */
void judge_supervisors(struct judge *judge, const struct app_diff *app,
		       const struct appup_made *made);

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

/* ---- verdict_answered.c ---- */

/* A call out of code of the release `side`, of which the answer is given. */
struct answered {
	struct judge *judge;
	enum side side;
	bool (*is)(const void *ctx, const struct beam_function *to,
		   const struct value *const *args);
	const void *ctx;
};

/* Whether a function of that code fails behind the call with all of `news`, where it goes on with
 * one of `olds`.
 */
bool answers_fail(const struct answered *call, const struct code *code,
		  const struct code_function *function, struct values olds, struct values news);
/* Of what only the new release gives, the first with which it fails; NULL: none is seen, or more of
 * them take the place of others with which it failed before.
 */
const struct value *answer_that_fails(const struct answered *call, const struct code *code,
				      const struct code_function *function, struct values olds,
				      struct values news);
/* What the function returns where the call gives these, with the unknown where not all is seen. */
struct values answer_handed_on(const struct answered *call, const struct code *code,
			       const struct code_function *function, struct values answers,
			       struct arena *arena);

/* ---- verdict_ignored.c ---- */

/* Options, keys of the environment and of states that have another name, and are read with a
 * default.
 */
void judge_ignored(struct judge *judge);

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

/* ---- verdict_replies.c ---- */

enum { ANSWERS_MAX = 16 };

struct answers {
	const struct value *items[ANSWERS_MAX];
	size_t len;
	bool more; /* there are others */
};

void answers_add(struct answers *answers, const struct value *value);
bool answers_have(const struct answers *answers, const struct value *value);
/* What the actions of a gen_statem reply; from: only to that one, or NULL. */
void statem_replies(struct answers *answers, const struct value *actions, const struct value *from,
		    struct arena *arena);

enum call_end { CALL_ANSWERED, CALL_LEFT, CALL_POSTPONED };

/* What becomes of a call in some state, the last of these; answers: takes what is answered at once,
 * or NULL.
 */
enum call_end statem_call(struct judge *judge, enum side side, const struct code *code,
			  const struct value *request, struct answers *answers);
/* Adds what its actions reply to who called before. */
void statem_late_replies(struct judge *judge, enum side side, const struct module_at *module,
			 struct answers *answers);

/* ---- verdict_waiting.c ---- */

/* Who waits in the old code for an answer of a server that gives it later. */
void judge_waiting(struct judge *judge);

/* ---- verdict_again.c ---- */

/* Children that are started again with arguments of the old code. */
void judge_again(struct judge *judge);

/* ---- verdict_getters.c ---- */

/* Whether code hands a key to a function, of its own or of another module, that fetches what it is
 * given.
 */
bool gets_key(struct judge *judge, enum side side, const struct code *code, const char *key);

/* ---- verdict_counters.c ---- */

/* Counters that have other places in an array, or in a row. */
void judge_counters(struct judge *judge);

/* ---- verdict_rounds.c ---- */

/* Timers that go round in another way: an interval, or set again by each message. */
void judge_rounds(struct judge *judge);

/* ---- verdict_start.c ---- */

/* Whether a function of the new release runs only while processes or applications start, as far as
 * is seen: all that calls it in its application is init/1, start/2, start_link and the like.
 */
bool runs_at_start(struct judge *judge, struct module_at *module,
		   const struct code_function *function);
/* … so that a call in it is made only then, too: not behind a message that it waits for. */
bool effect_at_start(struct judge *judge, struct module_at *module,
		     const struct code_effect *effect);
/* The same of what a message sets off again, which is sent there: a timer. */
bool goes_on_from_start(struct judge *judge, struct module_at *module,
			const struct code_function *function);
/* Whether children that are started in the upgrade are of that module. */
bool starts_anew(const struct judge *judge, const char *module);

/* ---- verdict_found.c ---- */

/* Processes of changed modules that release_handler does not find, where the code shows it. */
void judge_found(struct judge *judge);
/* A code_change that makes something of states that stay as they are need not be called. */
bool state_changes(struct judge *judge, const struct module_diff *module, enum beam_role role);

/* ---- verdict_messages.c ---- */

/* Messages of the old code that the new code does not understand, and between nodes those of the
 * new code that the old one does not.
 */
void judge_messages(struct judge *judge);
/* The module of a process to which new code sends what only its new code understands; NULL: none.
 */
const char *receiver_not_ready(struct judge *judge, const struct code *sender,
			       const struct code_effect *effect, const struct value **message);
/* Who is sent a message and answers with, or goes on with, what holds something: "the state of
 * bus", in the arena; NULL: nobody is seen to.
 */
const char *kept_by_receiver(struct judge *judge, enum side side, const struct code *self,
			     const struct code_effect *effect,
			     bool (*holds)(void *ctx, const struct value *value), void *ctx);

/* ---- verdict_funs.c ---- */

/* Funs of the old code of a changed module that others keep. */
void judge_funs(struct judge *judge, struct module_at *module);

/* ---- verdict_takers.c ---- */

enum message_kind { MESSAGE_INFO, MESSAGE_CAST, MESSAGE_CALL, MESSAGE_EVENT, MESSAGE_KINDS };

/* "handle_info", "a state" */
const char *message_taker(const struct code *code, enum message_kind kind);
/* Whether a module has no behaviour that takes messages: they are for its loops, if it has any. */
bool message_is_for_loops(const struct module_diff *module);
/* Whether a changed module takes messages of that kind by something that changed. */
bool message_takers_changed(const struct module_diff *module, enum message_kind kind);
/* What the callback returns for a message; *sure: that is all. */
struct values message_answers(const struct code *code, enum message_kind kind,
			      const struct value *message, const struct code_library *library,
			      struct arena *arena, bool *sure);
/* From code of one release, that took a message, to that of the other one, `side`. */
struct message_way {
	struct judge *judge;
	enum side side;
	const struct code *knew, *code;
	bool raises; /* only that is asked; not whether it falls to what takes anything */
};
/* Of a module that is in both; not only what raises. */
struct message_way message_way_to(struct judge *judge, enum side side,
				  const struct module_diff *module);
/* Whether code does not take a message that `knew` did. */
bool message_is_lost(const struct message_way *way, enum message_kind kind,
		     const struct value *message);
/* The same of an event of a gen_statem, in that state; unknown: in some that both have. */
bool event_is_lost(const struct message_way *way, const struct value *type,
		   const struct value *content, const struct value *state);

/* ---- verdict_timeouts.c ---- */

/* Time-outs of a changed module, where they run in the old code, and all else it asks for. */
void judge_timeouts(struct judge *judge, const struct app_diff *app,
		    const struct module_diff *module);

/* A module, on one of the ways between the releases. */
struct asking {
	struct judge *judge;
	const struct app_diff *app;
	const struct module_diff *module;
	enum side from; /* of the code that asks; the other one gets it */
	enum reason_code reason;
	struct message_way way;
};

struct asking asking_of(struct judge *judge, enum side from, const struct app_diff *app,
			const struct module_diff *module);
/* One line is enough for one fact: what is understood neither way is told of the way up. */
bool asking_is_told(const struct asking *asking);
/* what: what the code asks for, "returns time-outs"; taker: who fails */
void tell_asked(const struct asking *asking, const char *what, const char *taker);

/* ---- verdict_asked.c ---- */

/* Messages that come by themselves, since it asked for them: monitors, tasks, sockets. */
void judge_all_asked(const struct asking *asking);

/* ---- verdict_nodes.c ---- */

/* rpc:call(Node, M, F, A) and its like of a function that the old release does not have; other
 * effects are none of those.
 */
void judge_rpc(struct judge *judge, struct module_at *module, const struct code_effect *effect);

/* ---- verdict_named.c ---- */

/* Functions that processes and tables keep by name, and that are gone: {M, F, Args}, fun M:F/A. */
void judge_named(struct judge *judge);

/* ---- verdict_rebuilt.c ---- */

/* Modules that are the same, and were compiled against what has changed. */
void judge_not_rebuilt(struct judge *judge);

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

/* ---- verdict_moves.c ---- */

void judge_moves(struct judge *judge);

/* ---- verdict_calls.c ---- */

/* Functions that are called, and are not there. */
void judge_calls(struct judge *judge);

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

/* ---- verdict_top.c ---- */

/* Applications without the supervisor that release_handler asks for its children. */
void judge_tops(struct judge *judge);

/* ---- verdict_relup.c ---- */

/* What the relup does to processes: suspends those that cannot be, purges twice, asks
 * applications for a supervisor that they do not have.
 */
void judge_relup(struct judge *judge);
