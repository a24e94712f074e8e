// SPDX-License-Identifier: Apache-2.0
#include "erlang/term/term_json.h"

#include "base/utf8.h"

static json_t *object(const char *key, json_t *value)
{
	json_t *json = json_object();

	json_object_set_new(json, key, value);
	return json;
}

static json_t *text(struct span span)
{
	return json_stringn(span.ptr, span.len);
}

static json_t *base64(struct span bytes)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	owned_str struct str out = STR_EMPTY;

	for (size_t i = 0; i < bytes.len; i += 3) {
		size_t len = bytes.len - i < 3 ? bytes.len - i : 3;
		unsigned word = 0;

		for (size_t k = 0; k < 3; k++)
			word = word << 8 | (k < len ? (unsigned char)bytes.ptr[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			str_addc(&out, k <= len ? digits[word >> (18 - 6 * k) & 63] : '=');
	}
	return text(str_span(&out));
}

static json_t *integer(const struct term *term)
{
	owned_str struct str digits = STR_EMPTY;
	const int64_t exact = (int64_t)1 << 53;

	if (term->kind == TERM_INTEGER && term->integer > -exact && term->integer < exact)
		return json_integer(term->integer);
	term_print(&digits, term);
	return object("integer", text(str_span(&digits)));
}

static json_t *bits(const struct term *term)
{
	struct span bytes = term->bitstring.bytes;
	json_t *json = object("base64", base64(bytes));

	json_object_set_new(json, "bits",
			    json_integer((json_int_t)(8 * (bytes.len - 1) + term->bitstring.bits)));
	return json;
}

static json_t *items(const struct term *term)
{
	json_t *array = json_array();

	for (size_t i = 0; i < term->seq.len; i++)
		json_array_append_new(array, term_to_json(term->seq.items[i]));
	return array;
}

static json_t *list(const struct term *term)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *string;
	json_t *json;

	if (term_is_text(term) && term_get_string(term, &arena, &string))
		return object("string", json_string(string));
	if (!term->seq.tail)
		return items(term);
	json = object("list", items(term));
	json_object_set_new(json, "tail", term_to_json(term->seq.tail));
	return json;
}

static json_t *map(const struct term *term)
{
	json_t *pairs = json_array();

	for (size_t i = 0; i < term->map.len; i++) {
		json_t *pair = json_array();

		json_array_append_new(pair, term_to_json(term->map.keys[i]));
		json_array_append_new(pair, term_to_json(term->map.values[i]));
		json_array_append_new(pairs, pair);
	}
	return object("map", pairs);
}

static json_t *record(const struct term *term)
{
	json_t *json = json_object(), *fields = json_array();

	json_object_set_new(json, "module", text(term->record.module->text));
	json_object_set_new(json, "name", text(term->record.name->text));
	for (size_t i = 0; i < term->record.len; i++) {
		json_t *pair = json_array();

		json_array_append_new(pair, text(term->record.fields[i]->text));
		json_array_append_new(pair, term_to_json(term->record.values[i]));
		json_array_append_new(fields, pair);
	}
	json_object_set_new(json, "exported", json_boolean(term->record.exported));
	json_object_set_new(json, "fields", fields);
	return object("record", json);
}

static json_t *external(const struct term *term)
{
	owned_str struct str bytes = STR_EMPTY;

	term_encode(&bytes, term, TERM_ATOMS_UTF8);
	return object("external", base64(str_span(&bytes)));
}

json_t *term_to_json(const struct term *term)
{
	switch (term->kind) {
	case TERM_ATOM:
		return object("atom", text(term->text));
	case TERM_INTEGER:
	case TERM_BIG:
		return integer(term);
	case TERM_FLOAT:
		return json_real(term->real);
	case TERM_BINARY:
		return utf8_valid(term->text) ? object("binary", text(term->text))
					      : object("base64", base64(term->text));
	case TERM_BITSTRING:
		return bits(term);
	case TERM_LIST:
		return list(term);
	case TERM_TUPLE:
		return object("tuple", items(term));
	case TERM_RECORD:
		return record(term);
	case TERM_MAP:
		return map(term);
	case TERM_PID:
	case TERM_PORT:
	case TERM_REFERENCE:
	case TERM_OPAQUE:
		break;
	}
	return external(term);
}
