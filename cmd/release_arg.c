// SPDX-License-Identifier: Apache-2.0
#include "cmd/release_arg.h"

#include "base/file.h"
#include "base/str.h"
#include "release/project/project.h"
#include "release/read/store.h"
#include "release/store/remote.h"

#include <string.h>

static const char *without_name(const char *arg, const char *name)
{
	size_t len = strlen(name);

	return strncmp(arg, name, len) == 0 && arg[len] == '-' ? arg + len + 1 : arg;
}

/* The newest first. */
static int list_versions(struct names *out, struct arena *arena, const struct project *project,
			 struct error *err)
{
	const char *vsn = NULL, **items = NULL;
	bool more = path_is_dir(project->store);
	size_t len = 0, cap = 0;

	while (more) {
		if (store_previous(&vsn, arena, project->store, project->release, vsn, err))
			return -1;
		more = vsn != NULL;
		if (!more)
			break;
		items = arena_grow(arena, items, len, &cap);
		items[len++] = vsn;
	}
	*out = (struct names){ items, len };
	return 0;
}

int release_arg_versions(struct names *out, struct arena *arena, struct error *err)
{
	struct project *project;

	*out = (struct names){ NULL, 0 };
	if (!path_is_file("relevo.yaml"))
		return 0;
	return project_read(&project, arena, "relevo.yaml", err) ||
			       list_versions(out, arena, project, err)
		       ? -1
		       : 0;
}

static int no_such(struct arena *arena, const struct project *project, const char *arg,
		   struct error *err)
{
	owned_str struct str known = STR_EMPTY;
	struct names versions;

	if (list_versions(&versions, arena, project, err))
		return -1;
	for (size_t i = 0; i < versions.len; i++)
		str_addf(&known, "%s%s", i ? ", " : "", versions.items[i]);
	error_set_(err, ERROR_NOT_FOUND, "%s is no file or folder, and no version of %s in %s", arg,
		   project->release, project->store);
	return known.len ? error_hint(err, "There: %s.", known.ptr)
			 : error_hint(err, "There is none yet: relevo build makes one.");
}

/* Into the folder of the project's own releases, once it is found to be trusted. */
static int pull(const char **out, struct arena *arena, const struct project *project,
		const struct reference *reference, struct error *err)
{
	owned_place struct place *place = NULL;
	const struct trust trust = { .keys = project->trust_keys,
				     .authorities = project->trust_authorities,
				     .required = project->trust_required,
				     .minimum = project->trust_minimum };
	const struct pull_options options = { .folder = project->store, .trust = &trust };
	struct pulled pulled;

	if (place_open(&place, project->remote, err) ||
	    remote_pull(&pulled, arena, place, reference, &options, err))
		return -1;
	*out = pulled.path;
	return 0;
}

static int find(const char **out, struct arena *arena, const struct project *project,
		const char *arg, struct error *err)
{
	struct reference reference;
	bool own;

	if (!reference_parse(&reference, arena, without_name(arg, project->release)))
		return no_such(arena, project, arg, err);
	own = !reference.name || strcmp(reference.name, project->release) == 0;
	if (!reference.name)
		reference.name = project->release;
	*out = own ? store_find(arena, project->store, project->release, reference.ref) : NULL;
	if (*out)
		return 0;
	return project->remote ? pull(out, arena, project, &reference, err)
			       : no_such(arena, project, arg, err);
}

int release_arg(const char **out, struct arena *arena, const char *arg, struct error *err)
{
	struct project *project;

	if (path_exists(arg) || strchr(arg, '/') || !path_is_file("relevo.yaml")) {
		*out = arg;
		return 0;
	}
	return project_read(&project, arena, "relevo.yaml", err) ||
			       find(out, arena, project, arg, err)
		       ? -1
		       : 0;
}
