// SPDX-License-Identifier: Apache-2.0
/* relevo beam FILE…: what compiled modules say about themselves. */
#include "base/file.h"
#include "base/json.h"
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

static void print_names(const char *what, struct names names)
{
	if (names.len == 0)
		return;
	print("  %-12s", what);
	for (size_t i = 0; i < names.len; i++)
		print("%s%s", i ? ", " : "", names.items[i]);
	print("\n");
}

/* Names of functions hold no spaces; lines break between them. */
static void print_functions(const char *what, struct beam_functions functions)
{
	enum { INDENT = 14, WIDTH = 90 };
	owned_str struct str text = STR_EMPTY;

	if (functions.len == 0)
		return;
	for (size_t i = 0; i < functions.len; i++) {
		const struct beam_function *f = &functions.items[i];

		str_addf(&text, "%s%s%s%s/%u", i ? " " : "", f->module ? f->module : "",
			 f->module ? ":" : "", f->name, f->arity);
	}
	print("  %-12s", what);
	print_wrapped(stdout, str_text(&text), INDENT, INDENT, WIDTH);
}

static void print_facts(const struct beam *beam, const struct beam_facts *facts,
			const struct code *code, struct arena *arena)
{
	print("%s%s%s\n  %-12s%s\n", style_on(stdout, STYLE_BOLD), facts->module, style_off(stdout),
	      "md5", beam_digest_hex(arena, beam, beam_md5));
	if (facts->vsn)
		print("  %-12s%s\n", "vsn", term_text_of(arena, facts->vsn));
	print_names("roles", beam_roles(facts, arena));
	print_names("behaviours", facts->behaviours);
	if (facts->roles & (BEAM_PROCESS | BEAM_CHANNEL | BEAM_LIVE_VIEW))
		print("  %-12s%s\n", "code_change",
		      !facts->code_change             ? "no"
		      : code_keeps_state(facts, code) ? "hands the state on as it is"
						      : "yes");
	print_names("struct", struct_fields(code, arena));
	if (code->on_load || facts->nif)
		print("  %-12s%s%s%s\n", "native", facts->nif ? "loads a NIF library" : "",
		      facts->nif && code->on_load ? ", " : "", code->on_load ? "on_load" : "");
	print_functions("exports", facts->exports);
	print_functions("imports", facts->imports);
}

/* "MODULE MD5" */
static void show_digest(const struct beam_opts *opts, const struct beam *beam, const char *file,
			json_t *list, struct arena *arena)
{
	const char *hex = beam_digest_hex(arena, beam, opts->md5 ? beam_md5 : beam_digest);

	if (list)
		json_array_append_new(list, json_pack("{s:o, s:o, s:s}", "file", json_text(file),
						      "module", json_text(beam->module),
						      opts->md5 ? "md5" : "digest", hex));
	else
		print("%s %s\n", beam->module, hex);
}

static void show_facts(const struct beam *beam, const struct beam_facts *facts,
		       const struct code *code, const char *file, json_t *list, struct arena *arena)
{
	json_t *json;

	if (!list) {
		print_facts(beam, facts, code, arena);
		return;
	}
	json = module_json(beam, facts, code, arena);
	json_object_set_new(json, "file", json_text(file));
	json_array_append_new(list, json);
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
		show_digest(opts, &beam, file, list, &arena);
		return 0;
	}
	if (beam_read_facts(&facts, &arena, &beam, err) ||
	    code_read(&code, &arena, &beam, facts, err))
		return error_wrap(err, "%s", file);
	if (opts->code)
		show_code(library, code, facts, file, list);
	else
		show_facts(&beam, facts, code, file, list, &arena);
	return 0;
}

static int beam_run(const struct call *call, struct error *err)
{
	owned_json json_t *list = call->json ? json_array() : NULL;
	owned_beam_library struct beam_library library = { 0 };

	for (int i = 0; i < call->argc; i++)
		beam_library_add(&library, call->argv[i]);
	for (int i = 0; i < call->argc; i++)
		if (show(call, call->argv[i], &library, list, err))
			return -1;
	if (list)
		print_json(json_incref(list));
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
