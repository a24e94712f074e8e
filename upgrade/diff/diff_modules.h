// SPDX-License-Identifier: Apache-2.0
/* diff_modules.h - the rooms inside diff_make(); nothing for other modules. */
#pragma once
#include "upgrade/diff/diff.h"

/* Where the modules of one application, or the protocols, lie in both releases. */
struct places {
	const struct tree *old_tree, *new_tree;
	const char *old_dir, *new_dir; /* NULL: not there; then those names are empty */
};

/* *out: the modules that are not the same, by name; *same_out: those that are. */
must_check int compare_modules(struct module_diffs *out, struct names *same_out,
			       struct arena *arena, const struct places *places,
			       struct names old_names, struct names new_names, struct error *err);
/* Every file below two folders: the paths (inside of them) that were added, removed or
 * changed, and those of them that were added.  A folder that is NULL or absent has no files.
 */
must_check int compare_files(struct names *out, struct names *added_out, struct arena *arena,
			     const struct places *places, struct error *err);
/* Whether a file is the same in both; a file that is NULL is not there. */
must_check int compare_file(bool *same_out, const struct places *files, struct error *err);

/* ---- diff_kinds.c ---- */

/* Fills in `kinds` and `functions` of a changed module. */
void find_kinds(struct module_diff *module, struct arena *arena);

/* ---- diff_config.c ---- */

/* sys.config of both releases, the environment of every application, vm.args. */
must_check int compare_config(struct diff *diff, struct arena *arena, struct error *err);
