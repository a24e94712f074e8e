// SPDX-License-Identifier: Apache-2.0
/* relevo deploy: a release to a fleet. */
#include "base/clock.h"
#include "base/file.h"
#include "cmd/output.h"
#include "cmd/rollout.h"
#include "release/read/store.h"
#include "upgrade/rollout/hops.h"

enum { LOOK_AGAIN_MS = 500 };

#include <stdlib.h>

struct deploy_opts {
	struct rollout_opts rollout;
	bool dry_run, supersede;
};

static const struct option deploy_options[] = {
	ROLLOUT_OPTIONS(struct deploy_opts, rollout),
	OPT_FLAG(struct deploy_opts, dry_run, 'n', "dry-run",
		 "show waves, nodes, ways, what would be suspended and for how long, hooks; and "
		 "change nothing"),
	OPT_FLAG(struct deploy_opts, supersede, 0, "supersede",
		 "end a rollout that is under way or waits; what it made permanent stays"),
	OPT_END,
};

/* Ends the rollout before this one: nodes that got its release go back, but for those where it is
 * permanent.  Takes session->rollout.
 */
static int end_last(struct session *s, uint64_t token, struct error *err)
{
	struct session last = {
		.call = s->call,
		.project = s->project,
		.target = s->target,
		.journal = s->journal,
		.cookie = STR_EMPTY,
		.rollout = steal(&s->rollout),
		.entry = s->entry,
	};
	int ret;

	s->entry = (struct journal_entry){ 0 };
	say(s->call, "%s: the rollout of %s is superseded", s->target->name, last.rollout->to);
	ret = session_load_again(&last, err);
	if (ret == 0) {
		rollout_resume(last.rollout, token);
		ret = journal_tell(s->journal, s->target->name, COMMAND_supersede, last.rollout->to,
				   err) ||
		      session_run(&last, err);
	}
	if (ret == 0 && (last.rollout->phase != PHASE_end || last.rollout->result == RESULT_stuck ||
			 last.rollout->result == RESULT_fenced)) {
		error_set_(err, ERROR_STUCK, "the rollout of %s could not be ended: %s",
			   last.rollout->to, last.rollout->why);
		ret = error_hint(err, "See: relevo status -t %s", s->target->name);
	}
	last.journal = NULL;
	session_done(&last);
	return ret ? -1 : 0;
}

/* One that is not over is not to be forgotten. */
static int check_last(struct session *s, bool supersede, uint64_t token, struct error *err)
{
	const char *name = s->target->name;
	int ret = session_last(s, err);

	if (ret || !s->rollout || s->rollout->phase == PHASE_end) {
		if (s->rollout)
			ret = session_remember(s, err);
		rollout_free(steal(&s->rollout));
		journal_entry_done(&s->entry);
		return ret;
	}
	if (supersede)
		return end_last(s, token, err);
	error_set_(err, ERROR_REFUSED, "%s: the rollout of %s is not over", name, s->rollout->to);
	return error_hint(err,
			  "Nothing was changed.  Next: relevo resume -t %s, or relevo abort -t %s "
			  "takes it back; relevo status -t %s shows it.  With --supersede this "
			  "deploy takes its place.",
			  name, name, name);
}

/* Whoever drives the target ends its rollout first. */
static int tell_driver(struct session *s, struct error *err)
{
	int ret = session_last(s, err);

	if (ret == 0 && s->rollout && s->rollout->phase != PHASE_end) {
		say(s->call, "waiting for whoever drives %s, which is told to end",
		    s->target->name);
		ret = journal_tell(s->journal, s->target->name, COMMAND_supersede, s->rollout->to,
				   err);
	}
	rollout_free(steal(&s->rollout));
	journal_entry_done(&s->entry);
	return ret;
}

static int lock(uint64_t *token, struct session *s, bool supersede, struct error *err)
{
	bool told = false;

	while (journal_lock(s->journal, s->target->name, token, err)) {
		if (err->kind != ERROR_LOCKED || !supersede)
			return -1;
		if (!told && tell_driver(s, err))
			return -1;
		told = true;
		clock_sleep_ms(LOOK_AGAIN_MS);
	}
	return 0;
}

static int make_rollout(struct session *s, uint64_t token, struct error *err)
{
	struct rollout_policy policy = fleet_policy(s->target);

	s->rollout = rollout_new(s->bundle.name, s->bundle.vsn, s->bundle.sha256, &policy, token);
	for (size_t i = 0; i < s->target->nodes_len; i++)
		if (rollout_add(s->rollout, s->target->nodes[i].name, s->target->nodes[i].zone,
				err))
			return -1;
	return journal_bad(s->journal, s->target->name, s->rollout, err);
}

/* ---- by way of other releases ---- */

/* Asks all nodes, for a rollout that is not begun. */
static struct fleet fleet_of(struct session *s)
{
	return (struct fleet){
		.target = s->target,
		.cookie = str_text(&s->cookie),
		.bundle = &s->bundle,
		.journal = s->journal,
		.ways = s->ways,
		.context = s,
	};
}

static int look(struct session *s, struct error *err)
{
	struct fleet fleet = fleet_of(s);

	return fleet_look(&fleet, s->rollout, err);
}

/* The first hop for the nodes that have the most before them, by their version; NULL: there is
 * none.
 */
static const char *next_hop(struct session *s)
{
	const char *first = NULL;

	for (size_t i = 0; i < s->rollout->len; i++) {
		const struct rollout_node *node = &s->rollout->nodes[i];
		const char *hop;

		if (!node->runs || node->way == WAY_hot || strcmp(node->runs, s->rollout->to) == 0)
			continue;
		hop = hops_find(&s->arena, s->project->store, &s->bundle, node->runs,
				s->target->hops);
		if (hop && (!first || version_compare(hop, first) < 0))
			first = hop;
	}
	return first;
}

/* Looks at all nodes, session->rollout, for the next hop; NULL: none is wanted, or there is none.
 */
static int find_hop(const char **out, struct session *s, struct error *err)
{
	*out = NULL;
	if (s->target->hops < 2 || fleet_policy(s->target).mode == MODE_restart)
		return 0;
	if (make_rollout(s, 0, err))
		return -1;
	/* That a node has no hot way is what is looked for, not the end of the look. */
	s->rollout->policy.mode = MODE_auto;
	if (look(s, err))
		return -1;
	if (!s->rollout->failed)
		*out = next_hop(s);
	return 0;
}

/* A rollout of the nodes that are not past it, as they were looked at; hot or not at all. */
static int make_hop(struct session *hop, const struct rollout *seen, uint64_t token,
		    struct error *err)
{
	struct rollout_policy policy = fleet_policy(hop->target);

	policy.mode = MODE_hot;
	hop->rollout =
		rollout_new(hop->bundle.name, hop->bundle.vsn, hop->bundle.sha256, &policy, token);
	for (size_t i = 0; i < seen->len; i++) {
		const struct rollout_node *node = &seen->nodes[i];

		if (node->runs && version_compare(node->runs, hop->bundle.vsn) <= 0 &&
		    rollout_add(hop->rollout, node->name, node->zone, err))
			return -1;
	}
	return journal_bad(hop->journal, hop->target->name, hop->rollout, err);
}

/* `then`: what it is on the way to. */
static int begin(struct session *s, const char *then, struct error *err)
{
	const char *path;
	json_t *about;
	int ret;

	if (path_real(&path, &s->arena, s->bundle.file, err))
		return -1;
	about = json_pack("{s:s, s:s*}", "release", path, "then", then);
	ret = journal_begin(s->journal, s->rollout, about, err);
	json_decref(about);
	return ret;
}

static int do_hop(struct session *s, const char *vsn, uint64_t token, struct error *err)
{
	struct session hop = {
		.call = s->call,
		.project = s->project,
		.target = s->target,
		.journal = s->journal,
		.cookie = STR_EMPTY,
	};
	int ret;

	say(s->call, "%s: to %s by way of %s", s->target->name, s->bundle.vsn, vsn);
	ret = session_load(&hop, vsn, err) || make_hop(&hop, s->rollout, token, err) ||
	      begin(&hop, s->bundle.vsn, err) || session_run(&hop, err);
	if (ret == 0 && hop.rollout->result != RESULT_done)
		ret = session_tell(&hop, err);
	hop.journal = NULL;
	session_done(&hop);
	return ret ? -1 : 0;
}

static int walk_hops(struct session *s, uint64_t token, struct error *err)
{
	for (int64_t i = 1; i < s->target->hops; i++) {
		const char *hop;
		int ret = find_hop(&hop, s, err);

		if (ret == 0 && hop)
			ret = do_hop(s, hop, token, err);
		rollout_free(steal(&s->rollout));
		if (ret || !hop)
			return ret;
	}
	return 0;
}

/* Shows it; *refused: how many nodes would refuse it. */
static int foresee(size_t *refused, struct session *s, struct error *err)
{
	struct fleet fleet = fleet_of(s);
	json_t **foreseen;

	if (fleet_foresee(&foreseen, &fleet, s->rollout, err))
		return -1;
	if (s->call->json)
		print_json(session_foreseen_json(s, foreseen));
	else
		session_foreseen_print(s, foreseen);
	*refused = session_foreseen_refused(s, foreseen);
	for (size_t i = 0; i < s->rollout->len; i++)
		json_decref(foreseen[i]);
	free(foreseen);
	return 0;
}

static int dry_run(struct session *s, struct error *err)
{
	struct error why;
	const char *hop;
	size_t refused;
	bool failed;

	if (make_rollout(s, 0, err) || look(s, err) || foresee(&refused, s, err))
		return -1;
	failed = s->rollout->failed || refused > 0;
	if (s->rollout->failed)
		error_set_(&why, session_unreachable(s) ? ERROR_UNREACHABLE : ERROR_REFUSED, "%s",
			   s->rollout->why);
	else
		error_set_(&why, ERROR_REFUSED, "%zu of %zu nodes would refuse it", refused,
			   s->rollout->len);
	rollout_free(steal(&s->rollout));
	if (find_hop(&hop, s, err))
		return -1;
	if (hop)
		say(s->call, "%s: to %s by way of %s", s->target->name, s->bundle.vsn, hop);
	else if (failed)
		*err = why;
	return failed && !hop ? -1 : 0;
}

static int deploy(struct session *s, bool supersede, struct error *err)
{
	uint64_t token;

	if (lock(&token, s, supersede, err) || check_last(s, supersede, token, err) ||
	    walk_hops(s, token, err) || make_rollout(s, token, err) || begin(s, NULL, err))
		return -1;
	return session_drive(s, err);
}

static int deploy_run(const struct call *call, struct error *err)
{
	const struct deploy_opts *opts = call->opts;
	owned_session struct session s = { .cookie = STR_EMPTY };

	if (session_open(&s, call, &opts->rollout, err) || session_load(&s, call->argv[0], err) ||
	    session_find_nodes(&s, err))
		return -1;
	return opts->dry_run ? dry_run(&s, err) : deploy(&s, opts->supersede, err);
}

const struct command cmd_deploy = {
	.name = "deploy",
	.args = "RELEASE",
	.summary = "Take a fleet to a release: a canary first, and back when it is not well",
	.description =
		"RELEASE is a tarball, or a version in the store.  Every node of the target is "
		"asked "
		"what it runs; the release is brought to all of them and checked, before the first "
		"is "
		"changed.  Then wave by wave: installed while the system runs where that can be, "
		"by a "
		"restart where not, and watched; never more than max_unavailable nodes out at "
		"once.  "
		"When a node is not well all that were touched go back.  When all are well the "
		"release "
		"is made permanent.\n\n"
		"What is decided is written down first: whatever ends relevo, `relevo resume` goes "
		"on "
		"from what the nodes really run.  Ctrl-C lets what is under way end and pauses; a "
		"second one ends at once.\n\n"
		"While a rollout of the target is not over another is refused.  With --supersede "
		"it "
		"is ended first: nodes go back to what they boot, and what each runs then is what "
		"the way to RELEASE is planned from.\n\n"
		"Targets and their strategy: relevo help config, and docs/deploy.md.",
	.examples = "relevo deploy 1.1.0 -t production\n"
		    "relevo deploy 1.1.0 -t production --dry-run  # what would be done",
	.group = "Fleets",
	.args_min = 1,
	.args_max = 1,
	.options = deploy_options,
	.opts_size = sizeof(struct deploy_opts),
	.run = deploy_run,
};
