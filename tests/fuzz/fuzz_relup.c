// SPDX-License-Identifier: Apache-2.0
/* Any term as the appup of an application: a relup as systools makes it, or a refusal with OTP's
 * name for it; one that was made is a relup.
 */
#include "upgrade/relup/relup.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A release with the applications kernel, sasl, a and b, the last two with modules. */
static const struct resolved *release(struct arena *arena, const char *vsn)
{
	static const char *const apps[] = { "kernel", "sasl", "a", "b" };
	static const char *const modules[] = { "m", "n", "o", "p" };
	struct resolved *resolved = arena_new(arena, struct resolved);
	struct rel *rel = arena_new(arena, struct rel);
	struct resolved_app *all = arena_array(arena, ARRAY_LEN(apps), struct resolved_app);
	struct rel_app *entries = arena_array(arena, ARRAY_LEN(apps), struct rel_app);

	for (size_t i = 0; i < ARRAY_LEN(apps); i++) {
		struct app *app = arena_new(arena, struct app);

		app->name = app->dir = apps[i];
		app->vsn = i < 2 ? "1" : vsn;
		app->modules = (struct names){ modules + 2 * (i & 1), i < 2 ? 0 : 2 };
		app->env = &term_nil;
		entries[i] = (struct rel_app){ .name = apps[i], .vsn = app->vsn };
		all[i].app = app;
		all[i].entry = &entries[i];
	}
	*rel = (struct rel){ "r", vsn, "13", entries, ARRAY_LEN(apps) };
	*resolved = (struct resolved){ rel, tree_system(), all, ARRAY_LEN(apps) };
	return resolved;
}

static void make(struct arena *arena, const struct term *appup, const struct term *other)
{
	const struct appup appups[] = { { "a", appup, "a.appup" }, { "b", other, "b.appup" } };
	const struct relup_base base = { release(arena, "1"), NULL };
	const struct relup_input input = {
		release(arena, "2"), &base, 1, &base, 1, appups, 2, false
	};
	const struct term *relup, *warnings;
	struct error err = { .text = "" };

	if (relup_make(&relup, &warnings, arena, &input, &err)) {
		if (err.text[0] == '\0')
			abort();
	} else if (!term_is_tuple(relup, 3) || !term_is_list(warnings)) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *all, *none;
	struct error err;

	if (term_parse_all(&all, &arena, (struct span){ (const char *)data, size }, "a.appup",
			   &err) ||
	    all->seq.len == 0 ||
	    term_parse(&none, &arena, SPAN("{\"2\",[{\"1\",[]}],[{\"1\",[]}]}."), "b.appup", &err))
		return 0;
	make(&arena, term_at(all, 0), all->seq.len > 1 ? term_at(all, 1) : none);
	return 0;
}
