// SPDX-License-Identifier: Apache-2.0
/* The command table as completions of zsh. */
#include "cmd/help.h"

/* For a text inside '…' of a specification, where : [ ] and \ have a meaning. */
static void escaped(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else if (strchr(":[]\\", *text))
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

static const char *action_of(enum expects expects)
{
	static const char *const actions[] = { " ", "_files", "_files -/", "_relevo_release",
					       "_relevo_version" };

	return actions[expects];
}

static void option_spec(const struct option *o)
{
	bool flag = o->type == OPTION_FLAG;

	fputs(" \\\n\t\t\t", stdout);
	if (o->letter)
		printf("'(-%c --%s)'{-%c%s,--%s%s}'[", o->letter, o->name, o->letter,
		       flag ? "" : "+", o->name, flag ? "" : "=");
	else
		printf("'--%s%s[", o->name, flag ? "" : "=");
	escaped(o->help);
	putchar(']');
	if (!flag) {
		putchar(':');
		escaped(o->value);
		printf(":%s", action_of(completion_of_value(o->value)));
	}
	putchar('\'');
}

static void arguments(const struct command *command)
{
	const struct option *tables[] = { command->options, common_options };

	fputs("\t\t_arguments -s", stdout);
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		for (const struct option *o = tables[i]; o && o->type != OPTION_END; o++)
			if (is_option_of(command, o))
				option_spec(o);
	for (int nr = 0; nr < 4; nr++)
		if (completion_of_argument(command, nr) != EXPECTS_NOTHING)
			printf(" \\\n\t\t\t'%d:argument:%s'", nr + 1,
			       action_of(completion_of_argument(command, nr)));
	puts(" ;;");
}

static void describe(const char *what, const struct command *const *list, const char *more)
{
	printf("\t\tlist=(");
	for (; *list; list++) {
		printf("\n\t\t\t'%s:", (*list)->name);
		escaped((*list)->summary);
		putchar('\'');
	}
	printf("%s)\n\t\t_describe %s list ;;\n", more, what);
}

static void cases(const struct command *const *list)
{
	char title[64];

	for (; *list; list++) {
		if (strcmp((*list)->name, "help") == 0 || strcmp((*list)->name, "completion") == 0)
			continue;
		printf("\t'%s')\n", command_title(*list, title));
		if ((*list)->subcommands) {
			describe("command", (*list)->subcommands, "");
			cases((*list)->subcommands);
		} else {
			arguments(*list);
		}
	}
}

void completion_zsh(void)
{
	puts("#compdef relevo\n"
	     "# Completions of relevo for zsh.\n"
	     "_relevo_version() {\n"
	     "\tlocal -a found\n"
	     "\tfound=(${(f)\"$(relevo completion versions 2>/dev/null)\"})\n"
	     "\tcompadd -a found\n"
	     "}\n"
	     "_relevo_release() {\n"
	     "\t_relevo_version\n"
	     "\t_files\n"
	     "}\n"
	     "_relevo() {\n"
	     "\tlocal -a list\n"
	     "\tlocal command= at=0 i\n"
	     "\tfor ((i = 2; i < CURRENT; i++)); do\n"
	     "\t\t[[ $words[i] = -* ]] && continue\n"
	     "\t\tif [[ -z $command ]]; then command=$words[i] at=$i");
	for (const struct command *const *c = commands; *c; c++)
		if ((*c)->subcommands)
			printf("\t\telif [[ $command = %s ]]; then command=\"%s $words[i]\" "
			       "at=$i\n",
			       (*c)->name, (*c)->name);
	puts("\t\tfi\n"
	     "\tdone\n"
	     "\t# What _arguments sees begins with the command.\n"
	     "\tif ((at)); then\n"
	     "\t\tshift $((at - 1)) words\n"
	     "\t\t((CURRENT -= at - 1))\n"
	     "\tfi\n"
	     "\tcase $command in\n"
	     "\t'')");
	describe("command", commands, "");
	puts("\t'help node')");
	puts("\t\tlist=(${(f)\"$(relevo help --names node 2>/dev/null)\"})\n"
	     "\t\t_describe command list ;;");
	puts("\thelp)\n"
	     "\t\tif [[ $words[CURRENT-1] = node ]]; then\n"
	     "\t\t\tlist=(${(f)\"$(relevo help --names node 2>/dev/null)\"})\n"
	     "\t\t\t_describe command list\n"
	     "\t\t\treturn\n"
	     "\t\tfi");
	describe("topic", commands,
		 "\n\t\t\t'config:the keys of relevo.yaml'\n\t\t\t'exit:the exit statuses'");
	puts("\tcompletion)\n\t\tcompadd bash zsh fish ;;");
	cases(commands);
	puts("\tesac\n"
	     "}\n"
	     "if [[ $zsh_eval_context[-1] = loadautofunc ]]; then\n"
	     "\t_relevo \"$@\"\n"
	     "else\n"
	     "\tcompdef _relevo relevo\n"
	     "fi");
}
