// SPDX-License-Identifier: Apache-2.0
/* scripts.h - the Erlang texts that relevo has nodes evaluate: the *.erl beside this file. */
#pragma once
#include "base/str.h"

/* Each is evaluated behind common.erl; those that touch configuration behind config.erl too. */
/* clang-format off */
#define SCRIPTS(X)          \
	X(info,     false)  \
	X(vitals,   false)  \
	X(busy,     false)  \
	X(releases, false)  \
	X(census,   false)  \
	X(adopt,    false)  \
	X(unpin,    false)  \
	X(foresee,  false)  \
	X(lacks,    false)  \
	X(stage,    false)  \
	X(clean,    false)  \
	X(unpack,   false)  \
	X(files,    false)  \
	X(modules,  false)  \
	X(manifest, false)  \
	X(recover,  true)   \
	X(check,    true)   \
	X(install,  true)   \
	X(commit,   true)   \
	X(remove,   true)
/* clang-format on */

enum script {
#define X(name, config) SCRIPT_##name,
	SCRIPTS(X)
#undef X
};

const char *script_name(enum script script);
/* With what stands before it; appended to *out. */
void script_text(struct str *out, enum script script);
