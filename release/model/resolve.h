// SPDX-License-Identifier: Apache-2.0
/* resolve.h - the rooms inside rel_resolve(); nothing for other modules.
 *
 * While a release is resolved its applications are numbers.  The numbers below
 * `defined` stand for the applications of the .rel, in its order; those above are
 * names that somebody mentions (optional applications that are absent, typing
 * mistakes).  An application that the .rel lists twice has one number.
 */
#pragma once
#include "base/name_table.h"
#include "release/model/rel.h"

struct ids {
	size_t *items;
	size_t len;
};

struct resolve_app {
	const struct app *app;
	const struct rel_app *entry;
	size_t id;
	size_t key; /* the first entry of the .rel with this name and version */
	struct ids uses, includes, optional;
};

struct resolve {
	struct arena *arena;  /* of the result */
	struct arena scratch; /* of everything else */
	const struct rel *rel;
	const struct tree *tree;
	struct lib_path path;
	struct name_table *names;
	size_t defined;
	struct resolve_app *apps; /* one for each entry of the .rel */
	size_t len;
	size_t *includer; /* by number: who includes it; NAME_ABSENT: nobody */
	size_t *count;    /* by number: zeros, for whoever counts; left as zeros */
};

/* Finds and reads the .app file of each entry; systools' {error_reading, …}. */
must_check int resolve_find(struct resolve *r, struct error *err);
/* The entry whose list of includes rules over the .app file's; NULL: none.  Of an application
 * that is listed twice it is the first one with such a list.
 */
const struct rel_app *resolve_includes_entry(const struct rel *rel, const char *name);
/* Undefined applications, names registered or included twice, circles of includes. */
must_check int resolve_check(struct resolve *r, struct error *err);
/* Who uses an application that another one includes waits for that other one. */
void resolve_rewrite_uses(struct resolve *r);
/* Uses and includes in the order of the .rel. */
void resolve_order_uses(struct resolve *r);
must_check int resolve_check_modules(struct resolve *r, struct error *err);
/* The order in which applications start: `order` receives r->len indexes of r->apps. */
must_check int resolve_sort(struct resolve *r, size_t *order, struct error *err);

/* "a, b and c" of numbers, for messages; at most a dozen. */
void resolve_list(const struct resolve *r, struct ids ids, struct str *out);
/* a -- b of Erlang: each element of b takes the first equal one out of a. */
struct ids ids_subtract(struct resolve *r, struct ids a, struct ids b);
