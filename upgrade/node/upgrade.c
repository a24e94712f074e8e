// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/upgrade.h"

#include "upgrade/node/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SETTLE_MS = 5000, POLL_MS = 200 };

static const char *const step_names[] = {
#define X(name) [STEP_##name] = #name,
	INSTALL_STEPS(X)
#undef X
};

const char *install_step_name(enum install_step step)
{
	return step_names[step];
}

void upgrade_step(const struct upgrade *upgrade, enum install_step step, const char *format, ...)
{
	owned_str struct str text = STR_EMPTY;
	va_list args;

	if (!upgrade->options->step)
		return;
	va_start(args, format);
	str_addv(&text, format, args);
	va_end(args);
	upgrade->options->step(upgrade->options->context, step, str_text(&text));
}

void upgrade_note(struct upgrade *upgrade, const char *format, ...)
{
	owned_str struct str text = STR_EMPTY;
	va_list args;

	va_start(args, format);
	str_addv(&text, format, args);
	va_end(args);
	upgrade->notes =
		arena_grow(upgrade->arena, upgrade->notes, upgrade->notes_len, &upgrade->notes_cap);
	upgrade->notes[upgrade->notes_len++] = arena_dup(upgrade->arena, str_span(&text));
}

int upgrade_refuse(const struct upgrade *upgrade, struct error *err, const char *format, ...)
{
	owned_str struct str text = STR_EMPTY;
	va_list args;

	va_start(args, format);
	str_addv(&text, format, args);
	va_end(args);
	error_set_(err, ERROR_REFUSED, "%s", str_text(&text));
	return error_hint(err, "Nothing was changed; %s still runs %s %s.",
			  node_name(upgrade->node), upgrade->running->name, upgrade->running->vsn);
}

int upgrade_end(struct error *err, enum error_kind kind, const char *now, const char *format, ...)
{
	owned_str struct str text = STR_EMPTY;
	va_list args;

	va_start(args, format);
	str_addv(&text, format, args);
	va_end(args);
	error_set_(err, kind, "%s", str_text(&text));
	return error_hint(err, "%s", now);
}

int upgrade_failed(const struct upgrade *upgrade, struct error *err)
{
	if (err->kind != ERROR_UNREACHABLE && err->kind != ERROR_FAILED)
		return -1;
	if (upgrade->running && !strchr(err->text, '\n'))
		error_hint_(err, "%s ran %s when it was last seen.", node_name(upgrade->node),
			    upgrade->running->vsn);
	return error_hint(err,
			  "The same command again finds out what it is and goes on from there.");
}

static int take_releases(struct upgrade *upgrade, struct error *err)
{
	upgrade->running = releases_running(&upgrade->releases);
	upgrade->permanent = releases_permanent(&upgrade->releases);
	if (!upgrade->releases.sasl || !upgrade->running || !upgrade->permanent) {
		error_set_(err, ERROR_REFUSED,
			   "%s: sasl does not run there, so its releases cannot "
			   "be handled; nothing was changed",
			   node_name(upgrade->node));
		return error_hint(err,
				  "Put sasl into the release; releases that relevo builds have "
				  "it.");
	}
	return 0;
}

int upgrade_look_again(struct upgrade *upgrade, struct error *err)
{
	if (node_settle(&upgrade->releases, upgrade->node, upgrade->arena,
			deadline_in(upgrade->options->move.timeout_ms), err))
		return -1;
	return take_releases(upgrade, err);
}

static void note_recovered(struct upgrade *upgrade, const struct term *what, const char *vsn)
{
	if (term_is_atom(what, "config"))
		upgrade_note(upgrade,
			     "releases/%s/sys.config was put back after an upgrade that was cut "
			     "short",
			     vsn);
	else
		upgrade_note(upgrade, "the records say %s again, which runs: they were cut short",
			     vsn);
}

/* What a crash left between two states; see recover.erl. */
static int recover(struct upgrade *upgrade, struct error *err)
{
	const struct term *answer;
	const char *vsn;

	if (node_run(&answer, NULL, upgrade->node, upgrade->arena, SCRIPT_recover, NULL, 0,
		     node_work_deadline(upgrade->node), err))
		return -1;
	for (size_t i = 0; term_is_list(answer) && i < answer->seq.len; i++) {
		const struct term *each = term_at(answer, i);

		if (term_is_tuple(each, 2) && term_get_text(term_at(each, 1), upgrade->arena, &vsn))
			note_recovered(upgrade, term_at(each, 0), vsn);
	}
	return 0;
}

int upgrade_check_trouble(const struct upgrade *upgrade, enum way_out leads, struct error *err)
{
	const struct node_trouble *trouble = upgrade->releases.trouble;
	const char *node = node_name(upgrade->node);

	if (!trouble || (leads != WAY_NONE && trouble->way == leads))
		return 0;
	upgrade_end(err, ERROR_STUCK,
		    arena_printf(upgrade->arena, "Nothing was changed; %s runs %s %s.  %s", node,
				 upgrade->running->name, upgrade->running->vsn,
				 trouble_way(trouble, upgrade->node, upgrade->arena)),
		    "%s: %s (%s)", node, trouble->text, trouble->name);
	return error_code(err, trouble->name);
}

int upgrade_peek(struct upgrade *upgrade, struct error *err)
{
	upgrade_step(upgrade, STEP_look, "looking at %s", node_name(upgrade->node));
	if (node_releases(&upgrade->releases, upgrade->node, upgrade->arena, err))
		return -1;
	if ((upgrade->releases.busy || upgrade->releases.starting ||
	     upgrade->releases.going_down) &&
	    upgrade_look_again(upgrade, err))
		return -1;
	if (!upgrade->releases.trouble &&
	    node_shared(&upgrade->releases.trouble, upgrade->node, upgrade->arena, err))
		return -1;
	return take_releases(upgrade, err);
}

int upgrade_look(struct upgrade *upgrade, struct error *err)
{
	const struct install_options *options = upgrade->options;

	node_be_patient(upgrade->node, options->move.timeout_ms, options->waiting,
			options->context);
	if (node_lock(upgrade->node, node_work_deadline(upgrade->node), err))
		return -1;
	upgrade_step(upgrade, STEP_recover, "putting back what an earlier upgrade left aside");
	return recover(upgrade, err) ? -1 : upgrade_peek(upgrade, err);
}

int upgrade_move(enum move_outcome *out, const char **why, struct upgrade *u, const char *vsn,
		 struct error *err)
{
	if (!u->options->restart)
		return node_move(out, &u->pauses, why, u->node, u->arena, vsn, &u->options->move,
				 err);
	upgrade_step(u, STEP_restart, "restarting the VM, which %s will start again, into %s",
		     u->releases.keeper, vsn);
	return node_restart(out, why, u->node, u->arena, vsn, &u->options->move, err);
}

/* The answer of manifest.erl: modules, or the text. */
static int read_manifest(struct bundle *out, struct arena *arena, const struct term *answer,
			 struct error *err)
{
	const struct term *manifest;

	if (answer->kind != TERM_BINARY)
		return error_set(err, ERROR_INVALID, "an answer of another shape");
	if (term_decode(&manifest, arena, answer->text, TERM_LIMITS_NODE, NULL, err))
		return -1;
	if (manifest->kind == TERM_BINARY)
		return bundle_parse_manifest(out, arena, manifest->text, "relevo.manifest.json",
					     err);
	return bundle_take_modules(out, arena, manifest, err);
}

int upgrade_manifest(const struct bundle **out, struct upgrade *u, const char *vsn,
		     struct error *err)
{
	struct bundle *bundle = arena_new(u->arena, struct bundle);
	const struct term *answer;

	if (u->manifest && strcmp(u->manifest->vsn, vsn) == 0) {
		*out = u->manifest;
		return 0;
	}
	if (node_run(&answer, NULL, u->node, u->arena, SCRIPT_manifest,
		     (const struct binding[]){ { "Vsn", term_string(u->arena, vsn) } }, 1,
		     node_deadline(u->node), err))
		return -1;
	if (answer->kind == TERM_BINARY && answer->text.len == 0) {
		*out = NULL;
		return 0;
	}
	if (read_manifest(bundle, u->arena, answer, err))
		return error_wrap(err, "the manifest that the node has");
	bundle->vsn = arena_printf(u->arena, "%s", vsn);
	*out = u->manifest = bundle;
	return 0;
}

int upgrade_other_build(const char **out, bool *known, struct upgrade *u, struct error *err)
{
	struct bundle manifest = { .file = NULL };
	const char *vsn = u->bundle->vsn, *digest;
	struct span text;

	*out = NULL;
	if (node_manifest_digest(&digest, u->node, u->arena, vsn, err))
		return -1;
	if (known)
		*known = *digest != '\0';
	if (!*digest || strcmp(digest, u->bundle->manifest_sha256) == 0)
		return 0;
	if (node_manifest_text(&text, u->node, u->arena, vsn, err) ||
	    bundle_parse_manifest(&manifest, u->arena, text, "the manifest that the node has", err))
		return -1;
	*out = bundle_difference(u->bundle, &manifest, u->arena);
	return 0;
}

/* Processes are resumed one after the other; give them a moment. */
static int await_resumed(const char **fault, struct upgrade *upgrade, int64_t before,
			 struct error *err)
{
	struct deadline deadline = deadline_in(SETTLE_MS);
	struct node_vitals vitals;

	for (;;) {
		if (node_vitals(&vitals, upgrade->node, upgrade->arena, err))
			return -1;
		if (vitals.suspended_count <= before) {
			*fault = NULL;
			return 0;
		}
		if (deadline_over(deadline))
			break;
		clock_sleep_ms(POLL_MS);
	}
	*fault = arena_printf(
		upgrade->arena, "%" PRId64 " processes are still suspended, %s for one",
		vitals.suspended_count - before, vitals.suspended_len ? vitals.suspended[0] : "?");
	return 0;
}

/* What the relup starts; from then on nobody need look again. */
static int see_started(const char **fault, struct upgrade *u, struct error *err)
{
	const struct term *answer;

	if (node_run(&answer, NULL, u->node, u->arena, SCRIPT_started, NULL, 0,
		     node_work_deadline(u->node), err))
		return -1;
	if (!term_is_list(answer))
		return error_set(err, ERROR_INVALID, "%s: an answer of another shape",
				 node_name(u->node));
	if (answer->seq.len > 0 && !term_get_text(term_at(answer, 0), u->arena, fault))
		*fault = "what its relup starts does not run";
	return 0;
}

int upgrade_verify(const char **fault, int64_t *modules, struct upgrade *upgrade,
		   const struct bundle *manifest, const struct bundle *other,
		   int64_t suspended_before, struct error *err)
{
	struct verify_modules verified = { 0 };

	if (manifest &&
	    verify_modules(&verified, upgrade->node, upgrade->arena, manifest, other, err))
		return -1;
	*modules = verified.compared;
	if (verified.strange)
		upgrade_note(upgrade, "loaded modules that the upgrade does not touch: %s",
			     verified.strange);
	if (verified.fault) {
		*fault = arena_printf(upgrade->arena,
				      "the code that is loaded is not the release's: %s",
				      verified.fault);
		return 0;
	}
	if (await_resumed(fault, upgrade, suspended_before, err))
		return -1;
	return !*fault && releases_is_unseen(&upgrade->releases) ? see_started(fault, upgrade, err)
								 : 0;
}
