// SPDX-License-Identifier: Apache-2.0
/* Options from the command line into a command's own struct. */
#include "cmd/command.h"

#include "base/duration.h"
#include "base/nearest.h"

#include <errno.h>
#include <stdlib.h>

/* ---- the tables ---- */

/* clang-format off */
const struct option common_options[] = {
	OPT_FLAG(struct call, json, 0, "json", "print the result as JSON"),
	OPT_FLAG(struct call, quiet, 'q', "quiet", "say nothing but results and errors"),
	OPT_FLAG(struct call, verbose, 'v', "verbose", "say each step"),
	OPT_FLAG(struct call, help, 'h', "help", "show this help"),
	OPT_END,
};
/* clang-format on */

/* "--name", "--name=value", "-n", "-nvalue" taken apart. */
struct word {
	struct span name; /* one letter, or a name */
	bool is_long;
	const char *value; /* NULL: it is not in the same word */
};

static struct word word_of(const char *text)
{
	const char *equals = strchr(text, '=');
	struct word word = { .is_long = text[1] == '-' };

	if (!word.is_long) {
		word.name = (struct span){ text + 1, 1 };
		word.value = text[1] && text[2] ? text + 2 : NULL;
		return word;
	}
	word.name = span_of(text + 2);
	if (equals) {
		word.name.len = (size_t)(equals - (text + 2));
		word.value = equals + 1;
	}
	return word;
}

static const struct option *find_in(const struct option *options, const struct word *word)
{
	for (const struct option *o = options; o && o->type != OPTION_END; o++)
		if (word->is_long ? span_is(word->name, o->name) : o->letter == word->name.ptr[0])
			return o;
	return NULL;
}

static bool takes_value(const struct command *const *list, const struct word *word)
{
	for (; list && *list; list++) {
		const struct option *o = find_in((*list)->options, word);

		if ((o && o->type != OPTION_FLAG) || takes_value((*list)->subcommands, word))
			return true;
	}
	return false;
}

int option_words(const struct command *const *list, int argc, char **argv)
{
	struct word word = word_of(argv[0]);

	return argc > 1 && !word.value && !find_in(common_options, &word) &&
			       takes_value(list, &word)
		       ? 2
		       : 1;
}

static int see_help(const struct command *command, struct error *err)
{
	char title[64];

	return error_hint(err, "See: relevo help %s", command_title(command, title));
}

static int unknown_option(const struct command *command, const char *word, struct error *err)
{
	struct nearest nearest = nearest_to(word + strspn(word, "-"));
	char title[64];

	for (const struct option *o = command->options; o && o->type != OPTION_END; o++)
		nearest_try(&nearest, o->name);
	for (const struct option *o = common_options; o->type != OPTION_END; o++)
		nearest_try(&nearest, o->name);
	error_set_(err, ERROR_USAGE, "%s: there is no option %s", command_title(command, title),
		   word);
	if (nearest_best(&nearest))
		error_hint_(err, "Did you mean --%s?", nearest_best(&nearest));
	return see_help(command, err);
}

/* ---- values ---- */

static int parse_number(long *out, const char *text, struct error *err)
{
	char *end;

	errno = 0;
	long value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < 0 || value > 1000000000)
		return error_set(err, ERROR_USAGE, "want a number, got \"%s\"", text);
	*out = value;
	return 0;
}

static int parse_duration(long *out, const char *text, struct error *err)
{
	int64_t ms;

	if (!duration_parse(&ms, text))
		return error_set(err, ERROR_USAGE,
				 "want a time such as 30s, 500ms or \"5min 3s\", got \"%s\"", text);
	*out = ms;
	return 0;
}

static int set_value(const struct option *o, void *opts, const char *value, struct error *err)
{
	void *field = (char *)opts + o->offset;
	struct option_list *list = field;

	switch (o->type) {
	case OPTION_TEXT:
		*(const char **)field = value;
		return 0;
	case OPTION_LIST:
		list->items = mem_resize(list->items, list->len + 1, sizeof(*list->items));
		list->items[list->len++] = value;
		return 0;
	case OPTION_NUMBER:
		return parse_number(field, value, err);
	case OPTION_DURATION:
		return parse_duration(field, value, err);
	case OPTION_FLAG:
	case OPTION_END:
		break;
	}
	return error_set(err, ERROR_USAGE, "takes no value");
}

static int set_option(const struct option *o, void *opts, const char *value, struct error *err)
{
	if (o->type == OPTION_FLAG && !value) {
		*(bool *)((char *)opts + o->offset) = true;
		return 0;
	}
	if (!value)
		return error_set(err, ERROR_USAGE, "--%s wants a value: --%s %s", o->name, o->name,
				 o->value);
	if (set_value(o, opts, value, err))
		return error_wrap(err, "--%s", o->name);
	return 0;
}

/* Takes argv[*at], an option, and its value; *at then stands on the last word used. */
static int take_option(struct call *call, void *opts, int argc, char **argv, int *at,
		       struct error *err)
{
	struct word word = word_of(argv[*at]);
	const struct option *o = find_in(call->command->options, &word);
	void *where = opts;

	if (!o) {
		o = find_in(common_options, &word);
		where = call;
	}
	if (!o)
		return unknown_option(call->command, argv[*at], err);
	if (!word.value && o->type != OPTION_FLAG && *at + 1 < argc)
		word.value = argv[++*at];
	return set_option(o, where, word.value, err);
}

static int check_call(const struct call *call, struct error *err)
{
	const struct command *command = call->command;
	char title[64];

	command_title(command, title);
	if (call->json && command->no_json)
		return error_set(err, ERROR_USAGE, "%s knows no --json", title);
	if (call->argc < command->args_min)
		error_set_(err, ERROR_USAGE, "%s: too few arguments, want: %s", title,
			   command->args);
	else if (command->args_max >= 0 && call->argc > command->args_max)
		error_set_(err, ERROR_USAGE, "%s: \"%s\" is one argument too many", title,
			   call->argv[command->args_max]);
	else
		return 0;
	return see_help(command, err);
}

int options_parse(struct call *call, void *opts, const struct command *command, int argc,
		  char **argv, struct error *err)
{
	bool only_args = false;
	int kept = 0;

	call->command = command;
	call->opts = opts;
	call->argv = argv;
	for (int i = 0; i < argc; i++) {
		if (only_args || argv[i][0] != '-' || argv[i][1] == '\0')
			argv[kept++] = argv[i];
		else if (strcmp(argv[i], "--") == 0)
			only_args = true;
		else if (take_option(call, opts, argc, argv, &i, err))
			return -1;
	}
	call->argc = kept;
	return call->help ? 0 : check_call(call, err);
}
