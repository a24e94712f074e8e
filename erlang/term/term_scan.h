// SPDX-License-Identifier: Apache-2.0
/* term_scan.h - the tokens of Erlang text, for term_parse.c only. */
#pragma once
#include "erlang/term/term.h"

enum token_kind {
	TOKEN_END, /* of the text */
	TOKEN_DOT, /* the one that ends a term */
	TOKEN_ATOM,
	TOKEN_KEYWORD, /* a reserved word without quotes */
	TOKEN_VARIABLE,
	TOKEN_INTEGER,
	TOKEN_FLOAT,
	TOKEN_STRING,
	TOKEN_STRING_ALONE, /* ~s"…": goes on in no string behind it */
	TOKEN_BINARY,       /* ~"…" */
	TOKEN_SIGN,         /* anything else: "{", "=>", "<<" */
};

struct token {
	enum token_kind kind;
	size_t at; /* where it starts in the text */
	unsigned line;
	struct span source; /* as it stands in the text */
	struct span text; /* ATOM, STRING…, BINARY: its meaning in UTF-8, until the next token */
	const struct term *number; /* INTEGER (also $c) and FLOAT; never negative */
};

struct scanner {
	struct arena *arena; /* for numbers */
	const char *name;
	struct span text; /* UTF-8, or what should be */
	size_t at;
	unsigned line;
	bool failed; /* OTP would call it a "read" error */
	struct str scratch;
};

/* Fails where erl_scan does ("read"). */
must_check int scan_next(struct scanner *scanner, struct token *out, struct error *err);
/* "NAME:LINE:COLUMN: …"; `otp` is "read" or "parse". */
#define scan_error(scanner, err, otp, at, ...) (scan_error_(scanner, err, otp, at, __VA_ARGS__), -1)
void scan_error_(const struct scanner *scanner, struct error *err, const char *otp, size_t at,
		 const char *format, ...) printf_like(5, 6);
/* What erl_scan refuses. */
#define scan_fail(scanner, err, at, ...) \
	((scanner)->failed = true, scan_error(scanner, err, "read", at, __VA_ARGS__))

/* The byte that many behind the present one, or -1. */
int scan_peek(const struct scanner *scanner, size_t ahead);
/* The code point at `at`, and its size; fails where there is none. */
must_check int scan_code(struct scanner *scanner, size_t at, uint32_t *code, size_t *size,
			 struct error *err);
/* 0 … 35; 99: no digit. */
int scan_digit(int c);
bool scan_is_space(uint32_t c);
bool scan_is_name(uint32_t c);
bool scan_is_character(uint32_t code);

/* In term_quoted.c; each begins at a token's first character. */
must_check int scan_quoted(struct scanner *scanner, struct token *token, struct error *err);
must_check int scan_dollar(struct scanner *scanner, struct token *token, struct error *err);
must_check int scan_sigil(struct scanner *scanner, struct token *token, struct error *err);

bool token_is(const struct token *token, const char *sign);

/* The text in UTF-8: as it is, or, when a "coding:" comment says Latin-1, converted
 * into *out.  In term_source.c.
 */
struct span source_text(struct str *out, struct span text);

/* A binary constructor, << … >>, in term_bits.c. */
struct bits {
	struct str bytes;
	size_t len; /* in bits */
};

enum bits_type {
	BITS_DEFAULT,
	BITS_INTEGER,
	BITS_FLOAT,
	BITS_BINARY,
	BITS_UTF8,
	BITS_UTF16,
	BITS_UTF32
};

struct segment {
	enum bits_type type;
	enum { ENDIAN_DEFAULT, ENDIAN_BIG, ENDIAN_LITTLE } endian;
	bool is_signed, is_unsigned;
	int unit;                /* 0: not given */
	const struct term *size; /* NULL: not given */
};

/* Takes one word of a type list ("little") into account; value is the number
 * behind "unit:", else 0.  False: no such word, or it contradicts the others.
 */
bool segment_word(struct segment *segment, struct span word, int64_t value);
/* Appends one value.  False: OTP would not construct it either, or it is beyond
 * 16 MB.
 */
bool bits_add(struct bits *bits, const struct term *value, struct segment segment);
/* The same for each character of a string (UTF-8). */
bool bits_add_string(struct bits *bits, struct span text, struct segment segment);
const struct term *bits_term(struct bits *bits, struct arena *arena);
