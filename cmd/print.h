// SPDX-License-Identifier: Apache-2.0
/* print.h - the only way from text to a terminal.
 *
 * Names, versions, messages of nodes, paths in tarballs are written by others: what a terminal
 * would obey in them (escape sequences, other control characters, turns of direction) is shown as
 * \u001b and the like.  A line break in an argument is such a character too; one in the format is
 * ours.
 */
#pragma once
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>

enum print_as {
	PRINT_LINE,  /* line breaks and tabs are escaped */
	PRINT_LINES, /* they are part of the text */
};

void print_add(struct str *out, struct span text, enum print_as as);
/* As printf: %s %d %i %u %x %c %f with flags, width, precision and the sizes l, ll, z, j; what
 * stands for a %s is shown, the format and styles (style.h) are as they are.
 */
void print_addv(struct str *out, enum print_as as, const char *format, va_list args)
	printf_like(3, 0);
void print(const char *format, ...) printf_like(1, 2);
void print_to(FILE *stream, const char *format, ...) printf_like(2, 3);
/* A text of several lines. */
void print_lines(FILE *stream, struct span text);
