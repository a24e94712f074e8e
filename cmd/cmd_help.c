// SPDX-License-Identifier: Apache-2.0
#include "base/nearest.h"
#include "cmd/command.h"
#include "cmd/help.h"

struct help_opts {
	bool manual, names;
};

static const struct option help_options[] = {
	OPT_FLAG(struct help_opts, manual, 0, "man", "print the manual page (roff), for man(1)"),
	OPT_FLAG(struct help_opts, names, 0, "names",
		 "print the names of the commands, one a line; of those below COMMAND"),
	OPT_END,
};

/* What is no command but can be asked about; without a manual page it is in that of relevo. */
static const struct topic {
	const char *name;
	void (*print)(FILE *stream), (*manual)(FILE *stream);
} topics[] = {
	{ "exit", help_print_statuses, NULL },
	{ "config", help_print_config, manual_print_config },
	{ NULL, NULL, NULL },
};

static int no_such(const struct command *above, const char *name, struct error *err)
{
	const struct command *const *list = above ? above->subcommands : commands;
	struct nearest nearest = nearest_to(name);

	for (const struct command *const *c = list; c && *c; c++)
		nearest_try(&nearest, (*c)->name);
	for (const struct topic *t = topics; !above && t->name; t++)
		nearest_try(&nearest, t->name);
	error_set_(err, ERROR_USAGE, "there is no command \"%s%s%s\"", above ? above->name : "",
		   above ? " " : "", name);
	if (nearest_best(&nearest))
		return error_hint(err, "Did you mean \"%s%s%s\"?", above ? above->name : "",
				  above ? " " : "", nearest_best(&nearest));
	return error_hint(err, "See: relevo help");
}

static const struct topic *find_topic(const struct call *call)
{
	for (const struct topic *t = topics; t->name; t++)
		if (call->argc == 1 && strcmp(call->argv[0], t->name) == 0)
			return t;
	return NULL;
}

static void print_names(const struct command *command)
{
	for (const struct command *const *c = command ? command->subcommands : commands; c && *c;
	     c++)
		puts((*c)->name);
}

static int help_run(const struct call *call, struct error *err)
{
	const struct help_opts *opts = call->opts;
	const struct topic *topic = find_topic(call);
	const struct command *command = NULL, *found;

	if (topic) {
		(opts->manual && topic->manual ? topic->manual : topic->print)(stdout);
		return 0;
	}
	for (int i = 0; i < call->argc; i++, command = found) {
		found = command_find(command ? command->subcommands : commands, call->argv[i]);
		if (!found)
			return no_such(command, call->argv[i], err);
	}
	if (opts->names)
		print_names(command);
	else if (opts->manual)
		manual_print(stdout, command);
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
	.no_json = true,
	.args_max = 2,
	.options = help_options,
	.opts_size = sizeof(struct help_opts),
	.run = help_run,
};
