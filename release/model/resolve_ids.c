// SPDX-License-Identifier: Apache-2.0
#include "release/model/resolve.h"

struct ids ids_subtract(struct resolve *r, struct ids a, struct ids b)
{
	struct ids rest = { arena_array(&r->scratch, a.len, size_t), 0 };

	for (size_t i = 0; i < b.len; i++)
		r->count[b.items[i]]++;
	for (size_t i = 0; i < a.len; i++) {
		if (r->count[a.items[i]])
			r->count[a.items[i]]--;
		else
			rest.items[rest.len++] = a.items[i];
	}
	for (size_t i = 0; i < b.len; i++)
		r->count[b.items[i]] = 0;
	return rest;
}

void resolve_list(const struct resolve *r, struct ids ids, struct str *out)
{
	enum { SHOWN = 12 };

	for (size_t i = 0; i < ids.len && i < SHOWN; i++) {
		if (i)
			str_adds(out, i + 1 == ids.len ? " and " : ", ");
		str_adds(out, name_table_name(r->names, ids.items[i]));
	}
	if (ids.len > SHOWN)
		str_addf(out, " and %zu more", ids.len - SHOWN);
}
