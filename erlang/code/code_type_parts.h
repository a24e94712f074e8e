// SPDX-License-Identifier: Apache-2.0
/* code_type_parts.h - the rooms of code_type.h: code_type.c (putting values in, text),
 * code_type_value.c, code_type_compare.c.
 */
#pragma once
#include "erlang/code/code_type.h"

/* The place that an atom which a type was asked for comes from: it is among those already. */
extern const char type_same_again[];
/* The key of that name (type_key()), or some other one for "*". */
const struct value *type_key_value(const char *name, struct arena *arena);
/* Both NULL, or equal. */
bool type_same_tag(const char *a, const char *b);
/* Of an enum term_kind; numbers and binaries of both kinds are one. */
unsigned type_kind_bit(int kind);
/* The variant of the same kind and tag, and of the same size unless any will do; NULL: none. */
const struct type_variant *type_find(const struct type *type, const struct type_variant *like,
				     bool any_size);
