// SPDX-License-Identifier: Apache-2.0
/* scripts.h - the Erlang texts that relevo has nodes evaluate: the *.erl beside this file. */
#pragma once
#include "base/str.h"

/* Each is evaluated behind common.erl, those that touch configuration behind config.erl too, and
 * those that evaluate it behind vm.erl and redact.erl as well.
 */
/* clang-format off */
#define SCRIPTS(X)           \
	X(info,     ALONE)   \
	X(vitals,   ALONE)   \
	X(busy,     ALONE)   \
	X(releases, ALONE)   \
	X(census,   ALONE)   \
	X(adopt,    ALONE)   \
	X(unpin,    ALONE)   \
	X(foresee,  ALONE)   \
	X(funs,     ALONE)   \
	X(lacks,    ALONE)   \
	X(stage,    ALONE)   \
	X(clean,    ALONE)   \
	X(unpack,   ALONE)   \
	X(files,    ALONE)   \
	X(modules,  ALONE)   \
	X(manifest, ALONE)   \
	X(recover,  CONFIG)  \
	X(folder,   VM)      \
	X(changes,  VM)      \
	X(check,    VM)      \
	X(install,  VM)      \
	X(restart,  ALONE)   \
	X(commit,   CONFIG)  \
	X(remove,   CONFIG)
/* clang-format on */

enum script {
#define X(name, behind) SCRIPT_##name,
	SCRIPTS(X)
#undef X
};

const char *script_name(enum script script);
/* With what stands before it; appended to *out. */
void script_text(struct str *out, enum script script);
