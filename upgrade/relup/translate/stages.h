// SPDX-License-Identifier: Apache-2.0
/* stages.h - the stages of a translation; private to upgrade/relup/translate/translate.c and
 * upgrade/relup/translate/.
 *
 * A translation is two lists of instructions, those before the point of no return and
 * those after it; each stage rewrites them.  The order of the stages is the order in
 * which faults are found, which is part of what systools promises.
 */
#pragma once
#include "upgrade/relup/translate/translate.h"

/* An instruction and where it was written. */
struct op {
	const struct term *term;
	const char *file; /* NULL: not in a file */
	unsigned line;    /* 0: not known */
};

struct ops {
	struct op *items;
	size_t len, cap;
};

struct translation {
	struct arena *arena;
	enum direction direction;
	const struct resolved *target, *left;
	struct ops before, after; /* the point of no return stands between them */
};

/* ---- instruction.c: the forms of one instruction ---- */

/* Fills in what a short form leaves out; any other term comes back as it is. */
const struct term *instruction_expand(struct arena *arena, const struct term *term);
/* The one form that update, add_module and delete_module have from here on. */
const struct term *instruction_normalize(struct arena *arena, const struct term *term);
/* Whether the instruction is well formed. */
must_check int instruction_check(const struct op *op, struct error *err);

/* ---- script.c: from scripts to the two lists ---- */

must_check int scripts_merge(struct translation *translation, const struct script *scripts,
			     size_t len, struct error *err);

/* ---- pairs.c: what hand-written instructions owe each other ---- */

must_check int pairs_check(const struct translation *translation, struct error *err);

/* ---- application.c: add_application, remove_application, restart_application ---- */

must_check int applications_translate(struct translation *translation, struct error *err);

/* ---- block.c: update, load_module, delete_module ---- */

must_check int modules_translate(struct translation *translation, struct error *err);

/* ---- object_code.c: one load_object_code for each application ---- */

must_check int object_code_merge(struct translation *translation, struct error *err);

/* ---- op.c ---- */

void ops_add(struct arena *arena, struct ops *ops, struct op op);
/* The same for an instruction that stands for `origin`. */
void ops_put(struct arena *arena, struct ops *ops, const struct op *origin,
	     const struct term *term);
/* {Tag, Value} and {apply, {application, Function, Args}}. */
const struct term *op_pair(struct arena *arena, const char *tag, const struct term *value);
const struct term *op_application(struct arena *arena, const char *function,
				  const struct term *args);
/* {load, {Module, Pre, Post}}, {remove, …}; NULL purges are brutal. */
const struct term *op_module(struct arena *arena, const char *tag, const struct term *module,
			     const struct term *pre, const struct term *post);
/* A refusal under OTP's name: "FILE:LINE: message: TERM"; the term may be NULL. */
#define op_refuse(op, err, otp, message, term) (op_refuse_(op, err, otp, message, term), -1)
void op_refuse_(const struct op *op, struct error *err, const char *otp, const char *message,
		const struct term *term);
