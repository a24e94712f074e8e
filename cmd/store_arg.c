// SPDX-License-Identifier: Apache-2.0
#include "cmd/store_arg.h"

#include "base/file.h"

int store_project(struct project **out, struct arena *arena, struct error *err)
{
	*out = NULL;
	return path_is_file("relevo.yaml") ? project_read(out, arena, "relevo.yaml", err) : 0;
}

int store_open(struct place **out, struct arena *arena, const char *store, struct error *err)
{
	struct project *project;

	if (store)
		return place_open(out, store, err);
	if (store_project(&project, arena, err))
		return -1;
	if (project && project->remote)
		return place_open(out, project->remote, err);
	error_set_(err, ERROR_USAGE, "no store to work with");
	return error_hint(err, "Say --store STORE, or store: oci://REGISTRY/PATH in relevo.yaml.");
}
