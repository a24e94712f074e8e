// SPDX-License-Identifier: Apache-2.0
/* What is found in what was seen, as JUnit and JSON; processes beside us; work that leaves
 * nothing behind.
 */
#include "base/clock.h"
#include "base/guard.h"
#include "base/process.h"
#include "upgrade/rehearse/judge.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- judging ---- */

static struct snapshot_list list(const struct snapshot_entry *items)
{
	struct snapshot_list list = { items, 0 };

	while (items && items[list.len].name)
		list.len++;
	return list;
}

#define ENTRIES(...) list((const struct snapshot_entry[]){ __VA_ARGS__, { NULL, 0 } })

/* "code subject; code subject" */
static void expect_found(struct rehearse_judge *judge, const char *want)
{
	owned_str struct str text = STR_EMPTY;

	for (size_t i = 0; i < judge->len; i++)
		str_addf(&text, "%s%s %s", i ? "; " : "", finding_name(judge->items[i].code),
			 judge->items[i].subject);
	assert_string_equal(str_text(&text), want);
}

static void fresh(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct rehearse_judge judge = { .arena = &arena, .phase = PHASE_upgrade_again };
	const struct snapshot moved = {
		.applications = ENTRIES({ "os_mon", 0 }, { "shop", 0 }),
		.children = ENTRIES({ "kernel / timer_server", 1 }, { "shop / a", 1 },
				    { "shop / b", 0 }, { "shop / old", 1 }, { "shop / old / x", 1 },
				    { "shop / temporary", 0 }),
		.env = ENTRIES({ "shop colour", 1 }, { "shop every", 5 }, { "shop gone", 2 }),
	};
	const struct snapshot started = {
		.applications = ENTRIES({ "shop", 0 }, { "web", 0 }),
		.children = ENTRIES({ "shop / a", 1 }, { "shop / b", 1 }, { "shop / c", 1 },
				    { "shop / c / d", 1 }, { "shop / temporary", 0 }),
		.env = ENTRIES({ "kernel logger", 9 }, { "shop colour", 1 }, { "shop every", 7 },
			       { "shop new", 1 }),
	};

	(void)state;
	judge_fresh(&judge, &moved, &started, "1.1.0");
	expect_found(&judge, "application_not_started web; application_left_over os_mon; "
			     "child_not_started shop / b; child_not_started shop / c; "
			     "child_left_over shop / old; env_differs shop every; "
			     "env_differs shop new; env_differs shop gone");
	assert_int_equal(judge.failed, 1u << PHASE_upgrade_again);
	judge.len = 0;
	judge_fresh(&judge, &started, &started, "1.1.0");
	expect_found(&judge, "");
}

static void after(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct rehearse_judge judge = { .arena = &arena, .phase = PHASE_upgrade };
	const struct snapshot before = {
		.children = ENTRIES({ "m / done", 0 }, { "m / worker", 1 }),
		.suspended = ENTRIES({ "always", 0 }),
		.lingering = ENTRIES({ "x runs old code of y", 0 }),
	};
	const struct snapshot now = {
		.children = ENTRIES({ "m / done", 0 }, { "m / new", 0 }, { "m / worker", 0 }),
		.suspended = ENTRIES({ "always", 0 }, { "meter", 0 }),
		.lingering = ENTRIES({ "x runs old code of y", 0 }, { "z runs old code of y", 0 }),
	};

	(void)state;
	judge_after(&judge, &before, &now);
	expect_found(&judge, "child_not_started m / new; child_not_started m / worker; "
			     "process_suspended meter; old_code z runs old code of y");
	/* The same again, in another phase, is the same finding. */
	judge.phase = PHASE_upgrade_again;
	judge_after(&judge, &before, &now);
	assert_int_equal(judge.len, 4);
	assert_int_equal(judge.items[0].phases, 1u << PHASE_upgrade | 1u << PHASE_upgrade_again);
}

static void seen(void **state)
{
	static const struct observed_end ends[] = {
		{ "killed", "meter:linger/0", "killed", false },
		{ "killed", "meter:linger/0", "killed", false },
		{ "crashed", "meter", "{badmatch,1}", true },
		{ "ended", "stats", "shutdown", true },
		{ "ended", "gone", "shutdown", false },
	};
	static const char *const logs[] = { "terrible" };
	owned_arena struct arena arena = ARENA_EMPTY;
	struct rehearse_judge judge = { .arena = &arena, .phase = PHASE_downgrade };
	const struct observed observed = { .ends = ends,
					   .ends_len = ARRAY_LEN(ends),
					   .held = ENTRIES({ "held", 0 }),
					   .logged = 2,
					   .logs = logs,
					   .logs_len = 1 };

	(void)state;
	judge_seen(&judge, &observed);
	expect_found(&judge, "process_killed meter:linger/0; process_crashed meter; "
			     "process_restarted stats; process_stopped gone; "
			     "process_suspended held; "
			     "errors_logged errors were logged, the first: terrible");
	assert_non_null(strstr(judge.items[0].message, "(2 of them)"));
	assert_int_equal(finding_severity(judge.items[2].code), FINDING_NOTE);
}

static void any_bytes(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct rehearse_judge judge = { .arena = &arena };

	(void)state;
	judge_add(&judge, FINDING_told, NULL, "%s", "\xff\033[1mh\303\251\r\n\ty\303");
	assert_string_equal(judge.items[0].message, "?[1mh\303\251\n\ty?");
}

static void moves(void **state)
{
	static const struct {
		enum error_kind kind;
		bool down;
		const char *text;
		enum finding_code code;
	} rows[] = {
		{ ERROR_REFUSED, false, "no relup", FINDING_upgrade_refused },
		{ ERROR_REFUSED, true, "no way", FINDING_downgrade_refused },
		{ ERROR_ROLLED_BACK, false, "{code_change_failed,x}", FINDING_code_change_failed },
		{ ERROR_ROLLED_BACK, false, "2 processes are still suspended",
		  FINDING_process_suspended },
		{ ERROR_ROLLED_BACK, false, "meter differs", FINDING_upgrade_failed },
		{ ERROR_STUCK, true, "{code_change_failed,x}", FINDING_downgrade_failed },
		{ ERROR_UNREACHABLE, true, "gone", FINDING_downgrade_failed },
	};
	owned_arena struct arena arena = ARENA_EMPTY;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rehearse_judge judge = { .arena = &arena, .phase = PHASE_upgrade };
		struct error err;

		error_set_(&err, rows[i].kind, "%s", rows[i].text);
		judge_move(&judge, rows[i].down, &err);
		assert_int_equal(judge.len, 1);
		assert_int_equal(judge.items[0].code, rows[i].code);
	}
}

static void reports(void **state)
{
	static const struct finding findings[] = {
		{ FINDING_check_failed, 1u << PHASE_downgrade, "c", "`a <b> & \"c\"`\nsaid no" },
		{ FINDING_old_code, 1u << PHASE_downgrade, "o", "x <y>" },
		{ FINDING_load_failed, 1u << PHASE_upgrade, "l", "l" },
	};
	struct rehearsal rehearsal = { .name = "shop",
				       .old_vsn = "1",
				       .new_vsn = "2",
				       .findings = findings,
				       .findings_len = ARRAY_LEN(findings),
				       .faults = 2 };
	owned_str struct str text = STR_EMPTY;
	json_t *json;

	(void)state;
	rehearsal.phases[PHASE_boot].status = PHASE_PASSED;
	rehearsal.phases[PHASE_downgrade].status = PHASE_FAILED;
	rehearsal_junit(&text, &rehearsal);
	assert_non_null(strstr(text.ptr, "tests=\"7\" failures=\"1\" errors=\"0\" skipped=\"5\""));
	assert_non_null(
		strstr(text.ptr, "message=\"`a &lt;b&gt; &amp; &quot;c&quot;`&#10;said no\""));
	assert_non_null(strstr(text.ptr, "old_code: x &lt;y&gt;</system-out>"));
	json = rehearsal_json(&rehearsal);
	assert_non_null(json);
	assert_int_equal(json_array_size(json_object_get(json, "phases")), PHASE_COUNT);
	assert_int_equal(json_array_size(json_object_get(json, "findings")), 3);
	json_decref(json);
	/* When warnings count, they do in each report. */
	str_clear(&text);
	rehearsal.strict = rehearsal.failed = true;
	rehearsal_junit(&text, &rehearsal);
	assert_non_null(strstr(text.ptr, "<failure type=\"old_code\""));
	json = rehearsal_json(&rehearsal);
	assert_string_equal(json_string_value(json_object_get(json, "outcome")), "failed");
	json_decref(json);
}

/* ---- processes beside us ---- */

static int status_of(const char *script, int64_t grace_ms)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	const struct process_start start = { .log = NULL };
	struct process *process;
	struct error err;
	int status;

	assert_int_equal(process_start(&process, argv, &start, &err), 0);
	clock_sleep_ms(100);
	status = process_end(process, grace_ms);
	process_free(process);
	return status;
}

static void beside(void **state)
{
	(void)state;
	assert_int_equal(status_of("exit 7", 1000), 7);
	assert_int_equal(status_of("sleep 60", 5000), 128 + SIGTERM);
	assert_int_equal(status_of("trap 'exit 3' TERM; sleep 60 & wait", 5000), 3);
	assert_int_equal(status_of("trap '' TERM; sleep 60", 300), 128 + SIGKILL);
	assert_int_equal(status_of("/no/such/program", 1000), 127);
}

/* ---- guarded work ---- */

struct guarded {
	int pipe[2]; /* the write end is held by whatever the work leaves behind */
	const char *script;
	int ret;
	int cleaned;
	pid_t kill; /* by the work: send this ourselves … */
	int signal;
};

static int work(void *context, struct error *err)
{
	struct guarded *guarded = context;
	const char *const argv[] = { "sh", "-c", guarded->script, NULL };

	if (fork() == 0) {
		execvp("sh", (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	clock_sleep_ms(150);
	if (guarded->signal)
		kill(guarded->kill, guarded->signal);
	if (guarded->signal && guarded->kill)
		clock_sleep_ms(60000);
	return guarded->ret ? error_set(err, ERROR_LOCKED, "as told") : 0;
}

static void clean(void *context)
{
	((struct guarded *)context)->cleaned++;
}

/* True when nobody holds the pipe any more. */
static bool nobody(const struct guarded *guarded)
{
	char byte;

	close(guarded->pipe[1]);
	bool over = read(guarded->pipe[0], &byte, 1) == 0;
	close(guarded->pipe[0]);
	return over;
}

static int guard(struct guarded *guarded, int *got, struct error *err)
{
	assert_int_equal(pipe(guarded->pipe), 0);
	return guard_run(NULL, work, guarded, clean, got, err);
}

static void guarded(void **state)
{
	/* In a session of its own, without a parent, deaf. */
	static const char script[] = "trap '' TERM HUP INT; setsid sh -c 'sleep 60 & sleep 60' & "
				     "sleep 60 & sleep 60";
	struct guarded done = { .script = script }, fails = { .script = script, .ret = -1 };
	struct guarded told = { .script = script, .kill = getpid(), .signal = SIGTERM };
	struct error err;
	int got;

	(void)state;
	assert_int_equal(guard(&done, &got, &err), 0);
	assert_true(nobody(&done));
	assert_int_equal(done.cleaned, 1);
	assert_int_equal(guard(&fails, &got, &err), -1);
	assert_int_equal(err.kind, ERROR_LOCKED);
	assert_string_equal(err.text, "as told");
	assert_true(nobody(&fails));
	assert_int_equal(guard(&told, &got, &err), -1);
	assert_int_equal(got, SIGTERM);
	assert_true(nobody(&told));
	assert_int_equal(told.cleaned, 1);
}

static int crash(void *context, struct error *err)
{
	(void)context;
	(void)err;
	raise(SIGKILL);
	return 0;
}

static void crashed(void **state)
{
	struct guarded guarded = { .script = "" };
	struct error err;
	int got;

	(void)state;
	assert_int_equal(guard_run(NULL, crash, &guarded, clean, &got, &err), -1);
	assert_int_equal(got, 0);
	assert_int_equal(err.kind, ERROR_FAILED);
	assert_int_equal(guarded.cleaned, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fresh),   cmocka_unit_test(after),   cmocka_unit_test(seen),
		cmocka_unit_test(moves),   cmocka_unit_test(reports), cmocka_unit_test(beside),
		cmocka_unit_test(guarded), cmocka_unit_test(crashed), cmocka_unit_test(any_bytes),
	};

	return cmocka_run_group_tests_name("rehearse", tests, NULL, NULL);
}
