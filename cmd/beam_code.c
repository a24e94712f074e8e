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

<<<<<<< HEAD
=======
/* ---- what is told ---- */

struct told {
	const char *file;
	const struct code *code;
	enum beam_role role; /* the process it is, 0 for none */
	const char *change, *state, *loop;
	bool has_children;
	struct children children;
	const struct code_digest *digests;
};

enum beam_role process_role(const struct beam_facts *facts)
{
	for (unsigned role = 1; role <= BEAM_SPECIAL; role <<= 1)
		if (facts->roles & role)
			return (enum beam_role)role;
	return (enum beam_role)0;
}

static const char *shape_text(const struct code *code, enum beam_role role,
			      const struct code_library *library, struct arena *arena)
{
	struct code_shape shape = code_init_shape(code, role, library, arena);
	owned_str struct str text = STR_EMPTY;

	code_shape_print(&text, &shape);
	return arena_dup(arena, str_span(&text));
}

static void find_children(struct told *told, const struct beam_facts *facts,
			  const struct code_library *library, struct arena *arena)
{
	if (facts->roles & BEAM_SUPERVISOR) {
		told->children = code_children(told->code, NULL, library, arena);
		told->has_children = true;
	} else if (facts->roles & BEAM_APPLICATION) {
		told->children = code_started_children(told->code, "start", 2, library, arena,
						       &told->has_children);
	}
}

static struct told find_all(const struct code *code, const struct beam_facts *facts,
			    const char *file, struct beam_library *folders, struct arena *arena)
{
	static const char *const loops[] = { NULL, "hands no system message on",
					     "hands system messages on", "unknown" };
	const struct code_library library = { open_module, NULL, folders };
	struct told told = { .file = file, .code = code, .role = process_role(facts) };

	if (told.role) {
		told.change = code_change_name(code_change(code, told.role));
		told.state = shape_text(code, told.role, &library, arena);
	}
	told.loop = loops[code_loop(code)];
	find_children(&told, facts, &library, arena);
	told.digests = code_digests(code, arena);
	return told;
}

>>>>>>> heads/verdict
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
	const struct code_library others = { open_module, NULL, library };
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
