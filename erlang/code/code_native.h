// SPDX-License-Identifier: Apache-2.0
/* code_native.h - the native records that a module defines (OTP 29); for code.c and those that look
 * for one.
 */
#pragma once
#include "erlang/code/code.h"

/* Reads the chunk Recs into the code, whose other tables are there. */
must_check int code_read_natives(struct code *code, struct arena *arena, struct span chunk,
				 struct error *err);
/* NULL: none of that name. */
const struct code_native *code_native(const struct code *code, const char *name);
bool code_native_has(const struct code_native *native, const char *field);
