// SPDX-License-Identifier: Apache-2.0
#include "cmd/two_releases.h"

int two_releases_open(struct two_releases *out, const struct call *call, struct error *err)
{
	owned_release struct release *old_release = NULL, *new_release = NULL;

	if (release_open(&old_release, call->argv[0], err) ||
	    release_open(&new_release, call->argv[1], err))
		return -1;
	out->old_release = steal(&old_release);
	out->new_release = steal(&new_release);
	return 0;
}

void two_releases_done(struct two_releases *two)
{
	arena_done(&two->arena);
	release_free(two->old_release);
	release_free(two->new_release);
}

struct names names_of_options(struct option_list list)
{
	return (struct names){ list.items, list.len };
}

/* ---- changes ---- */

/* "update advanced": the first words of an instruction. */
static const char *in_short(struct arena *arena, const struct term *instruction)
{
	const char *tag = term_atom_name(term_at(instruction, 0)), *change = NULL;
	const struct term *third;

	if (instruction->seq.len > 2 && tag && strcmp(tag, "update") == 0) {
		third = term_at(instruction, 2);
		if (third->kind == TERM_TUPLE && third->seq.len > 0)
			third = term_at(third, 0);
		change = term_atom_name(third);
	}
	return arena_printf(arena, "%s%s%s", tag ? tag : "?", change ? " " : "",
			    change ? change : "");
}

static const char *what_happens(struct arena *arena, const struct appups *appups,
				const struct app_diff *app, const struct module_diff *module)
{
	const struct appup_made *made = appups ? appups_find(appups, app->name) : NULL;
	const struct term *instruction = made ? script_find(made->up, module->name) : NULL;

	if (instruction)
		return in_short(arena, instruction);
	if (made && !instruction)
		return "with the protocols";
	return NULL;
}

static void print_app(struct table *table, struct arena *arena, const struct app_diff *app,
		      const struct appups *appups)
{
	const char *old_vsn = app_diff_old_vsn(app), *new_vsn = app_diff_new_vsn(app);
	const char *versions = old_vsn && new_vsn && strcmp(old_vsn, new_vsn) != 0
				       ? arena_printf(arena, "%s to %s", old_vsn, new_vsn)
				       : arena_printf(arena, "%s", new_vsn ? new_vsn : old_vsn);

	table_row(table, app->name, versions, change_name(app->change), NULL);
	for (size_t i = 0; i < app->modules.len; i++) {
		const struct module_diff *module = &app->modules.items[i];

		table_row(table, arena_printf(arena, "  %s", module->name), NULL,
			  change_name(module->change), what_happens(arena, appups, app, module));
	}
	for (size_t i = 0; i < app->priv.len; i++)
		table_row(table, arena_printf(arena, "  priv/%s", app->priv.items[i]), NULL,
			  "changed", NULL);
}

static const char *yes(bool changed)
{
	return changed ? "changed" : "same";
}

void print_changes(const struct diff *diff, const struct appups *appups)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_table struct table *table = table_new(4);
	size_t same = 0;

	table_row(table, "APPLICATION", "VERSION", "CHANGE", appups ? "INSTRUCTION" : NULL);
	for (size_t i = 0; i < diff->len; i++) {
		if (diff->apps[i].change == CHANGE_SAME)
			same++;
		else
			print_app(table, &arena, &diff->apps[i], appups);
	}
	if (same < diff->len)
		table_print(table, stdout, "", true);
	printf("%zu application%s the same", same, same == 1 ? " is" : "s are");
	printf("; sys.config: %s; vm.args: %s; consolidated protocols: %zu changed\n",
	       yes(diff->sys_config_changed), yes(diff->vm_args_changed), diff->protocols.len);
}

/* ---- reasons ---- */

static enum style style_of(const struct reason *reason)
{
	static const enum style styles[] = { STYLE_DIM, STYLE_WARN, STYLE_BAD, STYLE_BAD };

	return reason->allowed ? STYLE_DIM : styles[reason->severity];
}

void print_reasons(const struct reasons *reasons)
{
	for (size_t i = 0; i < reasons->len; i++) {
		const struct reason *reason = &reasons->items[i];

		printf("%s%-10s%s %s: %s\n", style_on(stdout, style_of(reason)),
		       reason->allowed ? "allowed" : severity_name(reason->severity),
		       style_off(stdout), reason_name(reason->code), reason->message);
		if (reason->hint)
			printf("%-10s   %s\n", "", reason->hint);
	}
}
