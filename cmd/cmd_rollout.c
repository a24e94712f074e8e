// SPDX-License-Identifier: Apache-2.0
/* relevo status, history, resume, pause, promote, abort, rollback: the rollout of a target. */
#include "base/clock.h"
#include "cmd/history.h"
#include "cmd/output.h"
#include "cmd/rollout.h"

#include <inttypes.h>
#include <time.h>

enum { WATCH_MS = 500 };

struct plain_opts {
	struct rollout_opts rollout;
	long count;
	const char *to;
	bool watch, again;
};

static const struct option plain_options[] = {
	ROLLOUT_OPTIONS(struct plain_opts, rollout),
	OPT_END,
};

static const struct option status_options[] = {
	ROLLOUT_OPTIONS(struct plain_opts, rollout),
	OPT_FLAG(struct plain_opts, watch, 'w', "watch",
		 "show it again whenever it has changed, until it is over or waits for a person"),
	OPT_END,
};

static const struct option promote_options[] = {
	ROLLOUT_OPTIONS(struct plain_opts, rollout),
	OPT_FLAG(struct plain_opts, again, 0, "again",
		 "what is run once, and was cut short, is run again; without, it counts as done"),
	OPT_END,
};

static const struct option history_options[] = {
	ROLLOUT_OPTIONS(struct plain_opts, rollout),
	OPT_NUMBER(struct plain_opts, count, 'n', "count", "N",
		   "the last N rollouts (default: 10)"),
	OPT_END,
};

static const struct option rollback_options[] = {
	ROLLOUT_OPTIONS(struct plain_opts, rollout),
	OPT_TEXT(struct plain_opts, to, 0, "to", "VERSION",
		 "back to this version (default: what each node ran before)"),
	OPT_END,
};

static int open_session(struct session *s, const struct call *call, struct error *err)
{
	const struct plain_opts *opts = call->opts;

	return session_open(s, call, &opts->rollout, err);
}

static int nothing_there(const struct session *s, struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, "%s: nothing was ever deployed there",
			 s->target->name);
}

/* ---- status ---- */

/* As deploy would have ended. */
static int status_of(const struct rollout *r, const char *driver, struct error *err)
{
	static const enum error_kind kinds[RESULTS] = {
		[RESULT_refused] = ERROR_REFUSED,   [RESULT_rolled_back] = ERROR_ROLLED_BACK,
		[RESULT_stuck] = ERROR_STUCK,       [RESULT_fenced] = ERROR_LOCKED,
		[RESULT_superseded] = ERROR_LOCKED,
	};

	if (r->phase == PHASE_end)
		return r->result == RESULT_done ? 0
						: error_set(err, kinds[r->result], "%s", r->why);
	if (r->paused != PAUSED_no)
		return error_set(err, ERROR_PAUSED, "%s", r->why);
	if (!driver[0])
		return error_set(
			err, ERROR_STUCK,
			"whoever drove it is gone: relevo resume goes on from what the nodes "
			"run");
	return 0;
}

static int read_again(struct session *s, const char **driver, struct error *err)
{
	rollout_free(steal(&s->rollout));
	journal_entry_done(&s->entry);
	return session_last(s, err) ||
			       journal_driver(driver, s->journal, &s->arena, s->target->name, err)
		       ? -1
		       : 0;
}

/* {…} in a line of its own whenever it has changed. */
static void add_document(struct str *out, const struct session *s, const char *driver)
{
	json_t *json = session_json(s, driver);
	owned_mem char *text = json_dumps(json, JSON_COMPACT);

	str_addf(out, "%s\n", text ? text : "");
	json_decref(json);
}

static bool is_going_on(const struct session *s, const char *driver)
{
	return s->rollout && s->rollout->phase != PHASE_end && driver[0] != '\0';
}

static bool has_changed(struct str *was, const struct session *s, const char *driver)
{
	owned_str struct str now = STR_EMPTY;
	bool changed;

	session_text(&now, s, driver, stdout, false);
	changed = !span_equal(str_span(was), str_span(&now));
	str_clear(was);
	str_add(was, str_span(&now));
	return changed;
}

/* Until nobody drives it any more.  Seconds are counted where they can be written over. */
static int watch(struct session *s, const char **driver, struct error *err)
{
	owned_str struct str shown = STR_EMPTY, was = STR_EMPTY, text = STR_EMPTY;
	bool live = output_is_terminal(stdout) && !s->call->json;

	for (;;) {
		str_clear(&text);
		if (s->call->json)
			add_document(&text, s, *driver);
		else
			session_text(&text, s, *driver, stdout, true);
		if (has_changed(&was, s, *driver) || live)
			output_again(&shown, &text);
		if (s->call->json)
			print_json_was_done();
		if (!is_going_on(s, *driver))
			return 0;
		clock_sleep_ms(WATCH_MS);
		if (read_again(s, driver, err))
			return -1;
	}
}

static int status_run(const struct call *call, struct error *err)
{
	const struct plain_opts *opts = call->opts;
	owned_session struct session s = { .cookie = STR_EMPTY };
	const char *driver;

	if (open_session(&s, call, err) || read_again(&s, &driver, err))
		return -1;
	if (!s.rollout)
		return nothing_there(&s, err);
	if (opts->watch && watch(&s, &driver, err))
		return -1;
	if (opts->watch)
		return status_of(s.rollout, driver, err);
	if (call->json)
		print_json(session_json(&s, driver));
	else
		session_print(&s, driver);
	return status_of(s.rollout, driver, err);
}

/* ---- history ---- */

static int history_run(const struct call *call, struct error *err)
{
	const struct plain_opts *opts = call->opts;
	owned_session struct session s = { .cookie = STR_EMPTY };
	json_t *history;

	if (open_session(&s, call, err) || journal_history(&history, s.journal, s.target->name,
							   opts->count ? opts->count : 10, err))
		return -1;
	history_add_commits(history, s.project);
	if (call->json) {
		print_json(history);
		return 0;
	}
	history_print(history, call->verbose);
	json_decref(history);
	return 0;
}

/* ---- telling whoever drives ---- */

/* *driven: somebody drives the rollout, and was told. */
static int tell(bool *driven, struct session *s, enum command_kind command, struct error *err)
{
	const char *driver;

	if (session_last(s, err))
		return -1;
	if (!s->rollout)
		return nothing_there(s, err);
	if (s->rollout->phase == PHASE_end)
		return error_set(err, ERROR_REFUSED, "%s: the rollout of %s is over (%s)",
				 s->target->name, s->rollout->to, result_name(s->rollout->result));
	if (journal_driver(&driver, s->journal, &s->arena, s->target->name, err) ||
	    journal_tell(s->journal, s->target->name, command, s->rollout->to, err))
		return -1;
	*driven = driver[0] != '\0';
	if (*driven && s->call->json)
		print_json(session_json(s, driver));
	else if (*driven)
		print("%s: %s was told\n", s->target->name, driver);
	return 0;
}

/* Nobody drives it: we do, from where it was left. */
static int go_on(struct session *s, struct error *err)
{
	rollout_free(steal(&s->rollout));
	journal_entry_done(&s->entry);
	return session_continue(s, err) || session_drive(s, err) ? -1 : 0;
}

static int pause_run(const struct call *call, struct error *err)
{
	owned_session struct session s = { .cookie = STR_EMPTY };
	bool driven = false;

	if (open_session(&s, call, err) || tell(&driven, &s, COMMAND_pause, err))
		return -1;
	if (driven)
		return 0;
	if (call->json)
		print_json(session_json(&s, ""));
	else
		print("%s: nobody drives it; it will be paused when somebody does\n",
		      s.target->name);
	return 0;
}

static int tell_or_go_on(const struct call *call, enum command_kind command, struct error *err)
{
	owned_session struct session s = { .cookie = STR_EMPTY };
	bool driven = false;

	if (open_session(&s, call, err) || tell(&driven, &s, command, err))
		return -1;
	return driven ? 0 : go_on(&s, err);
}

static int promote_run(const struct call *call, struct error *err)
{
	const struct plain_opts *opts = call->opts;

	return tell_or_go_on(call, opts->again ? COMMAND_again : COMMAND_promote, err);
}

/* That all are back is what was wanted here. */
static int as_wanted(int ret, struct error *err)
{
	return ret && err->kind == ERROR_ROLLED_BACK ? 0 : ret;
}

static int abort_run(const struct call *call, struct error *err)
{
	return as_wanted(tell_or_go_on(call, COMMAND_abort, err), err);
}

static int resume_run(const struct call *call, struct error *err)
{
	owned_session struct session s = { .cookie = STR_EMPTY };
	const char *then;

	if (open_session(&s, call, err) || session_continue(&s, err) || session_drive(&s, err))
		return -1;
	then = json_string_value(json_object_get(s.entry.about, "then"));
	if (then)
		say(call, "%s: this was on the way to %s: relevo deploy %s -t %s goes on",
		    s.target->name, then, then, s.target->name);
	return 0;
}

/* ---- rollback ---- */

static bool any_touched(const struct rollout *r)
{
	for (size_t i = 0; i < r->len; i++)
		if (r->nodes[i].touched)
			return true;
	return false;
}

static int check_over(const struct session *s, const char *to, struct error *err)
{
	const struct rollout *r = s->rollout;

	if (!r)
		return nothing_there(s, err);
	if (r->result != RESULT_done && r->result != RESULT_stuck)
		return error_set(err, ERROR_REFUSED,
				 "%s: the rollout of %s left nothing to take back (%s)",
				 s->target->name, r->to, result_name(r->result));
	if (!to && !any_touched(r)) {
		error_set_(err, ERROR_REFUSED, "%s: the last rollout, of %s, changed nothing",
			   s->target->name, r->to);
		return error_hint(err, "Name the version that is to run: --to VERSION");
	}
	if (to && rollout_is_bad_version(r, to))
		return error_set(err, ERROR_REFUSED, "%s: %s was not well there", s->target->name,
				 to);
	return 0;
}

static int take_back(struct session *s, const char *to, struct error *err)
{
	struct rollout *last;
	uint64_t token;
	int ret;

	if (journal_lock(s->journal, s->target->name, &token, err) || session_last(s, err) ||
	    (s->rollout && session_remember(s, err)) || check_over(s, to, err))
		return -1;
	if (session_load_again(s, err))
		return -1;
	last = s->rollout;
	s->rollout = rollout_back(last, to, token);
	rollout_free(last);
	if (journal_bad(s->journal, s->target->name, s->rollout, err))
		return -1;
	ret = journal_begin(s->journal, s->rollout, s->entry.about, err);
	return ret ? -1 : session_drive(s, err);
}

static int rollback_run(const struct call *call, struct error *err)
{
	const struct plain_opts *opts = call->opts;
	owned_session struct session s = { .cookie = STR_EMPTY };
	bool over;

	if (open_session(&s, call, err) || session_last(&s, err))
		return -1;
	over = !s.rollout || s.rollout->phase == PHASE_end;
	rollout_free(steal(&s.rollout));
	journal_entry_done(&s.entry);
	if (!over && opts->to)
		return error_set(err, ERROR_REFUSED,
				 "%s: a rollout is not over: without --to it is taken back",
				 s.target->name);
	return as_wanted(
		over ? take_back(&s, opts->to, err) : tell_or_go_on(call, COMMAND_abort, err), err);
}

/* ---- the table ---- */

#define ROLLOUT_COMMAND(verb, text, long_text, table)   \
	const struct command cmd_##verb = {             \
		.name = #verb,                          \
		.args = "",                             \
		.summary = text,                        \
		.description = long_text,               \
		.group = "Fleets",                      \
		.options = table,                       \
		.opts_size = sizeof(struct plain_opts), \
		.run = verb##_run,                      \
	}

ROLLOUT_COMMAND(
	status, "Show how far the rollout of a target is, and each of its nodes",
	"Reads the journal; no node is asked.  The exit status is what deploy would end with: "
	"0 while it runs and when it is done, 8 while it waits for a person, 6 also when "
	"whoever drove it is gone.  With --watch and --json a document a line.",
	status_options);
ROLLOUT_COMMAND(
	history, "List the rollouts of a target and how they ended",
	"With the commits since the release before, where the project's repository is.  With -v "
	"all of them, and all that was decided and done, with times.",
	history_options);
ROLLOUT_COMMAND(
	resume, "Go on with a rollout that was interrupted, from what the nodes really run",
	"Whatever ended the relevo that drove it: every node is asked what it runs, and what "
	"was done is not done again.",
	plain_options);
ROLLOUT_COMMAND(pause, "Have a rollout stop after what is under way",
		"It rests in a safe state; relevo resume goes on.", plain_options);
ROLLOUT_COMMAND(promote, "Let a rollout go on that waits for a person",
		"Where nobody drives it, this does.", promote_options);
ROLLOUT_COMMAND(abort, "Take a rollout back that is not over",
		"All nodes that were touched go back to what they ran, at once, without waves or "
		"waiting.  Where nobody drives the rollout, this does.",
		plain_options);
ROLLOUT_COMMAND(
	rollback, "Take a fleet back to the release before",
	"All nodes that the last rollout changed go back to what they ran before it, or to "
	"VERSION: hot where the relup knows the way, else by a restart; at once, without waves, "
	"but never more than max_unavailable out.  Never to a release that was not well.",
	rollback_options);
