// SPDX-License-Identifier: Apache-2.0
/* The command table as manual pages. */
#include "cmd/help.h"
#include "cmd/version.h"
#include "release/project/project.h"

#include <ctype.h>

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

/* Paragraphs are parted by empty lines; a line that begins with white space stays as it is. */
static void roff_paragraphs(FILE *stream, const char *text)
{
	struct span rest = span_of(text), line;
	bool as_it_is = false;

	while (span_next(&rest, '\n', &line)) {
		owned_str struct str copy = STR_EMPTY;
		bool indented = line.len > 0 && line.ptr[0] == ' ';

		if (indented != as_it_is && (indented || line.len > 0)) {
			fputs(indented ? ".nf\n" : ".fi\n", stream);
			as_it_is = indented;
		}
		str_add(&copy, line);
		if (line.len == 0)
			fputs(".PP", stream);
		roff(stream, str_text(&copy));
		fputc('\n', stream);
	}
	if (as_it_is)
		fputs(".fi\n", stream);
}

static void roff_line(FILE *stream, const char *text)
{
	roff(stream, text);
	fputc('\n', stream);
}

static void header(FILE *stream, const char *name, int section)
{
	fputs(".TH \"", stream);
	roff(stream, name);
	fprintf(stream, "\" %d \"\" \"relevo " RELEVO_VERSION "\" \"relevo manual\"\n", section);
}

static void roff_options(FILE *stream, const struct command *command, const struct option *options)
{
	for (const struct option *o = options; o && o->type != OPTION_END; o++) {
		if (!is_option_of(command, o))
			continue;
		fputs(".TP\n\\fB", stream);
		if (o->letter)
			fprintf(stream, "\\-%c\\fR, \\fB", o->letter);
		fputs("\\-\\-", stream);
		roff(stream, o->name);
		fprintf(stream, "\\fR %s%s%s\n", o->value ? "\\fI" : "", o->value ? o->value : "",
			o->value ? "\\fR" : "");
		roff_line(stream, o->help);
	}
}

static void page_name(FILE *stream, const struct command *command)
{
	fprintf(stream, "relevo%s%s\\-%s", command->parent ? "\\-" : "",
		command->parent ? command->parent : "", command->name);
}

static void list_commands(FILE *stream, const struct command *const *list)
{
	fputs(".SH COMMANDS\n", stream);
	for (; *list; list++) {
		fputs(".TP\n\\fB", stream);
		page_name(stream, *list);
		fputs("\\fR(1)\n", stream);
		roff_line(stream, (*list)->summary);
	}
}

static void manual_of_relevo(FILE *stream)
{
	header(stream, "RELEVO", 1);
	fputs(".SH NAME\nrelevo \\- build Erlang and Elixir releases and upgrade running ones\n"
	      ".SH SYNOPSIS\n\\fBrelevo\\fR \\fICOMMAND\\fR [options] [arguments]\n.SH "
	      "DESCRIPTION\n",
	      stream);
	roff_paragraphs(stream, help_intro);
	fputs(".PP\n", stream);
	roff_paragraphs(stream, help_outro);
	list_commands(stream, commands);
	fputs(".SH EXIT STATUS\n", stream);
	for (const struct exit_status *s = exit_statuses; s->meaning; s++) {
		fprintf(stream, ".TP\n%d\n", s->status);
		roff_line(stream, s->meaning);
	}
	fputs(".SH SEE ALSO\n\\fBrelevo.yaml\\fR(5)\n", stream);
}

static void synopsis(FILE *stream, const struct command *command)
{
	char title[64];

	command_title(command, title);
	fputs(".SH NAME\n", stream);
	page_name(stream, command);
	fputs(" \\- ", stream);
	roff_line(stream, command->summary);
	fprintf(stream, ".SH SYNOPSIS\n\\fBrelevo %s\\fR ", title);
	roff(stream, command->subcommands ? "COMMAND [OPTIONS] ..." : "[OPTIONS] ");
	roff_line(stream, command->args);
	fputs(".SH DESCRIPTION\n", stream);
	roff_paragraphs(stream, command->description ? command->description : command->summary);
}

static void see_also(FILE *stream, const struct command *command)
{
	fputs(".SH SEE ALSO\n\\fBrelevo\\fR(1)", stream);
	if (command->parent)
		fprintf(stream, ", \\fBrelevo\\-%s\\fR(1)", command->parent);
	fputs(", \\fBrelevo.yaml\\fR(5)\n", stream);
}

static void manual_of_command(FILE *stream, const struct command *command)
{
	owned_str struct str name = STR_EMPTY;
	char title[64];

	str_adds(&name, "RELEVO-");
	for (const char *p = command_title(command, title); *p; p++)
		str_addc(&name, *p == ' ' ? '-' : (char)toupper((unsigned char)*p));
	header(stream, str_text(&name), 1);
	synopsis(stream, command);
	if (command->subcommands) {
		list_commands(stream, command->subcommands);
	} else {
		fputs(".SH OPTIONS\n", stream);
		roff_options(stream, command, command->options);
		roff_options(stream, command, common_options);
	}
	if (command->examples) {
		fputs(".SH EXAMPLES\n.nf\n", stream);
		roff_line(stream, command->examples);
		fputs(".fi\n", stream);
	}
	see_also(stream, command);
}

void manual_print(FILE *stream, const struct command *command)
{
	if (command)
		manual_of_command(stream, command);
	else
		manual_of_relevo(stream);
}

void manual_print_config(FILE *stream)
{
	header(stream, "RELEVO.YAML", 5);
	fputs(".SH NAME\nrelevo.yaml \\- how relevo builds a release\n.SH DESCRIPTION\n", stream);
	roff_paragraphs(stream, help_config_intro);
	fputs(".SH KEYS\n", stream);
	for (const struct project_key *key = project_keys; key->path; key++) {
		fputs(".TP\n\\fB", stream);
		roff(stream, key->path);
		fputs("\\fR: ", stream);
		roff_line(stream, key->type);
		roff(stream, key->help);
		fputs(". Default: ", stream);
		roff_line(stream, key->fallback);
	}
	fputs(".SH SEE ALSO\n\\fBrelevo\\fR(1), \\fBrelevo\\-build\\fR(1), "
	      "\\fBrelevo\\-init\\fR(1)\n",
	      stream);
}
