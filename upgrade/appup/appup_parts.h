// SPDX-License-Identifier: Apache-2.0
/* appup_parts.h - the rooms inside appups_make(); nothing for other modules. */
#pragma once
#include "base/name_table.h"
#include "erlang/code/children.h"
#include "upgrade/appup/appup.h"

/* A module that some instruction may name. */
struct vertex {
	const struct module_diff *listed; /* where it stands in the differences */
	const struct module_diff *diff;   /* the same, or for one that moved: from both places */
	size_t app;                       /* which of appups->items */
	/* Whose script has its instruction: that of `app`, or of a later one that stops a child
	 * first which calls it.
	 */
	size_t carrier_up, carrier_down;
	bool up, down; /* an instruction of that script loads, updates or deletes it */
	/* A child that is started, or stopped, needs it, or what it belongs to. */
	bool early_up, early_down, late_up, late_down;
	size_t mark;  /* of the walk that was here last */
	bool quiet;   /* of processes, and loaded without suspending them */
	bool through; /* what it comes to by way of others must change together with it */
	/* Modules that must be changed together with this one. */
	struct names up_deps, down_deps;
	size_t up_cap, down_cap;
};

struct appup_work {
	struct arena *arena;
	const struct diff *diff;
	const struct appup_options *options;
	struct reasons *reasons;
	struct appups *appups;
	struct modules *modules;
	struct name_table *names; /* of modules that changed: the index into … */
	struct vertex *vertices;
	struct vertex **guests; /* those with another carrier than their application */
	size_t guests_len, guests_cap;
	size_t walk;
};

/* ---- appup_read.c ---- */

/* Fills in what is written by hand; leaves source APPUP_GENERATED where nothing is. */
must_check int appup_read(struct appup_work *work, struct appup_made *made, struct error *err);

/* ---- appup_script.c: looking at instructions ---- */

/* Whether something in it takes care of all modules at once: restart_application, … */
bool script_restarts(const struct term *script);

/* ---- appup_vertex.c ---- */

/* NULL: no instruction may name it. */
struct vertex *vertex_find(const struct appup_work *work, const char *module);
/* Whether a generated script has an instruction for that module. */
bool generates_up(const struct diff *diff, const struct module_diff *module);
bool generates_down(const struct diff *diff, const struct module_diff *module);
/* The restart that stands for every instruction of such an application; NULL: none. */
const char *appup_restart(const char *app);
/* Whether `caller` calls a function of that module which is not among what it `has`. */
bool calls_more(const struct beam_facts *caller, const char *module, const struct beam_facts *has);
/* Whether instructions of ours can be put into the script of that application. */
bool appup_is_ours(const struct appup_work *work, size_t app);
/* Moves the instruction of a module into the script of a later application. */
void vertex_carry(struct appup_work *work, struct vertex *vertex, size_t app, bool down);

/* ---- appup_deps.c ---- */

/* Finds out which modules have instructions, and which must be changed together. */
void appup_deps(struct appup_work *work);
/* Tells on_call what init/1 of a supervisor calls, which an update runs. */
void init_calls(struct appup_work *work, enum side side, const char *supervisor,
		void (*on_call)(void *ctx, const struct beam_function *function,
				const struct value *const *args),
		void *ctx);
/* What a supervisor that is the same calls for its children, as far as it changes, or comes, behind
 * its application.
 */
struct names later_calls(struct appup_work *work, size_t app, const char *supervisor, bool down);
/* One of them is changed together with the other, both ways. */
void vertex_depend(struct appup_work *work, struct vertex *from, const struct vertex *to);

/* ---- appup_through.c: what is called by way of modules that are the same ---- */

/* Has a module changed together with those that it comes to so, where that may make a difference.
 */
void through_deps(struct appup_work *work);

/* ---- appup_children.c ---- */

/* Fills in made->supervisors. */
void appup_children(struct appup_work *work, struct appup_made *made);
/* Of a supervisor of that side; none for any other module. */
struct children children_of(struct appup_work *work, enum side side, const char *module);
/* Whether each child_spec/1 of the release stays as it is: Elixir's Supervisor asks for them, which
 * no function of a supervisor shows.
 */
bool child_specs_stay(const struct appup_work *work);

/* A supervisor on the way down, which may list itself. */
struct above {
	const struct above *above;
	const char *module;
};
bool is_above(const struct above *above, const char *module);
enum { TREE_DEPTH = 4 }; /* of supervisors below a child that are looked at */

/* ---- appup_endpoint.c ---- */

/* Whether an endpoint that changed has other sockets, or they cannot be seen. */
bool endpoint_change(struct supervisor_change *out, struct appup_work *work,
		     const struct module_diff *module);

/* ---- appup_running.c ---- */

/* N of {local, N}; {global, _} and {via, _, _} as they are.  NULL: none is seen.
 * in_application  the supervisor is the one that start/2 of the application starts, in Elixir's way
 */
const struct term *supervisor_name(struct appup_work *work, const struct code *code, enum side side,
				   bool in_application);
/* Which name a child registers as it is started; NULL: none, or it is not seen. */
const char *child_name(struct appup_work *work, const struct child *child, enum side side);
/* Adds the supervisors of an application that are seen to run in the old release, from its start
 * function on.
 */
void find_running(struct name_table *names, struct appup_work *work,
		  const struct resolved_app *app);

/* ---- appup_order.c ---- */

/* Whether it is the module of a child that comes or goes: what it calls is put in order with
 * its start, and not by dependencies.
 */
bool is_moving_child(const struct appup_work *work, const char *module);
/* Finds out which modules must be changed before children are started, and after they are
 * stopped.
 */
void appup_order(struct appup_work *work);
/* Whether, in that direction, a child of it is to be started. */
bool supervisor_starts(const struct supervisor_change *change, bool down);

/* ---- appup_generate.c ---- */

void appup_generate(struct appup_work *work, struct appup_made *made);

/* ---- appup_hosts.c: modules that are asked by a process of another one ---- */

/* The process's module of number `nr`; "" where it asks nobody, NULL behind the last. */
const char *host_module(struct appup_work *work, size_t nr);
/* The changed modules of an application that it asks. */
struct names host_views(struct appup_work *work, const struct appup_made *made, size_t nr);
/* Whether an update of that module would do harm to those it asks. */
bool host_is_broken(const struct appup_work *work, const char *module);
/* Whether an appup of another application may update that module, to reach those it asks. */
bool host_is_updated(const struct appup_work *work, const char *module);
/* Has the process's module, where it changes, changed together with those it asks. */
void host_deps(struct appup_work *work);
/* What is left out of a generated appup. */
void host_tell(struct appup_work *work, const struct appup_made *made);

/* ---- appup_quiet.c ---- */

/* Whether a changed module of processes can be loaded under them while they run. */
bool needs_no_suspension(struct appup_work *work, const struct vertex *vertex);

/* ---- appup_protocols.c ---- */

/* Puts the instruction for consolidated protocols into one of the appups. */
void appup_protocols(struct appup_work *work);
/* The script without such an instruction. */
const struct term *script_without_protocols(struct arena *arena, const struct term *script);

/* ---- appup_check.c ---- */

/* Coverage and staleness of one written by hand. */
void appup_check(struct appup_work *work, struct appup_made *made);
