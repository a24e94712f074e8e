// SPDX-License-Identifier: Apache-2.0
/* Options from the command line into a command's own struct. */
#include "cmd/command.h"

#include "base/duration.h"
#include "base/nearest.h"

#include <errno.h>
#include <stdlib.h>

static const struct option *find_long(const struct command *command, struct span name)
{
	for (const struct option *o = command->options; o && o->type != OPTION_END; o++)
		if (span_is(name, o->name))
			return o;
	return NULL;
}

static const struct option *find_letter(const struct command *command, char letter)
{
	for (const struct option *o = command->options; o && o->type != OPTION_END; o++)
		if (o->letter == letter)
			return o;
	return NULL;
}

static int unknown_option(const struct command *command, const char *word, struct error *err)
{
	const char *near = NULL;
	struct nearest nearest = nearest_to(word + strspn(word, "-"));

	for (const struct option *o = command->options; o && o->type != OPTION_END; o++)
		nearest_try(&nearest, o->name);
	near = nearest_best(&nearest);
	error_set_(err, ERROR_USAGE, "%s: there is no option %s", command->name, word);
	if (near)
		return error_hint(err, "Did you mean --%s?  See: relevo help %s", near,
				  command->name);
	return error_hint(err, "See: relevo help %s", command->name);
}

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
				 "want a time such as 30s, 500ms or 5m, got \"%s\"", text);
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

/* --json, -q, -v, -h: every command has them. */
static bool common_option(struct call *call, const char *word, bool *help_out)
{
	if (strcmp(word, "--json") == 0)
		call->json = true;
	else if (strcmp(word, "-q") == 0 || strcmp(word, "--quiet") == 0)
		call->quiet = true;
	else if (strcmp(word, "-v") == 0 || strcmp(word, "--verbose") == 0)
		call->verbose = true;
	else if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
		*help_out = true;
	else
		return false;
	return true;
}

/* Takes argv[*at], an option, and its value; *at then stands on the last word used. */
static int take_option(void *opts, const struct command *command, int argc, char **argv, int *at,
		       struct error *err)
{
	const char *word = argv[*at], *value = NULL, *equals = strchr(word, '=');
	const struct option *o;

	if (word[1] == '-') {
		struct span name = span_of(word + 2);

		if (equals) {
			name.len = (size_t)(equals - (word + 2));
			value = equals + 1;
		}
		o = find_long(command, name);
	} else {
		o = find_letter(command, word[1]);
		if (word[2])
			value = word + 2;
	}
	if (!o)
		return unknown_option(command, word, err);
	if (!value && o->type != OPTION_FLAG && *at + 1 < argc)
		value = argv[++*at];
	return set_option(o, opts, value, err);
}

static int check_count(const struct call *call, struct error *err)
{
	const struct command *command = call->command;

	if (call->argc < command->args_min)
		error_set_(err, ERROR_USAGE, "%s: too few arguments, want: %s", command->name,
			   command->args);
	else if (command->args_max >= 0 && call->argc > command->args_max)
		error_set_(err, ERROR_USAGE, "%s: \"%s\" is one argument too many", command->name,
			   call->argv[command->args_max]);
	else
		return 0;
	return error_hint(err, "See: relevo help %s", command->name);
}

int options_parse(struct call *call, void *opts, const struct command *command, int argc,
		  char **argv, bool *help_out, struct error *err)
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
		else if (!common_option(call, argv[i], help_out) &&
			 take_option(opts, command, argc, argv, &i, err))
			return -1;
	}
	call->argc = kept;
	return *help_out ? 0 : check_count(call, err);
}
