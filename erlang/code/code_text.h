// SPDX-License-Identifier: Apache-2.0
/* code_text.h - binaries that are built: <<"user:", Id/binary>> begins with what is seen of it. */
#pragma once
#include "erlang/code/code_run.h"

/* What was put together so far. */
struct text {
	char bytes[VALUE_TEXT_MAX];
	size_t len;
	bool open; /* more came behind it, which is not seen */
};

void text_add(struct text *text, struct span bytes);
/* A binary. */
void text_add_value(struct text *text, const struct value *value);
/* A constant where all of it was seen. */
const struct value *text_value(const struct text *text, struct arena *arena);

/* What bs_create_bin, or bs_init2 with what is put into that, builds: a binary. */
const struct value *text_built(const struct run *run, const struct code_op *op);
/* erlang:iolist_to_binary/1 and the like. */
const struct value *known_iodata(struct eval *eval, const struct value *const *args);
/* String.Chars.to_string/1 and the like. */
const struct value *known_shown(struct eval *eval, const struct value *const *args);
/* Enum.join/2 */
const struct value *known_join(struct eval *eval, const struct value *const *args);
