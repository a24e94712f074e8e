// SPDX-License-Identifier: Apache-2.0
/* diff.h - what changed between two releases.
 *
 * Modules are told apart by their digest (erlang/beam/beam.h), never by a version or a
 * date: documentation, line numbers, debug information and stripping are no change.
 * Every BEAM file of both releases is read once; only those that changed are decoded.
 *
 * All results live in the caller's arena and borrow from the two releases, which must
 * outlive them.
 */
#pragma once
#include "erlang/code/code.h"
#include "release/read/release.h"

/* clang-format off */
#define CHANGES(X) \
	X(SAME, "same") \
	X(ADDED, "added") \
	X(REMOVED, "removed") \
	X(CHANGED, "changed")
/* clang-format on */

enum change {
#define X(name, text) CHANGE_##name,
	CHANGES(X)
#undef X
};

const char *change_name(enum change change);

/* What about a changed module is not the same; bits. */
/* clang-format off */
#define CHANGE_KINDS(X) \
	X(BODY, 0, "body")              /* what functions do */ \
	X(EXPORTS, 1, "exports") \
	X(BEHAVIOUR, 2, "behaviour") \
	X(STRUCT, 3, "struct")          /* its fields (Elixir) */ \
	X(RECORD, 4, "record")          /* the size of tuples that functions match, native records */ \
	X(ATTRIBUTES, 5, "attributes")  /* others than vsn */
/* clang-format on */

enum change_kind {
#define X(name, bit, text) KIND_##name = 1 << bit,
	CHANGE_KINDS(X)
#undef X
};

/* "body, exports" of a set of them; in the arena. */
const char *change_kinds(struct arena *arena, unsigned kinds);

/* A tuple that begins with an atom, and has another size; sizes count the atom. */
struct record_change {
	const char *name;
	unsigned old_size, new_size;
};

/* A module that is not the same in both. */
struct module_diff {
	const char *name;
	enum change change;
	const struct beam_facts *old_facts, *new_facts; /* NULL: not there */
	const struct code *old_code, *new_code;         /* the same */
	/* Of a changed one: */
	unsigned kinds;         /* of enum change_kind */
	struct names functions; /* "name/arity" of those that were added, removed or changed */
	bool exports_lost;      /* the old version exports something that the new one does not */
	/* Of the struct that both versions define (Elixir). */
	struct names fields_added, fields_removed;
	/* Records that had one size and have another one. */
	const struct record_change *records;
	size_t records_len;
};

struct module_diffs {
	struct module_diff *items; /* by name */
	size_t len;
};

struct app_diff {
	const char *name;
	enum change change; /* CHANGED: another version, or the same with other modules */
	const struct resolved_app *old_app, *new_app; /* NULL: not there */
	/* Of a changed application; those of an added or removed one are not looked into. */
	struct module_diffs modules;
	struct names same;       /* modules that are */
	struct names priv;       /* files below priv/ that were added, removed or changed … */
	struct names nifs;       /* … the shared libraries among them (*.so) … */
	struct names migrations; /* … and those that are new in a folder "migrations" */
	bool mod_changed, start_phases_changed;
	/* Keys of its environment, the .app file's under that of sys.config, whose values are
	 * not the same, sorted.  Also of applications that are the same.
	 */
	struct names env;
};

/* sys.config, as release_handler reads it. */
struct config_file {
	const struct term *term; /* [{App, [{Key, Value}]}]; [] when there is no file */
	const char *problem; /* why it is no configuration, without any value; NULL: it is one */
	bool template;       /* because it holds ${VARIABLES} that a start script fills in */
	bool elsewhere; /* that, a runtime.exs, or flags: values are known only where it runs */
};

struct diff {
	const struct release *old_release, *new_release;
	/* In the order in which the new release starts them, then the removed ones. */
	struct app_diff *apps;
	size_t len;
	struct names old_protocols, new_protocols; /* all consolidated ones (Elixir) … */
	struct module_diffs protocols;             /* … and those that are not the same */
	bool erts_rebuilt; /* another emulator under the same version of ERTS */
	bool erts_changed, sys_config_changed, vm_args_changed, runtime_config_changed;
	struct config_file old_config, new_config;
	struct names vm_args; /* the flags, without their values, that are not the same */
};

/* ERROR_INVALID: a module that an .app file lists is missing or damaged. */
must_check int diff_make(struct diff **out, struct arena *arena, const struct release *old_release,
			 const struct release *new_release, struct error *err);

/* What a release configures for an application that is in it, in its .app file or in sys.config;
 * NULL: nothing.
 */
const struct term *diff_env(const struct diff *diff, bool new, const struct app_diff *app,
			    const char *key);
const struct app_diff *diff_find(const struct diff *diff, const char *app);
/* NULL when that module is the same in both. */
const struct module_diff *module_diffs_find(struct module_diffs modules, const char *name);
/* "1.0.0", NULL when the application is not in that release. */
const char *app_diff_old_vsn(const struct app_diff *app);
const char *app_diff_new_vsn(const struct app_diff *app);
/* Other modules under the same version. */
bool app_diff_not_bumped(const struct app_diff *app);
