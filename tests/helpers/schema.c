// SPDX-License-Identifier: Apache-2.0
/* schema FILE NAME <DOCUMENTS: are the JSON documents what "$defs".NAME of the JSON Schema in FILE
 * says?  Only what docs/json-schema.json uses is understood; any other keyword is an error.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const json_t *schema_root;

static bool fits(const json_t *schema, json_t *value, const char *path);

static bool wrong(const char *path, const char *what)
{
	fprintf(stderr, "schema: %s: %s\n", path[0] ? path : "(the document)", what);
	return false;
}

static const char *type_of(const json_t *value)
{
	static const char *const names[] = { "object", "array",   "string",  "integer",
					     "number", "boolean", "boolean", "null" };

	return names[json_typeof(value)];
}

static bool is_of(const json_t *value, const char *type)
{
	return strcmp(type, type_of(value)) == 0 ||
	       (strcmp(type, "number") == 0 && json_is_integer(value));
}

static bool fits_type(const json_t *type, json_t *value, const char *path)
{
	const json_t *one;
	size_t i;

	if (json_is_string(type) && is_of(value, json_string_value(type)))
		return true;
	json_array_foreach (type, i, one)
		if (is_of(value, json_string_value(one)))
			return true;
	return wrong(path, "is of the wrong type");
}

static bool fits_enum(const json_t *words, json_t *value, const char *path)
{
	const json_t *word;
	size_t i;

	json_array_foreach (words, i, word)
		if (json_equal(word, value))
			return true;
	return wrong(path, "is none of the words");
}

static bool fits_keys(const json_t *schema, json_t *value, const char *path)
{
	const json_t *properties = json_object_get(schema, "properties");
	const json_t *others = json_object_get(schema, "additionalProperties"), *name;
	char below[512];
	const char *key;
	json_t *item;
	size_t i;

	json_array_foreach (json_object_get(schema, "required"), i, name) {
		snprintf(below, sizeof(below), "%.400s.%.100s", path, json_string_value(name));
		if (!json_object_get(value, json_string_value(name)))
			return wrong(below, "is missing");
	}
	json_object_foreach (value, key, item) {
		const json_t *its = json_object_get(properties, key);

		snprintf(below, sizeof(below), "%.400s.%.100s", path, key);
		if (!its && json_is_false(others))
			return wrong(below, "is not described");
		if ((its || json_is_object(others)) && !fits(its ? its : others, item, below))
			return false;
	}
	return true;
}

static bool fits_items(const json_t *schema, json_t *value, const char *path)
{
	char below[512];
	json_t *item;
	size_t i;

	json_array_foreach (value, i, item) {
		snprintf(below, sizeof(below), "%.400s[%zu]", path, i);
		if (!fits(schema, item, below))
			return false;
	}
	return true;
}

static bool is_known(const char *keyword)
{
	static const char *const known[] = { "type",  "description", "properties",
					     "items", "required",    "additionalProperties",
					     "enum",  "$ref" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(keyword, known[i]) == 0)
			return true;
	return false;
}

static bool fits(const json_t *schema, json_t *value, const char *path)
{
	const char *ref = json_string_value(json_object_get(schema, "$ref")), *keyword;
	const json_t *type = json_object_get(schema, "type"), *part;
	const json_t *words = json_object_get(schema, "enum");
	const json_t *items = json_object_get(schema, "items");

	json_object_foreach ((json_t *)schema, keyword, part)
		if (!is_known(keyword))
			return wrong(keyword, "is no keyword that is understood here");
	if (ref)
		return fits(json_object_get(json_object_get(schema_root, "$defs"),
					    ref + strlen("#/$defs/")),
			    value, path);
	if (!json_is_object(schema))
		return wrong(path, "has no schema");
	return (!type || fits_type(type, value, path)) &&
	       (!words || fits_enum(words, value, path)) &&
	       (!json_is_object(value) || fits_keys(schema, value, path)) &&
	       (!json_is_array(value) || !items || fits_items(items, value, path));
}

int main(int argc, char **argv)
{
	json_error_t error;
	json_t *document;
	int count = 0;

	schema_root = argc == 3 ? json_load_file(argv[1], 0, &error) : NULL;
	if (!schema_root) {
		fprintf(stderr, "usage: schema FILE NAME <DOCUMENTS\n");
		return 2;
	}
	while ((document = json_loadf(stdin, JSON_DISABLE_EOF_CHECK, &error)) != NULL) {
		const json_t *schema =
			json_object_get(json_object_get(schema_root, "$defs"), argv[2]);

		if (!fits(schema, document, ""))
			return 1;
		json_decref(document);
		count++;
	}
	if (count == 0 || !feof(stdin)) {
		fprintf(stderr, "schema: no JSON: %s\n", error.text);
		return 1;
	}
	return 0;
}
