// SPDX-License-Identifier: Apache-2.0
/* help.h - the command table as text: help, manual pages, completions of shells. */
#pragma once
#include "cmd/command.h"

#include <stdio.h>

/* ---- help.c ---- */

void help_print_all(FILE *stream);
void help_print_command(FILE *stream, const struct command *command);
/* What each exit status means; the keys of relevo.yaml. */
void help_print_statuses(FILE *stream);
void help_print_config(FILE *stream);

/* What all of these tell. */
struct exit_status {
	int status;
	const char *meaning;
};

extern const struct exit_status exit_statuses[]; /* ends with a NULL meaning */
extern const char help_intro[], help_outro[], help_config_intro[];
/* --json of a command that has none is not told of. */
bool is_option_of(const struct command *command, const struct option *option);

/* ---- manual.c: roff for man(1) ---- */

/* NULL: relevo(1). */
void manual_print(FILE *stream, const struct command *command);
/* relevo.yaml(5) */
void manual_print_config(FILE *stream);

/* ---- completion*.c: for a shell, on stdout ---- */

void completion_bash(void);
void completion_zsh(void);
void completion_fish(void);

/* What can stand where an argument, or the value of an option, is wanted; by what the help calls
 * it: "FILE", "OLD NEW".
 */
enum expects { EXPECTS_NOTHING, EXPECTS_FILE, EXPECTS_FOLDER, EXPECTS_RELEASE, EXPECTS_VERSION };

enum expects completion_of_value(const char *value);
/* Of the argument number `nr` of a command, from 0. */
enum expects completion_of_argument(const struct command *command, int nr);
