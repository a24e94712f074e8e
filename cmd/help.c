// SPDX-License-Identifier: Apache-2.0
#include "cmd/help.h"

#include "base/utf8.h"
#include "cmd/output.h"
#include "release/project/project.h"

const char help_intro[] =
	"relevo builds Erlang and Elixir releases, works out how a running system gets from one "
	"release to the next without stopping, and takes it there.\n";

const char help_outro[] = "A release is named by its folder, its tarball, or, where relevo.yaml "
			  "lies, by its version in "
			  "the project's store: relevo plan 1.0.0 1.1.0\n";

const char help_config_intro[] = "relevo.yaml lies in the folder of the project. Paths are "
				 "relative to it; an unknown key is an "
				 "error.\n";

const struct exit_status exit_statuses[] = {
	{ 0, "done" },
	{ 1, "unexpected failure" },
	{ 2, "usage or configuration" },
	{ 3, "not found or not reachable" },
	{ 4, "refused, nothing was changed (verdict, preflight, verification)" },
	{ 5, "failed and rolled back, all on the old release" },
	{ 6, "failed, the state needs a person" },
	{ 7, "locked by another rollout" },
	{ 8, "stopped at a pause, waiting for promote" },
	{ 0, NULL },
};

/* ---- text in columns ---- */

enum { TERM_INDENT = 2, TERM_MAX = 26 };

/* "  --out DIR   where …": the explanation begins in a column, below a name that is too long. */
static void print_term(FILE *stream, const char *name, const char *text, int column)
{
	int end = TERM_INDENT + (int)utf8_len(span_of(name));

	fprintf(stream, "%*s%s", TERM_INDENT, "", name);
	if (end + 2 > column)
		fprintf(stream, "\n%*s", column, "");
	else
		fprintf(stream, "%*s", column - end, "");
	print_wrapped(stream, text, column, column, help_width(stream));
}

/* Wide enough for this name, when it is not too long. */
static int widen(int column, const char *name)
{
	int len = (int)utf8_len(span_of(name));
	int wanted = TERM_INDENT + len + 2;

	return len <= TERM_MAX && wanted > column ? wanted : column;
}

/* Paragraphs are parted by empty lines and filled; a line that begins with white space stays as
 * it is.
 */
static void print_filled(FILE *stream, const char *text, int indent)
{
	struct span rest = span_of(text), line;
	owned_str struct str paragraph = STR_EMPTY;
	bool more = true;

	while (more) {
		more = span_next(&rest, '\n', &line);
		if (more && line.len > 0 && line.ptr[0] != ' ') {
			str_addf(&paragraph, "%s" SPAN_FMT, paragraph.len ? " " : "",
				 SPAN_ARG(line));
			continue;
		}
		if (paragraph.len > 0) {
			fprintf(stream, "%*s", indent, "");
			print_wrapped(stream, str_text(&paragraph), indent, indent,
				      help_width(stream));
			str_clear(&paragraph);
		}
		if (more)
			fprintf(stream, SPAN_FMT "\n", SPAN_ARG(line));
	}
}

static void heading(FILE *stream, const char *text)
{
	fprintf(stream, "\n%s%s%s\n", style_on(stream, STYLE_BOLD), text, style_off(stream));
}

static int column_of(const struct command *const *list)
{
	int column = 0;

	for (; *list; list++)
		column = widen(column, (*list)->name);
	return column;
}

static void print_group(FILE *stream, const char *group)
{
	heading(stream, group);
	for (const struct command *const *c = commands; *c; c++)
		if (strcmp((*c)->group, group) == 0)
			print_term(stream, (*c)->name, (*c)->summary, column_of(commands));
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
	print_filled(stream, help_intro, 0);
	fprintf(stream, "\nUsage: relevo COMMAND [OPTIONS] [ARGUMENTS]\n");
	for (const struct command *const *c = commands; *c; c++)
		if (is_first_of_group(c))
			print_group(stream, (*c)->group);
	heading(stream, "More");
	fputs("  relevo help COMMAND   what a command does, its options, examples\n"
	      "  relevo help config    the keys of relevo.yaml\n"
	      "  relevo help exit      the exit statuses\n"
	      "  relevo --version      the version\n"
	      "\n",
	      stream);
	print_filled(stream, help_outro, 0);
}

void help_print_statuses(FILE *stream)
{
	for (const struct exit_status *s = exit_statuses; s->meaning; s++)
		fprintf(stream, "  %d  %s\n", s->status, s->meaning);
}

static void option_name(struct str *out, const struct option *o)
{
	str_clear(out);
	if (o->letter)
		str_addf(out, "-%c, ", o->letter);
	else
		str_adds(out, "    ");
	str_addf(out, "--%s", o->name);
	if (o->value)
		str_addf(out, " %s", o->value);
}

static int widen_by(int column, const struct option *options)
{
	owned_str struct str name = STR_EMPTY;

	for (const struct option *o = options; o && o->type != OPTION_END; o++) {
		option_name(&name, o);
		column = widen(column, str_text(&name));
	}
	return column;
}

bool is_option_of(const struct command *command, const struct option *o)
{
	return !command->no_json || strcmp(o->name, "json") != 0;
}

static void print_options(FILE *stream, const struct command *command)
{
	const struct option *tables[] = { command->options, common_options };
	int column = widen_by(widen_by(0, tables[0]), tables[1]);
	owned_str struct str name = STR_EMPTY;

	heading(stream, "Options");
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		for (const struct option *o = tables[i]; o && o->type != OPTION_END; o++) {
			if (!is_option_of(command, o))
				continue;
			option_name(&name, o);
			print_term(stream, str_text(&name), o->help, column);
		}
	}
}

static void print_key(FILE *stream, const struct project_key *key)
{
	owned_str struct str text = STR_EMPTY;

	fprintf(stream, "\n%s%s%s: ", style_on(stream, STYLE_BOLD), key->path, style_off(stream));
	print_wrapped(stream, key->type, (int)strlen(key->path) + 2, 4, help_width(stream));
	str_addf(&text, "%s. Default: %s", key->help, key->fallback);
	print_filled(stream, str_text(&text), 4);
}

void help_print_config(FILE *stream)
{
	print_filled(stream, help_config_intro, 0);
	for (const struct project_key *key = project_keys; key->path; key++)
		print_key(stream, key);
	fputs("\nOf each target, below targets.NAME:\n", stream);
	for (const struct project_key *key = target_keys; key->path; key++)
		print_key(stream, key);
}

static void usage_line(FILE *stream, const struct command *command)
{
	char title[64];

	command_title(command, title);
	if (command->subcommands)
		fprintf(stream, "Usage: relevo %s COMMAND [OPTIONS] …\n", title);
	else
		fprintf(stream, "Usage: relevo %s [OPTIONS]%s%s\n", title,
			command->args[0] ? " " : "", command->args);
}

static void print_subcommands(FILE *stream, const struct command *command)
{
	int column = column_of(command->subcommands);

	heading(stream, "Commands");
	for (const struct command *const *c = command->subcommands; *c; c++)
		print_term(stream, (*c)->name, (*c)->summary, column);
	fprintf(stream, "\nrelevo help %s COMMAND tells more of each.\n", command->name);
}

/* ---- examples ---- */

/* A word of a shell, quotes and all. */
static bool next_word(struct span *rest, struct span *word)
{
	char quote = 0;
	size_t len = 0;

	*rest = span_trim(*rest);
	for (; len < rest->len && (quote || rest->ptr[len] != ' '); len++) {
		char c = rest->ptr[len];

		if (quote == c)
			quote = 0;
		else if (!quote && (c == '\'' || c == '"'))
			quote = c;
	}
	*word = (struct span){ rest->ptr, len };
	*rest = (struct span){ rest->ptr + len, rest->len - len };
	return len > 0;
}

/* Too long a command goes on behind a backslash, as a shell reads it. */
static void print_command_line(FILE *stream, struct span command)
{
	int column = TERM_INDENT, width = help_width(stream);
	struct span word;

	fprintf(stream, "%*s", TERM_INDENT, "");
	for (bool first = true; next_word(&command, &word); first = false) {
		struct span rest = command, value;
		int len = (int)utf8_len(word), needed = len;

		/* An option and its value stay together. */
		if (span_starts(word, "-") && next_word(&rest, &value) && !span_starts(value, "-"))
			needed += 1 + (int)utf8_len(value);
		if (!first && column + 1 + needed + 2 > width) {
			fprintf(stream, " \\\n%*s", 2 * TERM_INDENT + 2, "");
			column = 2 * TERM_INDENT + 2;
		} else if (!first) {
			fputc(' ', stream);
			column++;
		}
		fprintf(stream, SPAN_FMT, SPAN_ARG(word));
		column += len;
	}
	fputc('\n', stream);
}

/* "command  # what it does": in one line, or what it does above. */
static void print_example(FILE *stream, struct span line)
{
	const char *hash = memmem(line.ptr, line.len, "  # ", 4);
	struct span command = line;

	if (TERM_INDENT + (int)utf8_len(line) <= help_width(stream)) {
		fprintf(stream, "%*s" SPAN_FMT "\n", TERM_INDENT, "", SPAN_ARG(line));
		return;
	}
	if (hash) {
		command.len = (size_t)(hash - line.ptr);
		fprintf(stream, "%*s%.*s\n", TERM_INDENT, "", (int)(line.len - command.len - 2),
			hash + 2);
	}
	print_command_line(stream, command);
}

void help_print_command(FILE *stream, const struct command *command)
{
	print_wrapped(stream, command->summary, 0, 0, help_width(stream));
	fputc('\n', stream);
	usage_line(stream, command);
	if (command->description) {
		fputc('\n', stream);
		print_filled(stream, command->description, 0);
	}
	if (command->subcommands) {
		print_subcommands(stream, command);
		return;
	}
	print_options(stream, command);
	if (command->examples) {
		heading(stream, "Examples");
		for (struct span rest = span_of(command->examples), line;
		     span_next(&rest, '\n', &line);)
			if (line.len > 0)
				print_example(stream, line);
	}
}
