// SPDX-License-Identifier: Apache-2.0
#include "base/yaml.h"

#include "base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <yaml.h>

struct reader {
	struct yaml *doc;
	yaml_parser_t parser;
	struct error *err;
};

static int fail_at(struct reader *reader, const yaml_mark_t *mark, const char *what)
{
	return error_set(reader->err, ERROR_INVALID, "%s:%zu:%zu: %s", reader->doc->name,
			 mark->line + 1, mark->column + 1, what);
}

static int next_event(struct reader *reader, yaml_event_t *event)
{
	if (yaml_parser_parse(&reader->parser, event))
		return 0;
	return fail_at(reader, &reader->parser.problem_mark,
		       reader->parser.problem ? reader->parser.problem : "not YAML");
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

/* A plain scalar by YAML's core schema. */
static json_t *plain_scalar(const char *text)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
	static const char *const trues[] = { "true", "True", "TRUE", NULL };
	static const char *const falses[] = { "false", "False", "FALSE", NULL };
	char *end;

	if (is_one_of(text, nulls))
		return json_null();
	if (is_one_of(text, trues))
		return json_true();
	if (is_one_of(text, falses))
		return json_false();
	if (strspn(text, "-+.0123456789eE") == strlen(text) && strpbrk(text, "0123456789")) {
		errno = 0;
		long long integer = strtoll(text, &end, 10);
		if (!*end && !errno)
			return json_integer(integer);
		double real = strtod(text, &end);
		if (!*end)
			return json_real(real);
	}
	return json_string(text);
}

static int scalar(struct reader *reader, const yaml_event_t *event, json_t **out)
{
	const char *text = (const char *)event->data.scalar.value;

	if (strlen(text) != event->data.scalar.length)
		return fail_at(reader, &event->start_mark, "a NUL character in a text");
	*out = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? plain_scalar(text)
								   : json_string(text);
	if (!*out)
		return fail_at(reader, &event->start_mark, "not valid UTF-8");
	return 0;
}

static void remember(struct reader *reader, const json_t *object, const char *key, size_t index,
		     const yaml_mark_t *mark)
{
	struct yaml *doc = reader->doc;

	doc->places = arena_grow(&doc->arena, doc->places, doc->len, &doc->cap);
	doc->places[doc->len++] = (struct yaml_place){
		.object = object,
		.key = key ? arena_dup(&doc->arena, span_of(key)) : NULL,
		.index = index,
		.line = (unsigned)mark->line + 1,
		.column = (unsigned)mark->column + 1,
	};
}

static int value(struct reader *reader, yaml_event_t *event, int depth, json_t **out);

static int sequence(struct reader *reader, int depth, json_t **out)
{
	json_t *list = *out = json_array();

	for (;;) {
		yaml_event_t event;
		json_t *item = NULL;
		int ret;

		if (next_event(reader, &event))
			return -1;
		if (event.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&event);
			return 0;
		}
		remember(reader, list, NULL, json_array_size(list), &event.start_mark);
		ret = value(reader, &event, depth, &item);
		yaml_event_delete(&event);
		if (item)
			json_array_append_new(list, item);
		if (ret)
			return -1;
	}
}

/* One `key: value`; the key's event is given. */
static int pair(struct reader *reader, const yaml_event_t *key, int depth, json_t *object)
{
	const char *name = (const char *)key->data.scalar.value;
	yaml_event_t event;
	json_t *item = NULL;
	size_t place;
	int ret;

	if (key->type != YAML_SCALAR_EVENT || strlen(name) != key->data.scalar.length)
		return fail_at(reader, &key->start_mark, "want a plain text as key");
	if (json_object_get(object, name))
		return fail_at(reader, &key->start_mark, "this key is here already");
	place = reader->doc->len;
	remember(reader, object, name, 0, &key->start_mark);
	if (next_event(reader, &event))
		return -1;
	if (event.type == YAML_SCALAR_EVENT)
		reader->doc->places[place].text = arena_dup(
			&reader->doc->arena, span_of((const char *)event.data.scalar.value));
	ret = value(reader, &event, depth, &item);
	yaml_event_delete(&event);
	if (item && json_object_set_new(object, name, item))
		return fail_at(reader, &key->start_mark, "not valid UTF-8");
	return ret;
}

static int mapping(struct reader *reader, int depth, json_t **out)
{
	json_t *object = *out = json_object();

	for (;;) {
		yaml_event_t event;
		int ret;

		if (next_event(reader, &event))
			return -1;
		if (event.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&event);
			return 0;
		}
		ret = pair(reader, &event, depth, object);
		yaml_event_delete(&event);
		if (ret)
			return -1;
	}
}

/* *out may be set also on failure, for what is there so far; the caller owns it. */
static int value(struct reader *reader, yaml_event_t *event, int depth, json_t **out)
{
	if (depth > YAML_DEPTH_MAX)
		return fail_at(reader, &event->start_mark, "nested too deep");
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return scalar(reader, event, out);
	case YAML_SEQUENCE_START_EVENT:
		return sequence(reader, depth + 1, out);
	case YAML_MAPPING_START_EVENT:
		return mapping(reader, depth + 1, out);
	case YAML_ALIAS_EVENT:
		return fail_at(reader, &event->start_mark,
			       "aliases (*name) are not understood here");
	default:
		return fail_at(reader, &event->start_mark, "unexpected end");
	}
}

static int document(struct reader *reader)
{
	for (bool seen = false;;) {
		yaml_event_t event;
		int ret = 0;
		bool end;

		if (next_event(reader, &event))
			return -1;
		end = event.type == YAML_STREAM_END_EVENT;
		if (event.type == YAML_DOCUMENT_START_EVENT && seen)
			ret = fail_at(reader, &event.start_mark, "more than one document");
		else if (event.type == YAML_SCALAR_EVENT ||
			 event.type == YAML_MAPPING_START_EVENT ||
			 event.type == YAML_SEQUENCE_START_EVENT ||
			 event.type == YAML_ALIAS_EVENT) {
			seen = true;
			ret = value(reader, &event, 0, &reader->doc->root);
		}
		yaml_event_delete(&event);
		if (ret || end)
			return ret;
	}
}

int yaml_parse(struct yaml *out, struct span text, const char *name, struct error *err)
{
	struct yaml doc = { .name = NULL };
	struct reader reader = { .doc = &doc, .err = err };
	int ret;

	doc.name = arena_dup(&doc.arena, span_of(name));
	if (!yaml_parser_initialize(&reader.parser))
		abort();
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text.ptr, text.len);
	ret = document(&reader);
	yaml_parser_delete(&reader.parser);
	if (ret) {
		yaml_done(&doc);
		return -1;
	}
	if (!doc.root || json_is_null(doc.root)) {
		json_decref(doc.root);
		doc.root = json_object();
	}
	*out = doc;
	return 0;
}

int yaml_read(struct yaml *out, const char *path, struct error *err)
{
	owned_str struct str text = STR_EMPTY;

	if (file_read(path, YAML_TEXT_MAX, &text, err))
		return -1;
	return yaml_parse(out, str_span(&text), path, err);
}

void yaml_done(struct yaml *yaml)
{
	json_decref(yaml->root);
	arena_done(&yaml->arena);
	*yaml = (struct yaml){ .name = NULL };
}

static const struct yaml_place *find_place(const struct yaml *yaml, const json_t *object,
					   const char *key)
{
	for (size_t i = 0; i < yaml->len; i++) {
		const struct yaml_place *place = &yaml->places[i];

		if (place->object == object && place->key && strcmp(place->key, key) == 0)
			return place;
	}
	return NULL;
}

const char *yaml_where(struct yaml *yaml, const json_t *object, const char *key)
{
	const struct yaml_place *place = find_place(yaml, object, key);

	if (!place)
		return yaml->name;
	return arena_printf(&yaml->arena, "%s:%u:%u", yaml->name, place->line, place->column);
}

const char *yaml_scalar(const struct yaml *yaml, const json_t *object, const char *key)
{
	const struct yaml_place *place = find_place(yaml, object, key);

	return place ? place->text : NULL;
}
