// SPDX-License-Identifier: Apache-2.0
/* relevo beam FILE…: what compiled modules say about themselves. */
#include "base/file.h"
#include "base/hash.h"
#include "cmd/beam_code.h"
#include "cmd/output.h"

struct beam_opts {
	bool md5;
	bool digest;
	bool code;
};

/* clang-format off */
static const struct option beam_options[] = {
	OPT_FLAG(struct beam_opts, md5, 'm', "md5",
		 "print \"MODULE MD5\" only, one line each, as beam_lib:md5/1 has it"),
	OPT_FLAG(struct beam_opts, digest, 0, "digest",
		 "the same with the digest that tells whether a module changed"),
	OPT_FLAG(struct beam_opts, code, 0, "code",
		 "what its functions do: each with a digest, what code_change and init return, the "
		 "children of a supervisor; other modules are looked for beside the files"),
	OPT_END,
};
/* clang-format on */

typedef void digest_fn(const struct beam *beam, uint8_t out[static BEAM_DIGEST]);

static const char *hex(struct arena *arena, const struct beam *beam, digest_fn *digest)
{
	char *text = arena_alloc(arena, 2 * BEAM_DIGEST + 1);
	uint8_t sum[BEAM_DIGEST];

	digest(beam, sum);
	hash_to_hex(sum, sizeof(sum), text);
	return text;
}

static json_t *names_json(struct names names)
{
	json_t *list = json_array();

	for (size_t i = 0; i < names.len; i++)
		json_array_append_new(list, json_string(names.items[i]));
	return list;
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
		json_array_append_new(list, json_string(str_text(&text)));
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
		json_object_set_new(json, records.items[i].name, sizes);
	}
	return json;
}

static struct names role_names(const struct beam_facts *facts, struct arena *arena)
{
	const char **names = arena_array(arena, 32, const char *);
	size_t len = 0;

	for (unsigned bit = 0; bit < 31; bit++)
		if (facts->roles & 1u << bit)
			names[len++] = beam_role_name((enum beam_role)(1u << bit));
	return (struct names){ names, len };
}

static const char *term_text(struct arena *arena, const struct term *term)
{
	owned_str struct str text = STR_EMPTY;

	term_print(&text, term);
	return arena_dup(arena, str_span(&text));
}

/* Of the struct it defines (Elixir). */
static struct names field_names(const struct code *code, struct arena *arena)
{
	struct code_struct defined = code_struct(code, arena);
	const char **names = arena_array(arena, defined.len, const char *);

	for (size_t i = 0; i < defined.len; i++)
		names[i] = defined.fields[i].name;
	return (struct names){ names, defined.len };
}

static bool keeps_state(const struct beam_facts *facts, const struct code *code)
{
	return code_change(code, process_role(facts)) == CODE_CHANGE_KEEPS;
}

static json_t *facts_json(const struct beam *beam, const struct beam_facts *facts,
			  const struct code *code, const char *file, struct arena *arena)
{
	json_t *json =
		json_pack("{s:s, s:s, s:s, s:s}", "file", file, "module", facts->module, "md5",
			  hex(arena, beam, beam_md5), "digest", hex(arena, beam, beam_digest));

	json_object_set_new(json, "vsn",
			    facts->vsn ? json_string(term_text(arena, facts->vsn)) : json_null());
	json_object_set_new(json, "roles", names_json(role_names(facts, arena)));
	json_object_set_new(json, "behaviours", names_json(facts->behaviours));
	json_object_set_new(json, "code_change", json_boolean(facts->code_change));
	json_object_set_new(json, "keeps_state", json_boolean(keeps_state(facts, code)));
	json_object_set_new(json, "fields", names_json(field_names(code, arena)));
	json_object_set_new(json, "records", records_json(code_records(code, arena)));
	json_object_set_new(json, "on_load", json_boolean(facts->on_load));
	json_object_set_new(json, "nif", json_boolean(facts->nif));
	json_object_set_new(json, "exports", functions_json(facts->exports));
	json_object_set_new(json, "imports", functions_json(facts->imports));
	return json;
}

static void print_names(const char *what, struct names names)
{
	if (names.len == 0)
		return;
	printf("  %-12s", what);
	for (size_t i = 0; i < names.len; i++)
		printf("%s%s", i ? ", " : "", names.items[i]);
	printf("\n");
}

static void print_functions(const char *what, struct beam_functions functions)
{
	size_t column = 0;

	if (functions.len == 0)
		return;
	printf("  %-12s", what);
	for (size_t i = 0; i < functions.len; i++) {
		const struct beam_function *f = &functions.items[i];

		if (column > 70) {
			printf("\n  %-12s", "");
			column = 0;
		}
		column += (size_t)printf("%s%s%s/%u ", f->module ? f->module : "",
					 f->module ? ":" : "", f->name, f->arity);
	}
	printf("\n");
}

static void print_facts(const struct beam *beam, const struct beam_facts *facts,
			const struct code *code, struct arena *arena)
{
	printf("%s%s%s\n  %-12s%s\n", style_on(stdout, STYLE_BOLD), facts->module,
	       style_off(stdout), "md5", hex(arena, beam, beam_md5));
	if (facts->vsn)
		printf("  %-12s%s\n", "vsn", term_text(arena, facts->vsn));
	print_names("roles", role_names(facts, arena));
	print_names("behaviours", facts->behaviours);
	if (facts->roles & BEAM_PROCESS)
		printf("  %-12s%s\n", "code_change",
		       !facts->code_change        ? "no"
		       : keeps_state(facts, code) ? "hands the state on as it is"
						  : "yes");
	print_names("struct", field_names(code, arena));
	if (facts->on_load || facts->nif)
		printf("  %-12s%s%s%s\n", "native", facts->nif ? "loads a NIF library" : "",
		       facts->nif && facts->on_load ? ", " : "", facts->on_load ? "on_load" : "");
	print_functions("exports", facts->exports);
	print_functions("imports", facts->imports);
}

static int show(const struct call *call, const char *file, struct beam_library *library,
		json_t *list, struct error *err)
{
	const struct beam_opts *opts = call->opts;
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str bytes = STR_EMPTY;
	struct beam_facts *facts;
	struct code *code;
	struct beam beam;

	if (file_read(file, BEAM_MAX, &bytes, err))
		return -1;
	if (beam_open(&beam, &arena, str_span(&bytes), err))
		return error_wrap(err, "%s", file);
	if (opts->md5 || opts->digest) {
		printf("%s %s\n", beam.module,
		       hex(&arena, &beam, opts->md5 ? beam_md5 : beam_digest));
		return 0;
	}
	if (beam_read_facts(&facts, &arena, &beam, err) ||
	    code_read(&code, &arena, &beam, facts, err))
		return error_wrap(err, "%s", file);
	if (opts->code)
		show_code(library, code, facts, file, list);
	else if (list)
		json_array_append_new(list, facts_json(&beam, facts, code, file, &arena));
	else
		print_facts(&beam, facts, code, &arena);
	return 0;
}

static int beam_run(const struct call *call, struct error *err)
{
	const struct beam_opts *opts = call->opts;
	json_t *list = call->json && !opts->md5 && !opts->digest ? json_array() : NULL;
	owned_beam_library struct beam_library library = { 0 };

	for (int i = 0; i < call->argc; i++)
		beam_library_add(&library, call->argv[i]);
	for (int i = 0; i < call->argc; i++) {
		if (show(call, call->argv[i], &library, list, err)) {
			json_decref(list);
			return -1;
		}
	}
	if (list)
		print_json(list);
	return 0;
}

/* clang-format off */
const struct command cmd_beam = {
	.name = "beam",
	.args = "FILE…",
	.summary = "Facts of compiled modules",
	.description =
		"Reads BEAM files and prints what a release upgrade wants to know of them: the digest, "
		"the behaviours and with them the roles, whether code_change is there, NIF libraries "
		"and on_load, exports and imports.  With --code also what the functions of a module "
		"do, as far as that can be seen without running them.",
	.examples =
		"relevo beam ebin/*.beam  # everything about these modules\n"
		"relevo beam --code ebin/my_sup.beam  # its children, and a digest for each function\n"
		"relevo beam --md5 ebin/*.beam | sort  # to be compared with code:module_md5/1\n",
	.group = "Plumbing",
	.args_min = 1,
	.args_max = -1,
	.options = beam_options,
	.opts_size = sizeof(struct beam_opts),
	.run = beam_run,
};
/* clang-format on */
