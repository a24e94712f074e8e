// SPDX-License-Identifier: Apache-2.0
/* Any text as the script of an appup, up and down: what is translated reads back as the same
 * term; what is not is refused by name.
 */
#include "upgrade/relup/translate/translate.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const modules[] = { "m", "n", "o" };

static void check(struct arena *arena, const struct term *instructions, enum direction direction)
{
	const struct app app = { .name = "a", .vsn = "1", .dir = "a", .modules = { modules, 3 } };
	const struct rel_app entry = { .name = "a", .vsn = "1" };
	const struct resolved_app apps[] = { { .app = &app, .entry = &entry } };
	const struct resolved release = { .apps = apps, .len = 1 };
	const struct script scripts[] = { { instructions, "a.appup" }, { instructions, NULL } };
	owned_str struct str text = STR_EMPTY;
	const struct term *list, *again;
	struct error err;

	/* One script, then two that may get into each other's way. */
	for (size_t len = 1; len <= ARRAY_LEN(scripts); len++) {
		str_clear(&text);
		if (translate(&list, arena, direction, scripts, len, &release, &release, &err)) {
			if (err.kind != ERROR_INVALID || !err.otp[0])
				abort();
			continue;
		}
		term_print_file(&text, list);
		if (term_parse_one(&again, arena, str_span(&text), "relup", &err) ||
		    !term_equal(list, again))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *term;
	struct error err;

	if (term_parse(&term, &arena, (struct span){ (const char *)data, size }, "script", &err))
		return 0;
	check(&arena, term, DIRECTION_UP);
	check(&arena, term, DIRECTION_DOWN);
	return 0;
}
