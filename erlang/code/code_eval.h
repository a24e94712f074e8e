// SPDX-License-Identifier: Apache-2.0
/* code_eval.h - what a function returns, as far as that can be seen in its code.
 *
 * The function is followed through all of its branches with values that are known in part
 * (code_value.h); tests whose outcome is known are decided, others go both ways.  Calls inside
 * the module are followed too, and those to modules of pure functions that can be opened.
 * All else gives an unknown value.  Work is bounded: code that takes more is not known.
 */
#pragma once
#include "erlang/code/code_value.h"

enum {
	EVAL_STEPS = 50000,  /* instructions, of all branches and functions together */
	EVAL_REMOTE = 4000,  /* those of a call of another module */
	EVAL_ROUNDS = 3,     /* of a recursion that nothing which is known brings to an end */
	EVAL_OUTCOMES = 32,  /* different values that a function may return … */
	EVAL_RESULTS = 4096, /* … where it is the one that is asked for, and its calls share */
	EVAL_DEPTH = 100,    /* calls inside calls */
};

struct values {
	const struct value **items;
	size_t len, cap;
};

/* How code finds other modules.
 *
 * open    asked for one name often, so it should remember its answers; NULL: there is none.  The
 *         result is borrowed as long as the values made from it.  Without "lists" and Elixir's
 *         "Elixir.Enum", "Elixir.Keyword", calls of those are not followed.
 * follow  whether calls of a module are followed though it is not known to be pure; NULL: none is
 * plugin  the module that one is taken for which is not known, where that has the function that is
 *         called: Mod:handle(Event, State); NULL: none
 * env     the value of a key of an application's environment that the release configures, in a
 *         file or in flags that are seen; NULL, also of the function: it is not known
 */
struct code_library {
	const struct code *(*open)(void *ctx, const char *module);
	bool (*follow)(void *ctx, const char *module);
	void *ctx;
	const char *plugin;
	const struct term *(*env)(void *ctx, const char *app, const char *key);
};

/* A function that is being followed. */
struct eval_frame {
	const struct eval_frame *caller;
	const struct code *code;
	const struct code_function *function;
	const struct value *const *args;
	const size_t *others; /* how many other ways were left for later */
};

struct eval {
	struct arena *arena;   /* takes all values */
	struct arena *scratch; /* of the functions that are being followed; NULL: none is */
	const struct code_library *library; /* NULL: none */
	/* Called at each call of a function of another module, with what it is given; may be
	 * NULL.  One place in the code may be come by more than once.
	 */
	void (*on_call)(void *ctx, const struct beam_function *function,
			const struct value *const *args);
	/* Called where a fun, or a function of a module, is called that is not known; may be NULL.
	 */
	void (*on_blind)(void *ctx, const struct value *const *args, size_t arity);
	/* Called where a key is fetched by map_get/2 that raises when it is not there; may be NULL.
	 */
	void (*on_fetch)(void *ctx, const struct value *key);
	/* Called where a map is matched with a key that does not stand in the code; may be NULL. */
	void (*on_match)(void *ctx, const struct value *key);
	/* Asked what such a call returns, nothing when it never does; false: that is not known
	 * otherwise than from its code.  May be NULL.
	 */
	bool (*answer)(void *ctx, const struct beam_function *function,
		       const struct value *const *args, struct values *out);
	/* Called before a function of the module that calls it is followed, be it another one than
	 * was begun with (top->code tells); by_name: a fully qualified call.  True: it is not
	 * followed, and this way ends there.  May be NULL.
	 */
	bool (*on_enter)(void *ctx, const struct code_function *function,
			 const struct value *const *args, bool by_name);
	/* Called where a way ends by an exception that nobody catches, or since no clause matches.
	 * May be NULL.
	 */
	void (*on_raise)(void *ctx);
	void *ctx;
	struct eval_memo *memo; /* code_memo.h; NULL: nothing is remembered */
	/* What stands first in the mailbox when it is looked into; NULL: nothing is known of it. */
	const struct value *message;
	bool missed;           /* the last way that ended so did, since a map has no such key */
	bool left;             /* some `receive` has no clause for it, and leaves it there */
	size_t at;             /* behind what those are told of, in top's function */
	bool waited;           /* a message was received on the way there */
	unsigned caught;       /* how many `try` and `catch` the callers are inside of */
	unsigned steps, depth; /* so far: zero at first */
	unsigned limit;        /* of steps; 0: EVAL_STEPS */
	const struct eval_frame *top; /* what is being followed; on_call() may look at it */
	bool cut;                     /* a recursion was left before its end … */
	bool cut_counting;            /* … that counts, and might have come to one */
	bool counts;                  /* those are followed to their end */
	bool gave_up;                 /* not all could be followed: there may be other values */
	/* No call takes more than half of the steps that are left, and few where nobody looks at
	 * what it returns: where one gives up, that is not known, and the others can be followed.
	 */
	bool shares;
	bool aside;    /* nobody looks at what comes of the call that is being followed */
	bool starting; /* it is init/1 of a process that is being started, by known_start() */
};

/* All values that a function may return, each once; none when it never does.  Of lists that are
 * not known those with few elements are looked at: longer ones give the same kinds of values.
 * args  as many as it takes
 */
struct values eval_function(struct eval *eval, const struct code *code,
			    const struct code_function *function, const struct value *const *args);
/* The same for any arguments: nothing is known of them. */
struct values eval_any(struct eval *eval, const struct code *code,
		       const struct code_function *function);
/* All that a function may return.  False: it could not be followed to its end, so that there
 * may be others.
 */
bool eval_follow(struct values *out, struct eval *eval, const struct code *code,
		 const struct code_function *function, const struct value *const *args);
/* The one value it returns, unknown when there are several. */
const struct value *eval_one(struct eval *eval, const struct code *code,
			     const struct code_function *function, const struct value *const *args);
/* A call by name: a known function, or one of a module of the library; *known tells. */
struct values eval_remote(struct eval *eval, const struct beam_function *function,
			  const struct value *const *args, bool *known);
/* A fun, called with that many arguments; the one unknown value where it is not known. */
struct values eval_fun(struct eval *eval, const struct value *fun, const struct value *const *args,
		       size_t arity);
/* Adds a value unless it is there; gives up when they are too many. */
void eval_add(struct eval *eval, struct values *values, const struct value *value);
/* An exported function of a module of the library, whatever it is. */
const struct value *eval_call(struct eval *eval, const char *module, const char *name,
			      const struct value *const *args, uint32_t arity);

/* ---- functions of OTP and Elixir that are known here (code_known.c) ---- */

/* NULL: not one of them, or not with these arguments. */
const struct value *known_call(struct eval *eval, const struct beam_function *function,
			       const struct value *const *args);
/* A value of the kind of term that it returns, whatever it is given; NULL: not one of them
 * (code_known_kinds.c).  The other one is for those whose code says more, where it was followed.
 */
const struct value *known_kind(struct eval *eval, const struct beam_function *function);
const struct value *known_kind_unfollowed(struct eval *eval, const struct beam_function *function);
/* Whether it never returns: erlang:error/1 and the like. */
bool known_to_raise(const struct beam_function *function);
/* Whether it raises since a map does not have a key: maps:get/2 and the like. */
bool known_to_miss(struct eval *eval, const struct beam_function *function,
		   const struct value *const *args);
/* Whether it raises since something it is given is of another kind: code_fails.c. */
bool known_to_fail(const struct beam_function *function, const struct value *const *args);
/* maps:map/2 of a map: true, and all it may return, none when it never does; code_known_maps.c. */
bool known_over_map(struct eval *eval, const struct beam_function *function,
		    const struct value *const *args, struct values *out);
/* Of those that may return one of several things: true, and all of them (code_known_ways.c). */
bool known_ways(struct eval *eval, const struct beam_function *function,
		const struct value *const *args, struct values *out);
/* re:compile, Regex.compile and Regex.compile! */
bool code_compiles_regex(const struct beam_function *function);
/* Of those that start a timer, or a process; {error, _} where init/1 of a module that is followed
 * is seen to fail with what it is given (code_known_starts.c).  False: nothing is known.
 */
bool known_start(struct eval *eval, const struct beam_function *function,
		 const struct value *const *args, struct values *out);
/* Of functions that give a list of what is in others, of which not all is seen: true, and lists
 * with what is seen of them (code_known_lists.c).
 */
bool known_elements(struct eval *eval, const struct beam_function *function,
		    const struct value *const *args, struct values *out);
/* Functions over one key of a map: Map.update/4 and the like; code_known_keys.c. */
bool known_at_key(struct eval *eval, const struct beam_function *function,
		  const struct value *const *args, struct values *out);
/* Functions over dict, gb_trees, sets, MapSet and their like: true, and all they may return;
 * code_known_containers.c.
 */
bool known_container(struct eval *eval, const struct beam_function *function,
		     const struct value *const *args, struct values *out);
/* Of lists of pairs (code_known_pairs.c); NULL: not one of them, or not with these arguments. */
const struct value *known_pairs(struct eval *eval, const struct beam_function *function,
				const struct value *const *args);
/* A read of the environment with a key (code_known_env.c), and what it returns for a value, or
 * where there is none; NULL: it raises.
 */
bool known_env_read(const struct beam_function *function);
const struct value *known_env_result(struct arena *arena, const struct beam_function *function,
				     const struct value *const *args, const struct value *value);
/* What one returns by what the library knows; NULL: another call, or it is not known. */
const struct value *known_env(struct eval *eval, const struct beam_function *function,
			      const struct value *const *args);
/* The value of a key of such a list; `otherwise` where it is not there, NULL where that is not
 * known.
 */
const struct value *known_keyword(struct eval *eval, const struct value *list,
				  const struct value *key, const struct value *otherwise);
/* Whether it raises since such a list does not have a key. */
bool known_to_lack(struct eval *eval, const struct beam_function *function,
		   const struct value *const *args);
/* Whether the functions of a module depend on nothing but their arguments. */
bool known_pure(const char *module);

/* Elixir's Supervisor.child_spec/1 of a child as it stands in a list: a map, a module, or
 * {module, argument}; unknown when that cannot be seen.
 */
const struct value *known_child_spec(struct eval *eval, const struct value *child);
