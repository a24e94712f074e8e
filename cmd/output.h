// SPDX-License-Identifier: Apache-2.0
/* output.h - what a person sees: results on stdout, talk on stderr. */
#pragma once
#include "cmd/command.h"
#include "cmd/print.h"
#include "cmd/style.h"

/* Columns of a terminal; very many where nobody looks, so that no line breaks. */
int output_width(FILE *stream);

/* Columns that help is written in: of the terminal, but no more than read well; 80 elsewhere. */
int help_width(FILE *stream);
/* Prints words with breaks between them, never inside one, and a newline; further lines begin with
 * `indent` spaces.
 * column  where the cursor stands
 */
void print_wrapped(FILE *stream, const char *text, int column, int indent, int width);

/* A table with aligned columns. */
struct table;
struct table *table_new(size_t columns);
/* One row: `columns` texts, copied; NULL is an empty cell. */
void table_row(struct table *table, ...);
/* The first row is a heading when `heading` is set. */
void table_print(const struct table *table, FILE *stream, const char *indent, bool heading);
void table_free(struct table *table);
static inline void table_done(struct table **table)
{
	table_free(*table);
}
#define owned_table owned(table_done)

/* Prints lines whose texts went through print_add() already. */
void output_lines(const struct str *text);
/* The same, over what was shown before where that is a terminal, else below it; nothing where it is
 * the same.  *shown is empty at first.
 */
void output_again(struct str *shown, const struct str *text);

/* Prints the document and a newline; takes the reference. */
void print_json(json_t *document);
/* Whether that was done already: stdout takes one document, an error then goes to stderr. */
bool print_json_done(void);
/* A document could not be made or written. */
bool print_json_lost(void);
/* It was, by a process of ours. */
void print_json_was_done(void);
/* Talk: to stderr, not with -q. */
void say(const struct call *call, const char *format, ...) printf_like(2, 3);
/* Only with -v. */
void say_verbose(const struct call *call, const char *format, ...) printf_like(2, 3);
void warn(const char *format, ...) printf_like(1, 2);

/* Long work on a terminal: one line that is written over, of bytes or seconds; or a text.
 * total 0: not known
 */
enum progress_unit { PROGRESS_BYTES, PROGRESS_SECONDS };
void progress_show(const struct call *call, const char *what, enum progress_unit unit,
		   uint64_t done, uint64_t total);
void progress_note(const struct call *call, const char *text);
void progress_clear(void);
/* 1234567 bytes as "1.2 MB", in a buffer of the caller's. */
const char *human_bytes(uint64_t bytes, char buffer[static 32]);
