// SPDX-License-Identifier: Apache-2.0
/* relevo plan OLD NEW: the verdict, its reasons, and the relup. */
#include "base/file.h"
#include "cmd/two_releases.h"
#include "upgrade/plan_text.h"

struct plan_opts {
	const char *appups;
	const char *out;
	const char *require;
	const char *format;
	struct option_list allow;
};

/* clang-format off */
static const struct option plan_cli[] = {
	OPT_TEXT(struct plan_opts, appups, 0, "appups", "DIR",
		 "appups written by hand: DIR/FROM-TO/APP.appup"),
	OPT_TEXT(struct plan_opts, out, 'o', "out", "DIR",
		 "write relup, APP.appup and plan.json into this folder"),
	OPT_TEXT(struct plan_opts, require, 0, "require", "VERDICT",
		 "exit 4 unless the verdict is this or better: hot, hot_with_warnings, restart"),
	OPT_TEXT(struct plan_opts, format, 0, "format", "FORMAT",
		 "text, markdown (a comment for a review) or json"),
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
		printf("  %s\n", str_text(&text));
	}
}

static void print_words(const struct term *steps)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct names lines = plan_steps_text(&arena, steps);

	for (size_t i = 0; i < lines.len; i++)
		printf("%s%4zu%s  %s\n", style_on(stdout, STYLE_DIM), i + 1, style_off(stdout),
		       lines.items[i]);
}

static void print_steps(const char *title, const char *from, const char *to,
			const struct term *steps, bool terms)
{
	if (steps->seq.len == 0)
		return;
	printf("\n%s%s%s, %s to %s\n", style_on(stdout, STYLE_BOLD), title, style_off(stdout),
	       from, to);
	if (terms)
		print_terms(steps);
	else
		print_words(steps);
}

static void print_verdict(const struct plan *plan)
{
	static const enum style styles[] = { STYLE_GOOD, STYLE_WARN, STYLE_BAD, STYLE_BAD };

	printf("\nverdict: %s%s%s%s\n", style_on(stdout, styles[plan->verdict]),
	       verdict_shown(plan->verdict), style_off(stdout),
	       plan->reversible ? ", reversible" : ", not reversible");
}

static void print_plan(const struct plan *plan, bool verbose)
{
	const struct release *a = plan->diff->old_release, *b = plan->diff->new_release;

	printf("%s %s to %s %s\n\n", a->name, a->vsn, b->name, b->vsn);
	print_changes(&(struct changes){ plan->diff, &plan->appups, verbose, false });
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

/* ---- the command ---- */

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

static void print_as(enum format format, struct arena *arena, const struct plan *plan, bool verbose)
{
	owned_str struct str text = STR_EMPTY;

	switch (format) {
	case FORMAT_TEXT:
		print_plan(plan, verbose);
		break;
	case FORMAT_MARKDOWN:
		plan_markdown(&text, arena, plan);
		fputs(str_text(&text), stdout);
		break;
	case FORMAT_JSON:
		print_json(plan_json(plan));
		break;
	}
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

static int plan_run(const struct call *call, struct error *err)
{
	const struct plan_opts *opts = call->opts;
	owned_two_releases struct two_releases two = { 0 };
	struct plan_options options = { .appups = { .dir = opts->appups },
					.allow = names_of_options(opts->allow) };
	enum format format;
	enum verdict worst;
	struct plan *plan;

	if (find_format(&format, call, opts->format, err) ||
	    required(&worst, opts->require, err) || two_releases_open(&two, call, err) ||
	    plan_make(&plan, &two.arena, two.old_release, two.new_release, &options, err) ||
	    (opts->out && write_plan(&two.arena, opts->out, plan, err)))
		return -1;
	print_as(format, &two.arena, plan, call->verbose);
	if (plan->verdict <= worst)
		return 0;
	return error_set(err, ERROR_REFUSED, "the verdict is %s, %s was wanted: %s",
			 verdict_name(plan->verdict), opts->require,
			 plan->reasons.items[0].message);
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
		"relup's own terms, and all modules are listed.",
	.examples =
		"relevo plan shop-1.0.0/ shop-1.1.0/\n"
		"relevo plan old.tar.gz new.tar.gz --require hot --json > plan.json  # for CI\n"
		"relevo plan old.tar.gz new.tar.gz --format markdown  # a comment for the review\n"
		"relevo plan old/ new/ --appups rel/appups --out plan/  # relup and appups as files\n",
	.group = "Upgrades",
	.args_min = 2,
	.args_max = 2,
	.options = plan_cli,
	.opts_size = sizeof(struct plan_opts),
	.run = plan_run,
};
/* clang-format on */
