// SPDX-License-Identifier: Apache-2.0
/* diff.h - what changed between two releases.
 *
 * Modules are told apart by their digest (release/beam.h), never by a version or a
 * date: documentation, line numbers, debug information and stripping are no change.
 * Every BEAM file of both releases is read once; only those that changed are decoded.
 *
 * All results live in the caller's arena and borrow from the two releases, which must
 * outlive them.
 */
#pragma once
#include "release/beam.h"
#include "release/release.h"

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

/* A module that is not the same in both. */
struct module_diff {
	const char *name;
	enum change change;
	const struct beam_facts *old_facts, *new_facts; /* NULL: not there */
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
	size_t modules_same;
	struct names priv; /* files below priv/ that were added, removed or changed … */
	struct names nifs; /* … and the shared libraries among them (*.so) */
	bool env_changed, mod_changed, start_phases_changed;
};

struct diff {
	const struct release *old_release, *new_release;
	/* In the order in which the new release starts them, then the removed ones. */
	struct app_diff *apps;
	size_t len;
	struct names old_protocols, new_protocols; /* all consolidated ones (Elixir) … */
	struct module_diffs protocols;             /* … and those that are not the same */
	bool erts_changed, sys_config_changed, vm_args_changed;
};

/* ERROR_INVALID: a module that an .app file lists is missing or damaged. */
must_check int diff_make(struct diff **out, struct arena *arena, const struct release *old_release,
			 const struct release *new_release, struct error *err);

const struct app_diff *diff_find(const struct diff *diff, const char *app);
/* NULL when that module is the same in both. */
const struct module_diff *module_diffs_find(struct module_diffs modules, const char *name);
/* "1.0.0", NULL when the application is not in that release. */
const char *app_diff_old_vsn(const struct app_diff *app);
const char *app_diff_new_vsn(const struct app_diff *app);
/* Other modules under the same version. */
bool app_diff_not_bumped(const struct app_diff *app);
