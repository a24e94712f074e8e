// SPDX-License-Identifier: Apache-2.0
/* verdict_assigns.h - what is written into the assigns of pages, components and channels, and taken
 * for given there.
 */
#pragma once
#include "erlang/code/code_type.h"
#include "upgrade/verdict/verdict_parts.h"

enum { KINDS_MAX = 64 };
#define KIND_UNSEEN (1U << 31)

struct written {
	struct judge *judge;
	enum side side;
	struct arena *scratch;
	struct name_table *keys;
	struct name_table *helpers; /* modules that are called, and may write others */
	const char *module;
	unsigned kinds[KINDS_MAX]; /* what is written under the first keys: bits of term_kind … */
	struct type *types[KINDS_MAX]; /* … and all that is seen of it; NULL: nothing */
};

/* What a function writes, with all that it calls. */
void assigns_run(struct written *w, const struct code *code, const char *name, uint32_t arity);
/* What is written where a page or channel begins, also by hooks and routers. */
void assigns_written(struct written *w, const struct app_diff *app, const struct code *code);
/* What only the begin of a component writes, and what its updates do. */
void assigns_begun(struct written *w, const struct code *code);
void assigns_updated(struct written *w, const struct code *code);
/* Whether a function runs when a process begins, or is a fun of one that does: "-mount/3-fun-0-".
 */
bool assigns_begin_in(const char *name);
/* Whether what runs later takes an assign for given. */
bool assign_is_taken(const struct code *code, const char *key);
/* verdict_shown.c: whether values of some kinds (bits of term_kind) under that key go nowhere but
 * to functions that take all of those, as to_string of numbers and texts.
 */
bool assign_is_only_shown(const struct code *code, const char *key, unsigned kinds);
/* Whether it is written, or a module of the release that is called, and knows the key, may do so.
 */
bool assign_may_be_written(struct written *w, const char *key);
/* Assigns that `after` writes at the begin and its code takes for given later, and `before` never
 * wrote.
 */
struct names assigns_missing(struct judge *judge, struct written *before, struct written *after,
			     const struct code *code);
/* "cart, user" */
const char *assigns_shown(struct arena *arena, struct names keys);
