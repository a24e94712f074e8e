// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include "base/utf8.h"

enum { REPLACEMENT = 0xfffd };

json_t *json_text(const char *text)
{
	struct span rest = span_of(text ? text : "");
	owned_str struct str valid = STR_EMPTY;
	uint32_t code;

	if (!text)
		return json_null();
	if (utf8_valid(rest))
		return json_stringn_nocheck(rest.ptr, rest.len);
	while (rest.len > 0) {
		if (!utf8_next(&rest, &code)) {
			code = REPLACEMENT;
			rest = (struct span){ rest.ptr + 1, rest.len - 1 };
		}
		utf8_add(&valid, code);
	}
	return json_stringn_nocheck(str_text(&valid), valid.len);
}

json_t *json_texts(struct names texts)
{
	json_t *list = json_array();

	for (size_t i = 0; i < texts.len; i++)
		json_array_append_new(list, json_text(texts.items[i]));
	return list;
}

json_t *json_ms(int64_t us)
{
	return json_real((double)us / 1000);
}
