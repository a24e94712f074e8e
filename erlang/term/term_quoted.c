// SPDX-License-Identifier: Apache-2.0
/* Text in quotes, character literals, and what OTP 27 added: sigils, and texts of several lines
 * between three quotes.
 */
#include "base/utf8.h"
#include "erlang/term/term_scan.h"

/* ---- characters ---- */

static uint32_t escape_letter(uint32_t code)
{
	static const char letters[] = "nrtvbfesd", means[] = "\n\r\t\v\b\f\033 \177";
	const char *found = code && code < 0x80 ? strchr(letters, (int)code) : NULL;

	return found ? (uint32_t)means[found - letters] : code;
}

static int scan_octal(struct scanner *scanner, uint32_t *code)
{
	*code = 0;
	for (int i = 0; i < 3 && scan_peek(scanner, 0) >= '0' && scan_peek(scanner, 0) <= '7'; i++)
		*code = *code * 8 + (uint32_t)(scanner->text.ptr[scanner->at++] - '0');
	return 0;
}

/* Behind the "x": two digits, or any number of them in braces. */
static int scan_hex(struct scanner *scanner, uint32_t *code, struct error *err)
{
	bool braces = scan_peek(scanner, 0) == '{';
	size_t start = scanner->at - 2, digits = 0;

	*code = 0;
	for (scanner->at += braces;
	     (braces || digits < 2) && scan_digit(scan_peek(scanner, 0)) < 16; digits++) {
		if (*code <= 0x10ffff)
			*code = *code * 16 + (uint32_t)scan_digit(scan_peek(scanner, 0));
		scanner->at++;
	}
	if ((braces && (digits == 0 || scan_peek(scanner, 0) != '}')) || (!braces && digits != 2))
		return scan_fail(scanner, err, start, "illegal \\x escape");
	scanner->at += braces;
	if (!scan_is_character(*code))
		return scan_fail(scanner, err, start, "\\x escape of what is no character");
	return 0;
}

/* Behind the backslash. */
static int scan_escape(struct scanner *scanner, uint32_t *code, struct error *err)
{
	int c = scan_peek(scanner, 0);
	uint32_t control;
	size_t size;

	if (c < 0)
		return scan_fail(scanner, err, scanner->at, "the text ends behind a backslash");
	if (c >= '0' && c <= '7')
		return scan_octal(scanner, code);
	if (c == 'x') {
		scanner->at++;
		return scan_hex(scanner, code, err);
	}
	if (c == '^' && scan_peek(scanner, 1) >= 0) {
		if (scan_code(scanner, scanner->at + 1, &control, &size, err))
			return -1;
		scanner->at += 1 + size;
		scanner->line += control == '\n';
		*code = control == '\n' ? control : control & 31;
		return 0;
	}
	if (c == '^')
		return scan_fail(scanner, err, scanner->at, "the text ends behind \"\\^\"");
	if (scan_code(scanner, scanner->at, code, &size, err))
		return -1;
	if (!scan_is_character(*code))
		return scan_fail(scanner, err, scanner->at, "illegal character");
	scanner->at += size;
	scanner->line += *code == '\n';
	*code = escape_letter(*code);
	return 0;
}

/* A character that stands for itself, whatever it is. */
static int take_verbatim(struct scanner *scanner, uint32_t *code, struct error *err)
{
	size_t size;

	if (scan_code(scanner, scanner->at, code, &size, err))
		return -1;
	if (!scan_is_character(*code))
		return scan_fail(scanner, err, scanner->at, "illegal character");
	scanner->at += size;
	scanner->line += *code == '\n';
	return 0;
}

static int scan_character(struct scanner *scanner, uint32_t *code, struct error *err)
{
	if (scan_peek(scanner, 0) != '\\')
		return take_verbatim(scanner, code, err);
	scanner->at++;
	return scan_escape(scanner, code, err);
}

int scan_dollar(struct scanner *scanner, struct token *token, struct error *err)
{
	uint32_t code;

	scanner->at++;
	if (scanner->at == scanner->text.len)
		return scan_fail(scanner, err, token->at, "the text ends behind \"$\"");
	if (scan_character(scanner, &code, err))
		return -1;
	token->kind = TOKEN_INTEGER;
	token->number = term_integer(scanner->arena, code);
	return 0;
}

/* ---- between two delimiters ---- */

/* Bytes that stand for themselves, in one go. */
static void take_plain(struct scanner *scanner, char close)
{
	const char *from = scanner->text.ptr + scanner->at;
	const char *end = scanner->text.ptr + scanner->text.len, *p = from;

	while (p < end && *p >= ' ' && (unsigned char)*p < 0x7f && *p != close && *p != '\\')
		p++;
	str_add(&scanner->scratch, (struct span){ from, (size_t)(p - from) });
	scanner->at += (size_t)(p - from);
}

/* Up to the closing delimiter; `verbatim`: a backslash is one. */
static int take_text(struct scanner *scanner, struct token *token, char close, bool verbatim,
		     const char *what, struct error *err)
{
	uint32_t code;

	str_clear(&scanner->scratch);
	for (;;) {
		take_plain(scanner, close);
		if (scanner->at == scanner->text.len)
			return scan_fail(scanner, err, token->at, "%s that does not end", what);
		if (scan_peek(scanner, 0) == close)
			break;
		if (verbatim ? take_verbatim(scanner, &code, err)
			     : scan_character(scanner, &code, err))
			return -1;
		utf8_add(&scanner->scratch, code);
	}
	scanner->at++;
	token->text = str_span(&scanner->scratch);
	return 0;
}

/* ---- between three quotes and more ---- */

enum { LINES_MAX = 1 << 20 };

/* Where the lines of the text begin in the scratch: the second, the third, … */
struct lines {
	size_t *starts;
	size_t len, cap;
};

static bool is_blank(struct span text)
{
	uint32_t code;

	while (utf8_next(&text, &code))
		if (!scan_is_space(code))
			return false;
	return true;
}

static struct span without_newline(struct span line)
{
	if (span_ends(line, "\n"))
		line.len--;
	if (span_ends(line, "\r"))
		line.len--;
	return line;
}

static struct span line_at(const struct scanner *scanner, const struct lines *lines, size_t nr)
{
	size_t from = nr ? lines->starts[nr - 1] : 0;

	return (struct span){ scanner->scratch.ptr + from, lines->starts[nr] - from };
}

/* Takes away the white space that stands before the closing quotes, in front of each line, and the
 * last line's end.
 */
static int strip_lines(struct scanner *scanner, struct token *token, const struct lines *lines,
		       struct span indent, struct error *err)
{
	owned_str struct str out = STR_EMPTY;

	if (!is_blank(line_at(scanner, lines, 0)))
		return scan_fail(scanner, err, token->at,
				 "text behind the quotes that begin a text of several lines");
	for (size_t nr = 1; nr < lines->len; nr++) {
		struct span line = line_at(scanner, lines, nr), bare = without_newline(line);

		if (nr + 1 == lines->len)
			line = bare;
		if (bare.len > 0 &&
		    (line.len < indent.len || memcmp(line.ptr, indent.ptr, indent.len) != 0))
			return scan_fail(scanner, err, token->at,
					 "line %zu of this text is not indented as its end is", nr);
		if (bare.len > 0)
			line = (struct span){ line.ptr + indent.len, line.len - indent.len };
		str_add(&out, line);
	}
	str_clear(&scanner->scratch);
	str_add(&scanner->scratch, str_span(&out));
	token->text = str_span(&scanner->scratch);
	return 0;
}

static size_t count_quotes(const struct scanner *scanner)
{
	size_t count = 0;

	while (scan_peek(scanner, count) == '"')
		count++;
	return count;
}

/* A text that ends with as many quotes as it begins with, alone on a line. */
static int take_lines(struct scanner *scanner, struct token *token, bool verbatim,
		      struct error *err)
{
	size_t quotes = count_quotes(scanner), found = 0, start;
	struct lines lines = { 0 };
	bool may_end = false, escaped;
	uint32_t code;

	str_clear(&scanner->scratch);
	for (scanner->at += quotes; found < quotes;) {
		if (scanner->at == scanner->text.len)
			return scan_fail(scanner, err, token->at, "string that does not end");
		escaped = !verbatim && scan_peek(scanner, 0) == '\\';
		if (verbatim ? take_verbatim(scanner, &code, err)
			     : scan_character(scanner, &code, err))
			return -1;
		utf8_add(&scanner->scratch, code);
		found = may_end && !escaped && code == '"' ? found + 1 : 0;
		may_end &= found > 0 || (!escaped && scan_is_space(code) &&
					 !span_ends(str_span(&scanner->scratch), "\""));
		if (scanner->text.ptr[scanner->at - 1] != '\n')
			continue;
		if (lines.len == LINES_MAX)
			return scan_fail(scanner, err, token->at, "string of more than %d lines",
					 LINES_MAX);
		lines.starts = arena_grow(scanner->arena, lines.starts, lines.len, &lines.cap);
		lines.starts[lines.len++] = scanner->scratch.len;
		may_end = true;
	}
	start = lines.starts[lines.len - 1];
	return strip_lines(scanner, token, &lines,
			   (struct span){ scanner->scratch.ptr + start,
					  scanner->scratch.len - start - quotes },
			   err);
}

static bool is_lines(const struct scanner *scanner)
{
	return count_quotes(scanner) >= 3;
}

/* ---- tokens ---- */

int scan_quoted(struct scanner *scanner, struct token *token, struct error *err)
{
	char quote = scanner->text.ptr[scanner->at];

	token->kind = quote == '"' ? TOKEN_STRING : TOKEN_ATOM;
	if (is_lines(scanner))
		return take_lines(scanner, token, true, err);
	scanner->at++;
	if (take_text(scanner, token, quote, false, quote == '"' ? "string" : "quoted atom", err))
		return -1;
	if (quote == '\'' && utf8_len(token->text) > TERM_ATOM_MAX)
		return scan_fail(scanner, err, token->at, "atom of more than %d characters",
				 TERM_ATOM_MAX);
	return 0;
}

/* 0: none begins with this. */
static char closing(int open)
{
	static const char opens[] = "([{</|#`'\"", closes[] = ")]}>/|#`'\"";
	const char *found = open > 0 && open < 0x80 ? strchr(opens, open) : NULL;

	return found ? closes[found - opens] : '\0';
}

static int take_name(struct span *out, struct scanner *scanner, struct error *err)
{
	size_t start = scanner->at, size;
	uint32_t code;

	while (scanner->at < scanner->text.len) {
		if (scan_code(scanner, scanner->at, &code, &size, err))
			return -1;
		if (!scan_is_name(code))
			break;
		scanner->at += size;
	}
	*out = (struct span){ scanner->text.ptr + start, scanner->at - start };
	return 0;
}

static int check_kind(const struct scanner *scanner, struct token *token, struct span kind,
		      struct error *err)
{
	if (kind.len > 1 || (kind.len == 1 && !strchr("bBsS", kind.ptr[0])))
		return scan_error(scanner, err, "parse", token->at, "there is no sigil ~%.*s",
				  (int)kind.len, kind.ptr);
	token->kind = span_is(kind, "s") || span_is(kind, "S") ? TOKEN_STRING_ALONE : TOKEN_BINARY;
	return 0;
}

/* ~ or ~b, ~B, ~s, ~S, and the text between delimiters: capitals take a backslash for one, and ~
 * alone does between three quotes.
 */
int scan_sigil(struct scanner *scanner, struct token *token, struct error *err)
{
	struct span kind, suffix;
	bool verbatim, lines;
	char close;
	int ret;

	scanner->at++;
	if (take_name(&kind, scanner, err) || check_kind(scanner, token, kind, err))
		return -1;
	close = closing(scan_peek(scanner, 0));
	if (!close)
		return scan_fail(scanner, err, token->at, "a sigil without text behind it");
	lines = is_lines(scanner);
	verbatim = span_is(kind, "B") || span_is(kind, "S") || (lines && kind.len == 0);
	scanner->at += !lines;
	ret = lines ? take_lines(scanner, token, verbatim, err)
		    : take_text(scanner, token, close, verbatim, "sigil", err);
	if (ret || take_name(&suffix, scanner, err))
		return -1;
	if (suffix.len > 0)
		return scan_error(scanner, err, "parse", token->at,
				  "nothing may follow the text of a sigil");
	return 0;
}
