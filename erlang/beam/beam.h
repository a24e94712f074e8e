// SPDX-License-Identifier: Apache-2.0
/* beam.h - what one compiled module says about itself.
 *
 * beam_open() looks at the container only: the module's name, and where its chunks
 * lie.  That is enough for digests, which tell whether a module changed.
 * beam_read_facts() decodes the rest, for the few modules that did.
 *
 * Facts of the format: an IFF-like form "FOR1" size "BEAM", then chunks (four letters,
 * size, data, padding to four bytes), all numbers big endian; the whole may be
 * gzipped.  Whatever does not fit gives ERROR_INVALID; callers put the file's name
 * in front (error_wrap).
 */
#pragma once
#include "base/names.h"
#include "erlang/term/term.h"

enum {
	BEAM_MAX = 64 << 20,          /* bytes of one module, also when unpacked */
	BEAM_LITERALS_MAX = 64 << 20, /* bytes of its literals */
	BEAM_DIGEST = 16,
};

/* What a chunk is for.  One that is not listed here counts as code does: a change of it is a change
 * of the module, and stripping keeps it.
 */
enum beam_chunk_use {
	BEAM_IN_MD5 = 1 << 0, /* beam_lib:md5/1 takes it; in the order in which they stand here */
	BEAM_EFFECT = 1 << 1, /* what the module does depends on it */
	BEAM_KEPT = 1 << 2,   /* stripping keeps it */
	BEAM_IN_ALL = BEAM_IN_MD5 | BEAM_EFFECT | BEAM_KEPT,
	BEAM_MARK = BEAM_IN_MD5 | BEAM_KEPT,
};

/* clang-format off */
#define BEAM_CHUNKS(X) \
	X(ATTR, "Attr", BEAM_KEPT) \
	X(LINE, "Line", BEAM_KEPT) \
	X(TYPE, "Type", BEAM_KEPT) \
	X(ATOM, "Atom", BEAM_IN_ALL) \
	X(ATU8, "AtU8", BEAM_IN_ALL) \
	X(CODE, "Code", BEAM_IN_ALL) \
	X(STRT, "StrT", BEAM_IN_ALL) \
	X(IMPT, "ImpT", BEAM_IN_ALL) \
	X(EXPT, "ExpT", BEAM_IN_ALL) \
	X(FUNT, "FunT", BEAM_IN_ALL) \
	X(LITT, "LitT", BEAM_IN_ALL) \
	X(META, "Meta", BEAM_MARK) \
	X(RECS, "Recs", BEAM_IN_ALL) /* definitions of native records: OTP 29 */ \
	X(DBGB, "DbgB", BEAM_MARK)   /* for a debugger: OTP 28 */ \
	X(CINF, "CInf", 0) \
	X(LOCT, "LocT", 0) \
	X(ABST, "Abst", 0) \
	X(DBGI, "Dbgi", 0) \
	X(DOCS, "Docs", 0) \
	X(EXCK, "ExCk", 0) \
	X(EXDC, "ExDc", 0) \
	X(EXDP, "ExDp", 0)
/* clang-format on */

enum beam_chunk {
#define X(name, letters, use) BEAM_##name,
	BEAM_CHUNKS(X)
#undef X
		BEAM_CHUNK_COUNT,
};

struct beam_other {
	struct span letters, data;
};

struct beam {
	const char *module;
	struct span chunks[BEAM_CHUNK_COUNT]; /* ptr NULL: the file has none */
	const struct beam_other *others;      /* chunks that are not listed above */
	size_t others_len;
};

/* bytes    one file; borrowed as long as the beam is used
 * arena    takes the module's name, the list of unknown chunks, and the unpacked bytes when they
 *          were gzipped
 */
must_check int beam_open(struct beam *out, struct arena *arena, struct span bytes,
			 struct error *err);
/* What beam_lib:md5/1 gives, and code:module_md5/1 for the loaded module. */
void beam_md5(const struct beam *beam, uint8_t out[static BEAM_DIGEST]);
/* Of the chunks that have an effect: equal for a module and its stripped copy.  This is what tells
 * whether a module changed.
 */
void beam_digest(const struct beam *beam, uint8_t out[static BEAM_DIGEST]);
/* Whether both have the same digest: told from their chunks, without working it out. */
bool beam_same(const struct beam *a, const struct beam *b);
/* "DIR/MODULE.beam" */
const char *beam_path(struct arena *arena, const char *dir, const char *module);
/* Appends a copy with only the chunks that beam_lib calls significant, Attr, and those that nobody
 * knows: byte for byte what Mix.Release.strip_beam/1 of Elixir 1.18 makes of it where there are
 * none of those.  It loads, behaves the same, is as fast, and keeps its md5.
 */
must_check int beam_strip(struct str *out, struct span bytes, struct error *err);

/* ---- facts ---- */

struct beam_function {
	const char *module; /* of an import; NULL in exports */
	const char *name;
	uint32_t arity;
};

struct beam_functions {
	const struct beam_function *items;
	size_t len;
};

/* What a module is for: of which processes it is the callback, which part of a framework.  A module
 * may be several.
 */
enum beam_role {
	BEAM_GEN_SERVER = 1 << 0,
	BEAM_GEN_STATEM = 1 << 1,
	BEAM_GEN_EVENT = 1 << 2,
	BEAM_SPECIAL = 1 << 3, /* system_code_change/4: sys and proc_lib by hand */
	BEAM_SUPERVISOR = 1 << 4,
	BEAM_APPLICATION = 1 << 5,
	BEAM_PROTOCOL = 1 << 6,      /* Elixir: __protocol__/1 */
	BEAM_PROTOCOL_IMPL = 1 << 7, /* Elixir: __impl__/1 */
	/* Parts of frameworks: what runs them is another module's process, if any. */
	BEAM_ENDPOINT = 1 << 8,
	BEAM_ROUTER = 1 << 9,
	BEAM_CONTROLLER = 1 << 10,
	BEAM_SOCKET = 1 << 11,
	BEAM_CHANNEL = 1 << 12,
	BEAM_LIVE_VIEW = 1 << 13,
	BEAM_LIVE_COMPONENT = 1 << 14,
	BEAM_COMPONENTS = 1 << 15, /* functions that render, with declared attributes */
	BEAM_PRESENCE = 1 << 16,
	BEAM_REPO = 1 << 17,
	BEAM_SCHEMA = 1 << 18,
	BEAM_JOB = 1 << 19, /* Oban.Worker */

	BEAM_PROCESS = BEAM_GEN_SERVER | BEAM_GEN_STATEM | BEAM_GEN_EVENT | BEAM_SPECIAL,
};

struct beam_facts {
	const char *module;
	struct beam_functions exports, imports;
	struct names atoms;
	struct names behaviours;       /* as attributes: behaviour and behavior */
	const struct term *attributes; /* [{Key, [Value]}]; [] when they were stripped */
	const struct term *compile;    /* compile info [{Key, Value}]; [] when stripped */
	const struct term *vsn;        /* NULL: none */
	unsigned roles;                /* of enum beam_role */
	/* Has the function its roles want: code_change/3 or /4, or system_code_change/4. */
	bool code_change;
	bool nif; /* calls erlang:load_nif/2 */
};

/* All in the arena.  Roles follow from behaviours; where those are unknown or stripped,
 * from the callbacks that are exported.
 */
must_check int beam_read_facts(struct beam_facts **out, struct arena *arena,
			       const struct beam *beam, struct error *err);
/* The literal terms of a module, a list in the order of the file. */
must_check int beam_read_literals(const struct term **out, struct arena *arena,
				  const struct beam *beam, struct error *err);
bool beam_exports(const struct beam_facts *facts, const char *name, uint32_t arity);
/* Whether two are the same function, or both none: without a name. */
bool beam_function_same(const struct beam_function *a, const struct beam_function *b);
bool beam_imports(const struct beam_facts *facts, const char *module, const char *name,
		  uint32_t arity);
/* "gen_server" …; for one bit of enum beam_role. */
const char *beam_role_name(enum beam_role role);
