// SPDX-License-Identifier: Apache-2.0
#include "cmd/two_releases.h"

#include "cmd/release_arg.h"
#include "erlang/code/code_report.h"

int two_releases_open(struct two_releases *out, const struct call *call, struct error *err)
{
	const char *paths[2];

	if (release_arg(&paths[0], &out->arena, call->argv[0], err) ||
	    release_arg(&paths[1], &out->arena, call->argv[1], err) ||
	    release_open_two(&out->old_release, &out->new_release, paths, err))
		return -1;
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

enum { MODULES_SHOWN = 12, FILES_SHOWN = 4 };

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

static const char *what_happens(struct arena *arena, const struct changes *changes,
				const struct app_diff *app, const struct module_diff *module)
{
	const struct appup_made *made =
		changes->appups ? appups_find(changes->appups, app->name) : NULL;
	const struct term *instruction = made ? appup_instruction(made, false, module->name) : NULL;

	if (instruction)
		return in_short(arena, instruction);
	if (!made)
		return NULL;
	if (appup_restarts(made))
		return "restart";
	return names_have(changes->diff->new_protocols, module->name) ? "with the protocols"
								      : "none";
}

static const char *module_change(struct arena *arena, const struct module_diff *module)
{
	const struct beam_facts *facts = module->new_facts ? module->new_facts : module->old_facts;
	struct names roles = beam_roles(facts, arena);
	owned_str struct str text = STR_EMPTY;

	str_adds(&text, change_name(module->change));
	if (module->change == CHANGE_CHANGED)
		str_addf(&text, ": %s", change_kinds(arena, module->kinds));
	for (size_t i = 0; i < roles.len; i++)
		str_addf(&text, "%s%s", i ? ", " : " (", roles.items[i]);
	str_adds(&text, roles.len ? ")" : "");
	return arena_dup(arena, str_span(&text));
}

static void print_more(struct table *table, struct arena *arena, size_t left, const char *what)
{
	if (left > 0)
		table_row(table, arena_printf(arena, "  and %zu more %s", left, what), NULL, NULL,
			  NULL);
}

/* All of `len`, or the first ones when they are more than a few. */
static size_t shown_of(const struct changes *changes, size_t len, size_t few)
{
	return changes->all || len <= few + 1 ? len : few;
}

static void print_modules(struct table *table, struct arena *arena, const struct changes *changes,
			  const struct app_diff *app)
{
	size_t shown = shown_of(changes, app->modules.len, MODULES_SHOWN);

	for (size_t i = 0; i < shown; i++) {
		const struct module_diff *module = &app->modules.items[i];

		table_row(table, arena_printf(arena, "  %s", module_shown(module->name)), NULL,
			  module_change(arena, module), what_happens(arena, changes, app, module));
		for (size_t j = 0; changes->functions && j < module->functions.len; j++)
			table_row(table, arena_printf(arena, "    %s", module->functions.items[j]),
				  NULL, NULL, NULL);
	}
	print_more(table, arena, app->modules.len - shown, "modules");
}

static void print_app(struct table *table, struct arena *arena, const struct changes *changes,
		      const struct app_diff *app)
{
	const char *old_vsn = app_diff_old_vsn(app), *new_vsn = app_diff_new_vsn(app);
	const char *versions = old_vsn && new_vsn && strcmp(old_vsn, new_vsn) != 0
				       ? arena_printf(arena, "%s to %s", old_vsn, new_vsn)
				       : arena_printf(arena, "%s", new_vsn ? new_vsn : old_vsn);
	size_t files = shown_of(changes, app->priv.len, FILES_SHOWN);

	table_row(table, app->name, versions, change_name(app->change), NULL);
	print_modules(table, arena, changes, app);
	for (size_t i = 0; i < files; i++)
		table_row(table, arena_printf(arena, "  priv/%s", app->priv.items[i]), NULL,
			  "changed", NULL);
	print_more(table, arena, app->priv.len - files, "files below priv");
}

static const char *yes(bool changed)
{
	return changed ? "changed" : "same";
}

void print_changes(const struct changes *changes)
{
	const struct diff *diff = changes->diff;
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_table struct table *table = table_new(4);
	owned_str struct str rest = STR_EMPTY;
	size_t same = 0;

	table_row(table, "APPLICATION", "VERSION", "CHANGE",
		  changes->appups ? "INSTRUCTION" : NULL);
	for (size_t i = 0; i < diff->len; i++) {
		if (diff->apps[i].change == CHANGE_SAME)
			same++;
		else
			print_app(table, &arena, changes, &diff->apps[i]);
	}
	if (same < diff->len)
		table_print(table, stdout, "", true);
	str_addf(&rest, "%zu application%s the same", same, same == 1 ? " is" : "s are");
	str_addf(&rest, "; sys.config: %s; vm.args: %s; consolidated protocols: %zu changed",
		 yes(diff->sys_config_changed), yes(diff->vm_args_changed), diff->protocols.len);
	print_wrapped(stdout, str_text(&rest), 0, 0, output_width(stdout));
}

/* ---- reasons ---- */

static enum style style_of(const struct reason *reason)
{
	static const enum style styles[] = { STYLE_DIM, STYLE_WARN, STYLE_BAD, STYLE_BAD };

	return reason->allowed ? STYLE_DIM : styles[reason->severity];
}

void print_reasons(const struct reasons *reasons)
{
	enum { INDENT = 13 };
	owned_arena struct arena arena = ARENA_EMPTY;

	for (size_t i = 0; i < reasons->len; i++) {
		const struct reason *reason = &reasons->items[i];

		print("%s%-10s%s ", style_on(stdout, style_of(reason)),
		      reason->allowed ? "allowed" : severity_name(reason->severity),
		      style_off(stdout));
		print_wrapped(
			stdout,
			arena_printf(&arena, "%s: %s", reason_name(reason->code), reason->message),
			INDENT - 2, INDENT, output_width(stdout));
		if (!reason->hint)
			continue;
		print("%*s%s", INDENT, "", style_on(stdout, STYLE_DIM));
		print_wrapped(stdout, reason->hint, INDENT, INDENT, output_width(stdout));
		print("%s", style_off(stdout));
	}
}
