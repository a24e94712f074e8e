// SPDX-License-Identifier: Apache-2.0
#include "cmd/beam_code.h"

#include "base/file.h"
#include "base/hash.h"
#include "cmd/output.h"
#include "erlang/code/children.h"
#include "erlang/code/code_facts.h"

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

/* ---- text ---- */

static void print_children(const struct children *children)
{
	owned_str struct str text = STR_EMPTY;

	printf("  %-12s%s\n", "children",
	       children->dynamic    ? "started by calls"
	       : children->strategy ? children->strategy
				    : "unknown");
	for (size_t i = 0; i < children->len; i++) {
		str_clear(&text);
		child_print(&text, &children->items[i]);
		printf("    %s\n", str_text(&text));
	}
	if (children->opaque)
		printf("    … not seen: %s\n", children->opaque);
}

static void print_told(const struct told *told)
{
	const struct code *code = told->code;
	char hex[2 * BEAM_DIGEST + 1];

	printf("%s%s%s\n", style_on(stdout, STYLE_BOLD), code->module, style_off(stdout));
	if (code->unread)
		printf("  %-12s%s\n", "unknown", code->unread);
	if (told->change)
		printf("  %-12s%s\n", "code_change", told->change);
	if (told->state)
		printf("  %-12s%s\n", "state", told->state);
	if (told->loop)
		printf("  %-12s%s\n", "receives", told->loop);
	if (told->has_children)
		print_children(&told->children);
	for (size_t i = 0; i < code->len; i++) {
		hash_to_hex(told->digests[i].sum, BEAM_DIGEST, hex);
		printf("  %s %6zu  %s/%u\n", hex, code->functions[i].len, code->functions[i].name,
		       code->functions[i].arity);
	}
}

/* ---- JSON ---- */

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *term_or_null(const struct term *term)
{
	owned_str struct str text = STR_EMPTY;

	if (term)
		term_print(&text, term);
	return text_or_null(term ? str_text(&text) : NULL);
}

static json_t *child_json(const struct child *child)
{
	json_t *json = json_object();

	json_object_set_new(json, "id", term_or_null(child->id));
	json_object_set_new(json, "module", text_or_null(child->module));
	json_object_set_new(json, "function", text_or_null(child->function));
	json_object_set_new(json, "arguments", term_or_null(child->args));
	json_object_set_new(json, "restart", term_or_null(child->restart));
	json_object_set_new(json, "shutdown", term_or_null(child->shutdown));
	json_object_set_new(json, "type", term_or_null(child->type));
	json_object_set_new(json, "modules", term_or_null(child->modules));
	json_object_set_new(json, "not_seen", text_or_null(child->opaque));
	return json;
}

static json_t *children_json(const struct told *told)
{
	json_t *json, *list = json_array();

	if (!told->has_children) {
		json_decref(list);
		return json_null();
	}
	for (size_t i = 0; i < told->children.len; i++)
		json_array_append_new(list, child_json(&told->children.items[i]));
	json = json_pack("{s:o, s:b}", "list", list, "dynamic", told->children.dynamic);
	json_object_set_new(json, "strategy", text_or_null(told->children.strategy));
	json_object_set_new(json, "not_seen", text_or_null(told->children.opaque));
	return json;
}

static json_t *functions_json(const struct told *told)
{
	const struct code *code = told->code;
	char hex[2 * BEAM_DIGEST + 1];
	json_t *list = json_array();

	for (size_t i = 0; i < code->len; i++) {
		hash_to_hex(told->digests[i].sum, BEAM_DIGEST, hex);
		json_array_append_new(
			list, json_pack("{s:s, s:i, s:I, s:s}", "name", code->functions[i].name,
					"arity", (int)code->functions[i].arity, "instructions",
					(json_int_t)code->functions[i].len, "digest", hex));
	}
	return list;
}

static json_t *remotes_json(const struct code *code, struct arena *arena)
{
	struct code_remotes remotes = code_remote(code, arena);
	json_t *list = json_array();

	for (size_t i = 0; i < remotes.len; i++) {
		const struct code_remote *r = &remotes.items[i];

		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:b}", "from",
				  arena_printf(arena, "%s/%u", r->from->name, r->from->arity), "to",
				  arena_printf(arena, "%s:%s/%u", r->to.module, r->to.name,
					       r->to.arity),
				  "capture", r->capture));
	}
	return list;
}

static json_t *told_json(const struct told *told, struct arena *arena)
{
	json_t *json = json_pack("{s:s, s:s}", "file", told->file, "module", told->code->module);

	json_object_set_new(json, "unknown", text_or_null(told->code->unread));
	json_object_set_new(json, "code_change", text_or_null(told->change));
	json_object_set_new(json, "state", text_or_null(told->state));
	json_object_set_new(json, "receives", text_or_null(told->loop));
	json_object_set_new(json, "children", children_json(told));
	json_object_set_new(json, "functions", functions_json(told));
	json_object_set_new(json, "calls", remotes_json(told->code, arena));
	return json;
}

void show_code(struct beam_library *library, const struct code *code,
	       const struct beam_facts *facts, const char *file, json_t *list)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct told told = find_all(code, facts, file, library, &arena);

	if (list)
		json_array_append_new(list, told_json(&told, &arena));
	else
		print_told(&told);
}
