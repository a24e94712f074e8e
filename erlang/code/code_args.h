// SPDX-License-Identifier: Apache-2.0
/* code_args.h - operands of instructions, one after the other; for code.c only. */
#pragma once
#include "erlang/code/code.h"

enum { ARGS_SMALL = 16 }; /* integers that are shared */

struct code_args {
	struct arena *arena;
	struct span rest;
	struct names names;
	const struct term *literals;
	/* Of each name, literal and small integer, as they are met. */
	const struct value **atoms, **literal_values;
	const struct value *small[ARGS_SMALL], *nil;
	uint64_t xs, ys; /* one more than the highest register that was met */
};

/* Of a chunk of this code. */
void args_begin(struct code_args *args, struct arena *arena, const struct code *code,
		struct span chunk);
/* Returns -1, with where it is. */
int args_damaged(struct error *err, const struct code_args *args, const char *what);
must_check int args_bytes(struct span *out, struct code_args *args, size_t len, struct error *err);
must_check int args_byte(uint8_t *out, struct code_args *args, struct error *err);
must_check int args_take(struct code_arg *out, struct code_args *args, struct error *err);
