// SPDX-License-Identifier: Apache-2.0
/* modules.h - every module of both releases by its name; facts and code of those that
 * somebody asks for.
 *
 * What the differences hold of a module is taken from there; all else is read when it is first
 * asked for, and kept.  A module that cannot be read is NULL, and modules_check() tells why.
 */
#pragma once
#include "base/name_table.h"
#include "erlang/code/code_eval.h"
#include "upgrade/diff/diff.h"

#include <pthread.h>
#include <stdatomic.h>

enum side { SIDE_OLD, SIDE_NEW, SIDES };
enum { MODULES_READING = 16 }; /* more than there are cores that read at the same time, mostly */

enum does_same { SAME_NOT_ASKED, DOES_SAME, DOES_OTHER };

struct module_at {
	const char *name;
	const struct app_diff *app;
	const struct module_diff *diff; /* one that is not the same in both; or it … */
	bool same;                      /* … is; neither: of an application that came or went */
	bool of_language;               /* of OTP or Elixir */
	_Atomic(const struct beam_facts *) facts; /* when they were asked for */
	_Atomic(const struct code *) code;
	_Atomic(const struct type *) state; /* of its processes, when it was asked for */
	_Atomic(struct atom_set *) atoms;   /* all that it names, also in literals */
	/* Of a new one that changed, by the numbers of its functions: for function_stays(). */
	_Atomic enum does_same *does_same;
};

struct atom_set {
	size_t len;
	uint32_t hashes[]; /* sorted */
};

struct modules {
	struct arena *arena;
	const struct diff *diff;
	struct name_table *names[SIDES]; /* of … */
	struct module_at *items[SIDES];
	struct code_library library[SIDES]; /* the code of each side, for code_eval.h */
	struct library_side {
		struct modules *modules;
		enum side side;
	} sides[SIDES];
	/* Modules are read side by side, and beside whoever fills the other arena: those of a name
	 * by one at a time.
	 */
	struct module_reading {
		pthread_mutex_t lock;
		struct arena arena;
	} reading[MODULES_READING];
	/* All that are the same in both have their atoms read: those of the system, and of OTP and
	 * Elixir.
	 */
	atomic_bool atoms_read, atoms_of_language_read;
	_Atomic enum does_same specs; /* whether each child_spec/1 gives the same: asked once */
	pthread_mutex_t states_lock;  /* of … */
	struct arena states;          /* what module_state() is asked for */
	pthread_mutex_t lock;         /* of … */
	struct error error;           /* the first one */
	atomic_bool failed;
};

struct modules *modules_new(struct arena *arena, const struct diff *diff);
/* What was read stays in the arena.  NULL is fine. */
void modules_free(struct modules *modules);
/* NULL: that release has none of that name. */
struct module_at *modules_find(const struct modules *modules, enum side side, const char *name);
/* Both for any thread; NULL: it cannot be read. */
const struct beam_facts *module_facts(struct modules *modules, enum side side,
				      struct module_at *module);
const struct code *module_code(struct modules *modules, enum side side, struct module_at *module);
/* The same by the name of a module, which may be NULL; NULL also where that release has none of
 * that name.
 */
const struct beam_facts *modules_facts(struct modules *modules, enum side side, const char *name);
const struct code *modules_code(struct modules *modules, enum side side, const char *name);
/* Whether a release is seen to have a function that others may call. */
bool modules_export(struct modules *modules, enum side side, const struct beam_function *function);
/* The chunks of a module, anew, with its file in the arena. */
must_check int module_read(struct beam *out, struct arena *arena, const struct modules *modules,
			   enum side side, const struct module_at *module, struct error *err);
/* Something that was asked for could not be read: for any thread. */
void modules_fail(struct modules *modules, const struct error *err);
/* -1: something that was asked for could not be read; *err is of the first module that cannot be:
 * the old release's first, in the order of the applications and of their lists.
 */
must_check int modules_check(struct modules *modules, struct error *err);

static inline void modules_done(struct modules **modules)
{
	modules_free(*modules);
}
#define owned_modules owned(modules_done)
