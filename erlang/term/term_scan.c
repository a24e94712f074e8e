// SPDX-License-Identifier: Apache-2.0
#include "erlang/term/term_scan.h"

#include "base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const keywords[] = {
	"after", "and",  "andalso", "band",   "begin",   "bnot", "bor", "bsl",  "bsr",
	"bxor",  "case", "catch",   "cond",   "div",     "end",  "fun", "if",   "let",
	"not",   "of",   "or",      "orelse", "receive", "rem",  "try", "when", "xor",
};

static size_t column(const struct scanner *scanner, size_t at)
{
	size_t start = at, n = 1;

	while (start > 0 && scanner->text.ptr[start - 1] != '\n')
		start--;
	for (; start < at; start++)
		n += ((unsigned char)scanner->text.ptr[start] & 0xc0) != 0x80;
	return n;
}

static unsigned line_of(const struct scanner *scanner, size_t at)
{
	unsigned line = 1;

	for (size_t i = 0; i < at; i++)
		line += scanner->text.ptr[i] == '\n';
	return line;
}

void scan_error_(const struct scanner *scanner, struct error *err, const char *otp, size_t at,
		 const char *format, ...)
{
	char what[512];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	(void)error_otp(err, otp, "%s:%u:%zu: %s", scanner->name, line_of(scanner, at),
			column(scanner, at), what);
}

bool token_is(const struct token *token, const char *sign)
{
	return token->kind == TOKEN_SIGN && span_is(token->source, sign);
}

int scan_peek(const struct scanner *scanner, size_t ahead)
{
	size_t at = scanner->at + ahead;

	return at < scanner->text.len ? (unsigned char)scanner->text.ptr[at] : -1;
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

int scan_digit(int c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10;
	return 99;
}

bool scan_is_space(uint32_t c)
{
	return c <= ' ' || (c >= 0x80 && c <= 0xa0);
}

static bool is_lower(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 0xdf && c <= 0xff && c != 0xf7);
}

static bool is_upper(uint32_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7);
}

bool scan_is_name(uint32_t c)
{
	return is_lower(c) || is_upper(c) || (c >= '0' && c <= '9') || c == '_' || c == '@';
}

int scan_code(struct scanner *scanner, size_t at, uint32_t *code, size_t *size, struct error *err)
{
	struct span rest = { scanner->text.ptr + at, scanner->text.len - at };
	size_t len = rest.len;

	if (!utf8_next(&rest, code))
		return scan_fail(scanner, err, at,
				 "byte 0x%02x is not UTF-8 (Latin-1 text needs "
				 "\"%%%% coding: latin-1\" in its first line)",
				 (unsigned char)scanner->text.ptr[at]);
	*size = len - rest.len;
	return 0;
}

bool scan_is_character(uint32_t code)
{
	return code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) && code != 0xfffe &&
	       code != 0xffff;
}

static int skip_comment(struct scanner *scanner, struct error *err)
{
	uint32_t code;
	size_t size;

	while (scanner->at < scanner->text.len && scan_peek(scanner, 0) != '\n') {
		if (scan_code(scanner, scanner->at, &code, &size, err))
			return -1;
		if (!scan_is_character(code))
			return scan_fail(scanner, err, scanner->at, "illegal character");
		scanner->at += size;
	}
	return 0;
}

static int skip_blanks(struct scanner *scanner, struct error *err)
{
	uint32_t code;
	size_t size;

	for (; scanner->at < scanner->text.len; scanner->at += size) {
		int c = scan_peek(scanner, 0);

		size = 1;
		if (c == '\n')
			scanner->line++;
		if (c <= ' ')
			continue;
		if (c == '%') {
			size = 0;
			if (skip_comment(scanner, err))
				return -1;
			continue;
		}
		if (c < 0x80)
			return 0;
		if (scan_code(scanner, scanner->at, &code, &size, err))
			return -1;
		if (!scan_is_space(code))
			return 0;
	}
	return 0;
}

/* ---- names ---- */

static int scan_name(struct scanner *scanner, struct token *token, struct error *err)
{
	uint32_t code;
	size_t size;

	while (scanner->at < scanner->text.len) {
		if (scan_code(scanner, scanner->at, &code, &size, err))
			return -1;
		if (!scan_is_name(code))
			break;
		scanner->at += size;
	}
	token->text = (struct span){ scanner->text.ptr + token->at, scanner->at - token->at };
	if (utf8_len(token->text) > TERM_ATOM_MAX)
		return scan_fail(scanner, err, token->at, "name of more than %d characters",
				 TERM_ATOM_MAX);
	return 0;
}

static int scan_atom(struct scanner *scanner, struct token *token, struct error *err)
{
	token->kind = TOKEN_ATOM;
	if (scan_name(scanner, token, err))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(keywords); i++)
		if (token->text.ptr[0] == keywords[i][0] && span_is(token->text, keywords[i]))
			token->kind = TOKEN_KEYWORD;
	return 0;
}

/* ---- numbers ---- */

/* Digits, with single underscores between them, into the scratch. */
static void scan_digits(struct scanner *scanner, int base)
{
	size_t start = scanner->at;

	for (;;) {
		if (scan_digit(scan_peek(scanner, 0)) < base) {
			str_addc(&scanner->scratch, scanner->text.ptr[scanner->at++]);
		} else if (scan_peek(scanner, 0) == '_' && scanner->at > start &&
			   scan_digit(scan_peek(scanner, 1)) < base) {
			scanner->at++;
		} else {
			return;
		}
	}
}

/* value * factor + add, on 32-bit limbs, least significant first. */
static void limbs_multiply(uint32_t *limbs, size_t *len, uint32_t factor, uint32_t add)
{
	uint64_t carry = add;

	for (size_t i = 0; i < *len; i++) {
		carry += (uint64_t)limbs[i] * factor;
		limbs[i] = (uint32_t)carry;
		carry >>= 32;
	}
	if (carry)
		limbs[(*len)++] = (uint32_t)carry;
}

enum { LIMBS_MAX = TERM_BIG_MAX / 4 };

/* Several digits at once; false when the number gets too long. */
static bool limbs_read(uint32_t *limbs, size_t *len, struct span digits, int base)
{
	for (size_t i = 0; i < digits.len;) {
		uint32_t factor = 1, value = 0;

		for (; i < digits.len && factor < UINT32_MAX / 36 / 36; i++) {
			factor *= (uint32_t)base;
			value = value * (uint32_t)base + (uint32_t)scan_digit(digits.ptr[i]);
		}
		limbs_multiply(limbs, len, factor, value);
		if (*len > LIMBS_MAX)
			return false;
	}
	return true;
}

static int make_integer(struct scanner *scanner, struct token *token, struct span digits, int base,
			struct error *err)
{
	uint32_t limbs[LIMBS_MAX + 1];
	char magnitude[TERM_BIG_MAX];
	size_t len = 0;

	if (!limbs_read(limbs, &len, digits, base))
		return scan_fail(scanner, err, token->at, "integer of more than %d bytes",
				 TERM_BIG_MAX);
	for (size_t i = 0; i < 4 * len; i++)
		magnitude[i] = (char)(limbs[i / 4] >> i % 4 * 8 & 0xff);
	token->number = term_big(scanner->arena, (struct span){ magnitude, 4 * len }, false);
	return 0;
}

static int scan_based(struct scanner *scanner, struct token *token, struct error *err)
{
	struct span text = str_span(&scanner->scratch);
	unsigned long base = strtoul(text.ptr, NULL, 10);

	if (base < 2 || base > 36)
		return scan_fail(scanner, err, token->at, "base of a number is not in 2..36");
	str_clear(&scanner->scratch);
	scanner->at++;
	scan_digits(scanner, (int)base);
	if (scanner->scratch.len == 0)
		return scan_fail(scanner, err, token->at, "number without digits");
	return make_integer(scanner, token, str_span(&scanner->scratch), (int)base, err);
}

static int scan_float(struct scanner *scanner, struct token *token, struct error *err)
{
	size_t digits;
	double value;

	str_addc(&scanner->scratch, '.');
	scanner->at++;
	scan_digits(scanner, 10);
	if (scan_peek(scanner, 0) == 'e' || scan_peek(scanner, 0) == 'E') {
		str_addc(&scanner->scratch, 'e');
		scanner->at++;
		if (scan_peek(scanner, 0) == '-' || scan_peek(scanner, 0) == '+')
			str_addc(&scanner->scratch, scanner->text.ptr[scanner->at++]);
		digits = scanner->scratch.len;
		scan_digits(scanner, 10);
		if (scanner->scratch.len == digits)
			return scan_fail(scanner, err, token->at, "exponent without digits");
	}
	value = strtod(str_text(&scanner->scratch), NULL);
	if (!isfinite(value))
		return scan_fail(scanner, err, token->at, "float out of range");
	token->kind = TOKEN_FLOAT;
	token->number = term_float(scanner->arena, value);
	return 0;
}

static int scan_number(struct scanner *scanner, struct token *token, struct error *err)
{
	token->kind = TOKEN_INTEGER;
	str_clear(&scanner->scratch);
	scan_digits(scanner, 10);
	if (scan_peek(scanner, 0) == '.' && is_digit(scan_peek(scanner, 1)))
		return scan_float(scanner, token, err);
	if (scan_peek(scanner, 0) == '#')
		return scan_based(scanner, token, err);
	return make_integer(scanner, token, str_span(&scanner->scratch), 10, err);
}

/* ---- signs ---- */

/* A dot ends the term when white space, a comment or nothing follows. */
static bool is_final_dot(const struct scanner *scanner)
{
	struct span rest = { scanner->text.ptr + scanner->at, scanner->text.len - scanner->at };
	uint32_t code;

	if (rest.len <= 1 || scan_peek(scanner, 1) == '%')
		return true;
	rest = (struct span){ rest.ptr + 1, rest.len - 1 };
	return utf8_next(&rest, &code) && scan_is_space(code);
}

static int scan_sign(struct scanner *scanner, struct token *token, uint32_t code, size_t size,
		     struct error *err)
{
	static const char *const longer[] = { "...", "..", "?=", "<<", "<-",  "<=",  ">>",
					      ">=",  "->", "--", "++", "=:=", "=/=", "=<",
					      "=>",  "==", "/=", "||", ":=",  "::" };
	struct span rest = { scanner->text.ptr + scanner->at, scanner->text.len - scanner->at };

	token->kind = TOKEN_SIGN;
	for (size_t i = 0; i < ARRAY_LEN(longer); i++)
		if (rest.ptr[0] == longer[i][0] && span_starts(rest, longer[i])) {
			scanner->at += strlen(longer[i]);
			return 0;
		}
	if (code == '.' && is_final_dot(scanner))
		token->kind = TOKEN_DOT;
	if (code > 0xff)
		return scan_fail(scanner, err, scanner->at, "illegal character");
	scanner->at += size;
	return 0;
}

static int scan_token(struct scanner *scanner, struct token *token, struct error *err)
{
	uint32_t code;
	size_t size;

	if (scan_code(scanner, scanner->at, &code, &size, err))
		return -1;
	if (is_lower(code))
		return scan_atom(scanner, token, err);
	if (is_upper(code) || code == '_') {
		token->kind = TOKEN_VARIABLE;
		return scan_name(scanner, token, err);
	}
	if (code >= '0' && code <= '9')
		return scan_number(scanner, token, err);
	if (code == '"' || code == '\'')
		return scan_quoted(scanner, token, err);
	if (code == '~')
		return scan_sigil(scanner, token, err);
	if (code == '$')
		return scan_dollar(scanner, token, err);
	return scan_sign(scanner, token, code, size, err);
}

int scan_next(struct scanner *scanner, struct token *out, struct error *err)
{
	if (skip_blanks(scanner, err))
		return -1;
	*out = (struct token){ .kind = TOKEN_END, .at = scanner->at, .line = scanner->line };
	if (scanner->at < scanner->text.len && scan_token(scanner, out, err))
		return -1;
	out->source = (struct span){ scanner->text.ptr + out->at, scanner->at - out->at };
	return 0;
}
