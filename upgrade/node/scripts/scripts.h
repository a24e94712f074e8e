// SPDX-License-Identifier: Apache-2.0
/* scripts.h - the Erlang texts that relevo has nodes evaluate: the *.erl beside this file. */
#pragma once
#include "base/str.h"

/* name, changes, behind: each is evaluated behind common.erl, what changes the node behind
 * change.erl, what looks at processes that are suspended behind held.erl, what touches
 * configuration behind config.erl too, and what evaluates it behind redact.erl and vm.erl as well.
 */
/* clang-format off */
#define SCRIPTS(X)                    \
	X(info,     false, ALONE)     \
	X(vitals,   false, ALONE)     \
	X(busy,     false, ALONE)     \
	X(web,      false, ALONE)     \
	X(releases, false, ALONE)     \
	X(shared,   false, ALONE)     \
	X(supervisors, false, ALONE)  \
	X(writable, false, ALONE)     \
	X(crashes,  false, ALONE)     \
	X(census,   false, ALONE)     \
	X(adopt,    true, ALONE)      \
	X(unpin,    false, ALONE)     \
	X(foresee,  false, HELD)      \
	X(silent,   false, HELD)      \
	X(funs,     false, ALONE)     \
	X(names,    false, ALONE)     \
	X(digests,  false, ALONE)     \
	X(lacks,    false, ALONE)     \
	X(stage,    true, ALONE)      \
	X(clean,    true, ALONE)      \
	X(unpack,   true, ALONE)      \
	X(files,    false, ALONE)     \
	X(modules,  false, ALONE)     \
	X(digest,   false, ALONE)     \
	X(manifest, false, ALONE)     \
	X(lock,     false, ALONE)     \
	X(recover,  true, CONFIG)     \
	X(folder,   false, VM)        \
	X(changes,  false, VM)        \
	X(beside,   false, VM)        \
	X(check,    true, VM)         \
	X(install,  true, VM)         \
	X(started,  true, ALONE)      \
	X(after,    true, ALONE)      \
	X(assets,   true, ALONE)      \
	X(drain,    true, ALONE)      \
	X(reverted, true, ALONE)      \
	X(restart,  true, ALONE)      \
	X(commit,   true, CONFIG)     \
	X(remove,   true, ALONE)
/* clang-format on */

enum script {
#define X(name, changes, behind) SCRIPT_##name,
	SCRIPTS(X)
#undef X
};

/* What a script is made of, each sent once on a connection: what stands before it, and itself. */
enum script_part {
	PART_COMMON,
	PART_CHANGE,
	PART_HELD,
	PART_CONFIG,
	PART_REDACT,
	PART_EVALUATOR,
	PART_VM,
	PART_SCRIPTS, /* and behind it as many as there are */
#define X(name, changes, behind) PART_##name,
	SCRIPTS(X)
#undef X
		SCRIPT_PARTS,
};

const char *script_name(enum script script);
/* Into `out`, in their order; returns how many. */
size_t script_parts(enum script_part out[static SCRIPT_PARTS], enum script script);
/* Expressions with commas between them, none at the end; appended to *out. */
void script_part_text(struct str *out, enum script_part part);
/* What takes the parts in, on the node. */
struct span script_session(void);
