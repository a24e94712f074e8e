// SPDX-License-Identifier: Apache-2.0
#include "cmd/listed.h"

#include "base/json.h"
#include "cmd/output.h"

static const char *joined(struct arena *arena, struct names names)
{
	owned_str struct str text = STR_EMPTY;

	for (size_t i = 0; i < names.len; i++)
		str_addf(&text, "%s%s", i ? ", " : "", names.items[i]);
	return arena_dup(arena, str_span(&text));
}

void print_listed(const struct listed *items, size_t len)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_table struct table *table = table_new(5);

	table_row(table, "NAME", "VERSION", "TAGS", "SIZE", "DIGEST");
	for (size_t i = 0; i < len; i++) {
		char size[32];

		table_row(table, items[i].name, items[i].vsn, joined(&arena, items[i].tags),
			  human_bytes((uint64_t)items[i].size, size),
			  arena_printf(&arena, "%.*s", DIGEST_SHOWN, items[i].digest));
	}
	table_print(table, stdout, "", true);
}

json_t *listed_json(const struct listed *items, size_t len)
{
	json_t *list = json_array();

	for (size_t i = 0; i < len; i++)
		json_array_append_new(list,
				      json_pack("{s:o, s:o, s:s, s:o, s:o, s:I}", "name",
						json_text(items[i].name), "version",
						json_text(items[i].vsn), "digest", items[i].digest,
						"tags", json_texts(items[i].tags), "revision",
						json_text(items[i].revision), "size",
						(json_int_t)items[i].size));
	return list;
}
