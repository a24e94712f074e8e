// SPDX-License-Identifier: Apache-2.0
#include "release/project/discover_parts.h"

#include <ctype.h>

bool discover_has(const struct discoverer *d, const char *path)
{
	return path_exists(path_join(d->arena, d->dir, path));
}

const char *discover_if_there(const struct discoverer *d, const char *path)
{
	return discover_has(d, path) ? path : NULL;
}

int discover_read(struct str *out, const struct discoverer *d, const char *path, struct error *err)
{
	if (!discover_has(d, path))
		return 0;
	return file_read(path_join(d->arena, d->dir, path), DISCOVER_FILE_MAX, out, err);
}

int discover_folders(struct names *out, struct discoverer *d, const char *path, struct error *err)
{
	const char *full = path_join(d->arena, d->dir, path), **items;
	struct dir_entry *entries;
	size_t len, count = 0;

	*out = (struct names){ NULL, 0 };
	if (!path_is_dir(full))
		return 0;
	if (dir_list(&entries, &len, d->arena, full, err))
		return -1;
	items = arena_array(d->arena, len, const char *);
	for (size_t i = 0; i < len; i++)
		if (entries[i].is_dir && entries[i].name[0] != '.')
			items[count++] = entries[i].name;
	*out = (struct names){ items, count };
	return 0;
}

bool discover_is_app_name(struct span name)
{
	if (name.len == 0 || name.len > TERM_ATOM_MAX || !islower((unsigned char)name.ptr[0]))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!isalnum((unsigned char)name.ptr[i]) && name.ptr[i] != '_' &&
		    name.ptr[i] != '@')
			return false;
	return true;
}

const struct discovered_app *discover_find(const struct discovered_apps *apps, struct span name)
{
	for (size_t i = 0; i < apps->len; i++)
		if (span_is(name, apps->items[i].name))
			return &apps->items[i];
	return NULL;
}

void discover_add(struct discovered_apps *apps, struct discoverer *d, struct span name,
		  const char *dir, enum start_type type)
{
	if (!discover_is_app_name(name) || discover_find(apps, name) ||
	    apps->len == DISCOVER_APPS_MAX)
		return;
	apps->items = arena_grow(d->arena, apps->items, apps->len, &apps->cap);
	apps->items[apps->len++] = (struct discovered_app){ arena_dup(d->arena, name), dir, type };
}

const struct discovered_key *discover_key(const struct discoverer *d, const char *path)
{
	for (size_t i = 0; i < d->keys_len; i++)
		if (strcmp(d->keys[i].path, path) == 0)
			return &d->keys[i];
	return NULL;
}

/* Said twice, the first counts. */
static void add_key(struct discoverer *d, struct discovered_key key)
{
	if (discover_key(d, key.path))
		return;
	d->keys = arena_grow(d->arena, d->keys, d->keys_len, &d->keys_cap);
	d->keys[d->keys_len++] = key;
}

void discover_word(struct discoverer *d, const char *path, const char *word)
{
	add_key(d, (struct discovered_key){ .path = path, .word = word });
}

void discover_text(struct discoverer *d, const char *path, const char *text)
{
	const char **texts = arena_array(d->arena, 1, const char *);

	texts[0] = text;
	add_key(d, (struct discovered_key){ .path = path, .texts = { texts, 1 } });
}

void discover_texts(struct discoverer *d, const char *path, struct names texts)
{
	add_key(d, (struct discovered_key){ .path = path, .texts = texts, .is_list = true });
}

void discover_leave_out(struct discoverer *d, struct span name)
{
	char *text = arena_dup(d->arena, name);

	/* It will stand in a line of comment. */
	for (char *at = text; *at; at++)
		if ((unsigned char)*at < ' ')
			*at = '?';
	d->left_out = arena_grow(d->arena, d->left_out, d->left_out_len, &d->left_out_cap);
	d->left_out[d->left_out_len++] = text;
}

enum start_type discover_start_type(struct span name)
{
	for (int type = START_PERMANENT; type <= START_NONE; type++)
		if (span_is(name, start_type_name((enum start_type)type)))
			return (enum start_type)type;
	return START_PERMANENT;
}
