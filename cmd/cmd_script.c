// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/json.h"
#include "cmd/command.h"
#include "cmd/output.h"
#include "release/model/otp.h"
#include "release/model/script.h"

struct script_opts {
	struct option_list libs, vars;
	const char *out;
	bool no_dot_erlang, local;
};

/* clang-format off */
static const struct option script_options[] = {
	OPT_LIST(struct script_opts, libs, 'l', "lib", "DIR",
		 "where applications are: a folder of them, or a glob of ebin folders"),
	OPT_TEXT(struct script_opts, out, 'o', "out", "DIR",
		 "where the files are put (default: beside the .rel file)"),
	OPT_LIST(struct script_opts, vars, 0, "var", "NAME=PATH",
		 "name applications below PATH as $NAME/…, given at boot by -boot_var"),
	OPT_FLAG(struct script_opts, no_dot_erlang, 0, "no-dot-erlang",
		 "do not run ~/.erlang at the end of the boot"),
	OPT_FLAG(struct script_opts, local, 0, "local",
		 "name applications by where they are here, for running in place"),
	OPT_END,
};
/* clang-format on */

struct task {
	struct arena arena;
	const struct script_opts *opts;
	bool quiet;
	struct otp otp;
	const char *name; /* of the release file, without ".rel" */
	const char *out;  /* folder; "": this one */
	const struct rel *rel;
	const struct term *script;
};

static void task_done(struct task *task)
{
	arena_done(&task->arena);
}

#define owned_task owned(task_done)

static int parse_var(struct script_var *out, struct arena *arena, const char *text,
		     struct error *err)
{
	const char *equals = strchr(text, '=');

	if (!equals || equals == text)
		return error_set(err, ERROR_USAGE, "--var %s: must be NAME=PATH", text);
	out->name = arena_dup(arena, (struct span){ text, (size_t)(equals - text) });
	out->path = equals + 1;
	return 0;
}

static int parse_vars(struct script_options *out, struct task *task, struct error *err)
{
	const struct option_list *given = &task->opts->vars;
	struct script_var *vars = arena_array(&task->arena, given->len, struct script_var);

	for (size_t i = 0; i < given->len; i++)
		if (parse_var(&vars[i], &task->arena, given->items[i], err))
			return -1;
	*out = (struct script_options){
		.vars = vars,
		.vars_len = given->len,
		.no_dot_erlang = task->opts->no_dot_erlang,
		.local = task->opts->local,
	};
	return 0;
}

/* The given folders, then the installed OTP's own. */
static int make_path(struct lib_path *out, struct task *task, struct error *err)
{
	const struct option_list *given = &task->opts->libs;
	const char **libs = arena_array(&task->arena, given->len + 1, const char *);

	for (size_t i = 0; i < given->len; i++) {
		libs[i] = given->items[i];
		if (!task->quiet && !strchr(libs[i], '*') && !path_is_dir(libs[i]))
			warn("--lib %s: no such folder", libs[i]);
	}
	libs[given->len] = task->otp.lib;
	return lib_path_make(out, &task->arena, tree_system(),
			     (struct names){ libs, given->len + 1 }, err);
}

static int make_script(struct task *task, const char *file, struct error *err)
{
	const struct tree *tree = tree_system();
	struct arena *arena = &task->arena;
	struct script_options options;
	struct boot_base base;
	struct lib_path path;
	struct resolved *release;
	struct rel *rel;

	if (parse_vars(&options, task, err) || rel_read(&rel, arena, tree, file, err) ||
	    otp_find(&task->otp, arena, err) || make_path(&path, task, err) ||
	    boot_base_read(&base, arena, tree, task->otp.boot, err))
		return -1;
	if (rel_resolve(&release, arena, rel, tree, path, err))
		return error_wrap(err, "%s", file);
	task->rel = rel;
	return script_make(&task->script, arena, release, &base, &options, err);
}

static int write_file(const char **out, struct task *task, const char *suffix,
		      const struct str *content, struct error *err)
{
	const char *file = path_join(&task->arena, task->out,
				     arena_printf(&task->arena, "%s%s", task->name, suffix));

	*out = file;
	return file_write(file, str_span(content), 0644, err);
}

static int write_files(const char **script_out, const char **boot_out, struct task *task,
		       struct error *err)
{
	owned_str struct str script = STR_EMPTY, boot = STR_EMPTY;

	term_print_file(&script, task->script);
	term_encode(&boot, task->script, otp_atoms(&task->otp));
	if ((task->opts->out && dir_make(task->out, err)) ||
	    write_file(script_out, task, ".script", &script, err) ||
	    write_file(boot_out, task, ".boot", &boot, err))
		return -1;
	return 0;
}

static void report(const struct call *call, const struct task *task, const char *script,
		   const char *boot)
{
	bool sasl = rel_find(task->rel, "sasl");
	json_t *warnings;

	if (!sasl && !call->quiet)
		warn("%s: the application sasl is missing (missing_sasl); without it the release "
		     "cannot be upgraded while it runs",
		     call->argv[0]);
	if (!call->json) {
		print("%s\n%s\n", script, boot);
		return;
	}
	warnings = sasl ? json_array() : json_pack("[s]", "missing_sasl");
	print_json(json_pack("{s:o, s:o, s:o}", "script", json_text(script), "boot",
			     json_text(boot), "warnings", warnings));
}

static int script_run(const struct call *call, struct error *err)
{
	owned_task struct task task = { .opts = call->opts, .quiet = call->quiet };
	struct span file = span_of(call->argv[0]), name = span_of(path_base(call->argv[0]));
	const char *script, *boot;

	/* systools wants the name without its ".rel"; both will do. */
	if (span_ends(name, ".rel"))
		name.len -= strlen(".rel");
	else
		file = span_of(arena_printf(&task.arena, "%s.rel", call->argv[0]));
	task.name = arena_dup(&task.arena, name);
	task.out = task.opts->out;
	if (!task.out)
		task.out = strchr(file.ptr, '/') ? path_dir(&task.arena, file.ptr) : "";
	if (make_script(&task, file.ptr, err) || write_files(&script, &boot, &task, err))
		return -1;
	report(call, &task, script, boot);
	return 0;
}

const struct command cmd_script = {
	.name = "script",
	.args = "FILE.rel",
	.summary = "Make a start script and boot file, as systools:make_script does",
	.description =
		"Reads the release file, finds its applications, and writes NAME.script and "
		"NAME.boot, equal to what systools:make_script/2 of the installed OTP writes.\n\n"
		"Applications are looked for in the folders given by --lib, in that order, and at "
		"last in the installed OTP's own.\n\n"
		"What systools refuses is refused here, with exit status 2; with --json, "
		"error.otp carries OTP's name for it.",
	.examples = "relevo script shop.rel --lib _build/prod/lib  # shop.script, shop.boot\n"
		    "relevo script shop.rel --lib '/opt/apps/*/ebin' --var APPS=/opt/apps",
	.group = "Plumbing",
	.args_min = 1,
	.args_max = 1,
	.options = script_options,
	.opts_size = sizeof(struct script_opts),
	.run = script_run,
};
