// SPDX-License-Identifier: Apache-2.0
#include "cmd/trust.h"

#include "base/file.h"
#include "cmd/release_arg.h"
#include "release/project/project.h"

static struct names joined(struct arena *arena, struct names some, struct names others)
{
	const char **items = arena_array(arena, some.len + others.len, const char *);

	for (size_t i = 0; i < some.len; i++)
		items[i] = some.items[i];
	for (size_t i = 0; i < others.len; i++)
		items[some.len + i] = others.items[i];
	return (struct names){ items, some.len + others.len };
}

int trust_find(struct trust *out, struct arena *arena, const struct trust_opts *opts,
	       struct error *err)
{
	const struct names given = { opts->keys.items, opts->keys.len };
	const struct names vouching = { opts->authorities.items, opts->authorities.len };
	struct project *project;

	*out = (struct trust){ .keys = given, .authorities = vouching };
	if (!path_is_file("relevo.yaml"))
		return 0;
	if (project_read(&project, arena, "relevo.yaml", err))
		return -1;
	out->keys = joined(arena, given, project->trust_keys);
	out->authorities = joined(arena, vouching, project->trust_authorities);
	out->required = project->trust_required;
	out->minimum = project->trust_minimum;
	return 0;
}

/* What is used is what was looked at, whatever became of the file in between: all that is sent is
 * compared with this manifest.
 */
static int check_bundle(const struct bundle *bundle, const struct trust *trust, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_release struct release *release = NULL;
	struct trusted found;

	if (release_open(&release, bundle->file, err) ||
	    release_trust(&found, &arena, release, trust, err))
		return -1;
	if (strcmp(found.manifest_sha256, bundle->manifest_sha256) != 0)
		return error_set(err, ERROR_REFUSED, "%s is being changed; nothing was sent",
				 bundle->file);
	return 0;
}

int trusted_bundle(struct bundle *out, struct arena *arena, const char *arg,
		   const struct trust_opts *opts, struct error *err)
{
	struct trust trust;
	const char *path;

	if (trust_find(&trust, arena, opts, err) || release_arg(&path, arena, arg, err) ||
	    bundle_read(out, arena, path, err))
		return -1;
	if (trust.keys.len == 0 && trust.authorities.len == 0 && !trust.required && !trust.minimum)
		return 0;
	return check_bundle(out, &trust, err);
}
