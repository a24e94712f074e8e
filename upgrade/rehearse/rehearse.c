// SPDX-License-Identifier: Apache-2.0
#include "upgrade/rehearse/rehearse.h"

#include "base/file.h"
#include "upgrade/rehearse/judge.h"
#include "upgrade/rehearse/stand.h"

#include <inttypes.h>

enum {
	RETRY_MS = 200,
	RECONNECT_MS = 1000,
	LOAD_STOP_MS = 10000,
	OUTPUT_MAX = 1 << 20,
	TAIL_BYTES = 600,
};

struct play {
	const struct rehearse_options *options;
	struct arena *arena;
	struct stand stand;
	struct node *node; /* NULL: down */
	struct bundle bundle;
	struct install_options install;
	struct rehearse_judge judge;
	struct rehearse_phase phases[PHASE_COUNT];
	struct process *load;
	int64_t log_from; /* where the log of this phase begins */
	struct snapshot fresh_old, moved;
	bool moved_known; /* moved is the new release after an upgrade */
};

/* ---- phases ---- */

static const struct {
	const char *name, *title;
} phases[] = {
#define X(name, title) [PHASE_##name] = { #name, title },
	REHEARSE_PHASES(X)
#undef X
};

const char *phase_name(enum rehearse_phase_id phase)
{
	return phases[phase].name;
}

const char *phase_title(enum rehearse_phase_id phase)
{
	return phases[phase].title;
}

static struct rehearse_phase *now(struct play *p)
{
	return &p->phases[p->judge.phase];
}

static void begin(struct play *p, enum rehearse_phase_id phase)
{
	p->judge.phase = phase;
	p->log_from = stand_log_size(&p->stand);
	now(p)->status = PHASE_PASSED;
	now(p)->ms = clock_mono_ms();
	if (p->options->begin)
		p->options->begin(p->options->context, phase);
}

static const char *running_version(struct play *p)
{
	struct node_releases releases;
	const struct node_release *running;
	struct error ignored;

	if (!p->node || node_releases(&releases, p->node, p->arena, &ignored))
		return NULL;
	running = releases_running(&releases);
	return running ? running->vsn : NULL;
}

/* True when nothing is wrong with the phase. */
static bool end(struct play *p)
{
	struct rehearse_phase *phase = now(p);

	phase->runs = running_version(p);
	phase->ms = clock_mono_ms() - phase->ms;
	if (p->judge.failed & 1u << p->judge.phase)
		phase->status = PHASE_FAILED;
	if (p->options->end)
		p->options->end(p->options->context, p->judge.phase, phase);
	return phase->status == PHASE_PASSED;
}

/* ---- commands of the user's ---- */

static const char *tail_of(struct play *p, const struct str *text)
{
	struct span said = span_trim(str_span(text));

	if (said.len > TAIL_BYTES)
		said = (struct span){ said.ptr + said.len - TAIL_BYTES, TAIL_BYTES };
	return arena_dup(p->arena, said);
}

/* *fault: what was wrong; NULL: it ended with 0. */
static void run_command(const char **fault, struct play *p, const char *command, int64_t ms)
{
	const char *const argv[] = { "sh", "-c", command, NULL };
	owned_process_result struct process_result result = { 0, STR_EMPTY, STR_EMPTY };
	struct error err;
	const struct process_options options = {
		.env = stand_env(&p->stand, p->arena, phase_name(p->judge.phase),
				 running_version(p)),
		.output_max = OUTPUT_MAX,
		.timeout_ms = ms > INT32_MAX ? INT32_MAX : (int)ms,
	};

	*fault = NULL;
	if (process_run(&result, argv, &options, &err)) {
		*fault = arena_dup(p->arena, span_of(err.text));
	} else if (result.status != 0) {
		const char *said = tail_of(p, result.err.len ? &result.err : &result.out);
		char how[PROCESS_ENDING_MAX];

		*fault = arena_printf(p->arena, "%s%s%s", process_ending(result.status, how),
				      said[0] ? ": " : "", said);
	}
}

static void check(struct play *p)
{
	for (size_t i = 0; i < p->options->checks_len; i++) {
		const char *command = p->options->checks[i], *fault;

		run_command(&fault, p, command, p->options->check_ms);
		now(p)->checks++;
		if (fault)
			judge_add(&p->judge, FINDING_check_failed, command, "`%s` %s", command,
				  fault);
	}
}

static int await_ready(struct play *p, struct deadline deadline, struct error *err)
{
	const char *fault;

	if (!p->options->ready)
		return 0;
	for (;;) {
		int64_t left = deadline_left(deadline);

		run_command(&fault, p, p->options->ready, left > 0 ? left : 1);
		if (!fault)
			return 0;
		if (stand_is_down(&p->stand))
			return error_set(err, ERROR_FAILED, "%s ended before it was ready\n%s",
					 p->stand.name,
					 stand_said(&p->stand, p->arena, p->log_from));
		if (deadline_over(deadline))
			return error_set(err, ERROR_FAILED, "%s is not ready in time: `%s` %s",
					 p->stand.name, p->options->ready, fault);
		clock_sleep_ms(RETRY_MS);
	}
}

/* ---- load ---- */

static const char *load_log(struct play *p)
{
	return path_join(p->arena, p->stand.dir, "load.log");
}

static int start_load(struct play *p, struct error *err)
{
	const char *const argv[] = { "sh", "-c", p->options->load, NULL };
	const struct process_start start = {
		.env = stand_env(&p->stand, p->arena, "load", p->stand.vsn),
		.log = load_log(p),
	};

	if (!p->options->load)
		return 0;
	return process_start(&p->load, argv, &start, err);
}

/* The load is to be at work when the upgrade begins; what crashes by then, no upgrade made crash.
 */
static int warm_up(struct play *p, struct error *err)
{
	struct observed usual;

	if (observe_start(p->node, p->arena, err) || start_load(p, err))
		return -1;
	if (p->options->load || p->options->warm_ms)
		clock_sleep_ms(p->options->warm_ms ? p->options->warm_ms : p->options->watch_ms);
	return observe_end(&usual, p->node, p->arena, err);
}

static void load_failed(struct play *p, int status)
{
	owned_str struct str text = STR_EMPTY;
	struct error ignored;
	const char *said = "";
	char how[PROCESS_ENDING_MAX];

	if (file_read(load_log(p), OUTPUT_MAX, &text, &ignored) == 0)
		said = tail_of(p, &text);
	judge_add(&p->judge, FINDING_load_failed, "load", "the load `%s` %s%s%s", p->options->load,
		  process_ending(status, how), said[0] ? ": " : "", said);
}

static void look_at_load(struct play *p)
{
	int status;

	if (p->load && process_ended(p->load, &status) && status != 0)
		load_failed(p, status);
}

/* What still runs is asked to end, and may then say by its status that it is not content. */
static void end_load(struct play *p)
{
	int status;
	bool over;

	if (!p->load)
		return;
	over = process_ended(p->load, &status);
	if (!over)
		status = process_end(p->load, LOAD_STOP_MS);
	if (status != 0 && (over || status < 128))
		load_failed(p, status);
	process_free(p->load);
	p->load = NULL;
}

/* ---- starting ---- */

static void leave(struct play *p)
{
	node_close(p->node);
	p->node = NULL;
}

static int boot(struct play *p, struct error *err)
{
	struct deadline deadline = deadline_in(p->options->boot_ms);
	int64_t start = clock_mono_ms();

	leave(p);
	stand_halt(&p->stand);
	if (stand_boot(&p->node, &p->stand, deadline, err) || await_ready(p, deadline, err))
		return -1;
	now(p)->install_ms = clock_mono_ms() - start;
	return 0;
}

/* False: the VM is down, or does not answer. */
static bool connected(struct play *p)
{
	struct deadline deadline = deadline_in(p->options->boot_ms);
	struct error ignored;
	int64_t us;

	if (!p->node)
		return false;
	if (node_ping(&us, p->node, &ignored) == 0)
		return true;
	while (!stand_is_down(&p->stand) && !deadline_over(deadline))
		if (node_reopen(p->node, deadline_in(RECONNECT_MS), &ignored) == 0)
			return true;
	return false;
}

/* After a move the VM may be another one, or none. */
static void find_again(struct play *p)
{
	struct error err;

	if (connected(p))
		return;
	judge_add(&p->judge, FINDING_node_lost, "node", "the VM went down\n%s",
		  stand_said(&p->stand, p->arena, p->log_from));
	if (boot(p, &err)) {
		judge_add(&p->judge, FINDING_does_not_start, NULL, "%s", err.text);
		leave(p);
	}
}

static bool runs(struct play *p, const char *vsn)
{
	const char *is = running_version(p);

	return is && strcmp(is, vsn) == 0;
}

static bool restart_into(struct play *p, const char *vsn, struct snapshot *out)
{
	const char *is;
	struct error err;

	if (boot(p, &err)) {
		judge_add(&p->judge, FINDING_does_not_start, vsn, "%s does not start: %s", vsn,
			  err.text);
		leave(p);
		return false;
	}
	clock_sleep_ms(p->options->watch_ms);
	is = running_version(p);
	if (!is || strcmp(is, vsn) != 0)
		judge_add(&p->judge, FINDING_wrong_version, NULL,
			  "%s was to be started, but what runs is %s", vsn, is ? is : "nothing");
	check(p);
	if (snapshot_take(out, p->node, p->arena, &err)) {
		judge_add(&p->judge, FINDING_node_lost, "node", "%s", err.text);
		return false;
	}
	return is && strcmp(is, vsn) == 0;
}

/* ---- moving ---- */

typedef int move_fn(struct install_result *out, struct play *p, struct error *err);

static int move_up(struct install_result *out, struct play *p, struct error *err)
{
	return node_install(out, p->node, p->arena, &p->bundle, &p->install, err);
}

static int move_up_for_good(struct install_result *out, struct play *p, struct error *err)
{
	struct install_result commit;

	return move_up(out, p, err) || node_commit(&commit, p->node, p->arena, p->bundle.vsn,
						   &p->install, err)
		       ? -1
		       : 0;
}

static int move_down(struct install_result *out, struct play *p, struct error *err)
{
	return node_revert(out, p->node, p->arena, p->stand.vsn, &p->install, err);
}

static bool move(struct play *p, move_fn *fn, bool down)
{
	struct install_result result = { 0 };
	int64_t start = clock_mono_ms();
	struct error err;

	if (fn(&result, p, &err)) {
		const char *said = stand_said(&p->stand, p->arena, p->log_from);

		if (said[0] && err.kind != ERROR_REFUSED)
			error_hint_(&err, "It said:\n%s", said);
		judge_move(&p->judge, down, &err);
		return false;
	}
	now(p)->install_ms = result.install_ms ? result.install_ms : clock_mono_ms() - start;
	now(p)->modules = result.modules;
	for (size_t i = 0; i < result.notes_len; i++)
		judge_add(&p->judge, FINDING_told, NULL, "%s", result.notes[i]);
	return true;
}

static int look(struct play *p, const struct snapshot *before, struct snapshot *after,
		struct error *err)
{
	if (observe_end(&now(p)->seen, p->node, p->arena, err) ||
	    snapshot_take(after, p->node, p->arena, err))
		return -1;
	if (now(p)->seen.gone)
		return 0;
	judge_seen(&p->judge, &now(p)->seen);
	judge_after(&p->judge, before, after);
	return 0;
}

/* One change of the running system, and all that can be seen of it.  False: it did not get
 * there.
 */
static bool hot(struct play *p, enum rehearse_phase_id phase, move_fn *fn, bool down)
{
	const char *to = down ? p->stand.vsn : p->bundle.vsn;
	struct snapshot before = { 0 }, after = { 0 };
	struct error err;
	bool moved, seen;

	begin(p, phase);
	if (observe_start(p->node, p->arena, &err) ||
	    snapshot_take(&before, p->node, p->arena, &err)) {
		judge_add(&p->judge, FINDING_node_lost, "node", "%s", err.text);
		find_again(p);
		end(p);
		return false;
	}
	moved = move(p, fn, down);
	if (moved)
		clock_sleep_ms(p->options->watch_ms);
	find_again(p);
	seen = p->node && look(p, &before, &after, &err) == 0;
	if (p->node && !seen)
		judge_add(&p->judge, FINDING_node_lost, "node", "%s", err.text);
	/* What a node goes back to by a restart is right, but it did not go back hot. */
	if (moved && seen && now(p)->seen.gone)
		judge_add(&p->judge, down ? FINDING_downgrade_failed : FINDING_upgrade_failed, NULL,
			  "the VM was restarted into %s, the state of all processes is lost\n%s",
			  to, stand_said(&p->stand, p->arena, p->log_from));
	if (moved && p->node && !runs(p, to))
		judge_add(&p->judge, FINDING_wrong_version, NULL, "%s does not run any more", to);
	if (moved && p->node) {
		check(p);
		find_again(p);
	}
	look_at_load(p);
	moved = moved && seen && runs(p, to);
	if (moved && down)
		judge_fresh(&p->judge, &after, &p->fresh_old, to);
	if (moved && !down) {
		p->moved = after;
		p->moved_known = true;
	}
	end(p);
	return moved;
}

/* ---- the whole ---- */

/* What the fresh start of the new release shows, it shows about the upgrades before. */
static void compare_with_fresh(struct play *p, const struct snapshot *fresh)
{
	p->judge.phase = PHASE_upgrade_again;
	judge_fresh(&p->judge, &p->moved, fresh, p->bundle.vsn);
}

static void restarts(struct play *p)
{
	struct snapshot fresh;
	bool up;

	begin(p, PHASE_restart_new);
	up = restart_into(p, p->bundle.vsn, &fresh);
	end(p);
	if (up && p->moved_known)
		compare_with_fresh(p, &fresh);
	if (!up || p->options->one_way)
		return;
	if (!hot(p, PHASE_downgrade_fresh, move_down, true))
		return;
	begin(p, PHASE_restart_old);
	restart_into(p, p->stand.vsn, &fresh);
	end(p);
}

static void moves(struct play *p)
{
	bool up;

	if (!hot(p, PHASE_upgrade, move_up, false))
		return;
	if (!p->options->one_way)
		hot(p, PHASE_downgrade, move_down, true);
	if (!p->node)
		return;
	up = hot(p, PHASE_upgrade_again, move_up_for_good, false);
	end_load(p);
	if (up)
		restarts(p);
}

static int first_boot(struct play *p, struct error *err)
{
	begin(p, PHASE_boot);
	if (boot(p, err))
		return error_wrap(err, "%s", p->options->old_release);
	clock_sleep_ms(p->options->watch_ms);
	check(p);
	if (snapshot_take(&p->fresh_old, p->node, p->arena, err))
		return -1;
	end(p);
	return 0;
}

static int check_releases(const struct play *p, struct error *err)
{
	const struct bundle *bundle = &p->bundle;

	if (strcmp(bundle->name, p->stand.name) != 0)
		return error_set(err, ERROR_REFUSED, "%s is a release of %s, %s one of %s",
				 p->options->old_release, p->stand.name, p->options->new_release,
				 bundle->name);
	if (strcmp(bundle->vsn, p->stand.vsn) == 0)
		return error_set(err, ERROR_REFUSED, "both releases are %s %s: there is no upgrade",
				 bundle->name, bundle->vsn);
	return 0;
}

static void play_done(struct play *p)
{
	process_free(p->load);
	leave(p);
	stand_halt(&p->stand);
	stand_done(&p->stand);
}

static void tell(struct rehearsal *out, const struct play *p, int64_t start)
{
	*out = (struct rehearsal){
		.name = p->bundle.name,
		.old_vsn = arena_dup(p->arena, span_of(p->stand.vsn)),
		.new_vsn = p->bundle.vsn,
		.ms = clock_mono_ms() - start,
		.findings = p->judge.items,
		.findings_len = p->judge.len,
		.load_ran = p->options->load != NULL,
		.strict = p->options->strict,
		.failed = p->judge.failed != 0,
	};
	memcpy(out->phases, p->phases, sizeof(out->phases));
	/* Some is only known later. */
	for (size_t i = 0; i < PHASE_COUNT; i++)
		if (p->judge.failed & 1u << i)
			out->phases[i].status = PHASE_FAILED;
	for (size_t i = 0; i < p->judge.len; i++) {
		enum finding_severity severity = finding_severity(p->judge.items[i].code);

		out->faults += severity == FINDING_FAULT;
		out->warnings += severity == FINDING_WARNING;
	}
}

int rehearse(struct rehearsal *out, struct arena *arena, const struct rehearse_options *options,
	     struct error *err)
{
	const struct stand_options stand = { .dir = options->dir,
					     .release = options->old_release,
					     .port_env = options->port_env };
	owned(play_done) struct play p = { .options = options, .arena = arena };
	int64_t start = clock_mono_ms();

	p.judge.arena = arena;
	p.judge.strict = options->strict;
	p.install = INSTALL_OPTIONS;
	p.install.move = options->move;
	p.install.one_way = options->one_way;
	p.install.allow = options->allow;
	/* Who would be waited for, and named, is found to be killed. */
	p.install.kill = true;
	p.install.drain_ms = 0;
	p.install.step = options->step;
	p.install.context = options->context;
	if (bundle_read(&p.bundle, arena, options->new_release, err) ||
	    stand_make(&p.stand, &stand, err) || check_releases(&p, err) || first_boot(&p, err) ||
	    warm_up(&p, err))
		return -1;
	moves(&p);
	end_load(&p);
	tell(out, &p, start);
	return 0;
}
