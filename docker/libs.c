// SPDX-License-Identifier: Apache-2.0
#include "docker/libs.h"

#include "base/file.h"
#include "base/name_table.h"
#include "release/files/archive.h"
#include "release/read/store.h"

enum { LIBRARY_MAX = 256 << 20, LINKS_MAX = 8, ENTRIES_MAX = 200000 };

#define GONE ".wh."
#define OPAQUE ".wh..wh..opq"

/* ---- what there is ---- */

static bool is_library(const char *path)
{
	return strstr(path, "lib") && strstr(path_base(path), ".so");
}

static void add(json_t *list, const char *path, const char *key, json_t *value)
{
	json_array_append_new(list, json_pack("{s:o, s:o}", "path", json_text(path), key, value));
}

static void add_library(json_t *list, const char *path, struct span data)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct elf elf;

	if (elf_read(&elf, &arena, data))
		json_array_append_new(list, json_pack("{s:o, s:I, s:o}", "path", json_text(path),
						      "machine", (json_int_t)elf.machine, "defines",
						      json_texts(elf.defines)));
}

static int take_entry(void *context, const struct archive_entry_found *entry, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *base = path_base(entry->path), *dir = path_dir(&arena, entry->path);
	json_t *list = context;

	if (json_array_size(list) > ENTRIES_MAX)
		return error_set(err, ERROR_INVALID, "a layer with too many libraries");
	if (strcmp(base, OPAQUE) == 0)
		add(list, dir, "opaque", json_true());
	else if (span_starts(span_of(base), GONE))
		add(list, path_join(&arena, dir, base + strlen(GONE)), "gone", json_true());
	else if (!is_library(entry->path))
		return 0;
	else if (entry->link)
		add(list, entry->path, "link", json_text(entry->link));
	else if (entry->is_file)
		add_library(list, entry->path, entry->data);
	return 0;
}

int libs_of_layer(json_t **out, struct span tar, struct error *err)
{
	owned_json json_t *list = json_array();

	if (archive_entries(tar, is_library, take_entry, list, err))
		return -1;
	*out = steal(&list);
	return 0;
}

static int add_item(json_t *list, const struct archive_source *item, struct error *err)
{
	owned_str struct str bytes = STR_EMPTY;

	if (item->link) {
		add(list, item->path, "link", json_text(item->link));
		return 0;
	}
	if (item->file && file_read(item->file, LIBRARY_MAX, &bytes, err))
		return -1;
	add_library(list, item->path, item->file ? str_span(&bytes) : item->data);
	return 0;
}

int libs_of_items(json_t **out, const struct archive_source *items, size_t len, struct error *err)
{
	owned_json json_t *list = json_array();

	for (size_t i = 0; i < len; i++)
		if (!items[i].is_dir && is_library(items[i].path) && add_item(list, &items[i], err))
			return -1;
	*out = steal(&list);
	return 0;
}

/* ---- layers, one on the other ---- */

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && path[len] == '/';
}

static void hide(json_t *libs, const char *path, bool itself)
{
	const char *key;
	void *next;
	json_t *value;

	json_object_foreach_safe(libs, next, key, value) if (is_below(key, path) ||
							     (itself && strcmp(key, path) == 0))
		json_object_del(libs, key);
}

void libs_put(json_t *libs, const json_t *layer)
{
	json_t *entry;
	size_t i;

	/* A layer hides what is below it, never what it has itself. */
	json_array_foreach (layer, i, entry) {
		const char *path = json_string_value(json_object_get(entry, "path"));
		bool gone = json_is_true(json_object_get(entry, "gone"));

		if (path && (gone || json_is_true(json_object_get(entry, "opaque"))))
			hide(libs, path, gone);
	}
	json_array_foreach (layer, i, entry) {
		const char *path = json_string_value(json_object_get(entry, "path"));

		if (path && (json_object_get(entry, "link") || json_object_get(entry, "machine")))
			json_object_set(libs, path, entry);
	}
}

/* ---- what is missing ---- */

static const json_t *find_base(const json_t *libs, const char *base, unsigned machine, int links)
{
	const char *key;
	const json_t *entry;

	json_object_foreach ((json_t *)(uintptr_t)libs, key, entry) {
		const char *link = json_string_value(json_object_get(entry, "link"));

		if (strcmp(path_base(key), base) != 0)
			continue;
		/* The name may be that of the same library on another machine. */
		if (link && strcmp(path_base(link), base) != 0 && links < LINKS_MAX)
			entry = find_base(libs, path_base(link), machine, links + 1);
		if (entry &&
		    json_integer_value(json_object_get(entry, "machine")) == (json_int_t)machine)
			return entry;
	}
	return NULL;
}

static bool is_own(const struct program *programs, size_t len, const char *file)
{
	for (size_t i = 0; i < len; i++)
		if (strcmp(path_base(programs[i].path), file) == 0)
			return true;
	return false;
}

static bool defines(const json_t *entry, const char *version)
{
	const json_t *list = json_object_get(entry, "defines"), *name;
	size_t i;

	json_array_foreach (list, i, name)
		if (strcmp(json_string_value(name), version) == 0)
			return true;
	/* One that has no versions at all is taken for what it is called. */
	return json_array_size(list) == 0;
}

/* The highest one that begins as `version` does: "GLIBC_2.31"; NULL: none. */
static const char *newest_like(const json_t *entry, const char *version)
{
	const json_t *list = json_object_get(entry, "defines"), *name;
	size_t prefix = strcspn(version, "0123456789"), i;
	const char *best = NULL;

	json_array_foreach (list, i, name) {
		const char *text = json_string_value(name);

		if (strncmp(text, version, prefix) == 0 && text[prefix] >= '0' &&
		    text[prefix] <= '9' && (!best || version_compare(text, best) > 0))
			best = text;
	}
	return best;
}

struct check {
	struct arena *arena;
	struct str *missing;
	const json_t *libs;
	struct name_table *said;
};

static bool first_time(struct check *c, const char *file, const char *version)
{
	bool is_new;

	name_table_add(c->said, arena_printf(c->arena, "%s %s", file, version), &is_new);
	return is_new;
}

static void check_version(struct check *c, const struct program *program,
			  const struct elf_want *want)
{
	const json_t *entry = find_base(c->libs, want->file, program->elf.machine, 0);
	const char *newest;

	if (!entry || defines(entry, want->version) || !first_time(c, want->file, want->version))
		return;
	newest = newest_like(entry, want->version);
	str_addf(c->missing, "%s needs %s of %s", program->path, want->version, want->file);
	str_addf(c->missing, newest ? "; the base has %s\n" : "\n", newest);
}

static void check_program(struct check *c, const struct program *program,
			  const struct program *programs, size_t len)
{
	const struct elf *elf = &program->elf;

	if (elf->loader && !find_base(c->libs, path_base(elf->loader), elf->machine, 0) &&
	    first_time(c, elf->loader, ""))
		str_addf(c->missing, "%s needs %s\n", program->path, elf->loader);
	for (size_t i = 0; i < elf->needed.len; i++) {
		const char *file = elf->needed.items[i];

		if (!is_own(programs, len, file) &&
		    !find_base(c->libs, path_base(file), elf->machine, 0) &&
		    first_time(c, file, ""))
			str_addf(c->missing, "%s needs %s\n", program->path, file);
	}
	for (size_t i = 0; i < elf->wants_len; i++)
		if (!is_own(programs, len, elf->wants[i].file))
			check_version(c, program, &elf->wants[i]);
}

void libs_check(struct str *missing, const json_t *libs, const struct program *programs, size_t len)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_name_table struct name_table *said = name_table_new();
	struct check c = { &arena, missing, libs, said };

	for (size_t i = 0; i < len; i++)
		check_program(&c, &programs[i], programs, len);
}
