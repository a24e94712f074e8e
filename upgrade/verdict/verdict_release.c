// SPDX-License-Identifier: Apache-2.0
/* The release as a whole. */
#include "upgrade/verdict/verdict_release.h"

/* In the folder of the old release nothing of this would be exchanged. */
#define BUILD_OR_START                                                                      \
	"for a hot upgrade, build the new release over the Erlang of the old one; for the " \
	"new Erlang, start the nodes from a folder (or an image) of its own"

static void judge_names(struct judge *judge)
{
	const struct release *a = judge->diff->old_release, *b = judge->diff->new_release;

	if (strcmp(a->name, b->name) != 0)
		JUDGE(judge, REASON_name_changed, NULL, NULL,
		      "\"%s\" and \"%s\" are different releases", a->name, b->name);
	else if (strcmp(a->vsn, b->vsn) == 0)
		JUDGE(judge, REASON_version_reused, NULL, NULL,
		      "both are version %s, and a node keeps one release of each version", a->vsn)
			->hint = "give the new release a version of its own";
}

static void judge_erts(struct judge *judge)
{
	const struct release *a = judge->diff->old_release, *b = judge->diff->new_release;

	if (judge->diff->erts_changed)
		JUDGE(judge, REASON_erts_changed, NULL, NULL,
		      "the Erlang runtime changes, erts %s to %s: the emulator cannot be exchanged "
		      "while it runs",
		      a->erts, b->erts)
			->hint = "restart the nodes, one after the other";
	if (judge->diff->erts_rebuilt) {
		struct reason *reason = JUDGE(
			judge, REASON_erts_changed, NULL, NULL,
			"the emulator of erts %s is another one under the same version: nodes "
			"keep the one that they have",
			a->erts);

		reason->severity = SEVERITY_WARN;
		reason->hint = BUILD_OR_START;
	}
}

/* "kernel 8.5 to 8.5.3" of an application that has another version. */
static void judge_base(struct judge *judge, const char *name, enum reason_code code)
{
	const struct app_diff *app = diff_find(judge->diff, name);
	const char *old_vsn, *new_vsn;

	if (!app)
		return;
	old_vsn = app_diff_old_vsn(app);
	new_vsn = app_diff_new_vsn(app);
	if (!old_vsn || !new_vsn || strcmp(old_vsn, new_vsn) == 0)
		return;
	JUDGE(judge, code, name, NULL, "%s %s to %s, on which everything else stands", name,
	      old_vsn, new_vsn)
		->hint = "restart the nodes, one after the other";
}

/* ---- the order of start ---- */

static bool in_both(const struct diff *diff, const char *name)
{
	const struct app_diff *app = diff_find(diff, name);

	return app && app->old_app && app->new_app;
}

/* The next application from *at on that is in both releases. */
static const char *next_common(const struct diff *diff, const struct resolved *release, size_t *at)
{
	while (*at < release->len) {
		const char *name = release->apps[(*at)++].app->name;

		if (in_both(diff, name))
			return name;
	}
	return NULL;
}

static void judge_order(struct judge *judge)
{
	const struct diff *diff = judge->diff;
	const char *before, *after;
	size_t i = 0, j = 0;

	do {
		before = next_common(diff, diff->old_release->resolved, &i);
		after = next_common(diff, diff->new_release->resolved, &j);
	} while (before && after && strcmp(before, after) == 0);
	if (!before || !after)
		return;
	JUDGE(judge, REASON_boot_order_changed, after, NULL,
	      "applications start in another order: %s, which came after %s, before it", after,
	      before)
		->hint =
		"it takes effect when a node next starts; look whether the dependencies in "
		"the .app files say what is meant";
}

static void judge_start_types(struct judge *judge)
{
	for (size_t i = 0; i < judge->diff->len; i++) {
		const struct app_diff *app = &judge->diff->apps[i];

		if (!app->old_app || !app->new_app ||
		    app->old_app->entry->type == app->new_app->entry->type)
			continue;
		JUDGE(judge, REASON_boot_order_changed, app->name, NULL,
		      "%s is %s in the new release, and was %s", app->name,
		      start_type_name(app->new_app->entry->type),
		      start_type_name(app->old_app->entry->type))
			->hint = "it takes effect when a node next starts";
	}
}

/* Only OTP's own .app files have this key. */
static bool is_of_otp(const struct app_diff *app)
{
	const struct term *term = app->new_app->app->term;

	return term && term_proplist_get(term_at(term, 2), "runtime_dependencies");
}

bool is_otp_rebuilt(const struct app_diff *app)
{
	return app_diff_not_bumped(app) && is_of_otp(app);
}

/* What distributions do for security: one reason, since nobody can raise these versions. */
static void judge_rebuilt(struct judge *judge)
{
	const struct diff *diff = judge->diff;
	owned_str struct str names = STR_EMPTY;

	for (size_t i = 0; i < diff->len; i++)
		if (is_otp_rebuilt(&diff->apps[i]))
			str_addf(&names, "%s%s %s", names.len ? ", " : "", diff->apps[i].name,
				 app_diff_new_vsn(&diff->apps[i]));
	if (names.len > 0)
		JUDGE(judge, REASON_version_not_bumped, NULL, NULL,
		      "Erlang/OTP is another build under the same versions: %s; a node keeps one "
		      "folder for each version",
		      str_text(&names))
			->hint = BUILD_OR_START;
}

void judge_release(struct judge *judge)
{
	judge_names(judge);
	judge_erts(judge);
	judge_rebuilt(judge);
	judge_base(judge, "kernel", REASON_otp_changed);
	judge_base(judge, "stdlib", REASON_otp_changed);
	judge_base(judge, "sasl", REASON_otp_changed);
	judge_base(judge, "elixir", REASON_elixir_changed);
	judge_order(judge);
	judge_start_types(judge);
}
