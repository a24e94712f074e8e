// SPDX-License-Identifier: Apache-2.0
#include "cmd/print.h"

#include "base/utf8.h"
#include "cmd/style.h"

#include <ctype.h>
#include <stdlib.h>

/* ---- escapes ---- */

/* What a terminal obeys instead of showing it, or what turns the direction of what is read. */
static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x202a && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

void print_add(struct str *out, struct span text, enum print_as as)
{
	while (text.len > 0) {
		struct span before = text;
		uint32_t code;

		if (!utf8_next(&text, &code)) {
			code = (unsigned char)*text.ptr;
			text = (struct span){ text.ptr + 1, text.len - 1 };
		}
		before.len -= text.len;
		if (before.len == 1 && code >= 0x80)
			str_add(out, before); /* no UTF-8, and no character for a terminal */
		else if (as == PRINT_LINES && (code == '\n' || code == '\t'))
			str_addc(out, (char)code);
		else if (is_control(code))
			str_addf(out, "\\u%04x", code);
		else
			str_add(out, before);
	}
}

/* ---- formats ---- */

/* "%-12.3s" taken apart. */
struct format_piece {
	char spec[32]; /* with the length, without asterisks */
	char size;     /* 'l', 'z', 'j', 'q' for "ll"; 0: none */
	char kind;     /* the conversion */
	int width, precision;
	bool left;
};

static int read_amount(const char **at, va_list *args)
{
	int value = 0;

	if (**at == '*') {
		++*at;
		return va_arg(*args, int);
	}
	for (; isdigit((unsigned char)**at); ++*at)
		value = value * 10 + (**at - '0');
	return value;
}

static const char *read_piece(struct format_piece *out, const char *at, va_list *args)
{
	const char *flags = at;
	size_t len;

	at += strspn(at, "-+ #0");
	len = (size_t)(at - flags);
	out->left = memchr(flags, '-', len) != NULL;
	out->width = read_amount(&at, args);
	out->precision = -1;
	if (*at == '.') {
		at++;
		out->precision = read_amount(&at, args);
	}
	out->size = *at == 'l' && at[1] == 'l' ? 'q' : strchr("lzj", *at) && *at ? *at : 0;
	at += out->size == 'q' ? 2 : out->size ? 1 : 0;
	out->kind = *at;
	snprintf(out->spec, sizeof(out->spec), "%%%.*s*%s%s%c", (int)len, flags,
		 out->precision >= 0 ? ".*" : "", out->size ? "j" : "", out->kind);
	return at + 1;
}

static void add_text(struct str *out, const struct format_piece *piece, const char *text,
		     enum print_as as)
{
	size_t len = piece->precision >= 0 ? strnlen(text, (size_t)piece->precision) : strlen(text);
	owned_str struct str escaped = STR_EMPTY;

	/* Styles are ours. */
	if (style_is(text)) {
		str_adds(out, text);
		return;
	}
	print_add(&escaped, (struct span){ text, len }, as);
	str_addf(out, piece->left ? "%-*s" : "%*s", piece->width, str_text(&escaped));
}

static intmax_t take_signed(char size, va_list *args)
{
	switch (size) {
	case 'l':
		return va_arg(*args, long);
	case 'q':
		return va_arg(*args, long long);
	case 'j':
	case 'z':
		return va_arg(*args, intmax_t);
	default:
		return va_arg(*args, int);
	}
}

static intmax_t take_unsigned(char size, va_list *args)
{
	switch (size) {
	case 'l':
		return (intmax_t)va_arg(*args, unsigned long);
	case 'z':
		return (intmax_t)va_arg(*args, size_t);
	case 'q':
	case 'j':
		return va_arg(*args, intmax_t);
	default:
		return va_arg(*args, unsigned);
	}
}

/* The spec is made of one that the compiler has checked. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static void add_number(struct str *out, const struct format_piece *piece, intmax_t value)
{
	/* Numbers are at least as long as intmax_t here. */
	if (!piece->size && piece->precision >= 0)
		str_addf(out, piece->spec, piece->width, piece->precision, (int)value);
	else if (!piece->size)
		str_addf(out, piece->spec, piece->width, (int)value);
	else if (piece->precision >= 0)
		str_addf(out, piece->spec, piece->width, piece->precision, value);
	else
		str_addf(out, piece->spec, piece->width, value);
}

static void add_double(struct str *out, const struct format_piece *piece, double value)
{
	if (piece->precision >= 0)
		str_addf(out, piece->spec, piece->width, piece->precision, value);
	else
		str_addf(out, piece->spec, piece->width, value);
}
#pragma GCC diagnostic pop

static void add_piece(struct str *out, const struct format_piece *piece, va_list *args,
		      enum print_as as)
{
	switch (piece->kind) {
	case 's':
		add_text(out, piece, va_arg(*args, const char *), as);
		break;
	case 'd':
	case 'i':
		add_number(out, piece, take_signed(piece->size, args));
		break;
	case 'u':
	case 'x':
		add_number(out, piece, take_unsigned(piece->size, args));
		break;
	case 'c':
		add_number(out, piece, va_arg(*args, int));
		break;
	case 'f':
		add_double(out, piece, va_arg(*args, double));
		break;
	case '%':
		str_addc(out, '%');
		break;
	default:
		abort(); /* a conversion that nobody here uses */
	}
}

void print_addv(struct str *out, enum print_as as, const char *format, va_list list)
{
	va_list args;

	va_copy(args, list);
	while (*format) {
		size_t plain = strcspn(format, "%");
		struct format_piece piece;

		str_add(out, (struct span){ format, plain });
		format += plain;
		if (!*format)
			break;
		format = read_piece(&piece, format + 1, &args);
		add_piece(out, &piece, &args, as);
	}
	va_end(args);
}

void print_to(FILE *stream, const char *format, ...)
{
	owned_str struct str text = STR_EMPTY;
	va_list args;

	va_start(args, format);
	print_addv(&text, PRINT_LINE, format, args);
	va_end(args);
	fwrite(text.ptr, 1, text.len, stream);
}

void print(const char *format, ...)
{
	owned_str struct str text = STR_EMPTY;
	va_list args;

	va_start(args, format);
	print_addv(&text, PRINT_LINE, format, args);
	va_end(args);
	fwrite(text.ptr, 1, text.len, stdout);
}

void print_lines(FILE *stream, struct span text)
{
	owned_str struct str shown = STR_EMPTY;

	print_add(&shown, text, PRINT_LINES);
	fwrite(shown.ptr, 1, shown.len, stream);
}
