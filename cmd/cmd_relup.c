// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/json.h"
#include "cmd/command.h"
#include "cmd/output.h"
#include "release/model/otp.h"
#include "upgrade/relup/relup.h"

struct relup_opts {
	struct option_list from, to, libs;
	const char *out;
	bool restart_emulator;
};

/* clang-format off */
static const struct option relup_options[] = {
	OPT_LIST(struct relup_opts, from, 'f', "from", "OLD.rel",
		 "a release to upgrade from; may be given more than once"),
	OPT_LIST(struct relup_opts, to, 't', "to", "OLD.rel",
		 "a release to downgrade to (default: those of --from)"),
	OPT_LIST(struct relup_opts, libs, 'l', "lib", "DIR",
		 "where applications are: a folder of them, or a glob of ebin folders"),
	OPT_FLAG(struct relup_opts, restart_emulator, 0, "restart-emulator",
		 "end with a restart of the emulator"),
	OPT_TEXT(struct relup_opts, out, 'o', "out", "DIR",
		 "where relup is put (default: here)"),
	OPT_END,
};
/* clang-format on */

struct task {
	struct arena arena;
	const struct relup_opts *opts;
	struct lib_path path;
	struct relup_input input;
	const struct term *relup, *warnings;
};

static void task_done(struct task *task)
{
	arena_done(&task->arena);
}

#define owned_task owned(task_done)

/* The given folders, then the installed OTP's own. */
static int make_path(struct task *task, struct error *err)
{
	const struct option_list *given = &task->opts->libs;
	const char **libs = arena_array(&task->arena, given->len + 1, const char *);
	struct otp otp;

	if (otp_find(&otp, &task->arena, err))
		return -1;
	for (size_t i = 0; i < given->len; i++)
		libs[i] = given->items[i];
	libs[given->len] = otp.lib;
	return lib_path_make(&task->path, &task->arena, tree_system(),
			     (struct names){ libs, given->len + 1 }, err);
}

/* systools wants the name without its ".rel"; both will do. */
static int resolve(const struct resolved **out, struct task *task, const char *name,
		   struct error *err)
{
	struct arena *arena = &task->arena;
	const char *file =
		span_ends(span_of(name), ".rel") ? name : arena_printf(arena, "%s.rel", name);
	struct resolved *release;
	struct rel *rel;

	if (rel_read(&rel, arena, tree_system(), file, err))
		return -1;
	if (rel_resolve(&release, arena, rel, tree_system(), task->path, err))
		return error_wrap(err, "%s", file);
	*out = release;
	return 0;
}

/* OTP reads a release when its turn comes: what is wrong with the steps before this one
 * is told first.
 */
static int earlier_fault(struct task *task, struct error *err)
{
	struct error earlier;

	if (relup_make(&task->relup, NULL, &task->arena, &task->input, &earlier))
		*err = earlier;
	return -1;
}

static int resolve_all(const struct relup_base **out, size_t *len_out, struct task *task,
		       const struct option_list *names, struct error *err)
{
	struct relup_base *bases = arena_array(&task->arena, names->len, struct relup_base);

	*out = bases;
	for (*len_out = 0; *len_out < names->len; ++*len_out)
		if (resolve(&bases[*len_out].release, task, names->items[*len_out], err))
			return earlier_fault(task, err);
	return 0;
}

static int make_relup(struct task *task, const char *top, struct error *err)
{
	const struct relup_opts *opts = task->opts;
	struct relup_input *input = &task->input;

	input->restart_emulator = opts->restart_emulator;
	if (make_path(task, err) || resolve(&input->top, task, top, err) ||
	    resolve_all(&input->up, &input->up_len, task, &opts->from, err))
		return -1;
	if (opts->to.len > 0) {
		if (resolve_all(&input->down, &input->down_len, task, &opts->to, err))
			return -1;
	} else {
		input->down = input->up;
		input->down_len = input->up_len;
	}
	return relup_make(&task->relup, &task->warnings, &task->arena, input, err);
}

static int write_relup(const char **file_out, struct task *task, struct error *err)
{
	const char *dir = task->opts->out ? task->opts->out : ".";
	const char *file = path_join(&task->arena, dir, "relup");
	owned_str struct str text = STR_EMPTY;

	term_print_file(&text, task->relup);
	if (dir_make(dir, err) || file_write(file, str_span(&text), 0644, err))
		return -1;
	*file_out = file;
	return 0;
}

static const char *explain(const struct term *warning)
{
	if (term_is_tagged(warning, "erts_vsn_changed", 2))
		return "another ERTS: the emulator will be restarted";
	if (term_is_tagged(warning, "bad_vsn", 2))
		return "the appup says it is of another version than the application";
	return "the base is older than R15: new code must be compiled by the old compiler";
}

static void report(const struct call *call, const struct task *task, const char *file)
{
	json_t *list = json_array();

	for (size_t i = 0; i < task->warnings->seq.len; i++) {
		const struct term *warning = term_at(task->warnings, i);
		owned_str struct str text = STR_EMPTY;

		term_print(&text, warning);
		json_array_append_new(list, json_text(str_text(&text)));
		if (!call->quiet)
			warn("%s: %s", explain(warning), str_text(&text));
	}
	if (call->json) {
		print_json(json_pack("{s:o, s:o}", "relup", json_text(file), "warnings", list));
		return;
	}
	json_decref(list);
	print("%s\n", file);
}

static int relup_run(const struct call *call, struct error *err)
{
	owned_task struct task task = { .opts = call->opts };
	const char *file;

	if (task.opts->from.len + task.opts->to.len == 0) {
		error_set_(err, ERROR_USAGE, "no release to upgrade from");
		return error_hint(err, "Name one: relevo relup %s --from OLD.rel", call->argv[0]);
	}
	if (make_relup(&task, call->argv[0], err) || write_relup(&file, &task, err))
		return -1;
	report(call, &task, file);
	return 0;
}

const struct command cmd_relup = {
	.name = "relup",
	.args = "NEW.rel",
	.summary = "Make a relup, as systools:make_relup does",
	.description =
		"Reads the release files, finds the applications and, beside those of the new "
		"release, their appups, and writes the relup: the instructions that take a running "
		"system from each of the old releases to the new one, and back. It is what "
		"systools:make_relup/4 of the installed OTP makes; nothing is judged.\n\n"
		"Applications are looked for in the folders given by --lib, in that order, and at "
		"last in the installed OTP's own.\n\n"
		"What systools refuses is refused here, with exit status 2; with --json, "
		"error.otp carries OTP's name for it.",
	.examples = "relevo relup shop-2.rel --from shop-1.rel --lib lib  # writes relup\n"
		    "relevo relup shop-3.rel --from shop-2.rel --from shop-1.rel --to shop-2.rel "
		    "--lib lib",
	.group = "Plumbing",
	.args_min = 1,
	.args_max = 1,
	.options = relup_options,
	.opts_size = sizeof(struct relup_opts),
	.run = relup_run,
};
