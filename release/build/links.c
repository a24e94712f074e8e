// SPDX-License-Identifier: Apache-2.0
/* A tarball goes to other machines: what is in it must not depend on where a link of some checkout
 * or dependency happens to lead on the machine that builds.
 */
#include "base/file.h"
#include "release/build/builder.h"

#include <sys/stat.h>

static bool is_below_any(struct arena *arena, const char *real, struct names folders)
{
	for (size_t i = 0; i < folders.len; i++) {
		const char *folder;
		struct error ignored;

		if (path_real(&folder, arena, folders.items[i], &ignored) == 0 &&
		    path_is_below(real, folder))
			return true;
	}
	return false;
}

static bool is_allowed(const struct links *links, const char *real)
{
	const struct builder *b = links->builder;
	const char *installed[] = { b->otp->lib, b->elixir_lib };

	return path_is_below(real, b->project->dir) ||
	       (links->root && path_is_below(real, links->root)) ||
	       is_below_any(b->arena, real, b->project->links_to) ||
	       is_below_any(b->arena, real, (struct names){ installed, installed[1] ? 2 : 1 });
}

/* Several projects in one folder share files.  What only its owner may read is not meant to be
 * shared.
 */
static bool is_neighbour(const struct links *links, const char *real)
{
	struct arena *arena = links->builder->arena;
	const char *around = path_dir(arena, links->builder->project->dir);
	struct stat info;

	return around[1] && path_is_below(real, around) && stat(real, &info) == 0 &&
	       S_ISREG(info.st_mode) && info.st_mode & S_IROTH;
}

int links_may(void *context, const char *path, struct error *err)
{
	const struct links *links = context;
	struct builder *b = links->builder;
	const char *real;

	if (path_real(&real, b->arena, path, err))
		return -1;
	if (is_allowed(links, real))
		return 0;
	if (is_neighbour(links, real)) {
		builder_warn(b, arena_printf(b->arena, "%s leads out of the project: %s is packed",
					     path, real));
		return 0;
	}
	error_set_(err, ERROR_REFUSED, "%s leads out of the project, to %s; nothing was changed",
		   path, real);
	return error_hint(err, "If that is to be packed, name its folder in \"links_to\" of %s.",
			  b->project->file);
}

int check_given(struct builder *b, const char *path)
{
	struct links links = { .builder = b };
	size_t len = strlen(b->project->dir);

	if (!path_exists(path) || !path_is_below(path, b->project->dir) ||
	    !path_is_inside(path + len + (path[len] == '/')))
		return 0;
	return links_may(&links, path, b->err);
}

int check_given_files(struct builder *b)
{
	const struct project *p = b->project;
	const char *const files[] = { p->sys_config, p->runtime_config, p->vm_args,
				      p->remote_vm_args, p->env };

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (files[i] && (check_given(b, files[i]) || file_check_given(files[i], b->err)))
			return -1;
	return 0;
}
