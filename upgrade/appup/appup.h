// SPDX-License-Identifier: Apache-2.0
/* appup.h - how each changed application gets from one version to the other.
 *
 * An appup written by hand wins; where there is none, one is generated:
 *
 *	add_module       what is new, first and free of dependencies
 *	(protocols)      see below
 *	…                changed modules that new children need
 *	update           supervisors with new children, which are then started
 *	update           processes: {advanced, []} where the module has code_change, else soft
 *	load_module      other modules
 *	…                children that are gone are stopped, and what only they needed is changed
 *	update           supervisors without new children
 *	delete_module    what is gone, last
 *
 * The last element of update and load_module names the changed modules, of any
 * application, that the module calls, also by way of added ones: they are suspended,
 * loaded and resumed together, what is called before what calls.
 *
 * Consolidated protocols (Elixir) belong to no application, so one appup carries an
 * {apply, {'Elixir.Code', eval_string, …}} for all of them: upwards before anything but
 * added modules, downwards after everything but deleted ones (upgrade/appup/protocols.exs).
 */
#pragma once
#include "erlang/code/children.h"
#include "upgrade/diff/modules.h"
#include "upgrade/reason.h"
#include "upgrade/relup/relup.h"

#include <jansson.h>

enum appup_source {
	APPUP_GENERATED,
	APPUP_FOLDER,  /* written by hand: from the folder of the options */
	APPUP_SHIPPED, /* lies beside the .app file of the new release */
};

/* "generated", "folder", "release" */
const char *appup_source_name(enum appup_source source);

/* A child that is not the same in both lists of its supervisor. */
struct child_change {
	const struct child *before, *after; /* NULL: not there; both: it is started otherwise */
};

/* A supervisor whose list of children changed, or cannot be seen. */
struct supervisor_change {
	const char *module;
	bool in_application;     /* the list is in start/2 of the application, in Elixir's way */
	const struct term *name; /* under which it is registered */
	/* What is responsible that there may be other differences, or that nothing can be done
	 * about those that are seen; NULL: nothing.
	 */
	const char *opaque;
	bool kind_changed; /* children that are named, and children like each other */
	bool same_module;  /* it asks modules for specifications, and they answer otherwise */
	const struct child_change
		*items; /* in the order of the new list, then those that are gone */
	size_t len;
};

struct supervisor_changes {
	const struct supervisor_change *items;
	size_t len;
};

struct appup_made {
	const struct app_diff *app;
	enum appup_source source;
	const char *file;             /* where it came from; a generated one: "APP.appup" */
	const struct term *up, *down; /* the two scripts; down NULL: there is no way back */
	const struct term *term;      /* {Vsn, [{From, Up} …], [{From, Down} …]} */
	/* Generated: what the scripts of later applications do with modules of this one, behind the
	 * children that call them until they are stopped.
	 */
	struct terms up_later, down_later;
	struct supervisor_changes supervisors;
	/* Generated: modules of processes that are loaded, and nobody is suspended. */
	struct names quiet;
	bool changes_nothing_down; /* by hand: its way back leaves all that changed as it is */
};

struct appups {
	struct appup_made *items; /* in the order of the diff */
	size_t len;
	const char *carrier; /* the application with the protocols' instruction, or NULL */
};

struct appup_options {
	/* Holds FROM-TO/APP.appup, versions of the releases or of the application; NULL: none. */
	const char *dir;
	bool no_shipped; /* leave out what lies in the new release */
	/* Suspend the processes of every module that changed, also where it is seen that they
	 * can go on.
	 */
	bool suspend_always;
};

/* One appup for every application that has another version.  Findings on those written
 * by hand (appup_invalid, appup_incomplete, appup_stale, code_change_missing,
 * not_reversible, protocols_stay) go to *reasons; one that is invalid is not used.
 * Fails only when a file cannot be read.
 *
 * modules   of the differences; the appups live in their arena
 */
must_check int appups_make(struct appups *out, struct modules *modules,
			   const struct appup_options *options, struct reasons *reasons,
			   struct error *err);
/* Supervisors of an application that is the same, and has no appup, whose children modules of
 * others make: what is seen to differ, or may.
 */
struct supervisor_changes appup_others(struct modules *modules, const struct app_diff *app);
const struct appup_made *appups_find(const struct appups *appups, const char *app);
/* Whether it stops the application or the emulator instead of changing modules. */
bool appup_restarts(const struct appup_made *made);
/* The instruction of a script (up or down) that changes a module, or NULL. */
const struct term *script_find(const struct term *script, const char *module);
/* That of a module of the application, also in the script of a later one; NULL: none. */
const struct term *appup_instruction(const struct appup_made *made, bool down, const char *module);
/* Calls see() with every module an instruction changes: {load_module, M, …}, {update, …},
 * {add_module, …}, {delete_module, …}, {load, {M, …}}, {remove, {M, …}}.
 */
void script_modules(const struct term *script,
		    void (*see)(void *context, const char *module, const struct term *instruction),
		    void *context);
/* Like {update, M, {advanced, Extra}, …}: code_change will be called. */
bool instruction_is_advanced(const struct term *instruction);
/* Whether code_change of a module is called, by an update of it or of the process that asks it. */
bool script_converts(const struct term *script, const char *module);
/* The [{from, _}, {to, _}, {modules, _}] of an instruction for consolidated protocols, in
 * an appup or a relup; NULL when it is another one.
 */
const struct term *instruction_protocols(const struct term *instruction);
/* The very instruction that relevo writes for them. */
bool instruction_is_own_protocols(const struct term *instruction);
/* As relup_make() wants them. */
struct appup *appups_for_relup(struct arena *arena, const struct appups *appups);
/* [{application, source, file, term}] */
json_t *appups_json(const struct appups *appups);
