// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/bundle.h"

#include "base/name_table.h"
#include "base/names.h"

/* Below lib/ and releases/VSN, where installations put files.  Ways from other versions may be
 * added later; beams are compared by what is in them.
 */
static bool counts(const char *path)
{
	struct span rest = span_of(path), top;

	if (!span_next(&rest, '/', &top) || (!span_is(top, "lib") && !span_is(top, "releases")))
		return false;
	return memchr(rest.ptr, '/', rest.len) && !span_ends(rest, ".beam") &&
	       !span_ends(rest, ".appup") && !span_ends(rest, "/relup") &&
	       !span_ends(rest, "/" CARRIED_FILE);
}

/* "lib/shop-1.0.0/priv/x DIGEST" and "Elixir.Shop DIGEST" of all that counts. */
static struct names things_of(const struct bundle *bundle, struct arena *arena)
{
	const char **items =
		arena_array(arena, bundle->files_len + bundle->modules_len, const char *);
	size_t len = 0;

	for (size_t i = 0; i < bundle->files_len; i++)
		if (counts(bundle->files[i].path))
			items[len++] = arena_printf(arena, "%s %s", bundle->files[i].path,
						    bundle->files[i].md5);
	for (size_t i = 0; i < bundle->modules_len; i++)
		items[len++] = arena_printf(arena, "%s %s", bundle->modules[i].module,
					    bundle->modules[i].md5);
	return (struct names){ items, len };
}

/* What of `these` is not in `those`. */
static const char *first_missing(size_t *count, struct names these, struct names those)
{
	owned_name_table struct name_table *table = name_table_new();
	const char *first = NULL;

	for (size_t i = 0; i < those.len; i++)
		name_table_add(table, those.items[i], NULL);
	*count = 0;
	for (size_t i = 0; i < these.len; i++)
		if (name_table_find(table, span_of(these.items[i])) == NAME_ABSENT &&
		    (*count)++ == 0)
			first = these.items[i];
	return first;
}

const char *bundle_difference(const struct bundle *a, const struct bundle *b, struct arena *arena)
{
	struct names of_a = things_of(a, arena), of_b = things_of(b, arena);
	size_t count;
	const char *first = first_missing(&count, of_a, of_b);

	if (!first)
		first = first_missing(&count, of_b, of_a);
	if (!first)
		return NULL;
	return arena_printf(arena, count > 1 ? "%.*s and %zu more" : "%.*s",
			    (int)strcspn(first, " "), first, count - 1);
}
