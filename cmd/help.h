// SPDX-License-Identifier: Apache-2.0
/* help.h - the command table as text: help, manual pages. */
#pragma once
#include "cmd/command.h"

#include <stdio.h>

void help_print_all(FILE *stream);
void help_print_command(FILE *stream, const struct command *command);
/* What each exit status means; the keys of relevo.yaml. */
void help_print_statuses(FILE *stream);
void help_print_config(FILE *stream);
/* roff for man(1); NULL: the page of relevo itself. */
void help_print_manual(FILE *stream, const struct command *command);
