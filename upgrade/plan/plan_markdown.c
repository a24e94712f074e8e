// SPDX-License-Identifier: Apache-2.0
#include "upgrade/plan/plan_text.h"

/* What stands in a cell of a table must not end it, nor mean something. */
void markdown_put_text(struct str *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("|<>*_`[]\\", *text))
			str_addc(out, '\\');
		str_addc(out, *text == '\n' ? ' ' : *text);
	}
}

static void put_reasons(struct str *out, const struct reasons *reasons)
{
	static const char *const marks[] = { "", "**warn**", "**restart**", "**impossible**" };

	if (reasons->len == 0)
		return;
	str_adds(out, "\n| | reason | what was seen |\n|---|---|---|\n");
	for (size_t i = 0; i < reasons->len; i++) {
		const struct reason *reason = &reasons->items[i];

		str_addf(out, "| %s | `%s` | ",
			 reason->allowed                     ? "allowed"
			 : reason->severity == SEVERITY_INFO ? "info"
							     : marks[reason->severity],
			 reason_name(reason->code));
		markdown_put_text(out, reason->message);
		if (reason->hint) {
			str_adds(out, "<br>");
			markdown_put_text(out, reason->hint);
		}
		str_adds(out, " |\n");
	}
}

static void put_app(struct str *out, const struct app_diff *app)
{
	const char *old_vsn = app_diff_old_vsn(app), *new_vsn = app_diff_new_vsn(app);
	size_t counts[4] = { 0 };

	str_adds(out, "| ");
	markdown_put_text(out, app->name);
	str_addf(out, " | %s | %s | %s | ", old_vsn ? old_vsn : "", new_vsn ? new_vsn : "",
		 change_name(app->change));
	for (size_t i = 0; i < app->modules.len; i++)
		counts[app->modules.items[i].change]++;
	for (size_t i = CHANGE_ADDED; i <= CHANGE_CHANGED; i++)
		if (counts[i] > 0)
			str_addf(out, "%zu %s ", counts[i], change_name((enum change)i));
	for (size_t i = 0; i < app->modules.len && i < 8; i++) {
		str_adds(out, i ? ", " : "(");
		markdown_put_text(out, module_shown(app->modules.items[i].name));
	}
	if (app->modules.len > 0)
		str_adds(out, app->modules.len > 8 ? ", …)" : ")");
	str_adds(out, " |\n");
}

static void put_apps(struct str *out, const struct diff *diff)
{
	size_t same = 0;

	for (size_t i = 0; i < diff->len; i++)
		same += diff->apps[i].change == CHANGE_SAME;
	if (same < diff->len)
		str_adds(out, "\n| application | old | new | change | modules "
			      "|\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < diff->len; i++)
		if (diff->apps[i].change != CHANGE_SAME)
			put_app(out, &diff->apps[i]);
	str_addf(out, "\n%zu application%s the same.\n", same, same == 1 ? " is" : "s are");
}

static void put_steps(struct str *out, struct arena *arena, const char *title,
		      const struct term *steps)
{
	struct names lines = plan_steps_text(arena, steps);

	if (lines.len == 0)
		return;
	str_addf(out, "\n<details><summary>%s: %zu steps</summary>\n\n", title, lines.len);
	for (size_t i = 0; i < lines.len; i++) {
		str_addf(out, "%zu. ", i + 1);
		markdown_put_text(out, lines.items[i]);
		str_addc(out, '\n');
	}
	str_adds(out, "\n</details>\n");
}

void plan_markdown(struct str *out, struct arena *arena, const struct plan *plan)
{
	const struct release *a = plan->diff->old_release, *b = plan->diff->new_release;

	str_adds(out, "### ");
	markdown_put_text(out, b->name);
	str_addf(out, " %s → %s: **%s**, %s\n", a->vsn, b->vsn, verdict_shown(plan->verdict),
		 plan->reversible ? "reversible" : "not reversible");
	put_reasons(out, &plan->reasons);
	put_apps(out, plan->diff);
	put_steps(out, arena, "Up", plan->up);
	put_steps(out, arena, "Down", plan->down);
}
