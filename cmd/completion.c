// SPDX-License-Identifier: Apache-2.0
/* The command table as completions of bash; what those of all shells have in common.
 *
 * Versions are asked for when they are wanted: `relevo completion versions`.
 */
#include "cmd/help.h"

static bool names(const char *text, const char *what)
{
	return text && strstr(text, what);
}

enum expects completion_of_value(const char *value)
{
	if (names(value, "DIR") || names(value, "STORE"))
		return EXPECTS_FOLDER;
	if (names(value, "FILE") || names(value, ".rel"))
		return EXPECTS_FILE;
	if (names(value, "VERSION"))
		return EXPECTS_VERSION;
	return EXPECTS_NOTHING;
}

static enum expects expects_of(struct span word)
{
	if (span_is(word, "OLD") || span_is(word, "NEW") || span_is(word, "RELEASE"))
		return EXPECTS_RELEASE;
	if (span_is(word, "VERSION") || span_is(word, "[VERSION]"))
		return EXPECTS_VERSION;
	return span_starts(word, "FILE") || span_ends(word, ".rel") ? EXPECTS_FILE
								    : EXPECTS_NOTHING;
}

enum expects completion_of_argument(const struct command *command, int nr)
{
	struct span rest = span_of(command->args), word = SPAN("");

	for (int i = 0; i <= nr; i++)
		if (!span_next(&rest, ' ', &word) && command->args_max >= 0)
			return EXPECTS_NOTHING;
	return expects_of(word);
}

/* ---- bash ---- */

static void list_names(const struct command *const *list)
{
	for (const char *gap = ""; *list; list++, gap = " ")
		printf("%s%s", gap, (*list)->name);
}

static void list_options(const struct command *command)
{
	const struct option *tables[] = { command->options, common_options };

	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		for (const struct option *o = tables[i]; o && o->type != OPTION_END; o++)
			if (is_option_of(command, o))
				printf(" --%s", o->name);
}

/* Options with a value, as patterns of a case: "--out|-o". */
static void list_values(const struct command *command, enum expects expects, const char *then)
{
	const char *gap = "\t\t\t";

	for (const struct option *o = command->options; o && o->type != OPTION_END; o++) {
		if (o->type == OPTION_FLAG || completion_of_value(o->value) != expects)
			continue;
		printf("%s--%s", gap, o->name);
		if (o->letter)
			printf("|-%c", o->letter);
		gap = "|";
	}
	if (gap[0] == '|')
		printf(") want=%s ;;\n", then);
}

/* The words that take the next one with them, each once; of the letters those that do so in every
 * command.
 */
static void list_all_values(struct str *seen, const struct command *const *list)
{
	for (; *list; list++) {
		if ((*list)->subcommands)
			list_all_values(seen, (*list)->subcommands);
		for (const struct option *o = (*list)->options; o && o->type != OPTION_END; o++) {
			owned_str struct str word = STR_EMPTY;

			str_addf(&word, "--%s ", o->name);
			if (o->type == OPTION_FLAG || strstr(str_text(seen), str_text(&word)))
				continue;
			str_add(seen, str_span(&word));
			printf("--%s | ", o->name);
		}
	}
}

static const char *bash_wants(enum expects expects)
{
	static const char *const wants[] = { "nothing", "file", "folder", "release", "version" };

	return wants[expects];
}

/* What is wanted at the cursor, in $want: an option's value, else an argument. */
static void bash_case(const struct command *command)
{
	char title[64];

	printf("\t'%s')\n\t\topts='", command_title(command, title));
	list_options(command);
	puts("'\n\t\tcase $prev in");
	for (int e = EXPECTS_NOTHING; e <= EXPECTS_VERSION; e++)
		list_values(command, (enum expects)e, bash_wants((enum expects)e));
	puts("\t\t\t*)\n\t\t\t\tcase $nr in");
	for (int nr = 0; nr < 4; nr++)
		if (completion_of_argument(command, nr) != EXPECTS_NOTHING)
			printf("\t\t\t\t%d) want=%s ;;\n", nr,
			       bash_wants(completion_of_argument(command, nr)));
	puts("\t\t\t\tesac ;;\n\t\tesac ;;");
}

static void bash_cases(const struct command *const *list)
{
	for (; *list; list++) {
		if ((*list)->subcommands)
			bash_cases((*list)->subcommands);
		else
			bash_case(*list);
	}
}

static void bash_groups(void)
{
	for (const struct command *const *c = commands; *c; c++) {
		if (!(*c)->subcommands)
			continue;
		printf("\t%s) words='", (*c)->name);
		list_names((*c)->subcommands);
		puts("' ;;");
	}
}

void completion_bash(void)
{
	owned_str struct str seen = STR_EMPTY;

	puts("# Completions of relevo for bash.\n"
	     "_relevo() {\n"
	     "\tlocal cur prev command='' words='' opts='' want=nothing nr=-1 i\n"
	     "\tcur=${COMP_WORDS[COMP_CWORD]}\n"
	     "\tprev=${COMP_WORDS[COMP_CWORD-1]}\n"
	     "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	     "\t\tcase ${COMP_WORDS[i]} in");
	fputs("\t\t", stdout);
	list_all_values(&seen, commands);
	puts("-[oCpbwn])\n"
	     "\t\t\t((++i)); continue ;;\n"
	     "\t\t-*) continue ;;\n"
	     "\t\tesac\n"
	     "\t\tcase $command in\n"
	     "\t\t'') command=${COMP_WORDS[i]} ;;");
	for (const struct command *const *c = commands; *c; c++)
		if ((*c)->subcommands)
			printf("\t\t%s) command=\"%s ${COMP_WORDS[i]}\" ;;\n", (*c)->name,
			       (*c)->name);
	puts("\t\t*) nr=$((nr + 1)) ;;\n"
	     "\t\tesac\n"
	     "\tdone\n"
	     "\tnr=$((nr + 1))\n"
	     "\tcase $command in");
	fputs("\t'') words='", stdout);
	list_names(commands);
	puts(" --version --help' ;;");
	bash_groups();
	bash_cases(commands);
	fputs("\tesac\n"
	      "\tcase $command in\n"
	      "\thelp) words='",
	      stdout);
	list_names(commands);
	puts(" config exit' ;;\n"
	     "\t'help '*) ;;\n"
	     "\tcompletion) words='bash zsh fish' ;;\n"
	     "\tesac\n"
	     "\tif [[ $command = help && ${COMP_WORDS[COMP_CWORD-1]} = node ]]; then");
	puts("\t\twords=$(relevo help --names node 2>/dev/null)\n"
	     "\tfi\n"
	     "\tcase $want in\n"
	     "\trelease | version) words=$(relevo completion versions 2>/dev/null) ;;\n"
	     "\tesac\n"
	     "\tif [[ $cur = -* ]]; then words=$opts want=nothing; fi\n"
	     "\tmapfile -t COMPREPLY < <(\n"
	     "\t\tcompgen -W \"$words\" -- \"$cur\"\n"
	     "\t\tcase $want in\n"
	     "\t\tfile | release) compgen -f -- \"$cur\" ;;\n"
	     "\t\tfolder) compgen -d -- \"$cur\" ;;\n"
	     "\t\tesac\n"
	     "\t)\n"
	     "}\n"
	     "complete -o filenames -F _relevo relevo");
}
