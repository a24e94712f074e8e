// SPDX-License-Identifier: Apache-2.0
/* The command table as completions of fish. */
#include "cmd/help.h"

static void quoted(const char *text)
{
	putchar('\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('\'');
}

/* complete -c relevo -n '__relevo_at node ping' */
static void when(const char *at)
{
	printf("complete -c relevo -n '__relevo_at %s'", at);
}

static const char *source_of(enum expects expects)
{
	static const char *const sources[] = {
		" -f",
		" -F",
		" -f -a '(__fish_complete_directories)'",
		" -F -a '(relevo completion versions 2>/dev/null)'",
		" -f -a '(relevo completion versions 2>/dev/null)'",
	};

	return sources[expects];
}

static void option_line(const char *at, const struct option *o)
{
	when(at);
	printf(" -l %s", o->name);
	if (o->letter)
		printf(" -s %c", o->letter);
	if (o->type != OPTION_FLAG)
		printf(" -r%s", source_of(completion_of_value(o->value)));
	fputs(" -d ", stdout);
	quoted(o->help);
	putchar('\n');
}

static void command_lines(const struct command *command)
{
	const struct option *tables[] = { command->options, common_options };
	enum expects expects = EXPECTS_NOTHING;
	char title[64];

	command_title(command, title);
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		for (const struct option *o = tables[i]; o && o->type != OPTION_END; o++)
			if (is_option_of(command, o))
				option_line(title, o);
	for (int nr = 0; nr < 4 && expects == EXPECTS_NOTHING; nr++)
		expects = completion_of_argument(command, nr);
	if (expects == EXPECTS_NOTHING)
		return;
	when(title);
	puts(source_of(expects));
}

static void name_line(const char *at, const char *name, const char *summary)
{
	when(at);
	printf(" -a %s -d ", name);
	quoted(summary);
	putchar('\n');
}

static void lines(const char *at, const struct command *const *list)
{
	for (; *list; list++) {
		name_line(at, (*list)->name, (*list)->summary);
		if ((*list)->subcommands)
			lines((*list)->name, (*list)->subcommands);
		else
			command_lines(*list);
	}
}

void completion_fish(void)
{
	puts("# Completions of relevo for fish.\n"
	     "# Whether the words that are no options begin with these; none: there is none yet.\n"
	     "function __relevo_at\n"
	     "\tset -l words (string match -v -- '-*' (commandline -opc)[2..-1])\n"
	     "\tif test (count $argv) = 0\n"
	     "\t\ttest (count $words) = 0\n"
	     "\t\treturn\n"
	     "\tend");
	for (const struct command *const *c = commands; *c; c++)
		if ((*c)->subcommands)
			printf("\tif test \"$argv\" = %s\n"
			       "\t\ttest \"$words\" = %s\n"
			       "\t\treturn\n"
			       "\tend\n",
			       (*c)->name, (*c)->name);
	puts("\tset -l many (count $argv)\n"
	     "\ttest \"$words[1..$many]\" = \"$argv\"\n"
	     "end\n"
	     "complete -c relevo -f");
	lines("", commands);
	for (const struct command *const *c = commands; *c; c++)
		name_line("help", (*c)->name, (*c)->summary);
	name_line("help", "config", "the keys of relevo.yaml");
	name_line("help", "exit", "the exit statuses");
	name_line("help node", "'(relevo help --names node)'", "");
	name_line("completion", "'bash zsh fish'", "");
}
