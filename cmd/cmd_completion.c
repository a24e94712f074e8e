// SPDX-License-Identifier: Apache-2.0
#include "cmd/command.h"

#include <stdio.h>

static void words(const char *before, const struct command *const *list, const char *after)
{
	fputs(before, stdout);
	for (const char *gap = ""; *list; list++, gap = " ")
		printf("%s%s", gap, (*list)->name);
	fputs(after, stdout);
}

static void option_words(const struct command *command)
{
	fputs("--json --quiet --verbose --help", stdout);
	for (const struct option *o = command->options; o && o->type != OPTION_END; o++)
		printf(" --%s", o->name);
}

/* zsh reads the same through its bashcompinit. */
static void print_bash(void)
{
	puts("_relevo() {\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} words=\n"
	     "\tif [ \"$COMP_CWORD\" = 1 ]; then");
	words("\t\twords='", commands,
	      " --version --help'\n\telse\n\t\tcase ${COMP_WORDS[1]} in\n");
	for (const struct command *const *c = commands; *c; c++) {
		printf("\t\t%s) words='", (*c)->name);
		if ((*c)->subcommands)
			words("", (*c)->subcommands, " ");
		option_words(*c);
		puts("' ;;");
	}
	puts("\t\tesac\n"
	     "\tfi\n"
	     "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\"; compgen -f -- "
	     "\"$cur\")\n"
	     "}\n"
	     "complete -o filenames -F _relevo relevo");
}

static void print_fish(void)
{
	for (const struct command *const *c = commands; *c; c++) {
		printf("complete -c relevo -n __fish_use_subcommand -a %s -d '%s'\n", (*c)->name,
		       (*c)->summary);
		for (const struct option *o = (*c)->options; o && o->type != OPTION_END; o++)
			printf("complete -c relevo -n '__fish_seen_subcommand_from %s' -l %s%s\n",
			       (*c)->name, o->name, o->type == OPTION_FLAG ? "" : " -r");
	}
}

static int completion_run(const struct call *call, struct error *err)
{
	const char *shell = call->argv[0];

	if (strcmp(shell, "bash") == 0)
		print_bash();
	else if (strcmp(shell, "zsh") == 0)
		puts("autoload -U +X bashcompinit && bashcompinit"), print_bash();
	else if (strcmp(shell, "fish") == 0)
		print_fish();
	else
		return error_set(err, ERROR_USAGE, "completion: want bash, zsh or fish, got \"%s\"",
				 shell);
	return 0;
}

const struct command cmd_completion = {
	.name = "completion",
	.args = "SHELL",
	.summary = "Print shell completions (bash, zsh or fish)",
	.examples = "relevo completion bash > /etc/bash_completion.d/relevo",
	.group = "Getting help",
	.args_min = 1,
	.args_max = 1,
	.run = completion_run,
};
