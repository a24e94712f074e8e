// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/foresee.h"

#include "upgrade/node/answer.h"
#include "upgrade/node/names.h"
#include "upgrade/node/parcel.h"
#include "upgrade/node/session.h"
#include "upgrade/node/steps.h"
#include "upgrade/node/upgrade.h"

#include <inttypes.h>

enum { FORESEE_MS = 60000 };

static struct foreseen_refusals refusals_of(struct arena *arena, const struct terms *list)
{
	struct foreseen_refusal *items = arena_array(arena, list->len, struct foreseen_refusal);

	for (size_t i = 0; i < list->len; i++) {
		items[i].code = term_atom_name(term_at(list->items[i], 0));
		if (!term_get_text(term_at(list->items[i], 1), arena, &items[i].message))
			items[i].message = "";
	}
	return (struct foreseen_refusals){ items, list->len };
}

/* ---- processes ---- */

static const char *module_name(const struct term *term)
{
	const char *name = term_atom_name(term);

	return name ? name : "";
}

static bool read_process(struct foreseen_process *out, struct arena *arena,
			 const struct term *process)
{
	const char **fields[] = { &out->pid, &out->name, &out->began, &out->in, &out->where };

	if (!term_is_tuple(process, ARRAY_LEN(fields)))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (!term_get_text(term_at(process, i), arena, fields[i]))
			return false;
	return true;
}

/* Processes, or {Module, Process} each. */
static struct foreseen_processes processes_of(struct arena *arena, const struct term *list)
{
	struct foreseen_process *items = arena_array(arena, list->seq.len, struct foreseen_process);
	size_t len = 0;

	for (size_t i = 0; i < list->seq.len; i++) {
		const struct term *entry = term_at(list, i);
		bool pair = term_is_tuple(entry, 2);

		items[len].module = pair ? module_name(term_at(entry, 0)) : "";
		len += read_process(&items[len], arena, pair ? term_at(entry, 1) : entry);
	}
	return (struct foreseen_processes){ items, len };
}

static void read_groups(struct foreseen *out, struct arena *arena, const struct term *list)
{
	struct foreseen_group *items = arena_array(arena, list->seq.len, struct foreseen_group);

	for (size_t i = 0; i < list->seq.len; i++) {
		const struct term *entry = term_at(list, i);
		struct foreseen_group *item = &items[out->groups_len];

		if (!term_is_tuple(entry, 5) ||
		    !term_get_integer(term_at(entry, 1), &item->count) ||
		    !term_get_integer(term_at(entry, 2), &item->answer_us) ||
		    !term_get_integer(term_at(entry, 3), &item->queue) ||
		    !term_get_integer(term_at(entry, 4), &item->bytes))
			continue;
		item->module = module_name(term_at(entry, 0));
		out->groups_len++;
	}
	out->groups = items;
}

/* What the plan says of the module's pages or channels. */
static bool loses_state(const struct upgrade *u, const char *module)
{
	const struct carried_plan *plan = carried_from(&u->bundle->plans, u->running->vsn);

	for (size_t i = 0; plan && i < plan->reasons.len; i++) {
		const struct reason *reason = &plan->reasons.items[i];

		if (reason->code == REASON_state_shape_changed && reason->module &&
		    strcmp(reason->module, module) == 0)
			return true;
	}
	return false;
}

/* [{Module, HowMany, suspended | runs}] */
static void read_pages(struct foreseen *out, const struct upgrade *u, const struct term *list)
{
	struct foreseen_pages *items = arena_array(u->arena, list->seq.len, struct foreseen_pages);

	for (size_t i = 0; i < list->seq.len; i++) {
		const struct term *entry = term_at(list, i);
		struct foreseen_pages *item = &items[out->pages_len];

		if (!term_is_tuple(entry, 3) || !term_get_integer(term_at(entry, 1), &item->count))
			continue;
		item->module = module_name(term_at(entry, 0));
		item->suspended = term_is_atom(term_at(entry, 2), "suspended");
		item->loses_state = loses_state(u, item->module);
		out->pages_len++;
	}
	out->pages = items;
}

static const struct term *steps_of(const struct upgrade *u)
{
	const struct term *steps = bundle_up(u->bundle, u->arena, u->running->vsn);

	return steps ? steps : &term_nil;
}

static bool changes_state(const struct term *steps)
{
	for (size_t i = 0; i < steps->seq.len; i++) {
		const struct term *step = term_at(steps, i);

		if (step->kind == TERM_TUPLE && step->seq.len > 0 &&
		    term_is_atom(term_at(step, 0), "code_change"))
			return true;
	}
	return false;
}

static int look_at_processes(struct foreseen *out, struct upgrade *u, struct error *err)
{
	const struct term *answer, *loaded, *suspended;

	if (steps_pack_loaded(&loaded, u->arena, steps_of(u), err) ||
	    steps_pack_suspended(&suspended, u->arena, steps_of(u), err))
		return -1;
	const struct binding bindings[] = {
		{ "LoadedOver", loaded },
		{ "Suspended", suspended },
		{ "Changes", term_atom(u->arena, changes_state(steps_of(u)) ? "true" : "false") },
	};

	if (node_run(&answer, NULL, u->node, u->arena, SCRIPT_foresee, bindings,
		     ARRAY_LEN(bindings), deadline_in(FORESEE_MS), err))
		return -1;
	out->silent = processes_of(u->arena, answer_list(answer, "silent"));
	out->lingering = processes_of(u->arena, answer_list(answer, "lingering"));
	out->suspends = answer_number(answer, "suspends");
	out->suspended_us = answer_number(answer, "us");
	read_groups(out, u->arena, answer_list(answer, "groups"));
	out->free_bytes = answer_number_or(answer, "free", -1);
	read_pages(out, u, answer_list(answer, "pages"));
	return 0;
}

static int look_for_funs(struct foreseen *out, struct upgrade *u, struct error *err)
{
	const struct term *answer, *list, *loaded;
	struct foreseen_fun *items;

	if (steps_pack_loaded(&loaded, u->arena, steps_of(u), err) ||
	    node_run(&answer, NULL, u->node, u->arena, SCRIPT_funs,
		     (const struct binding[]){ { "LoadedOver", loaded } }, 1,
		     deadline_in(FORESEE_MS), err))
		return -1;
	list = answer_list(answer, "found");
	items = arena_array(u->arena, list->seq.len, struct foreseen_fun);
	for (size_t i = 0; i < list->seq.len; i++) {
		const struct term *entry = term_at(list, i);
		struct foreseen_fun *item = &items[out->funs_len];

		if (!term_is_tuple(entry, 3) ||
		    !term_get_text(term_at(entry, 2), u->arena, &item->holder))
			continue;
		item->module = module_name(term_at(entry, 0));
		item->place = module_name(term_at(entry, 1));
		out->funs_len++;
	}
	out->funs = items;
	out->looked = answer_number(answer, "looked");
	out->left = answer_number(answer, "left");
	return 0;
}

/* ---- configuration ---- */

/* By its own code or scripts, on the node. */
static bool is_evaluated(struct arena *arena, const struct bundle *bundle)
{
	const char *source = arena_printf(arena, "releases/%s/sys.config.src", bundle->vsn);
	const struct term *elixir =
		bundle->config ? term_proplist_get(bundle->config, "elixir") : NULL;

	for (size_t i = 0; i < bundle->files_len; i++)
		if (strcmp(bundle->files[i].path, source) == 0)
			return true;
	return elixir && term_is_list(elixir) && term_proplist_get(elixir, "config_provider_init");
}

static void refuse_config(struct upgrade *u, const struct term *answer, struct terms *refusals)
{
	const struct term *reason =
		term_is_tagged(answer, "error", 2) ? term_at(answer, 1) : answer;
	owned_str struct str text = STR_EMPTY;
	const char *what;

	if (!term_is_tagged(reason, "config", 3) ||
	    !term_get_text(term_at(reason, 2), u->arena, &what)) {
		rpc_reason(&text, reason);
		what = str_text(&text);
	}
	terms_add(
		u->arena, refusals,
		refusal_term(u->arena, "config_impossible",
			     arena_printf(u->arena,
					  "the configuration of %s cannot be made on the node: %s",
					  u->bundle->vsn, what)));
}

static int look_at_config(struct foreseen *out, struct upgrade *u, const struct parcel *parcel,
			  struct terms *refusals, struct error *err)
{
	int64_t timeout_ms = u->options->move.config_timeout_ms;
	const struct term *answer;
	const char *dir = "";
	bool away = parcel->file && is_evaluated(u->arena, u->bundle);

	if (away && upgrade_bring(&dir, u, parcel, err))
		return -1;
	if (away && !*dir) {
		terms_add(u->arena, refusals,
			  refusal_term(u->arena, "config_impossible",
				       "its configuration cannot be evaluated: the node "
				       "has no folder for temporary files"));
		return 0;
	}
	const struct binding bindings[] = {
		{ "Vsn", term_string(u->arena, u->bundle->vsn) },
		{ "Apps", u->bundle->apps },
		{ "Shipped", u->bundle->config ? u->bundle->config : &term_nil },
		{ "Brought", term_string(u->arena, dir) },
		{ "Copies", parcel->file ? parcel->copies : &term_nil },
		{ "ConfigTimeout", term_integer(u->arena, timeout_ms) },
		{ "ShowValues", term_atom(u->arena, u->options->show_values ? "true" : "false") },
	};

	if (node_run(&answer, NULL, u->node, u->arena, SCRIPT_changes, bindings,
		     ARRAY_LEN(bindings), deadline_in(FORESEE_MS + timeout_ms), err))
		return -1;
	if (term_is_tagged(answer, "ok", 2))
		out->config = config_changes_read(u->arena, term_at(answer, 1));
	else
		refuse_config(u, answer, refusals);
	return 0;
}

/* ---- files ---- */

static int look_at_files(struct foreseen *out, struct parcel *parcel, struct upgrade *u,
			 struct error *err)
{
	bool there;

	out->release_bytes = u->bundle->size;
	if (upgrade_is_there(&there, u, err))
		return -1;
	if (there)
		return 0;
	if (parcel_pack(parcel, u->node, u->arena, u->bundle, &u->releases, &u->same, err))
		return -1;
	out->lacked_bytes = parcel->size;
	out->needed_bytes = parcel->size + parcel->room;
	return 0;
}

static bool has_room(const struct foreseen *found, struct terms *refusals, struct arena *arena)
{
	if (found->free_bytes < 0 || found->free_bytes >= found->needed_bytes)
		return true;
	terms_add(arena, refusals,
		  refusal_term(arena, "no_room",
			       arena_printf(arena,
					    "no room on the disk: %" PRId64 " MB are free, "
					    "%" PRId64 " MB are needed",
					    found->free_bytes >> 20,
					    (found->needed_bytes >> 20) + 1)));
	return false;
}

/* As an installation would, when it has waited for them. */
static void refuse_silent(const struct foreseen *found, const struct upgrade *u,
			  struct terms *refusals)
{
	const struct foreseen_process *one = found->silent.items;

	if (found->silent.len > 0 && !upgrade_allows_silent(u))
		terms_add(u->arena, refusals,
			  refusal_term(u->arena, "process_silent",
				       arena_printf(u->arena,
						    "%zu of the processes that are suspended do "
						    "not answer, %s%s%s for one",
						    found->silent.len, one->pid,
						    *one->name ? " " : "", one->name)));
}

static int look(struct foreseen *out, struct upgrade *u, struct terms *refusals, struct error *err)
{
	owned_parcel struct parcel parcel = { .file = NULL };

	if (look_at_processes(out, u, err))
		return -1;
	refuse_silent(out, u, refusals);
	if (look_for_funs(out, u, err) || look_at_files(out, &parcel, u, err))
		return -1;
	if (!has_room(out, refusals, u->arena) || refusals->len > 0)
		return 0;
	return look_at_config(out, u, &parcel, refusals, err);
}

int node_foresee(struct foreseen *out, struct node *node, struct arena *arena,
		 const struct bundle *bundle, const struct install_options *options,
		 struct error *err)
{
	struct upgrade u = { .node = node,
			     .arena = arena,
			     .options = options,
			     .bundle = bundle,
			     .only_looks = true };
	struct foreseen found = { .name = bundle->name, .vsn = bundle->vsn };
	struct terms refusals = { 0 };

	if (upgrade_peek(&u, err) || names_fit(node, bundle, err) ||
	    preflight_faults(&refusals, &u, err))
		return -1;
	found.from = u.running->vsn;
	found.already = strcmp(found.from, found.vsn) == 0;
	if (!found.already && look(&found, &u, &refusals, err))
		return -1;
	found.notes = (struct foreseen_texts){ u.notes, u.notes_len };
	found.refusals = refusals_of(arena, &refusals);
	*out = found;
	return 0;
}
