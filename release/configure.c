// SPDX-License-Identifier: Apache-2.0
#include "release/configure.h"

#include "base/file.h"
#include "base/process.h"
#include "release/template.h"

/* [{App, [{Key, Value}]} | "other file"] */
static int check_shape(const struct term *config, const char *name, struct error *err)
{
	if (!term_is_list(config))
		return error_set(err, ERROR_INVALID, "%s: want one list of {Application, [{Key, Value}]}",
				 name);
	for (size_t i = 0; i < config->seq.len; i++) {
		const struct term *entry = config->seq.items[i];
		bool is_app = term_is_tuple(entry, 2) && term_atom_name(term_at(entry, 0)) &&
			      term_is_list(term_at(entry, 1));

		if (!is_app && !term_is_list(entry))
			return error_set(err, ERROR_INVALID,
					 "%s:%u: want {Application, [{Key, Value}]}", name, entry->line);
	}
	return 0;
}

static int plain(struct str *out, struct arena *arena, const char *file, struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	const struct term *config;

	if (file_read(file, TERM_TEXT_MAX, &text, err) ||
	    term_parse_one(&config, arena, str_span(&text), file, err) ||
	    check_shape(config, file, err))
		return -1;
	str_add(out, str_span(&text));
	return 0;
}

static int evaluate(struct str *text, struct arena *arena, const struct project *project,
		    const char *vsn, struct error *err)
{
	owned_process_result struct process_result result = { 0, STR_EMPTY, STR_EMPTY };
	struct span script = template_text(TEMPLATE_CONFIG);
	const char *runtime = arena_printf(arena, "/releases/%s/runtime.exs", vsn);
	const char *const argv[] = { "elixir", "-e", arena_dup(arena, script), "--",
				     project->sys_config ? project->sys_config : "-",
				     project->runtime_config ? runtime : "-", NULL };
	const char *const env[] = { "ERL_CRASH_DUMP=/dev/null", NULL };
	struct process_options options = { .dir = project->dir, .env = env,
					   .output_max = TERM_TEXT_MAX, .timeout_ms = 120000 };

	if (process_run(&result, argv, &options, err))
		return -1;
	if (result.status == 127) {
		error_set_(err, ERROR_NOT_FOUND, "cannot run elixir, which evaluates %s",
			   project->sys_config ? project->sys_config : project->runtime_config);
		return error_hint(err, "Put it into PATH, or configure with a plain sys.config.");
	}
	if (result.status != 0)
		return error_set(err, ERROR_INVALID, "the configuration cannot be evaluated:\n%.1500s",
				 str_text(&result.err));
	str_add(text, str_span(&result.out));
	str_adds(text, ".");
	return 0;
}

static bool is_exs(const char *file)
{
	return span_ends(span_of(file), ".exs");
}

int configure(struct str *out, struct arena *arena, const struct project *project, const char *vsn,
	      struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	const struct term *config;

	if (project->sys_config && !is_exs(project->sys_config)) {
		if (project->runtime_config)
			return error_set(err, ERROR_INVALID,
					 "%s: config.runtime needs config.sys to be an .exs file",
					 project->file);
		return plain(out, arena, project->sys_config, err);
	}
	if (!project->sys_config && !project->runtime_config) {
		str_adds(out, "[].\n");
		return 0;
	}
	if (evaluate(&text, arena, project, vsn, err) ||
	    term_parse_one(&config, arena, str_span(&text), "configuration", err) ||
	    check_shape(config, "configuration", err))
		return -1;
	/* bin/NAME looks for the second line. */
	str_adds(out, "%% coding: utf-8\n%% RUNTIME_CONFIG=false\n");
	term_print_pretty(out, config);
	str_adds(out, ".\n");
	return 0;
}
