// SPDX-License-Identifier: Apache-2.0
/* The only list of commands: dispatch, help, manual pages and completions walk it. */
#include "cmd/command.h"

#include <stdio.h>

#define COMMANDS(X)   \
	X(init)       \
	X(build)      \
	X(inspect)    \
	X(keygen)     \
	X(sign)       \
	X(verify)     \
	X(sbom)       \
	X(provenance) \
	X(push)       \
	X(pull)       \
	X(list)       \
	X(prune)      \
	X(image)      \
	X(diff)       \
	X(appup)      \
	X(plan)       \
	X(rehearse)   \
	X(node)       \
	X(setup)      \
	X(deploy)     \
	X(status)     \
	X(history)    \
	X(resume)     \
	X(pause)      \
	X(promote)    \
	X(abort)      \
	X(rollback)   \
	X(k8s)        \
	X(agent)      \
	X(seed)       \
	X(operator)   \
	X(relup)      \
	X(script)     \
	X(term)       \
	X(beam)       \
	X(help)       \
	X(completion)

#define X(name) extern const struct command cmd_##name;
COMMANDS(X)
#undef X

const struct command *const commands[] = {
#define X(name) &cmd_##name,
	COMMANDS(X)
#undef X
		NULL,
};

const char *command_title(const struct command *command, char buffer[static 64])
{
	snprintf(buffer, 64, "%s%s%s", command->parent ? command->parent : "",
		 command->parent ? " " : "", command->name);
	return buffer;
}

const struct command *command_find(const struct command *const *list, const char *name)
{
	for (; list && *list; list++)
		if (strcmp((*list)->name, name) == 0)
			return *list;
	return NULL;
}
