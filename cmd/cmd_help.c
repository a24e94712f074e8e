// SPDX-License-Identifier: Apache-2.0
#include "base/nearest.h"
#include "cmd/command.h"
#include "cmd/help.h"

#include <stdio.h>

struct help_opts {
	bool manual, names;
};

static const struct option help_options[] = {
	OPT_FLAG(struct help_opts, manual, 0, "man", "print the manual page (roff), for man(1)"),
	OPT_FLAG(struct help_opts, names, 0, "names",
		 "print the names of the commands, one a line"),
	OPT_END,
};

/* What is no command but can be asked about. */
static const struct topic {
	const char *name;
	void (*print)(FILE *stream);
} topics[] = {
	{ "exit", help_print_statuses },
	{ "config", help_print_config },
	{ NULL, NULL },
};

static int no_such(const char *name, struct error *err)
{
	struct nearest nearest = nearest_to(name);

	for (const struct command *const *c = commands; *c; c++)
		nearest_try(&nearest, (*c)->name);
	error_set_(err, ERROR_USAGE, "there is no command \"%s\"", name);
	if (nearest_best(&nearest))
		return error_hint(err, "Did you mean \"%s\"?", nearest_best(&nearest));
	return error_hint(err, "See: relevo help");
}

static int help_run(const struct call *call, struct error *err)
{
	const struct help_opts *opts = call->opts;
	const struct command *command = NULL;
	const struct command *const *list = commands;

	if (opts->names) {
		for (const struct command *const *c = commands; *c; c++)
			puts((*c)->name);
		return 0;
	}
	for (const struct topic *t = topics; t->name; t++) {
		if (call->argc == 1 && strcmp(call->argv[0], t->name) == 0) {
			t->print(stdout);
			return 0;
		}
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
	.args = "[COMMAND | config | exit]",
	.summary = "Explain relevo or one of its commands",
	.group = "Getting help",
	.args_max = 2,
	.options = help_options,
	.opts_size = sizeof(struct help_opts),
	.run = help_run,
};
