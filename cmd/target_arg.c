// SPDX-License-Identifier: Apache-2.0
#include "cmd/target_arg.h"

static void add_names(struct str *out, struct targets targets)
{
	for (size_t i = 0; i < targets.len; i++)
		str_addf(out, "%s%s", i ? ", " : "", targets.items[i].name);
}

int target_choose(const struct target **out, const struct project *project, const char *name,
		  struct error *err)
{
	struct targets targets = project->targets;
	owned_str struct str names = STR_EMPTY;
	const struct target *target;

	if (targets.len == 0) {
		error_set_(err, ERROR_INVALID, "%s names no targets", project->file);
		return error_hint(err, "Name them below \"targets\": relevo help config");
	}
	add_names(&names, targets);
	if (!name && targets.len > 1)
		return error_set(err, ERROR_USAGE,
				 "there are several targets, name one with -t: %s",
				 str_text(&names));
	target = name ? target_find(targets, name) : &targets.items[0];
	if (!target) {
		error_set_(err, ERROR_NOT_FOUND, "%s: there is no target \"%s\"", project->file,
			   name);
		return error_hint(err, "There is: %s", str_text(&names));
	}
	if (target->nodes_len == 0 && !target->dns && !target->seed)
		return error_set(err, ERROR_INVALID, "%s: the target %s has no nodes",
				 project->file, target->name);
	*out = target;
	return 0;
}
