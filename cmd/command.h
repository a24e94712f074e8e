// SPDX-License-Identifier: Apache-2.0
/* command.h - what a command is: one record, from which dispatch, help, manual pages
 * and shell completions all follow.
 *
 * A command lives in cmd/cmd_<name>.c, which defines `const struct command
 * cmd_<name>`, and is listed in cmd/commands.c; nothing else knows of it.
 */
#pragma once
#include "base/error.h"
#include "base/str.h"

#include <jansson.h>

enum option_type {
	OPTION_END,
	OPTION_FLAG,     /* bool */
	OPTION_TEXT,     /* const char *: the last one given */
	OPTION_LIST,     /* struct option_list: all that were given, in order */
	OPTION_NUMBER,   /* long: 0 .. 1e9 */
	OPTION_DURATION, /* long: milliseconds; "500ms", "1.5 s", "5min 3s"; a bare number is
			    seconds */
};

struct option_list {
	const char **items;
	size_t len;
};

struct option {
	enum option_type type;
	char letter;       /* 0: none */
	const char *name;  /* without the dashes */
	const char *value; /* what the help calls the value: "DIR" */
	const char *help;
	size_t offset; /* of the field in the command's options struct */
};

#define OPTION_FIELD_(kind, opts, field, letter, name, value, help)    \
	{                                                              \
		kind, letter, name, value, help, offsetof(opts, field) \
	}
#define OPT_FLAG(opts, field, letter, name, help) \
	OPTION_FIELD_(OPTION_FLAG, opts, field, letter, name, NULL, help)
#define OPT_TEXT(opts, field, letter, name, value, help) \
	OPTION_FIELD_(OPTION_TEXT, opts, field, letter, name, value, help)
#define OPT_LIST(opts, field, letter, name, value, help) \
	OPTION_FIELD_(OPTION_LIST, opts, field, letter, name, value, help)
#define OPT_NUMBER(opts, field, letter, name, value, help) \
	OPTION_FIELD_(OPTION_NUMBER, opts, field, letter, name, value, help)
#define OPT_DURATION(opts, field, letter, name, value, help) \
	OPTION_FIELD_(OPTION_DURATION, opts, field, letter, name, value, help)
#define OPT_END                                    \
	{                                          \
		OPTION_END, 0, NULL, NULL, NULL, 0 \
	}

/* What every command is given. */
struct call {
	const struct command *command;
	int argc; /* arguments, options taken out */
	char **argv;
	const void *opts; /* the command's options struct, filled in */
	bool json;        /* --json */
	bool quiet;       /* -q */
	bool verbose;     /* -v */
	bool help;        /* -h */
};

struct command {
	const char *name;
	const char *parent;      /* "node" for `node ping`; else NULL */
	const char *args;        /* "OLD NEW"; "" for none */
	const char *summary;     /* one line, no full stop */
	const char *description; /* paragraphs for help and the manual page */
	const char *examples;    /* lines of "command  # what it does"; may be NULL */
	const char *group;       /* heading in `relevo help` */
	int args_min, args_max;  /* args_max -1: any number */
	bool no_json;            /* what it prints is for one reader: --json is refused */
	const struct option *options;
	size_t opts_size;
	/* Commands below this one (`node ping`); then run is NULL. */
	const struct command *const *subcommands;
	/* 0: done.  -1: *err says why; main prints it and exits with its status. */
	int (*run)(const struct call *call, struct error *err);
};

extern const struct command *const commands[]; /* ends with NULL */

/* Finds by name; NULL when there is none. */
const struct command *command_find(const struct command *const *list, const char *name);

/* "node ping": the names by which it is called; borrowed from a buffer of the caller's. */
const char *command_title(const struct command *command, char buffer[static 64]);

/* The options that every command understands; their fields are in struct call. */
extern const struct option common_options[];

/* Parses the options of a command from argv: the words but for those that name the command.
 * ERROR_USAGE names the word and the nearest option.
 */
must_check int options_parse(struct call *call, void *opts, const struct command *command, int argc,
			     char **argv, struct error *err);
/* How many words the option that argv begins with takes, one or two, when it is not known yet of
 * which command of the list it is.
 */
int option_words(const struct command *const *list, int argc, char **argv);
