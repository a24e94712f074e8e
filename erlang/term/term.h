// SPDX-License-Identifier: Apache-2.0
/* term.h - Erlang terms: one tree for text files, boot files, beams and live nodes.
 *
 * A term is never changed once made.  Terms and all they point to live in the
 * arena they were made in; small integers, [] and the like may be shared
 * constants.  Text in a term is UTF-8.
 *
 * Four files know the outside forms: term_parse.c (Erlang text to terms),
 * term_print.c (terms to Erlang text), term_decode.c and term_encode.c (the external
 * term format).
 */
#pragma once
#include "base/arena.h"
#include "base/error.h"

enum term_kind {
	TERM_ATOM,
	TERM_INTEGER, /* fits int64_t */
	TERM_BIG,     /* does not */
	TERM_FLOAT,
	TERM_BINARY,    /* whole bytes */
	TERM_BITSTRING, /* the last byte is not full */
	TERM_LIST,      /* also [] and strings */
	TERM_TUPLE,
	TERM_RECORD, /* a native record, of OTP 29 and later */
	TERM_MAP,
	TERM_PID,
	TERM_PORT,
	TERM_REFERENCE,
	TERM_OPAQUE, /* funs and exports: kept as their external bytes */
};

struct term {
	enum term_kind kind;
	unsigned line; /* in the text it was read from, 1..; else 0 */
	union {
		/* ATOM (UTF-8; made by term_atom_text()), BINARY, OPAQUE (bytes without the
		 * leading 131)
		 */
		struct span text;
		int64_t integer;
		double real;
		struct {
			struct span bytes; /* magnitude, least significant byte first, no leading
					      zeros */
			bool negative;
		} big;
		struct {
			struct span bytes;
			unsigned bits; /* used bits of the last byte, 1..7 */
		} bitstring;
		struct {
			const struct term *const *items;
			size_t len;
			const struct term *tail; /* LIST: NULL when proper.  TUPLE: NULL */
		} seq;
		struct {
			/* In the order that maps have (term_compare_keys), keys unique. */
			const struct term *const *keys;
			const struct term *const *values;
			size_t len;
		} map;
		struct {
			const struct term *module, *name;
			/* In the order in which they were defined. */
			const struct term *const *fields;
			const struct term *const *values;
			size_t len;
			bool exported;
		} record;
		struct {
			struct span node;
			uint32_t creation;
			uint32_t words[5]; /* PID: id, serial.  PORT: high, low.  REFERENCE: as sent
					    */
			unsigned len;
		} id;
	};
};

/* A list that is being built. */
struct terms {
	const struct term **items;
	size_t len, cap;
};

void terms_add(struct arena *arena, struct terms *terms, const struct term *term);

/* ---- making ---- */

extern const struct term term_nil; /* [] */

const struct term *term_atom(struct arena *arena, const char *name);
const struct term *term_atom_span(struct arena *arena, struct span name);
/* For those who make terms themselves: the text of an atom of that name. */
struct span term_atom_text(struct arena *arena, struct span name);
const struct term *term_bool(bool value);
const struct term *term_integer(struct arena *arena, int64_t value);
const struct term *term_float(struct arena *arena, double value);
/* From a magnitude, least significant byte first; an INTEGER where it fits. */
const struct term *term_big(struct arena *arena, struct span magnitude, bool negative);
/* The list of code points of a UTF-8 text, which is what "text" means in Erlang.
 * Bytes that are not UTF-8 stand for themselves, as Latin-1.
 */
const struct term *term_string(struct arena *arena, const char *text);
/* Bytes, copied. */
const struct term *term_binary(struct arena *arena, struct span bytes);
/* The items are kept, not copied; `term_list_of(arena, &terms)` is the usual call. */
const struct term *term_list(struct arena *arena, const struct term *const *items, size_t len);
const struct term *term_list_of(struct arena *arena, const struct terms *terms);
/* The same with a tail, which is NULL or anything but a list. */
const struct term *term_list_with_tail(struct arena *arena, const struct term *const *items,
				       size_t len, const struct term *tail);
/* Keys in any order; of equal keys the last one counts. */
const struct term *term_map(struct arena *arena, const struct term *const *keys,
			    const struct term *const *values, size_t len);
/* term_tuple(arena, a, b, c): the arguments are terms. */
#define term_tuple(arena, ...)                                              \
	term_tuple_of(arena, (const struct term *const[]){ __VA_ARGS__ },   \
		      sizeof((const struct term *const[]){ __VA_ARGS__ }) / \
			      sizeof(const struct term *))
/* Items copied. */
const struct term *term_tuple_of(struct arena *arena, const struct term *const *items, size_t len);

/* ---- looking ---- */

bool term_is_atom(const struct term *term, const char *name);
bool term_is_nil(const struct term *term);
/* A list without an improper tail. */
bool term_is_list(const struct term *term);
/* A tuple of `arity` elements. */
bool term_is_tuple(const struct term *term, size_t arity);
/* A tuple of `arity` elements whose first is the atom `tag`. */
bool term_is_tagged(const struct term *term, const char *tag, size_t arity);
/* Element n (from 0) of a list or tuple; it must exist. */
const struct term *term_at(const struct term *term, size_t n);
/* Name of an atom as C text, borrowed, with U+2400 for a NUL; NULL when it is no atom. */
const char *term_atom_name(const struct term *term);
/* What Erlang calls a string: a flat proper list of valid code points ([] too).
 * *out is UTF-8, in the arena.  False, *out untouched, when it is none, and when
 * there is a NUL in it, which C text cannot hold.
 */
bool term_get_string(const struct term *term, struct arena *arena, const char **out);
/* A string or a binary (iodata is not flattened); bytes without a NUL, not checked
 * for UTF-8 when it is a binary.
 */
bool term_get_text(const struct term *term, struct arena *arena, const char **out);
bool term_get_integer(const struct term *term, int64_t *out);
/* [{Key, Value}, …]: the value of the first pair with that atom as key, or NULL. */
const struct term *term_proplist_get(const struct term *list, const char *key);
/* The value of an atom key of a map, or NULL. */
const struct term *term_map_get(const struct term *map, const char *key);

/* =:= as OTP 27 has it: 0.0 and -0.0 are not equal. */
bool term_equal(const struct term *a, const struct term *b);
/* Erlang's term order: number < atom < reference < fun < port < pid < tuple
 * < native record < map < [] < list < bitstring; -1, 0 or 1.  1 and 1.0 compare as different here
 * (the integer first), so that 0 means term_equal().
 */
int term_compare(const struct term *a, const struct term *b);
/* The order of keys in a map: as above, but any integer before any float. */
int term_compare_keys(const struct term *a, const struct term *b);

/* ---- Erlang text (term_parse.c, term_print.c) ---- */

enum {
	TERM_TEXT_MAX = 64 << 20, /* bytes of one text file */
	TERM_DEPTH_MAX = 1024,    /* nested lists, tuples, maps */
	TERM_BIG_MAX = 8192,      /* bytes of one integer, from text or from outside */
	TERM_ATOM_MAX = 255,      /* characters of an atom, in Erlang */
};

/* Reads the one term of a .app, .rel, .appup, .config, relup or RELEASES file.
 *
 * text   the whole file; UTF-8, or Latin-1 when a "coding:" comment in the first
 *        two lines says so
 * name   of the file, for messages ("NAME:LINE:COLUMN: …")
 *
 * term_parse() takes the first term, up to its dot, and leaves the rest unread,
 * as systools does; term_parse_one() wants nothing but white space and comments
 * behind it, as file:consult does.  term_parse_all() reads every term (a list).
 *
 * Fails with ERROR_INVALID; err->otp is "parse" or "read" as OTP tells them
 * apart (spec: a file without a final dot is "parse"; an empty one, an
 * unterminated string or atom, or a byte that is not UTF-8 is "read").
 */
must_check int term_parse(const struct term **out, struct arena *arena, struct span text,
			  const char *name, struct error *err);
must_check int term_parse_one(const struct term **out, struct arena *arena, struct span text,
			      const char *name, struct error *err);
must_check int term_parse_all(const struct term **out, struct arena *arena, struct span text,
			      const char *name, struct error *err);
/* The same from a file. */
must_check int term_read(const struct term **out, struct arena *arena, const char *path,
			 struct error *err);

/* On one line, no dot: {a,"text",<<"bytes">>,#{k => v}}.  Lists that are printable
 * text are written as strings; non-ASCII atoms and strings as UTF-8.  OTP reads
 * it back to the same term.
 */
void term_print(struct str *out, const struct term *term);
/* Over several lines, broken and indented so that lines stay under 100 columns
 * where that is possible; no dot, no newline at the end.
 */
void term_print_pretty(struct str *out, const struct term *term);
/* Whether the above write a list as "text": not empty, all characters printable. */
bool term_is_text(const struct term *list);
/* A whole file, as OTP writes them: "%% coding: utf-8\n", pretty, ".\n". */
void term_print_file(struct str *out, const struct term *term);

/* ---- external term format (term_decode.c, term_encode.c) ---- */

struct term_limits {
	size_t bytes; /* of all terms made from one input, also after decompression */
	unsigned depth;
};

/* What a file on disk may need. */
#define TERM_LIMITS_FILE \
	((struct term_limits){ .bytes = (size_t)256 << 20, .depth = TERM_DEPTH_MAX })
/* What a message of a node may need. */
#define TERM_LIMITS_NODE ((struct term_limits){ .bytes = (size_t)64 << 20, .depth = 256 })

/* Decodes one term that starts with the version byte 131; compressed terms
 * (131, 80) too.  *used, when wanted, receives how many bytes it took; when
 * `used` is NULL, bytes behind the term are an error.  Fails with ERROR_INVALID
 * ("byte 17: …") on anything truncated, foreign or over the limits; atom cache
 * references, for one, are refused.
 */
must_check int term_decode(const struct term **out, struct arena *arena, struct span bytes,
			   struct term_limits limits, size_t *used, struct error *err);
/* Without the version byte (literals in beams, control messages). */
must_check int term_decode_bare(const struct term **out, struct arena *arena, struct span bytes,
				struct term_limits limits, size_t *used, struct error *err);

enum term_atoms {
	TERM_ATOMS_UTF8,   /* as OTP 26 and later write them; every OTP since 20 reads them */
	TERM_ATOMS_LATIN1, /* as OTP 25 and earlier: Latin-1 where it fits (ATOM_EXT) */
};

/* Appends the external form, from the version byte on; uncompressed, byte for byte
 * what term_to_binary of that OTP gives (maps: in the order of their keys).
 */
void term_encode(struct str *out, const struct term *term, enum term_atoms atoms);
void term_encode_bare(struct str *out, const struct term *term, enum term_atoms atoms);
