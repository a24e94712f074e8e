// SPDX-License-Identifier: Apache-2.0
#include "cmd/beam_code.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "cmd/output.h"

/* ---- other modules ---- */

void beam_library_add(struct beam_library *library, const char *file)
{
	const char *folder = path_dir(&library->arena, file);

	for (size_t i = 0; i < library->folders_len; i++)
		if (strcmp(library->folders[i], folder) == 0)
			return;
	library->folders = arena_grow(&library->arena, library->folders, library->folders_len,
				      &library->folders_cap);
	library->folders[library->folders_len++] = folder;
}

void beam_library_done(struct beam_library *library)
{
	arena_done(&library->arena);
}

/* What cannot be read is not there: it only means that less is known. */
static const struct code *read_module(struct arena *arena, const char *path)
{
	owned_str struct str bytes = STR_EMPTY;
	struct code *code;
	struct error err;
	struct span kept;

	if (file_read(path, BEAM_MAX, &bytes, &err))
		return NULL;
	kept = (struct span){ arena_dup(arena, str_span(&bytes)), bytes.len };
	return code_open(&code, arena, kept, &err) ? NULL : code;
}

static const struct code *open_module(void *ctx, const char *module)
{
	struct beam_library *library = ctx;
	const struct code *code = NULL;
	struct arena *arena = &library->arena;

	for (size_t i = 0; i < library->len; i++)
		if (strcmp(library->names[i], module) == 0)
			return library->codes[i];
	for (size_t i = 0; !code && !strchr(module, '/') && i < library->folders_len; i++)
		code = read_module(arena,
				   arena_printf(arena, "%s/%s.beam", library->folders[i], module));
	library->names = arena_grow(arena, library->names, library->len, &library->cap);
	library->codes = arena_grow(arena, library->codes, library->len, &library->codes_cap);
	library->names[library->len] = arena_printf(arena, "%s", module);
	library->codes[library->len++] = code;
	return code;
}

/* ---- text ---- */

static void print_children(const struct children *children)
{
	owned_str struct str text = STR_EMPTY;

	print("  %-12s%s\n", "children",
	      children->dynamic    ? "started by calls"
	      : children->strategy ? children->strategy
				   : "unknown");
	for (size_t i = 0; i < children->len; i++) {
		str_clear(&text);
		child_print(&text, &children->items[i]);
		print("    %s\n", str_text(&text));
	}
	if (children->opaque)
		print("    … not seen: %s\n", children->opaque);
}

static void print_report(const struct code_report *report)
{
	const struct code *code = report->code;
	char hex[2 * BEAM_DIGEST + 1];

	print("%s%s%s\n", style_on(stdout, STYLE_BOLD), code->module, style_off(stdout));
	if (code->unread)
		print("  %-12s%s\n", "unknown", code->unread);
	if (report->change)
		print("  %-12s%s\n", "code_change", report->change);
	if (report->state)
		print("  %-12s%s\n", "state", report->state);
	if (report->loop)
		print("  %-12s%s\n", "receives", report->loop);
	if (report->has_children)
		print_children(&report->children);
	for (size_t i = 0; i < code->len; i++) {
		hash_to_hex(report->digests[i].sum, BEAM_DIGEST, hex);
		print("  %s %6zu  %s/%u\n", hex, code->functions[i].len, code->functions[i].name,
		      code->functions[i].arity);
	}
}

void show_code(struct beam_library *library, const struct code *code,
	       const struct beam_facts *facts, const char *file, json_t *list)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct code_library others = { open_module, NULL, library, NULL, NULL };
	struct code_report report = code_report(code, facts, &others, &arena);
	json_t *json;

	if (!list) {
		print_report(&report);
		return;
	}
	json = code_report_json(&report, &arena);
	json_object_set_new(json, "file", json_text(file));
	json_array_append_new(list, json);
}
