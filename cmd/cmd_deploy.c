// SPDX-License-Identifier: Apache-2.0
/* relevo deploy: a release to a fleet. */
#include "base/file.h"
#include "cmd/output.h"
#include "cmd/rollout.h"

#include <stdlib.h>

struct deploy_opts {
	struct rollout_opts rollout;
	bool dry_run;
};

static const struct option deploy_options[] = {
	ROLLOUT_OPTIONS(struct deploy_opts, rollout),
	OPT_FLAG(struct deploy_opts, dry_run, 'n', "dry-run",
		 "show waves, nodes, ways, what would be suspended and for how long, hooks; and "
		 "change nothing"),
	OPT_END,
};

/* One that is not over is not to be forgotten. */
static int check_last(struct session *s, struct error *err)
{
	const char *name = s->target->name;
	int ret = session_last(s, err);

	if (ret || !s->rollout || s->rollout->phase == PHASE_end) {
		rollout_free(steal(&s->rollout));
		journal_entry_done(&s->entry);
		return ret;
	}
	error_set_(err, ERROR_REFUSED, "%s: the rollout of %s is not over", name, s->rollout->to);
	return error_hint(err,
			  "Nothing was changed.  Next: relevo resume -t %s, or relevo abort -t %s "
			  "takes it back; relevo status -t %s shows it.",
			  name, name, name);
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

static int dry_run(struct session *s, struct error *err)
{
	struct fleet fleet = {
		.target = s->target,
		.cookie = str_text(&s->cookie),
		.bundle = &s->bundle,
		.journal = s->journal,
		.ways = s->ways,
		.context = s,
	};

	json_t **foreseen;
	size_t refused;

	if (make_rollout(s, 0, err) || fleet_look(&fleet, s->rollout, err) ||
	    fleet_foresee(&foreseen, &fleet, s->rollout, err))
		return -1;
	if (s->call->json)
		print_json(session_foreseen_json(s, foreseen));
	else
		session_foreseen_print(s, foreseen);
	refused = session_foreseen_refused(s, foreseen);
	for (size_t i = 0; i < s->rollout->len; i++)
		json_decref(foreseen[i]);
	free(foreseen);
	if (s->rollout->failed)
		return error_set(err, session_unreachable(s) ? ERROR_UNREACHABLE : ERROR_REFUSED,
				 "%s", s->rollout->why);
	return refused ? error_set(err, ERROR_REFUSED, "%zu of %zu nodes would refuse it", refused,
				   s->rollout->len)
		       : 0;
}

static int deploy(struct session *s, struct error *err)
{
	const char *path;
	uint64_t token;
	json_t *about;
	int ret;

	if (journal_lock(s->journal, s->target->name, &token, err) || check_last(s, err) ||
	    make_rollout(s, token, err) || path_real(&path, &s->arena, s->bundle.file, err))
		return -1;
	about = json_pack("{s:s}", "release", path);
	ret = journal_begin(s->journal, s->rollout, about, err);
	json_decref(about);
	return ret ? -1 : session_drive(s, err);
}

static int deploy_run(const struct call *call, struct error *err)
{
	const struct deploy_opts *opts = call->opts;
	owned_session struct session s = { .cookie = STR_EMPTY };

	if (session_open(&s, call, &opts->rollout, err) || session_load(&s, call->argv[0], err))
		return -1;
	return opts->dry_run ? dry_run(&s, err) : deploy(&s, err);
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
