// SPDX-License-Identifier: Apache-2.0
#include "release/read/manifest_read.h"

#include <jansson.h>
#include <stdlib.h>

enum { MANIFEST_MAX = 256 << 20, ENTRIES_MAX = 1000000 };

/* NULL: not there, or no text. */
static const char *text_of(struct arena *arena, const json_t *object, const char *key)
{
	const json_t *text = json_object_get(object, key);

	if (!json_is_string(text))
		return NULL;
	return arena_dup(arena, (struct span){ json_string_value(text), json_string_length(text) });
}

static bool read_mode(mode_t *out, const json_t *file)
{
	const char *text = json_string_value(json_object_get(file, "mode"));
	unsigned long mode;
	char *end;

	if (!text || text[0] < '0' || text[0] > '7')
		return false;
	mode = strtoul(text, &end, 8);
	*out = (mode_t)mode;
	return *end == '\0' && mode <= 07777;
}

static bool read_file(struct manifest_entry *out, struct arena *arena, const json_t *file)
{
	const json_t *size = json_object_get(file, "size");

	*out = (struct manifest_entry){
		.path = text_of(arena, file, "path"),
		.sha256 = text_of(arena, file, "sha256"),
		.md5 = text_of(arena, file, "md5"),
		.size = json_integer_value(size),
	};
	return out->path && path_is_inside(out->path) && out->sha256 && out->md5 &&
	       json_is_integer(size) && out->size >= 0 && read_mode(&out->mode, file);
}

static bool read_module(struct manifest_module *out, struct arena *arena, const json_t *module)
{
	*out = (struct manifest_module){
		.application = text_of(arena, module, "application"),
		.module = text_of(arena, module, "module"),
		.md5 = text_of(arena, module, "md5"),
	};
	return out->application && out->module && out->md5;
}

static int read_files(struct manifest *out, struct arena *arena, const json_t *list,
		      struct error *err)
{
	size_t len = json_array_size(list);
	struct manifest_entry *files;

	if (!json_is_array(list) || len > ENTRIES_MAX)
		return error_set(err, ERROR_INVALID, "\"files\" must be a list");
	files = arena_array(arena, len, struct manifest_entry);
	for (size_t i = 0; i < len; i++)
		if (!read_file(&files[i], arena, json_array_get(list, i)))
			return error_set(
				err, ERROR_INVALID,
				"\"files\": entry %zu needs \"path\" (inside of the release), "
				"\"mode\", \"size\", \"sha256\" and \"md5\"",
				i);
	out->files = files;
	out->files_len = len;
	return 0;
}

static int read_modules(struct manifest *out, struct arena *arena, const json_t *list,
			struct error *err)
{
	size_t len = json_array_size(list);
	struct manifest_module *modules;

	if (!json_is_array(list) || len > ENTRIES_MAX)
		return error_set(err, ERROR_INVALID, "\"modules\" must be a list");
	modules = arena_array(arena, len, struct manifest_module);
	for (size_t i = 0; i < len; i++)
		if (!read_module(&modules[i], arena, json_array_get(list, i)))
			return error_set(err, ERROR_INVALID,
					 "\"modules\": entry %zu needs \"application\", \"module\" "
					 "and \"md5\"",
					 i);
	out->modules = modules;
	out->modules_len = len;
	return 0;
}

static int read_all(struct manifest *out, struct arena *arena, const json_t *root,
		    struct error *err)
{
	const json_t *provenance = json_object_get(root, "provenance");

	*out = (struct manifest){
		.name = text_of(arena, root, "name"),
		.vsn = text_of(arena, root, "version"),
		.erts = text_of(arena, root, "erts"),
		.commit = text_of(arena, provenance, "commit"),
		.branch = text_of(arena, provenance, "branch"),
		.describe = text_of(arena, provenance, "describe"),
		.dirty = json_is_true(json_object_get(provenance, "dirty")),
	};
	if (!out->name || !out->vsn || !out->erts)
		return error_set(err, ERROR_INVALID, "needs \"name\", \"version\" and \"erts\"");
	if (read_files(out, arena, json_object_get(root, "files"), err) ||
	    read_modules(out, arena, json_object_get(root, "modules"), err))
		return -1;
	return 0;
}

int manifest_parse(struct manifest *out, struct arena *arena, struct span json, const char *name,
		   struct error *err)
{
	struct manifest manifest;
	json_error_t fault;
	json_t *root = json_loadb(json.ptr, json.len, JSON_REJECT_DUPLICATES, &fault);
	int ret;

	if (!root)
		return error_set(err, ERROR_INVALID, "%s:%d:%d: %s", name, fault.line, fault.column,
				 fault.text);
	ret = read_all(&manifest, arena, root, err);
	json_decref(root);
	if (ret)
		return error_wrap(err, "%s", name);
	*out = manifest;
	return 0;
}

int manifest_read(struct manifest *out, struct arena *arena, const struct tree *tree,
		  const char *path, struct error *err)
{
	owned_str struct str json = STR_EMPTY;

	if (tree_read(tree, path, MANIFEST_MAX, &json, err))
		return -1;
	return manifest_parse(out, arena, str_span(&json), path, err);
}

/* The member "provenance" and its value: the text of a string cannot look like that, since a quote
 * inside of one has a backslash before it.
 */
static json_t *find_provenance(struct span json)
{
	static const char key[] = "\"provenance\":";
	const char *at = memmem(json.ptr, json.len, key, strlen(key)), *end = json.ptr + json.len;

	if (!at)
		return NULL;
	at += strlen(key);
	return json_loadb(at, (size_t)(end - at), JSON_DISABLE_EOF_CHECK, NULL);
}

const char *manifest_commit(struct arena *arena, const struct tree *tree, const char *path)
{
	owned_str struct str json = STR_EMPTY;
	const char *commit;
	struct error ignored;
	json_t *provenance;

	if (tree_read(tree, path, MANIFEST_MAX, &json, &ignored))
		return NULL;
	provenance = find_provenance(str_span(&json));
	commit = text_of(arena, provenance, "commit");
	json_decref(provenance);
	return commit;
}
