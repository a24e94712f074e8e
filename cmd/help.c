// SPDX-License-Identifier: Apache-2.0
#include "cmd/help.h"

#include "cmd/output.h"
#include "cmd/version.h"
#include "release/project/project.h"

static const char intro[] =
	"relevo builds Erlang and Elixir releases, works out how a running system gets from one\n"
	"release to the next without stopping, and takes it there.\n";

/* What the exit statuses mean; one line for each, in ARCHITECTURE's words. */
static const struct {
	int status;
	const char *meaning;
} statuses[] = {
	{ 0, "done" },
	{ 1, "unexpected failure" },
	{ 2, "usage or configuration" },
	{ 3, "not found or not reachable" },
	{ 4, "refused, nothing was changed (verdict, preflight, verification)" },
	{ 5, "failed and rolled back, all on the old release" },
	{ 6, "failed, the state needs a person" },
	{ 7, "locked by another rollout" },
	{ 8, "stopped at a pause, waiting for promote" },
};

static const struct option common[] = {
	{ OPTION_FLAG, 0, "json", NULL, "print the result as JSON", 0 },
	{ OPTION_FLAG, 'q', "quiet", NULL, "say nothing but results and errors", 0 },
	{ OPTION_FLAG, 'v', "verbose", NULL, "say each step", 0 },
	{ OPTION_FLAG, 'h', "help", NULL, "show this help", 0 },
	OPT_END,
};

static void heading(FILE *stream, const char *text)
{
	fprintf(stream, "\n%s%s%s\n", style_on(stream, STYLE_BOLD), text, style_off(stream));
}

static void print_group(FILE *stream, const char *group)
{
	owned_table struct table *table = table_new(2);

	for (const struct command *const *c = commands; *c; c++)
		if (strcmp((*c)->group, group) == 0)
			table_row(table, (*c)->name, (*c)->summary);
	heading(stream, group);
	table_print(table, stream, "  ", false);
}

static bool is_first_of_group(const struct command *const *command)
{
	for (const struct command *const *c = commands; c != command; c++)
		if (strcmp((*c)->group, (*command)->group) == 0)
			return false;
	return true;
}

void help_print_all(FILE *stream)
{
	fputs(intro, stream);
	fprintf(stream, "\nUsage: relevo COMMAND [OPTIONS] [ARGUMENTS]\n");
	for (const struct command *const *c = commands; *c; c++)
		if (is_first_of_group(c))
			print_group(stream, (*c)->group);
	heading(stream, "More");
	fputs("  relevo help COMMAND   what a command does, its options, examples\n"
	      "  relevo help config    the keys of relevo.yaml\n"
	      "  relevo help exit      the exit statuses\n"
	      "  relevo --version      the version\n"
	      "\n"
	      "A release is named by its folder, its tarball, or, where relevo.yaml lies, by its\n"
	      "version in the project's store: relevo plan 1.0.0 1.1.0\n",
	      stream);
}

void help_print_statuses(FILE *stream)
{
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		fprintf(stream, "  %d  %s\n", statuses[i].status, statuses[i].meaning);
}

enum { OPTION_WIDTH = 58 };

static void option_row(struct table *table, const char *name, const char *help)
{
	owned_str struct str line = STR_EMPTY;
	struct span rest = span_of(help), word;

	while (span_next(&rest, ' ', &word)) {
		if (line.len > 0 && line.len + 1 + word.len > OPTION_WIDTH) {
			table_row(table, name, str_text(&line));
			name = "";
			str_clear(&line);
		}
		if (line.len > 0)
			str_addc(&line, ' ');
		str_add(&line, word);
	}
	table_row(table, name, str_text(&line));
}

static void option_rows(struct table *table, const struct option *options)
{
	for (const struct option *o = options; o && o->type != OPTION_END; o++) {
		owned_str struct str name = STR_EMPTY;

		if (o->letter)
			str_addf(&name, "-%c, ", o->letter);
		else
			str_adds(&name, "    ");
		str_addf(&name, "--%s", o->name);
		if (o->value)
			str_addf(&name, " %s", o->value);
		option_row(table, str_text(&name), o->help);
	}
}

enum { WIDTH = 90 };

/* Paragraphs are parted by empty lines and filled; a line that begins with white space stays as
 * it is.  Filled lines begin with `indent` spaces.
 */
static void print_filled(FILE *stream, const char *text, int indent)
{
	struct span rest = span_of(text), line, word;
	size_t column = 0;

	while (span_next(&rest, '\n', &line)) {
		if (line.len == 0 || line.ptr[0] == ' ') {
			fprintf(stream, "%s" SPAN_FMT "\n", column ? "\n" : "", SPAN_ARG(line));
			column = 0;
			continue;
		}
		while (span_next(&line, ' ', &word)) {
			bool fits = (size_t)indent + column + 1 + word.len <= WIDTH;

			if (word.len == 0)
				continue;
			if (column && fits)
				fputc(' ', stream);
			else
				fprintf(stream, "%s%*s", column ? "\n" : "", indent, "");
			fprintf(stream, SPAN_FMT, SPAN_ARG(word));
			column = column && fits ? column + 1 + word.len : word.len;
		}
	}
	if (column)
		fputc('\n', stream);
}

static void print_key(FILE *stream, const struct project_key *key)
{
	owned_str struct str text = STR_EMPTY;

	fprintf(stream, "\n%s%s%s: %s\n", style_on(stream, STYLE_BOLD), key->path,
		style_off(stream), key->type);
	str_addf(&text, "%s. Default: %s", key->help, key->fallback);
	print_filled(stream, str_text(&text), 4);
}

void help_print_config(FILE *stream)
{
	fputs("relevo.yaml, in the folder of the project. Paths are relative to it; an unknown key "
	      "is\n"
	      "an error.\n",
	      stream);
	for (const struct project_key *key = project_keys; key->path; key++)
		print_key(stream, key);
	fputs("\nOf each target, below targets.NAME:\n", stream);
	for (const struct project_key *key = target_keys; key->path; key++)
		print_key(stream, key);
}

static void usage_line(FILE *stream, const struct command *command)
{
	const char *above = command->parent ? command->parent : "";

	if (command->subcommands)
		fprintf(stream, "relevo %s COMMAND [OPTIONS] …", command->name);
	else
		fprintf(stream, "relevo %s%s%s [OPTIONS]%s%s", above, above[0] ? " " : "",
			command->name, command->args[0] ? " " : "", command->args);
}

static void print_subcommands(FILE *stream, const struct command *command)
{
	owned_table struct table *table = table_new(2);

	for (const struct command *const *c = command->subcommands; *c; c++) {
		owned_str struct str name = STR_EMPTY;

		str_addf(&name, "%s %s", (*c)->name, (*c)->args);
		table_row(table, name.ptr, (*c)->summary);
	}
	heading(stream, "Commands");
	table_print(table, stream, "  ", false);
	fprintf(stream, "\nrelevo help %s COMMAND tells more of each.\n", command->name);
}

void help_print_command(FILE *stream, const struct command *command)
{
	owned_table struct table *table = table_new(2);

	fprintf(stream, "%s\n\nUsage: ", command->summary);
	usage_line(stream, command);
	fputc('\n', stream);
	if (command->description) {
		fputc('\n', stream);
		print_filled(stream, command->description, 0);
	}
	if (command->subcommands) {
		print_subcommands(stream, command);
		return;
	}
	option_rows(table, command->options);
	option_rows(table, common);
	heading(stream, "Options");
	table_print(table, stream, "  ", false);
	if (command->examples) {
		heading(stream, "Examples");
		for (struct span rest = span_of(command->examples), line;
		     span_next(&rest, '\n', &line);)
			fprintf(stream, "  " SPAN_FMT "\n", SPAN_ARG(line));
	}
}

/* ---- manual pages ---- */

/* Text with what roff would read as its own escaped. */
static void roff(FILE *stream, const char *text)
{
	bool line_start = true;

	for (; *text; text++) {
		if (line_start && (*text == '.' || *text == '\''))
			fputs("\\&", stream);
		if (*text == '\\')
			fputs("\\e", stream);
		else if (*text == '-')
			fputs("\\-", stream);
		else
			fputc(*text, stream);
		line_start = *text == '\n';
	}
}

static void roff_paragraphs(FILE *stream, const char *text)
{
	for (; *text; text++) {
		if (text[0] == '\n' && text[1] == '\n') {
			fputs("\n.PP\n", stream);
			while (text[1] == '\n')
				text++;
			continue;
		}
		roff(stream, (char[]){ *text, '\0' });
	}
	fputc('\n', stream);
}

static void roff_options(FILE *stream, const struct option *options)
{
	for (const struct option *o = options; o && o->type != OPTION_END; o++) {
		fputs(".TP\n\\fB", stream);
		if (o->letter)
			fprintf(stream, "\\-%c\\fR, \\fB", o->letter);
		fputs("\\-\\-", stream);
		roff(stream, o->name);
		fprintf(stream, "\\fR %s%s%s\n", o->value ? "\\fI" : "", o->value ? o->value : "",
			o->value ? "\\fR" : "");
		roff(stream, o->help);
		fputc('\n', stream);
	}
}

static void manual_of_relevo(FILE *stream)
{
	fputs(".TH RELEVO 1 \"\" \"relevo " RELEVO_VERSION "\" \"relevo manual\"\n"
	      ".SH NAME\nrelevo \\- build Erlang and Elixir releases and upgrade running ones\n"
	      ".SH SYNOPSIS\n\\fBrelevo\\fR \\fICOMMAND\\fR [options] [arguments]\n.SH "
	      "DESCRIPTION\n",
	      stream);
	roff_paragraphs(stream, intro);
	fputs(".SH COMMANDS\n", stream);
	for (const struct command *const *c = commands; *c; c++) {
		fprintf(stream, ".TP\n\\fBrelevo\\-%s\\fR(1)\n", (*c)->name);
		roff(stream, (*c)->summary);
		fputc('\n', stream);
	}
	fputs(".SH EXIT STATUS\n", stream);
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		fprintf(stream, ".TP\n%d\n%s\n", statuses[i].status, statuses[i].meaning);
}

static void manual_synopsis(FILE *stream, const struct command *command)
{
	fputs(".SH NAME\nrelevo\\-", stream);
	roff(stream, command->name);
	fputs(" \\- ", stream);
	roff(stream, command->summary);
	fprintf(stream, "\n.SH SYNOPSIS\n\\fBrelevo %s\\fR ", command->name);
	roff(stream, command->subcommands ? "COMMAND [OPTIONS] ..." : "[OPTIONS] ");
	roff(stream, command->args);
	fputs("\n.SH DESCRIPTION\n", stream);
	roff_paragraphs(stream, command->description ? command->description : command->summary);
}

static void manual_subcommands(FILE *stream, const struct command *command)
{
	fputs(".SH COMMANDS\n", stream);
	for (const struct command *const *c = command->subcommands; c && *c; c++) {
		fprintf(stream, ".SS \"%s %s\"\n", (*c)->name, (*c)->args);
		roff_paragraphs(stream, (*c)->description ? (*c)->description : (*c)->summary);
		roff_options(stream, (*c)->options);
	}
}

void help_print_manual(FILE *stream, const struct command *command)
{
	if (!command) {
		manual_of_relevo(stream);
		return;
	}
	fprintf(stream, ".TH RELEVO\\-%s 1 \"\" \"relevo " RELEVO_VERSION "\" \"relevo manual\"\n",
		command->name);
	manual_synopsis(stream, command);
	if (command->subcommands)
		manual_subcommands(stream, command);
	fputs(".SH OPTIONS\n", stream);
	roff_options(stream, command->options);
	roff_options(stream, common);
	if (command->examples) {
		fputs(".SH EXAMPLES\n.nf\n", stream);
		roff(stream, command->examples);
		fputs("\n.fi\n", stream);
	}
	fputs(".SH SEE ALSO\n\\fBrelevo\\fR(1)\n", stream);
}
