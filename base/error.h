// SPDX-License-Identifier: Apache-2.0
/* error.h - what went wrong, as a value.
 *
 * A function that can fail returns 0, or -1 with *err filled in; its outputs
 * are untouched on -1.  The error gains context on its way up (error_wrap) and
 * is printed once, at the top.  The text lives inside: nothing to free.
 */
#pragma once
#include "base/base.h"

/* One table for everything that depends on the kind of an error: the exit
 * status of the command, the reason of a Kubernetes condition, the code in JSON, and whether
 * trying again later can help.
 */
/* clang-format off */
/*	kind                exit  reason             code               retry */
#define ERROR_KINDS(X) \
	X(ERROR_FAILED,       1, "Failed",          "failed",           true) \
	X(ERROR_USAGE,        2, "InvalidArgument", "invalid_argument", false) \
	X(ERROR_INVALID,      2, "InvalidData",     "invalid_data",     false) \
	X(ERROR_NOT_FOUND,    3, "NotFound",        "not_found",        false) \
	X(ERROR_UNREACHABLE,  3, "Unreachable",     "unreachable",      true) \
	X(ERROR_REFUSED,      4, "Refused",         "refused",          false) \
	X(ERROR_ROLLED_BACK,  5, "RolledBack",      "rolled_back",      false) \
	X(ERROR_STUCK,        6, "NeedsPerson",     "needs_person",     false) \
	X(ERROR_LOCKED,       7, "Locked",          "locked",           true) \
	X(ERROR_PAUSED,       8, "Paused",          "paused",           false)
/* clang-format on */

enum error_kind {
#define X(kind, exit, reason, code, retry) kind,
	ERROR_KINDS(X)
#undef X
};

struct error {
	enum error_kind kind;
	char code[32];   /* what exactly, for scripts: never renamed; "": the kind tells enough */
	char otp[64];    /* OTP's own name for a refusal of systools, or "" */
	char text[2000]; /* what failed, on what, the state now, what to do next */
};

/* Each fills *err in and returns -1, so that a caller can `return error_set(…)`. */
#define error_set(err, kind, ...) (error_set_(err, kind, __VA_ARGS__), -1)
/* A refusal that OTP has a name for, such as "undefined_applications". */
#define error_otp(err, name, ...) (error_otp_(err, name, __VA_ARGS__), -1)
/* From errno: its text is appended, its value decides the kind. */
#define error_sys(err, ...) (error_sys_(err, __VA_ARGS__), -1)
/* Puts "context: " before the text that is there; the kind stays. */
#define error_wrap(err, ...) (error_wrap_(err, __VA_ARGS__), -1)
/* Appends to the text that is there, as a new line: what to do next. */
#define error_hint(err, ...) (error_hint_(err, __VA_ARGS__), -1)
/* Says what exactly it was, for scripts: "no_way_back". */
#define error_code(err, name) (error_code_(err, name), -1)

void error_set_(struct error *err, enum error_kind kind, const char *format, ...) printf_like(3, 4);
void error_otp_(struct error *err, const char *name, const char *format, ...) printf_like(3, 4);
void error_sys_(struct error *err, const char *format, ...) printf_like(2, 3);
void error_wrap_(struct error *err, const char *format, ...) printf_like(2, 3);
void error_hint_(struct error *err, const char *format, ...) printf_like(2, 3);

void error_code_(struct error *err, const char *name);

/* The code of this error, else that of its kind: "not_found". */
const char *error_code_of(const struct error *err);
int error_exit_status(enum error_kind kind);
const char *error_reason(enum error_kind kind);
bool error_may_retry(enum error_kind kind);
