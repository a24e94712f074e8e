// SPDX-License-Identifier: Apache-2.0
/* The verdict is obeyed: what the plans that a release carries say of the way from what the node
 * runs. */
#include "upgrade/node/upgrade.h"
#include "upgrade/plan/obey.h"
#include "upgrade/plan/plan.h"

#include "base/file.h"

/* What runs, as a release beside the new one: a tarball or a folder of its name; NULL: none that
 * is the same build.
 */
static int find_beside(const char **out, struct upgrade *u, const char *digest, struct error *err)
{
	const char *base = arena_printf(u->arena, "%s/%s-%s", path_dir(u->arena, u->bundle->file),
					u->running->name, u->running->vsn);
	const char *tries[] = { arena_printf(u->arena, "%s.tar.gz", base), base };
	struct error ignored;

	*out = NULL;
	for (size_t i = 0; i < ARRAY_LEN(tries) && !*out; i++) {
		owned_release struct release *release = NULL;
		const char *is;

		if (!path_exists(tries[i]) || release_open(&release, tries[i], &ignored))
			continue;
		if (carried_digest(&is, u->arena, release, err))
			return -1;
		if (strcmp(is, digest) == 0)
			*out = tries[i];
	}
	return 0;
}

static int plan_anew(struct obeyed *out, struct upgrade *u, const char *old_path,
		     enum obey_mode mode, struct error *err)
{
	owned_release struct release *old_release = NULL;
	owned_release struct release *new_release = NULL;
	struct plan *plan;

	return release_open(&old_release, old_path, err) ||
			       release_open(&new_release, u->bundle->file, err) ||
			       plan_make(&plan, u->arena, old_release, new_release,
					 &(const struct plan_options){ .allow = { NULL, 0 } },
					 err) ||
			       obey(out, u->arena, &plan->reasons, u->options->allow, mode, err)
		       ? -1
		       : 0;
}

/* Another build of it than the plan was made from. */
static int of_other_build(struct obeyed *out, struct upgrade *u, const char *digest,
			  enum obey_mode mode, struct error *err)
{
	const char *beside;

	if (find_beside(&beside, u, digest, err))
		return -1;
	if (beside)
		return plan_anew(out, u, beside, mode, err);
	upgrade_refuse(u, err,
		       "the plan that %s carries was made from another build of %s than the node "
		       "runs",
		       u->bundle->vsn, u->running->vsn);
	error_code_(err, "other_build");
	return error_hint(err,
			  "With %s-%s.tar.gz, as it runs there, beside it the way is planned anew.",
			  u->running->name, u->running->vsn);
}

static int judge(struct obeyed *out, struct upgrade *u, const struct carried_plan *plan,
		 struct error *err)
{
	enum obey_mode mode = u->options->restart ? OBEY_RESTART : OBEY_HOT;
	const char *digest;

	if (node_manifest_digest(&digest, u->node, u->arena, u->running->vsn, err))
		return -1;
	if (*digest && *plan->digest && strcmp(digest, plan->digest) != 0)
		return of_other_build(out, u, digest, mode, err);
	return obey(out, u->arena, &plan->reasons, u->options->allow, mode, err);
}

static int refuse(struct upgrade *u, const struct obeyed *obeyed, struct error *err)
{
	owned_str struct str text = STR_EMPTY;

	for (size_t i = 0; i < obeyed->texts.len && i < 3; i++)
		str_addf(&text, "%s%s", i ? "; " : "", obeyed->texts.items[i]);
	if (obeyed->texts.len > 3)
		str_addf(&text, "; and %zu more", obeyed->texts.len - 3);
	upgrade_refuse(u, err, "%s", str_text(&text));
	error_code_(err, "verdict");
	return error_hint(err, "%s", obeyed->hint);
}

int upgrade_obey(struct upgrade *u, struct error *err)
{
	const struct carried_plan *plan = carried_from(&u->bundle->plans, u->running->vsn);
	struct obeyed obeyed;

	if (!plan) {
		if (!u->options->restart)
			upgrade_note(u, "%s carries no plan for the way from %s: see relevo plan",
				     u->bundle->vsn, u->running->vsn);
		return 0;
	}
	if (judge(&obeyed, u, plan, err))
		return -1;
	if (obeyed.answer == OBEY_REFUSED)
		return refuse(u, &obeyed, err);
	for (size_t i = 0; i < obeyed.texts.len; i++) {
		if (u->options->warning)
			u->options->warning(u->options->context, obeyed.texts.items[i]);
		upgrade_note(u, "warning: %s", obeyed.texts.items[i]);
	}
	return 0;
}
