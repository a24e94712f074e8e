// SPDX-License-Identifier: Apache-2.0
/* relevo plan OLD NEW: the verdict, its reasons, and the relup. */
#include "base/file.h"
#include "base/parallel.h"
#include "cmd/commits.h"
#include "cmd/two_releases.h"
#include "upgrade/plan/plan_text.h"
#include "upgrade/plan/plan_via.h"

struct plan_opts {
	const char *appups;
	bool suspend_always;
	const char *out;
	const char *require;
	const char *format;
	const char *via;
	struct option_list allow;
};

/* clang-format off */
static const struct option plan_cli[] = {
	OPT_TEXT(struct plan_opts, appups, 0, "appups", "DIR",
		 "appups written by hand: DIR/FROM-TO/APP.appup"),
	OPT_TEXT(struct plan_opts, out, 'o', "out", "DIR",
		 "write relup, APP.appup and plan.json into this folder"),
	OPT_FLAG(struct plan_opts, suspend_always, 0, "suspend-always",
		 "suspend the processes of every module that changed, also where they can go on"),
	OPT_TEXT(struct plan_opts, require, 0, "require", "VERDICT",
		 "exit 4 unless the verdict is this or better: hot, hot_with_warnings, restart"),
	OPT_TEXT(struct plan_opts, format, 0, "format", "FORMAT",
		 "text, markdown (a comment for a review) or json"),
	OPT_TEXT(struct plan_opts, via, 0, "via", "STORE",
		 "when there is no hot way: the shortest one over releases of this store"),
	OPT_LIST(struct plan_opts, allow, 0, "allow", "CODE",
		 "a reason that shall not count; may be given several times"),
	OPT_END,
};
/* clang-format on */

/* ---- for people ---- */

/* The protocols' script is long, and always the same. */
static void put_step(struct str *out, const struct term *step)
{
	const struct term *protocols = instruction_protocols(step);

	str_clear(out);
	if (!protocols) {
		term_print(out, step);
		return;
	}
	str_adds(out, "% consolidated protocols of ");
	term_print(out, term_proplist_get(protocols, "to"));
	str_adds(out, ", loading ");
	term_print(out, term_proplist_get(protocols, "modules"));
}

static void print_terms(const struct term *steps)
{
	owned_str struct str text = STR_EMPTY;

	for (size_t i = 0; i < steps->seq.len; i++) {
		put_step(&text, term_at(steps, i));
		print("  %s\n", str_text(&text));
	}
}

static void print_words(const struct term *steps)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct names lines = plan_steps_text(&arena, steps);

	for (size_t i = 0; i < lines.len; i++)
		print("%s%4zu%s  %s\n", style_on(stdout, STYLE_DIM), i + 1, style_off(stdout),
		      lines.items[i]);
}

static void print_steps(const char *title, const char *from, const char *to,
			const struct term *steps, bool terms)
{
	if (steps->seq.len == 0)
		return;
	print("\n%s%s%s, %s to %s\n", style_on(stdout, STYLE_BOLD), title, style_off(stdout), from,
	      to);
	if (terms)
		print_terms(steps);
	else
		print_words(steps);
}

static void print_verdict(const struct plan *plan)
{
	static const enum style styles[] = { STYLE_GOOD, STYLE_WARN, STYLE_BAD, STYLE_BAD };

	print("\nverdict: %s%s%s%s\n", style_on(stdout, styles[plan->verdict]),
	      verdict_shown(plan->verdict), style_off(stdout),
	      plan->reversible ? ", reversible" : ", not reversible");
}

/* Which processes go on while their code is loaded, and why they can. */
static void print_quiet(const struct appups *appups)
{
	for (size_t i = 0; i < appups->len; i++) {
		struct names quiet = appups->items[i].quiet;

		if (quiet.len == 0)
			continue;
		print("\nloaded, nobody is suspended:");
		for (size_t j = 0; j < quiet.len; j++)
			print("%s %s", j ? "," : "", module_shown(quiet.items[j]));
		print(" (state, code_change and what they call in other changed modules stay as "
		      "they are)\n");
	}
}

static void print_plan(const struct plan *plan, bool verbose)
{
	const struct release *a = plan->diff->old_release, *b = plan->diff->new_release;

	print("%s %s to %s %s\n\n", a->name, a->vsn, b->name, b->vsn);
	print_changes(&(struct changes){ plan->diff, &plan->appups, verbose, false });
	print_quiet(&plan->appups);
	print_steps("up", a->vsn, b->vsn, plan->up, verbose);
	print_steps("down", b->vsn, a->vsn, plan->down, verbose);
	print_verdict(plan);
	print_reasons(&plan->reasons);
}

/* ---- files ---- */

static int write_term(struct arena *arena, const char *dir, const char *name,
		      const struct term *term, struct error *err)
{
	owned_str struct str text = STR_EMPTY;

	term_print_file(&text, term);
	return file_write(path_join(arena, dir, name), str_span(&text), 0644, err);
}

static int write_json(struct arena *arena, const char *dir, const struct plan *plan,
		      struct error *err)
{
	json_t *json = plan_json(plan);
	owned_mem char *text = json_dumps(json, JSON_INDENT(2));

	json_decref(json);
	if (!text)
		return error_set(err, ERROR_FAILED, "the plan cannot be written as JSON");
	return file_write(path_join(arena, dir, "plan.json"), span_of(text), 0644, err);
}

static int write_plan(struct arena *arena, const char *dir, const struct plan *plan,
		      struct error *err)
{
	if (dir_make(dir, err))
		return -1;
	for (size_t i = 0; i < plan->appups.len; i++) {
		const struct appup_made *made = &plan->appups.items[i];

		if (write_term(arena, dir, arena_printf(arena, "%s.appup", made->app->name),
			       made->term, err))
			return -1;
	}
	if (plan->relup && write_term(arena, dir, "relup", plan->relup, err))
		return -1;
	return write_json(arena, dir, plan, err);
}

/* ---- options ---- */

enum format { FORMAT_TEXT, FORMAT_MARKDOWN, FORMAT_JSON };

static int find_format(enum format *out, const struct call *call, const char *name,
		       struct error *err)
{
	static const char *const names[] = { "text", "markdown", "json" };

	if (!name) {
		*out = call->json ? FORMAT_JSON : FORMAT_TEXT;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			*out = (enum format)i;
			return 0;
		}
	}
	return error_set(err, ERROR_USAGE, "--format: want text, markdown or json, got \"%s\"",
			 name);
}

static int required(enum verdict *out, const char *name, struct error *err)
{
	*out = VERDICT_IMPOSSIBLE;
	if (!name)
		return 0;
	for (enum verdict v = VERDICT_HOT; v < VERDICT_IMPOSSIBLE; v++) {
		if (strcmp(name, verdict_name(v)) == 0) {
			*out = v;
			return 0;
		}
	}
	return error_set(err, ERROR_USAGE,
			 "--require: want hot, hot_with_warnings or restart, got \"%s\"", name);
}

/* ---- by way of others ---- */

struct journey {
	struct release **between;
	size_t between_len;
	struct plan_path path;
};

static void journey_done(struct journey *journey)
{
	for (size_t i = 0; i < journey->between_len; i++)
		release_free(journey->between[i]);
}
#define owned_journey owned(journey_done)

static int find_journey(struct journey *out, struct two_releases *two, const char *store,
			const struct plan_options *options, struct error *err)
{
	struct release **all;

	if (via_open(&out->between, &out->between_len, &two->arena, store, two->old_release,
		     two->new_release, err))
		return -1;
	all = arena_array(&two->arena, out->between_len + 2, struct release *);
	all[0] = two->old_release;
	for (size_t i = 0; i < out->between_len; i++)
		all[i + 1] = out->between[i];
	all[out->between_len + 1] = two->new_release;
	return plan_path_find(&out->path, &two->arena, all, out->between_len + 2, options, err);
}

static void print_journey(const struct journey *journey, bool verbose)
{
	const struct plan_path *path = &journey->path;

	if (path->len == 0) {
		print("\nno hot way by %zu release%s between them either\n", journey->between_len,
		      journey->between_len == 1 ? "" : "s");
		return;
	}
	print("\n%shot in %zu hops%s\n", style_on(stdout, STYLE_BOLD), path->len,
	      style_off(stdout));
	for (size_t i = 0; i < path->len; i++) {
		const struct plan *hop = path->hops[i];

		print("  %s to %s: %s, %s\n", hop->diff->old_release->vsn,
		      hop->diff->new_release->vsn, verdict_shown(hop->verdict),
		      hop->reversible ? "reversible" : "not reversible");
	}
	print_reasons(&path->reasons);
	for (size_t i = 0; i < path->len; i++) {
		print("\n");
		print_plan(path->hops[i], verbose);
	}
}

static json_t *journey_json(const struct plan_path *path)
{
	json_t *list = json_array();

	for (size_t i = 0; i < path->len; i++)
		json_array_append_new(list, plan_json(path->hops[i]));
	return list;
}

/* What is printed: the plan itself, or with the way round it. */
struct shown {
	enum format format;
	bool verbose;
	const struct plan *plan;
	const struct journey *journey; /* NULL: not looked for */
	struct release_commits commits;
};

static void print_all(const struct shown *shown, struct arena *arena)
{
	owned_str struct str text = STR_EMPTY;
	json_t *json;

	switch (shown->format) {
	case FORMAT_TEXT:
		print_plan(shown->plan, shown->verbose);
		if (shown->journey)
			print_journey(shown->journey, shown->verbose);
		release_commits_print(&shown->commits, shown->verbose);
		break;
	case FORMAT_MARKDOWN:
		plan_markdown(&text, arena, shown->plan);
		for (size_t i = 0; shown->journey && i < shown->journey->path.len; i++) {
			str_addf(&text, "\nHop %zu:\n\n", i + 1);
			plan_markdown(&text, arena, shown->journey->path.hops[i]);
		}
		release_commits_markdown(&text, &shown->commits);
		print_lines(stdout, str_span(&text));
		break;
	case FORMAT_JSON:
		json = plan_json(shown->plan);
		if (shown->journey)
			json_object_set_new(json, "via", journey_json(&shown->journey->path));
		if (shown->commits.from)
			json_object_set_new(json, "commits", release_commits_json(&shown->commits));
		print_json(json);
		break;
	}
}

/* ---- the command ---- */

/* Each hop into a folder of its own. */
static int write_journey(struct arena *arena, const char *dir, const struct plan_path *path,
			 struct error *err)
{
	for (size_t i = 0; i < path->len; i++) {
		const struct plan *hop = path->hops[i];
		const char *name = arena_printf(arena, "%s/%s-%s", dir, hop->diff->old_release->vsn,
						hop->diff->new_release->vsn);

		if (write_plan(arena, name, hop, err))
			return -1;
	}
	return 0;
}

static enum verdict worst_of(const struct plan *plan, const struct journey *journey)
{
	enum verdict worst = VERDICT_HOT;

	if (!journey || journey->path.len == 0)
		return plan->verdict;
	for (size_t i = 0; i < journey->path.len; i++)
		if (journey->path.hops[i]->verdict > worst)
			worst = journey->path.hops[i]->verdict;
	return worst;
}

/* Which commits lie between is looked for meanwhile. */
struct history {
	const struct two_releases *two;
	struct arena arena;
	struct release_commits commits;
};

static void history_done(struct history *history)
{
	arena_done(&history->arena);
}

static int find_history(void *context, struct error *err)
{
	struct history *history = context;

	(void)err;
	release_commits_find(&history->commits, &history->arena, history->two->old_release,
			     history->two->new_release);
	return 0;
}

static int make_plan(struct plan **out, struct two_releases *two, struct history *history,
		     const struct plan_options *options, struct error *err)
{
	struct beside beside = { .work = find_history, .context = history };
	struct error none;
	int ret;

	beside_begin(&beside);
	ret = plan_make(out, &two->arena, two->old_release, two->new_release, options, err);
	return beside_end(&beside, &none) || ret ? -1 : 0;
}

static int plan_run(const struct call *call, struct error *err)
{
	const struct plan_opts *opts = call->opts;
	owned_two_releases struct two_releases two = { 0 };
	owned(history_done) struct history history = { .two = &two };
	owned_journey struct journey journey = { 0 };
	struct plan_options options = { .appups = { .dir = opts->appups,
						    .suspend_always = opts->suspend_always },
					.allow = names_of_options(opts->allow) };
	struct shown shown = { .verbose = call->verbose };
	enum verdict limit, verdict;
	struct plan *plan;

	if (find_format(&shown.format, call, opts->format, err) ||
	    required(&limit, opts->require, err) || two_releases_open(&two, call, err) ||
	    make_plan(&plan, &two, &history, &options, err))
		return -1;
	shown.plan = plan;
	shown.commits = history.commits;
	if (opts->via && plan->verdict > VERDICT_HOT_WITH_WARNINGS) {
		if (find_journey(&journey, &two, opts->via, &options, err))
			return -1;
		shown.journey = &journey;
	}
	if (opts->out && (write_plan(&two.arena, opts->out, plan, err) ||
			  write_journey(&two.arena, opts->out, &journey.path, err)))
		return -1;
	print_all(&shown, &two.arena);
	verdict = worst_of(plan, shown.journey);
	if (verdict <= limit)
		return 0;
	error_set_(err, ERROR_REFUSED, "the verdict is %s, %s was wanted: %s",
		   verdict_name(verdict), opts->require, plan->reasons.items[0].message);
	return error_code(err, "verdict_too_weak");
}

/* clang-format off */
const struct command cmd_plan = {
	.name = "plan",
	.args = "OLD NEW",
	.summary = "Whether and how a running system can go from one release to another",
	.description =
		"Works out the appups and the relup from two releases (folders or tarballs), and says "
		"whether the upgrade can be done while the system runs. The verdict is hot, "
		"hot_with_warnings, restart or impossible, and comes with its reasons; each reason has "
		"a code that --allow takes. Nothing is changed in either release. With -v the steps are the "
		"relup's own terms, and all modules are listed. In the repository of the project it tells the commits "
		"that lie between the two. With --via, when there is no hot way, it is looked "
		"for in several hops over the releases of a store.",
	.examples =
		"relevo plan 1.0.0 1.1.0  # versions in the store of the project here\n"
		"relevo plan shop-1.0.0/ shop-1.1.0/\n"
		"relevo plan old.tar.gz new.tar.gz --require hot --json > plan.json  # for CI\n"
		"relevo plan old.tar.gz new.tar.gz --format markdown  # a comment for the review\n"
		"relevo plan shop-1.0.0.tar.gz shop-1.4.0.tar.gz --via releases/\n"
		"relevo plan old/ new/ --appups rel/appups --out plan/  # relup and appups as files\n",
	.group = "Upgrades",
	.args_min = 2,
	.args_max = 2,
	.options = plan_cli,
	.opts_size = sizeof(struct plan_opts),
	.run = plan_run,
};
/* clang-format on */
