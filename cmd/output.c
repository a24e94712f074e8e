// SPDX-License-Identifier: Apache-2.0
#include "cmd/output.h"

#include "base/arena.h"
#include "base/clock.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

int output_width(FILE *stream)
{
	struct winsize size;

	if (!isatty(fileno(stream)))
		return INT_MAX;
	if (ioctl(fileno(stream), TIOCGWINSZ, &size) || size.ws_col < 40)
		return 100;
	return size.ws_col;
}

int help_width(FILE *stream)
{
	enum { USUAL = 80, MOST = 100 };
	int width = output_width(stream);

	return width == INT_MAX ? USUAL : width > MOST ? MOST : width;
}

/* Columns on a screen: every byte that does not continue a UTF-8 character. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

void print_wrapped(FILE *stream, const char *text, int column, int indent, int width)
{
	struct span rest = span_of(text), word;
	owned_str struct str shown = STR_EMPTY;
	bool first = true;

	while (span_next(&rest, ' ', &word)) {
		int len;

		if (word.len == 0)
			continue;
		str_clear(&shown);
		print_add(&shown, word, PRINT_LINE);
		len = (int)width_of(str_text(&shown));
		if (!first && column + 1 + len > width) {
			fprintf(stream, "\n%*s", indent, "");
			column = indent;
		} else if (!first) {
			fputc(' ', stream);
			column++;
		}
		fputs(str_text(&shown), stream);
		column += len;
		first = false;
	}
	fputc('\n', stream);
}

/* ---- lines that change ---- */

void output_lines(const struct str *text)
{
	if (text->len > 0)
		fwrite(text->ptr, 1, text->len, stdout);
}

/* How many lines a terminal makes of it: styles take no room. */
static int lines_shown(const struct str *text, int width)
{
	bool style = false;
	int lines = 0, column = 0;

	for (size_t i = 0; i < text->len; i++) {
		char c = text->ptr[i];

		if (c == '\n') {
			lines += 1 + (column > 0 ? (column - 1) / width : 0);
			column = 0;
		} else if (c == '\033') {
			style = true;
		} else if (style) {
			style = c != 'm';
		} else if ((c & 0xc0) != 0x80) {
			column++;
		}
	}
	return lines;
}

void output_again(struct str *shown, const struct str *text)
{
	if (shown->len == text->len && memcmp(str_text(shown), str_text(text), text->len) == 0)
		return;
	if (output_is_terminal(stdout) && shown->len > 0)
		printf("\033[%dF\033[J", lines_shown(shown, output_width(stdout)));
	output_lines(text);
	fflush(stdout);
	str_clear(shown);
	str_add(shown, str_span(text));
}

/* ---- tables ---- */

struct table {
	struct arena arena;
	size_t columns, rows, cap;
	const char **cells; /* row after row */
};

struct table *table_new(size_t columns)
{
	struct table *table = mem_zero(1, sizeof(*table));

	table->columns = columns;
	return table;
}

void table_row(struct table *table, ...)
{
	owned_str struct str shown = STR_EMPTY;
	va_list args;

	if (table->rows == table->cap) {
		table->cap = table->cap ? table->cap * 2 : 16;
		table->cells = mem_resize(table->cells, table->cap * table->columns,
					  sizeof(*table->cells));
	}
	va_start(args, table);
	for (size_t i = 0; i < table->columns; i++) {
		const char *cell = va_arg(args, const char *);

		str_clear(&shown);
		print_add(&shown, span_of(cell ? cell : ""), PRINT_LINE);
		table->cells[table->rows * table->columns + i] =
			arena_dup(&table->arena, str_span(&shown));
	}
	va_end(args);
	table->rows++;
}

static size_t column_width(const struct table *table, size_t column)
{
	size_t widest = 0;

	for (size_t row = 0; row < table->rows; row++) {
		size_t width = width_of(table->cells[row * table->columns + column]);

		if (width > widest)
			widest = width;
	}
	return widest;
}

static void print_row(const struct table *table, size_t row, const size_t *widths, FILE *stream)
{
	const char *const *cells = &table->cells[row * table->columns];
	size_t last = table->columns;

	while (last > 0 && cells[last - 1][0] == '\0')
		last--;
	for (size_t i = 0; i < last; i++) {
		fputs(cells[i], stream);
		if (i + 1 < last)
			fprintf(stream, "%*s", (int)(widths[i] - width_of(cells[i]) + 2), "");
	}
}

void table_print(const struct table *table, FILE *stream, const char *indent, bool heading)
{
	owned_mem size_t *widths = mem_zero(table->columns, sizeof(*widths));

	for (size_t i = 0; i < table->columns; i++)
		widths[i] = column_width(table, i);
	for (size_t row = 0; row < table->rows; row++) {
		bool bold = heading && row == 0;

		fputs(indent, stream);
		fputs(bold ? style_on(stream, STYLE_BOLD) : "", stream);
		print_row(table, row, widths, stream);
		fputs(bold ? style_off(stream) : "", stream);
		fputc('\n', stream);
	}
}

void table_free(struct table *table)
{
	if (!table)
		return;
	arena_done(&table->arena);
	free(table->cells);
	free(table);
}

/* ---- the rest ---- */

static bool json_is_printed, json_is_lost;

bool print_json_done(void)
{
	return json_is_printed;
}

bool print_json_lost(void)
{
	return json_is_lost;
}

void print_json_was_done(void)
{
	json_is_printed = true;
}

/* What JSON lets through and a terminal obeys is escaped as JSON does it, too. */
static bool write_json(const json_t *document)
{
	owned_mem char *text = document ? json_dumps(document, JSON_INDENT(2)) : NULL;

	if (!text)
		return false;
	print_lines(stdout, span_of(text));
	putchar('\n');
	return true;
}

void print_json(json_t *document)
{
	json_is_printed = write_json(document);
	json_is_lost = !json_is_printed;
	json_decref(document);
}

static void printf_like(1, 0) tell(const char *format, va_list args)
{
	owned_str struct str text = STR_EMPTY;

	progress_clear();
	/* In one file with the result it stands behind what was told before. */
	fflush(stdout);
	print_addv(&text, PRINT_LINES, format, args);
	fprintf(stderr, "%s\n", str_text(&text));
}

void say(const struct call *call, const char *format, ...)
{
	va_list args;

	if (call->quiet)
		return;
	va_start(args, format);
	tell(format, args);
	va_end(args);
}

void say_verbose(const struct call *call, const char *format, ...)
{
	va_list args;

	if (!call->verbose)
		return;
	va_start(args, format);
	tell(format, args);
	va_end(args);
}

void warn(const char *format, ...)
{
	va_list args;

	progress_clear();
	fprintf(stderr, "%swarning:%s ", style_on(stderr, STYLE_WARN), style_off(stderr));
	va_start(args, format);
	tell(format, args);
	va_end(args);
}

static bool progress_is_on;

/* Whether the line may be written now: somebody looks, and it was not just now. */
static bool progress_begin(const struct call *call, bool now_please)
{
	static int64_t last;
	int64_t now = clock_mono_ms();

	if (call->quiet || !output_is_terminal(stderr))
		return false;
	if (progress_is_on && now - last < 50 && !now_please)
		return false;
	last = now;
	progress_is_on = true;
	fputs("\r\033[K", stderr);
	return true;
}

static const char *amount(uint64_t value, enum progress_unit unit, char buffer[static 32])
{
	if (unit == PROGRESS_BYTES)
		return human_bytes(value, buffer);
	snprintf(buffer, 32, "%" PRIu64 " s", value);
	return buffer;
}

void progress_show(const struct call *call, const char *what, enum progress_unit unit,
		   uint64_t done, uint64_t total)
{
	char a[32], b[32];

	if (!progress_begin(call, done == total))
		return;
	print_to(stderr, "%s  %s", what, amount(done, unit, a));
	if (total > 0)
		fprintf(stderr, " of %s", amount(total, unit, b));
	if (total > 0 && unit == PROGRESS_BYTES)
		fprintf(stderr, " (%d%%)", (int)(done * 100 / total));
	fflush(stderr);
}

void progress_note(const struct call *call, const char *text)
{
	if (progress_begin(call, true))
		print_to(stderr, "%.*s", help_width(stderr) - 1, text);
	fflush(stderr);
}

void progress_clear(void)
{
	if (!progress_is_on)
		return;
	fputs("\r\033[K", stderr);
	progress_is_on = false;
}

const char *human_bytes(uint64_t bytes, char buffer[static 32])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1000 && unit + 1 < ARRAY_LEN(units)) {
		value /= 1000;
		unit++;
	}
	snprintf(buffer, 32, unit && value < 100 ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return buffer;
}
