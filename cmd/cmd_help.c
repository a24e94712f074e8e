// SPDX-License-Identifier: Apache-2.0
#include "base/nearest.h"
#include "cmd/command.h"
#include "cmd/help.h"

struct help_opts {
	bool manual;
};

static const struct option help_options[] = {
	OPT_FLAG(struct help_opts, manual, 0, "man", "print the manual page (roff), for man(1)"),
	OPT_END,
};

static int no_such(const char *name, struct error *err)
{
	struct nearest nearest = nearest_to(name);

	for (const struct command *const *c = commands; *c; c++)
		nearest_try(&nearest, (*c)->name);
	error_set_(err, ERROR_USAGE, "there is no command \"%s\"", name);
	return error_hint(err, nearest_best(&nearest) ? "Did you mean \"%s\"?" : "See: relevo help",
			  nearest_best(&nearest));
}

static int help_run(const struct call *call, struct error *err)
{
	const struct help_opts *opts = call->opts;
	const struct command *command = NULL;
	const struct command *const *list = commands;

	if (call->argc == 1 && strcmp(call->argv[0], "exit") == 0) {
		help_print_statuses(stdout);
		return 0;
	}
	for (int i = 0; i < call->argc; i++) {
		command = command_find(list, call->argv[i]);
		if (!command)
			return no_such(call->argv[i], err);
		list = command->subcommands;
	}
	if (opts->manual)
		help_print_manual(stdout, command);
	else if (command)
		help_print_command(stdout, command);
	else
		help_print_all(stdout);
	return 0;
}

const struct command cmd_help = {
	.name = "help",
	.args = "[COMMAND]",
	.summary = "Explain relevo or one of its commands",
	.group = "Getting help",
	.args_max = 2,
	.options = help_options,
	.opts_size = sizeof(struct help_opts),
	.run = help_run,
};
