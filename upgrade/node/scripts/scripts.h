// SPDX-License-Identifier: Apache-2.0
/* scripts.h - the Erlang texts that relevo has nodes evaluate: the *.erl beside this file. */
#pragma once
#include "base/str.h"

/* name, changes, behind: each is evaluated behind common.erl, what changes the node behind
 * change.erl, what touches configuration behind config.erl too, and what evaluates it behind vm.erl
 * and redact.erl as well.
 */
/* clang-format off */
#define SCRIPTS(X)                    \
	X(info,     false, ALONE)     \
	X(vitals,   false, ALONE)     \
	X(busy,     false, ALONE)     \
	X(releases, false, ALONE)     \
	X(shared,   false, ALONE)     \
	X(supervisors, false, ALONE)  \
	X(writable, false, ALONE)     \
	X(crashes,  false, ALONE)     \
	X(census,   false, ALONE)     \
	X(adopt,    true, ALONE)      \
	X(unpin,    false, ALONE)     \
	X(foresee,  false, ALONE)     \
	X(funs,     false, ALONE)     \
	X(lacks,    false, ALONE)     \
	X(stage,    true, ALONE)      \
	X(clean,    true, ALONE)      \
	X(unpack,   true, ALONE)      \
	X(files,    false, ALONE)     \
	X(modules,  false, ALONE)     \
	X(manifest, false, ALONE)     \
	X(lock,     false, ALONE)     \
	X(recover,  true, CONFIG)     \
	X(folder,   false, VM)        \
	X(changes,  false, VM)        \
	X(check,    true, VM)         \
	X(install,  true, VM)         \
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

const char *script_name(enum script script);
/* With what stands before it; appended to *out. */
void script_text(struct str *out, enum script script);
