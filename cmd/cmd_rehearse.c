// SPDX-License-Identifier: Apache-2.0
/* relevo rehearse OLD NEW: the upgrade tried here, before it is done anywhere else. */
#include "base/file.h"
#include "base/guard.h"
#include "cmd/output.h"
#include "cmd/release_arg.h"
#include "upgrade/rehearse/rehearse.h"

#include <inttypes.h>
#include <stdlib.h>

enum { BOOT_MS = 60000, CHECK_MS = 60000, WATCH_MS = 1000, PATIENCE_MS = 60000 };

struct rehearse_opts {
	const char *port_env, *ready, *load, *junit;
	struct option_list allow;
	struct option_list checks;
	long boot_ms, check_ms, watch_ms, warm_ms;
	long code_change_ms, suspend_ms, patience_ms;
	bool one_way, strict, keep;
};

/* clang-format off */
static const struct option rehearse_cli[] = {
	OPT_TEXT(struct rehearse_opts, port_env, 0, "port-env", "NAME",
		 "hand a free port to the release in the environment variable NAME"),
	OPT_TEXT(struct rehearse_opts, ready, 0, "ready", "CMD",
		 "the system is ready once this shell command ends with 0"),
	OPT_LIST(struct rehearse_opts, checks, 0, "check", "CMD",
		 "must end with 0 after each phase; may be given several times"),
	OPT_TEXT(struct rehearse_opts, load, 0, "load", "CMD",
		 "runs beside the system until it is first restarted; must still run then, or have "
		 "ended with 0"),
	OPT_TEXT(struct rehearse_opts, junit, 0, "junit", "FILE",
		 "write the result as JUnit XML, a test case for each phase"),
	OPT_LIST(struct rehearse_opts, allow, 0, "allow", "CODE",
		 "a reason of the plan that does not count here; may be said again"),
	OPT_FLAG(struct rehearse_opts, strict, 0, "strict", "warnings count as faults"),
	OPT_FLAG(struct rehearse_opts, one_way, 0, "one-way",
		 "there need be no way back: leave the downgrades out"),
	OPT_FLAG(struct rehearse_opts, keep, 0, "keep",
		 "keep the folder with the release and its logs"),
	OPT_DURATION(struct rehearse_opts, watch_ms, 0, "watch", "TIME",
		     "how long to watch after each change (default: 1s)"),
	OPT_DURATION(struct rehearse_opts, warm_ms, 0, "warm-up", "TIME",
		     "how long the load works before the first upgrade (default: as --watch)"),
	OPT_DURATION(struct rehearse_opts, boot_ms, 0, "boot-timeout", "TIME",
		     "how long a start may take until the system is ready (default: 1min)"),
	OPT_DURATION(struct rehearse_opts, check_ms, 0, "check-timeout", "TIME",
		     "how long one check may take (default: 1min)"),
	OPT_DURATION(struct rehearse_opts, code_change_ms, 0, "code-change-timeout", "TIME",
		     "how long one process may take to change its state (default: 30s)"),
	OPT_DURATION(struct rehearse_opts, suspend_ms, 0, "suspend-timeout", "TIME",
		     "how long one process may take to suspend (default: 30s)"),
	OPT_DURATION(struct rehearse_opts, patience_ms, 0, "patience", "TIME",
		     "how long a whole installation, or a VM that restarts, may take (default: 1min)"),
	OPT_END,
};
/* clang-format on */

struct rehearse_work {
	const struct call *call;
	const struct rehearse_opts *opts;
	const char *old_release, *new_release;
	struct arena *arena;
	const char *dir; /* where it is done */
};

/* ---- talk ---- */

static void show_begin(void *context, enum rehearse_phase_id phase)
{
	progress_note(context, phase_title(phase));
}

static void show_end(void *context, enum rehearse_phase_id id, const struct rehearse_phase *phase)
{
	bool failed = phase->status == PHASE_FAILED;

	progress_clear();
	say(context, "%s%-6s%s %s (%.1f s)", style_on(stderr, failed ? STYLE_BAD : STYLE_GOOD),
	    failed ? "failed" : "ok", style_off(stderr), phase_title(id), (double)phase->ms / 1000);
}

static void show_step(void *context, enum install_step step, const char *text)
{
	progress_clear();
	say_verbose(context, "       %s: %s", install_step_name(step), text);
	progress_note(context, text);
}

/* ---- the report ---- */

static const char *milliseconds(struct arena *arena, int64_t us)
{
	return us < 10000 ? arena_printf(arena, "%.1f ms", (double)us / 1000)
			  : arena_printf(arena, "%" PRId64 " ms", us / 1000);
}

static const char *pause_text(struct arena *arena, const struct observed *seen)
{
	if (seen->pauses_len == 0)
		return seen->processes > 0 && !seen->gone ? "none" : NULL;
	return arena_printf(
		arena, "%s, %s%s", milliseconds(arena, seen->pauses[0].us), seen->pauses[0].who,
		seen->suspended > 1 ? arena_printf(arena, " (of %" PRId64 ")", seen->suspended)
				    : "");
}

static const char *processes_text(struct arena *arena, const struct observed *seen)
{
	if (seen->gone)
		return "the VM was restarted";
	if (seen->processes == 0)
		return NULL;
	if (seen->bad == 0)
		return arena_printf(arena, "%" PRId64 " of %" PRId64 " kept", seen->kept,
				    seen->processes);
	return arena_printf(arena, "%" PRId64 " of %" PRId64 " kept, %" PRId64 " died", seen->kept,
			    seen->processes, seen->bad);
}

static void print_phases(struct arena *arena, const struct rehearsal *rehearsal)
{
	static const char *const words[] = { "skipped", "ok", "FAILED" };
	owned_table struct table *table = table_new(6);

	table_row(table, "PHASE", "RESULT", "RUNS", "TOOK", "PROCESSES", "LONGEST PAUSE");
	for (int i = 0; i < PHASE_COUNT; i++) {
		const struct rehearse_phase *phase = &rehearsal->phases[i];

		table_row(table, phase_name(i), words[phase->status], phase->runs,
			  phase->install_ms ? milliseconds(arena, phase->install_ms * 1000) : NULL,
			  processes_text(arena, &phase->seen), pause_text(arena, &phase->seen));
	}
	table_print(table, stdout, "", true);
}

static const char *found_in(struct arena *arena, const struct finding *finding)
{
	owned_str struct str text = STR_EMPTY;

	for (int i = 0; i < PHASE_COUNT; i++)
		if (finding->phases & 1u << i)
			str_addf(&text, "%s%s", text.len ? ", " : "", phase_name(i));
	return arena_dup(arena, str_span(&text));
}

static void print_finding(struct arena *arena, const struct finding *finding)
{
	static const enum style styles[] = { STYLE_DIM, STYLE_WARN, STYLE_BAD };
	enum finding_severity severity = finding_severity(finding->code);
	struct span rest = span_of(finding->message), line;

	print("%s%-8s%s %s, in %s\n", style_on(stdout, styles[severity]),
	      finding_severity_name(severity), style_off(stdout), finding_name(finding->code),
	      found_in(arena, finding));
	while (span_next(&rest, '\n', &line))
		print("         " SPAN_FMT "\n", SPAN_ARG(line));
}

static void print_findings(struct arena *arena, const struct rehearsal *rehearsal)
{
	for (int severity = FINDING_FAULT; severity >= FINDING_NOTE; severity--)
		for (size_t i = 0; i < rehearsal->findings_len; i++)
			if ((int)finding_severity(rehearsal->findings[i].code) == severity)
				print_finding(arena, &rehearsal->findings[i]);
}

/* What it means. */
static void print_outcome(const struct rehearsal *rehearsal)
{
	bool back = rehearsal->phases[PHASE_downgrade].status == PHASE_PASSED;

	if (rehearsal->failed)
		print("%s to %s is not sound", rehearsal->old_vsn, rehearsal->new_vsn);
	else
		print("%s goes over %s while it runs%s", rehearsal->new_vsn, rehearsal->old_vsn,
		      back ? ", and back" : "; the way back was not tried");
}

static void print_report(const struct rehearsal *rehearsal)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	bool failed = rehearsal->failed;

	print("%s%s %s to %s%s, rehearsed here\n\n", style_on(stdout, STYLE_BOLD), rehearsal->name,
	      rehearsal->old_vsn, rehearsal->new_vsn, style_off(stdout));
	print_phases(&arena, rehearsal);
	if (rehearsal->findings_len > 0)
		print("\n");
	print_findings(&arena, rehearsal);
	print("\n%s%s%s: ", style_on(stdout, failed ? STYLE_BAD : STYLE_GOOD),
	      failed ? "failed" : "passed", style_off(stdout));
	print_outcome(rehearsal);
	print(" (%zu fault%s, %zu warning%s, %.1f s)\n", rehearsal->faults,
	      rehearsal->faults == 1 ? "" : "s", rehearsal->warnings,
	      rehearsal->warnings == 1 ? "" : "s", (double)rehearsal->ms / 1000);
}

static int write_junit(const char *file, const struct rehearsal *rehearsal, struct error *err)
{
	owned_str struct str text = STR_EMPTY;

	rehearsal_junit(&text, rehearsal);
	return file_write(file, str_span(&text), 0644, err);
}

/* ---- the work, in a process of its own ---- */

enum { FOUND_WANTING = 1 };

static struct rehearse_options options_of(const struct rehearse_work *work)
{
	const struct rehearse_opts *opts = work->opts;
	struct rehearse_options options = {
		.old_release = work->old_release,
		.new_release = work->new_release,
		.dir = work->dir,
		.port_env = opts->port_env,
		.ready = opts->ready,
		.load = opts->load,
		.checks = opts->checks.items,
		.checks_len = opts->checks.len,
		.boot_ms = opts->boot_ms ? opts->boot_ms : BOOT_MS,
		.check_ms = opts->check_ms ? opts->check_ms : CHECK_MS,
		.watch_ms = opts->watch_ms ? opts->watch_ms : WATCH_MS,
		.warm_ms = opts->warm_ms,
		.one_way = opts->one_way,
		.strict = opts->strict,
		.allow = { opts->allow.items, opts->allow.len },
		.move = INSTALL_OPTIONS.move,
		.begin = show_begin,
		.end = show_end,
		.step = show_step,
		.context = (void *)(uintptr_t)work->call,
	};

	if (opts->code_change_ms)
		options.move.code_change_timeout_ms = opts->code_change_ms;
	if (opts->suspend_ms)
		options.move.suspend_timeout_ms = opts->suspend_ms;
	options.move.timeout_ms = opts->patience_ms ? opts->patience_ms : PATIENCE_MS;
	return options;
}

static int work_run(void *context, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct rehearse_work *work = context;
	struct rehearse_options options = options_of(work);
	struct rehearsal result;

	if (rehearse(&result, &arena, &options, err))
		return -1;
	progress_clear();
	if (work->call->json)
		print_json(rehearsal_json(&result));
	else
		print_report(&result);
	if (work->opts->junit && write_junit(work->opts->junit, &result, err))
		return -1;
	return result.failed ? FOUND_WANTING : 0;
}

static int work_begin(void *context, struct error *err)
{
	struct rehearse_work *work = context;
	const char *tmp = getenv("TMPDIR");

	return dir_make_temp(
		&work->dir, work->arena,
		path_join(work->arena, tmp && tmp[0] ? tmp : "/tmp", "relevo-rehearse"), err);
}

/* Nothing runs any more. */
static void work_clean(void *context)
{
	const struct rehearse_work *work = context;
	struct error err;

	progress_clear();
	if (work->opts->keep)
		say(work->call, "kept: %s", work->dir);
	else if (tree_remove(work->dir, &err))
		warn("%s", err.text);
}

static int rehearse_run(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct rehearse_work work = { .call = call, .opts = call->opts };
	int signal = 0, ret;

	work.arena = &arena;
	if (release_arg(&work.old_release, &arena, call->argv[0], err) ||
	    release_arg(&work.new_release, &arena, call->argv[1], err))
		return -1;
	ret = guard_run(work_begin, work_run, &work, work_clean, &signal, err);
	if (signal)
		guard_raise(signal);
	if (ret != FOUND_WANTING)
		return ret;
	if (call->json)
		print_json_was_done();
	error_set_(err, ERROR_REFUSED,
		   "the upgrade is not sound; it was only rehearsed, nothing "
		   "was changed anywhere");
	error_code_(err, "rehearsal_failed");
	return error_hint(err, "What it is made of: relevo plan %s %s", call->argv[0],
			  call->argv[1]);
}

const struct command cmd_rehearse = {
	.name = "rehearse",
	.args = "OLD NEW",
	.summary = "Try an upgrade here: up, back, up again, and restarts",
	.description =
		"Boots OLD here in a temporary folder, on 127.0.0.1 alone and with a cookie of its "
		"own; upgrades it to NEW while it runs, takes it back, upgrades again and commits, "
		"restarts into NEW, takes it back from there, restarts into OLD.  OLD is a tarball "
		"or "
		"a folder, NEW a tarball of relevo build with a relup inside.\n\n"
		"After each phase it tells which processes were killed, crashed or are left "
		"suspended, "
		"which children and applications are missing beside a fresh start, and how long "
		"the "
		"longest pause was; and it runs the checks.  Commands run in a shell and are told "
		"REHEARSE_PHASE, REHEARSE_VERSION, REHEARSE_NODE, REHEARSE_ROOT and, with "
		"--port-env, "
		"REHEARSE_PORT; $REHEARSE_ROOT/bin/NAME rpc reaches the node.\n\n"
		"A fault ends the rehearsal with status 4: nothing was changed anywhere.  Nothing "
		"is "
		"left behind, also when it is interrupted.",
	.examples = "relevo rehearse shop-1.0.0.tar.gz shop-1.1.0.tar.gz --port-env SHOP_PORT\n"
		    "relevo rehearse old.tar.gz new.tar.gz --check 'curl -fs "
		    "localhost:$REHEARSE_PORT/health' "
		    "--port-env PORT --junit rehearsal.xml  # for CI\n",
	.group = "Upgrades",
	.args_min = 2,
	.args_max = 2,
	.options = rehearse_cli,
	.opts_size = sizeof(struct rehearse_opts),
	.run = rehearse_run,
};
