// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/code_report.h"

#include "base/hash.h"
#include "base/json.h"

/* ---- facts ---- */

enum beam_role process_role(const struct beam_facts *facts)
{
	for (unsigned role = 1; role <= BEAM_SPECIAL; role <<= 1)
		if (facts->roles & role)
			return (enum beam_role)role;
	return (enum beam_role)0;
}

struct names beam_roles(const struct beam_facts *facts, struct arena *arena)
{
	const char **names = arena_array(arena, 32, const char *);
	size_t len = 0;

	for (unsigned bit = 0; bit < 31; bit++)
		if (facts->roles & 1u << bit)
			names[len++] = beam_role_name((enum beam_role)(1u << bit));
	return (struct names){ names, len };
}

const char *term_text_of(struct arena *arena, const struct term *term)
{
	owned_str struct str text = STR_EMPTY;

	term_print(&text, term);
	return arena_dup(arena, str_span(&text));
}

/* Of the struct it defines (Elixir). */
struct names struct_fields(const struct code *code, struct arena *arena)
{
	struct code_struct defined = code_struct(code, arena);
	const char **names = arena_array(arena, defined.len, const char *);

	for (size_t i = 0; i < defined.len; i++)
		names[i] = defined.fields[i].name;
	return (struct names){ names, defined.len };
}

bool code_keeps_state(const struct beam_facts *facts, const struct code *code)
{
	return code_change(code, process_role(facts)) == CODE_CHANGE_KEEPS;
}

const char *beam_digest_hex(struct arena *arena, const struct beam *beam, beam_digest_fn *digest)
{
	char *text = arena_alloc(arena, 2 * BEAM_DIGEST + 1);
	uint8_t sum[BEAM_DIGEST];

	digest(beam, sum);
	hash_to_hex(sum, sizeof(sum), text);
	return text;
}

/* ---- what the functions do ---- */

static const char *shape_text(const struct code *code, enum beam_role role,
			      const struct code_library *library, struct arena *arena)
{
	struct code_shape shape = code_init_shape(code, role, library, arena);
	owned_str struct str text = STR_EMPTY;

	code_shape_print(&text, &shape);
	return arena_dup(arena, str_span(&text));
}

static void find_children(struct code_report *report, const struct beam_facts *facts,
			  const struct code_library *library, struct arena *arena)
{
	if (facts->roles & BEAM_SUPERVISOR) {
		report->children = code_children(report->code, NULL, library, arena);
		report->has_children = true;
	} else if (facts->roles & BEAM_APPLICATION) {
		report->children = code_started_children(report->code, "start", 2, library, arena,
							 &report->has_children);
	}
}

struct code_report code_report(const struct code *code, const struct beam_facts *facts,
			       const struct code_library *library, struct arena *arena)
{
	static const char *const loops[] = { NULL, "hands no system message on",
					     "hands system messages on", "unknown" };
	struct code_report report = { .code = code, .role = process_role(facts) };

	if (report.role) {
		report.change = code_change_name(code_change(code, report.role));
		report.state = shape_text(code, report.role, library, arena);
	}
	report.loop = loops[code_loop(code)];
	find_children(&report, facts, library, arena);
	report.digests = code_digests(code, arena);
	return report;
}

/* ---- JSON ---- */

static json_t *term_or_null(const struct term *term)
{
	owned_str struct str text = STR_EMPTY;

	if (term)
		term_print(&text, term);
	return json_text(term ? str_text(&text) : NULL);
}

static json_t *child_json(const struct child *child)
{
	json_t *json = json_object();

	json_object_set_new(json, "id", term_or_null(child->id));
	json_object_set_new(json, "module", json_text(child->module));
	json_object_set_new(json, "function", json_text(child->function));
	json_object_set_new(json, "arguments", term_or_null(child->args));
	json_object_set_new(json, "restart", term_or_null(child->restart));
	json_object_set_new(json, "shutdown", term_or_null(child->shutdown));
	json_object_set_new(json, "type", term_or_null(child->type));
	json_object_set_new(json, "modules", term_or_null(child->modules));
	json_object_set_new(json, "not_seen", json_text(child->opaque));
	return json;
}

static json_t *children_json(const struct code_report *report)
{
	json_t *json, *list = json_array();

	if (!report->has_children) {
		json_decref(list);
		return json_null();
	}
	for (size_t i = 0; i < report->children.len; i++)
		json_array_append_new(list, child_json(&report->children.items[i]));
	json = json_pack("{s:o, s:b}", "list", list, "dynamic", report->children.dynamic);
	json_object_set_new(json, "strategy", json_text(report->children.strategy));
	json_object_set_new(json, "not_seen", json_text(report->children.opaque));
	return json;
}

static json_t *functions_of(const struct code_report *report)
{
	const struct code *code = report->code;
	char hex[2 * BEAM_DIGEST + 1];
	json_t *list = json_array();

	for (size_t i = 0; i < code->len; i++) {
		hash_to_hex(report->digests[i].sum, BEAM_DIGEST, hex);
		json_array_append_new(list,
				      json_pack("{s:o, s:i, s:I, s:s}", "name",
						json_text(code->functions[i].name), "arity",
						(int)code->functions[i].arity, "instructions",
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
			list, json_pack("{s:o, s:o, s:b}", "from",
					json_text(arena_printf(arena, "%s/%u", r->from->name,
							       r->from->arity)),
					"to",
					json_text(arena_printf(arena, "%s:%s/%u", r->to.module,
							       r->to.name, r->to.arity)),
					"capture", r->capture));
	}
	return list;
}

json_t *code_report_json(const struct code_report *report, struct arena *arena)
{
	json_t *json = json_pack("{s:o}", "module", json_text(report->code->module));

	json_object_set_new(json, "unknown", json_text(report->code->unread));
	json_object_set_new(json, "code_change", json_text(report->change));
	json_object_set_new(json, "state", json_text(report->state));
	json_object_set_new(json, "receives", json_text(report->loop));
	json_object_set_new(json, "children", children_json(report));
	json_object_set_new(json, "functions", functions_of(report));
	json_object_set_new(json, "calls", remotes_json(report->code, arena));
	return json;
}

static json_t *functions_json(struct beam_functions functions)
{
	owned_str struct str text = STR_EMPTY;
	json_t *list = json_array();

	for (size_t i = 0; i < functions.len; i++) {
		const struct beam_function *f = &functions.items[i];

		str_clear(&text);
		str_addf(&text, "%s%s%s/%u", f->module ? f->module : "", f->module ? ":" : "",
			 f->name, f->arity);
		json_array_append_new(list, json_text(str_text(&text)));
	}
	return list;
}

/* {"state": [4]}: tuples of four elements that begin with the atom state. */
static json_t *records_json(struct code_records records)
{
	json_t *json = json_object();

	for (size_t i = 0; i < records.len; i++) {
		json_t *sizes = json_array();

		for (int size = 0; size < 64; size++)
			if (records.items[i].sizes >> size & 1)
				json_array_append_new(sizes, json_integer(size));
		json_object_set_new_nocheck(json, records.items[i].name, sizes);
	}
	return json;
}

json_t *module_json(const struct beam *beam, const struct beam_facts *facts,
		    const struct code *code, struct arena *arena)
{
	json_t *json = json_pack("{s:o, s:s, s:s}", "module", json_text(facts->module), "md5",
				 beam_digest_hex(arena, beam, beam_md5), "digest",
				 beam_digest_hex(arena, beam, beam_digest));

	json_object_set_new(json, "vsn",
			    facts->vsn ? json_text(term_text_of(arena, facts->vsn)) : json_null());
	json_object_set_new(json, "roles", json_texts(beam_roles(facts, arena)));
	json_object_set_new(json, "behaviours", json_texts(facts->behaviours));
	json_object_set_new(json, "code_change", json_boolean(facts->code_change));
	json_object_set_new(json, "keeps_state", json_boolean(code_keeps_state(facts, code)));
	json_object_set_new(json, "fields", json_texts(struct_fields(code, arena)));
	json_object_set_new(json, "records", records_json(code_records(code, arena)));
	json_object_set_new(json, "on_load", json_boolean(code->on_load));
	json_object_set_new(json, "nif", json_boolean(facts->nif));
	json_object_set_new(json, "exports", functions_json(facts->exports));
	json_object_set_new(json, "imports", functions_json(facts->imports));
	return json;
}
