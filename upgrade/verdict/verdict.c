// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "upgrade/verdict/verdict_kept.h"
#include "upgrade/verdict/verdict_messages.h"
#include "upgrade/verdict/verdict_release.h"
#include "upgrade/verdict/verdict_running.h"
#include "upgrade/verdict/verdict_starts.h"
#include "upgrade/verdict/verdict_states.h"

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = { "hot", "hot_with_warnings", "restart", "impossible" };

	return names[verdict];
}

const char *verdict_shown(enum verdict verdict)
{
	return verdict == VERDICT_HOT_WITH_WARNINGS ? "hot, with warnings" : verdict_name(verdict);
}

enum verdict verdict_of(const struct reasons *reasons)
{
	enum severity worst = SEVERITY_INFO;

	for (size_t i = 0; i < reasons->len; i++)
		if (!reasons->items[i].allowed && reasons->items[i].severity > worst)
			worst = reasons->items[i].severity;
	return (enum verdict)worst;
}

/* ---- one application ---- */

/* NAME-0123456789abcdef0123456789abcdef.css: pages name it, and no other version of it. */
static bool is_digested(const char *path)
{
	enum { DIGITS = 32 };

	for (const char *at = strchr(path, '-'); at; at = strchr(at + 1, '-'))
		if (strspn(at + 1, "0123456789abcdef") == DIGITS && at[1 + DIGITS] == '.')
			return true;
	return false;
}

static bool is_in(const struct release *release, const struct resolved_app *app, const char *path,
		  struct arena *arena)
{
	return tree_has(
		release->tree,
		path_join(arena, path_join(arena, path_dir(arena, app->app->dir), "priv"), path));
}

/* By the release itself: it may carry others of older ones. */
static bool is_named(const struct release *release, const struct resolved_app *app,
		     const char *path, struct arena *arena)
{
	const char *manifest =
		path_join(arena, path_dir(arena, app->app->dir), "priv/static/cache_manifest.json");
	owned_str struct str text = STR_EMPTY;
	struct error err;

	return span_starts(span_of(path), "static/") &&
	       tree_read(release->tree, manifest, 16 << 20, &text, &err) == 0 &&
	       strstr(str_text(&text), path + strlen("static/"));
}

/* Files that pages which are open may name, and the new release lacks. */
static size_t lost_assets(const char **first, const struct judge *judge, const struct app_diff *app)
{
	const struct diff *diff = judge->diff;
	size_t lost = 0;

	for (size_t i = 0; i < app->priv.len; i++) {
		const char *path = app->priv.items[i];

		if (is_digested(path) &&
		    is_named(diff->old_release, app->old_app, path, judge->arena) &&
		    is_in(diff->old_release, app->old_app, path, judge->arena) &&
		    !is_in(diff->new_release, app->new_app, path, judge->arena) && lost++ == 0)
			*first = path;
	}
	return lost;
}

static bool judge_assets(struct judge *judge, const struct app_diff *app)
{
	const char *first = NULL;
	size_t lost = lost_assets(&first, judge, app);
	struct reason *reason;

	if (lost == 0)
		return false;
	reason = JUDGE(judge, REASON_static_changed, app->name, NULL,
		       "%zu file%s with a digest in %s (priv/%s%s) in the new release: pages that "
		       "are open get 404 for what they name",
		       lost, lost == 1 ? "" : "s",
		       lost == 1 ? "its name is not" : "their names are not", first,
		       lost > 1 ? " …" : "");
	reason->severity = SEVERITY_WARN;
	reason->hint = "build it with upgrade.keep_assets, and the old release in upgrade.from";
	return true;
}

static void judge_files(struct judge *judge, const struct app_diff *app)
{
	if (app->nifs.len > 0)
		JUDGE(judge, REASON_nif_changed, app->name, NULL,
		      "priv/%s%s is another library; the old one stays loaded", app->nifs.items[0],
		      app->nifs.len > 1 ? " (and more)" : "")
			->hint = "restart the nodes, one after the other";
	else if (!judge_assets(judge, app) && app->priv.len > app->migrations.len)
		JUDGE(judge, REASON_static_changed, app->name, NULL,
		      "files below priv changed (%s%s): the running code finds the new ones at "
		      "once",
		      app->priv.items[0], app->priv.len > 1 ? " and others" : "")
			->hint = "fine for files that are read when they are asked for";
}

/* MyApp.Release with migrate/0, as is the custom; NULL: none. */
static const char *migrator_of(struct judge *judge, const struct app_diff *app)
{
	const struct names names = app->new_app->app->modules;

	for (size_t i = 0; i < names.len; i++) {
		struct module_at *module = modules_find(judge->modules, SIDE_NEW, names.items[i]);
		const struct beam_facts *facts = NULL;

		if (module && span_ends(span_of(names.items[i]), ".Release"))
			facts = module_facts(judge->modules, SIDE_NEW, module);
		if (facts && beam_exports(facts, "migrate", 0))
			return names.items[i];
	}
	return NULL;
}

static void judge_migrations(struct judge *judge, const struct app_diff *app)
{
	const char *migrator;

	if (app->migrations.len == 0)
		return;
	migrator = migrator_of(judge, app);
	JUDGE(judge, REASON_migrations_added, app->name, NULL,
	      "%s brings %zu new migration%s (priv/%s%s), which no upgrade runs: the new code may "
	      "ask for tables that are not there",
	      app->name, app->migrations.len, app->migrations.len == 1 ? "" : "s",
	      app->migrations.items[0], app->migrations.len > 1 ? " …" : "")
		->hint = arena_printf(
		judge->arena,
		"migrate before the install, in a way that the old code copes with too, also after "
		"a revert: relevo node eval NODE \"'%s':migrate()\" --release %s-%s.tar.gz",
		migrator ? migrator : "Elixir.….Release", judge->diff->new_release->name,
		judge->diff->new_release->vsn);
}

static void judge_spec(struct judge *judge, const struct app_diff *app)
{
	if (app->mod_changed)
		JUDGE(judge, REASON_mod_changed, app->name, NULL,
		      "the start module of %s, or its argument, changed", app->name)
			->hint = "it takes effect when the application next starts";
	if (app->start_phases_changed)
		JUDGE(judge, REASON_start_phases_changed, app->name, NULL,
		      "the start phases of %s changed: the new ones are not run", app->name)
			->hint = "they take effect when the application next starts; what they do "
				 "now can be an {apply, …} in an appup written by hand";
}

static void judge_not_bumped(struct judge *judge, const struct app_diff *app)
{
	const char *module = app->modules.len > 0 ? app->modules.items[0].name : NULL;

	JUDGE(judge, REASON_version_not_bumped, app->name, module,
	      "%s changed (%s%s), but its version is still %s", app->name,
	      module ? module_shown(module) : app->priv.items[0],
	      app->modules.len + app->priv.len > 1 ? " and more" : "", app_diff_new_vsn(app))
		->hint =
		"a node keeps one folder for each version: raise the version in the .app file";
}

static void judge_app(struct judge *judge, const struct app_diff *app)
{
	const struct appup_made *made = appups_find(judge->appups, app->name);

	if (app->change == CHANGE_ADDED)
		JUDGE(judge, REASON_application_added, app->name, NULL,
		      "%s %s is new: it is loaded and started before the others change", app->name,
		      app_diff_new_vsn(app));
	else if (app->change == CHANGE_REMOVED)
		JUDGE(judge, REASON_application_removed, app->name, NULL,
		      "%s %s is gone: it is stopped after the others have changed", app->name,
		      app_diff_old_vsn(app));
	judge_migrations(judge, app);
	if (app->change == CHANGE_SAME && !judge->anew)
		judge_others_children(judge, app);
	if (app->change != CHANGE_CHANGED)
		return;
	if (app_diff_not_bumped(app)) {
		if (!is_otp_rebuilt(app))
			judge_not_bumped(judge, app);
		return;
	}
	if (judge->anew)
		return;
	judge_spec(judge, app);
	if (appup_restarts(made))
		return;
	judge_files(judge, app);
	for (size_t i = 0; i < app->modules.len; i++)
		judge_module(judge, app, &app->modules.items[i]);
	judge_stale(judge, app, made);
	judge_gone(judge, app, made);
	judge_supervisors(judge, app, made);
	judge_children(judge, made);
}

struct judge judge_of(struct modules *modules)
{
	return (struct judge){ .arena = modules->arena,
			       .diff = modules->diff,
			       .modules = modules,
			       .library = { modules->library[SIDE_OLD],
					    modules->library[SIDE_NEW] } };
}

/* As relup_make() will find: no process lives on, so that nobody asks what it does. */
static bool needs_emulator(const struct diff *diff)
{
	static const char *const ground[] = { "kernel", "stdlib", "sasl" };

	for (size_t i = 0; i < ARRAY_LEN(ground); i++) {
		const struct app_diff *app = diff_find(diff, ground[i]);

		if (app && app->change == CHANGE_CHANGED && !app_diff_not_bumped(app))
			return true;
	}
	return diff->erts_changed;
}

struct judge *verdict_begin(struct modules *modules)
{
	struct judge *judge = arena_new(modules->arena, struct judge);

	*judge = judge_of(modules);
	if (!needs_emulator(modules->diff))
		effects_begin(judge);
	return judge;
}

void verdict_end(struct judge *judge)
{
	if (judge)
		effects_end(judge);
}

static void judge_steps_and_names(struct judge *judge)
{
	judge_found(judge);
	judge_order_of_change(judge);
	judge_steps(judge);
	judge_named(judge);
}

static void judge_running(struct judge *judge)
{
	judge_shared(judge);
	judge_agents_asked(judge);
	judge_stored(judge);
	judge_own_closures(judge);
	judge_messages(judge);
	judge_wiring(judge);
	judge_shards(judge);
	judge_rounds(judge);
	judge_counters(judge);
	judge_taken(judge);
	judge_waiting(judge);
	judge_between(judge);
	judge_ignored(judge);
	judge_again(judge);
	judge_rows(judge);
}

static void judge_files_and_relup(struct judge *judge)
{
	judge_not_rebuilt(judge);
	judge_moves(judge);
	judge_calls(judge);
	judge_relup(judge);
	judge_config(judge);
}

int verdict_reasons(struct judge *judge, const struct appups *appups, const struct term *up,
		    const struct term *down, struct reasons *reasons, struct error *err)
{
	struct aside *aside;

	judge->appups = appups;
	judge->up = up;
	judge->down = down;
	judge->reasons = reasons;
	judge->anew = up->seq.len > 0 && term_is_atom(term_at(up, 0), "restart_new_emulator");
	judge_release(judge);
	for (size_t i = 0; i < judge->diff->len; i++)
		judge_app(judge, &judge->diff->apps[i]);
	if (judge->anew) {
		judge_files_and_relup(judge);
		return modules_check(judge->modules, err);
	}
	judge_plugins(judge); /* changes what others look at */
	aside = aside_begin(judge, judge_steps_and_names);
	judge_running(judge);
	judge_files_and_relup(judge);
	aside_end(aside);
	return modules_check(judge->modules, err);
}
