// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/install.h"

#include "upgrade/node/changes.h"
#include "upgrade/node/stage.h"
#include "upgrade/node/upgrade.h"
#include "upgrade/node/verify.h"

#include <inttypes.h>
#include <string.h>

/* ---- bringing the files ---- */

static void staged(void *context, uint64_t done, uint64_t total)
{
	const struct upgrade *u = context;

	if (u->options->progress)
		u->options->progress(u->options->context, STEP_stage, done, total);
}

static int stage(struct parcel *parcel, struct upgrade *u, struct error *err)
{
	upgrade_step(u, STEP_stage, "sending what the node lacks of %s.tar.gz", u->bundle->base);
	if (parcel_pack(parcel, u->node, u->arena, u->bundle, &u->releases, &u->same, err))
		return -1;
	if (stage_send(&u->sent_bytes, u->node, u->bundle->base, parcel, u->options->peer,
		       u->options->hand_on, staged, u, err)) {
		struct error why = *err;

		if (err->kind == ERROR_REFUSED)
			return upgrade_refuse(u, err, "%s", why.text);
		return -1;
	}
	u->lacked_bytes = parcel->size;
	u->parcel_sha256 = arena_dup(u->arena, span_of(parcel->sha256));
	return 0;
}

/* The folders of the release below lib/, as "shop-1.1.0". */
static const struct term *libs_term(struct arena *arena, const struct bundle *bundle)
{
	struct span last = { NULL, 0 };
	struct terms list = { 0 };

	for (size_t i = 0; i < bundle->files_len; i++) {
		struct span rest = span_of(bundle->files[i].path), part;

		if (!span_next(&rest, '/', &part) || !span_is(part, "lib") ||
		    !span_next(&rest, '/', &part) || rest.len == 0 || span_equal(part, last))
			continue;
		last = part;
		terms_add(arena, &list, term_string(arena, arena_dup(arena, part)));
	}
	return term_list_of(arena, &list);
}

static int clean(const struct parcel *parcel, struct upgrade *u, struct error *err)
{
	const struct binding bindings[] = {
		{ "Vsn", term_string(u->arena, u->bundle->vsn) },
		{ "Erts", term_string(u->arena, u->bundle->erts) },
		{ "Libs", libs_term(u->arena, u->bundle) },
		{ "Copies", parcel->copies },
	};
	const struct term *answer;
	const char *dir;

	upgrade_step(u, STEP_clean, "removing what an unpacking that was cut short has left");
	if (node_run(&answer, NULL, u->node, u->arena, SCRIPT_clean, bindings, ARRAY_LEN(bindings),
		     node_work_deadline(u->node), err))
		return -1;
	for (size_t i = 0; term_is_list(answer) && i < answer->seq.len; i++)
		if (term_get_text(term_at(answer, i), u->arena, &dir))
			upgrade_note(u, "%s was left over and has been removed", dir);
	return 0;
}

static int unpack(struct upgrade *u, struct error *err)
{
	const struct binding bindings[] = {
		{ "Base", term_string(u->arena, u->bundle->base) },
		{ "Vsn", term_string(u->arena, u->bundle->vsn) },
	};
	owned_str struct str text = STR_EMPTY;
	const struct term *answer;

	upgrade_step(u, STEP_unpack, "unpacking");
	if (node_run(&answer, NULL, u->node, u->arena, SCRIPT_unpack, bindings, ARRAY_LEN(bindings),
		     node_work_deadline(u->node), err))
		return -1;
	if (term_is_tagged(answer, "ok", 2))
		return 0;
	rpc_reason(&text, answer);
	return upgrade_refuse(u, err, "the node cannot unpack %s: %s", u->bundle->file,
			      str_text(&text));
}

static int forget(struct upgrade *u, struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	const struct term *answer;

	upgrade_step(u, STEP_remove, "removing %s, whose files are damaged", u->bundle->vsn);
	if (node_run(&answer, NULL, u->node, u->arena, SCRIPT_remove,
		     (const struct binding[]){ { "Vsn", term_string(u->arena, u->bundle->vsn) } },
		     1, node_work_deadline(u->node), err))
		return -1;
	if (term_is_atom(answer, "ok") || term_is_atom(answer, "unknown"))
		return 0;
	rpc_reason(&text, answer);
	return upgrade_refuse(u, err,
			      "what the node has of %s is another build, or damaged, and "
			      "cannot be removed: %s",
			      u->bundle->vsn, str_text(&text));
}

static int bring(struct upgrade *u, struct error *err)
{
	owned_parcel struct parcel parcel = { .file = NULL };

	if (stage(&parcel, u, err) || clean(&parcel, u, err) || unpack(u, err))
		return -1;
	return upgrade_look_again(u, err);
}

static int check_files(const char **fault, struct upgrade *u, struct error *err)
{
	struct names same;

	upgrade_step(u, STEP_files, "comparing %zu files with the manifest", u->bundle->files_len);
	return verify_files(fault, &same, u->node, u->arena, u->bundle, &u->releases, VERIFY_AFTER,
			    err);
}

/* The release unpacked on the node, every file as it should be. */
static int have_files(struct upgrade *u, struct error *err)
{
	bool fresh = !releases_find(&u->releases, u->bundle->vsn);
	const char *fault;

	if ((fresh && bring(u, err)) || check_files(&fault, u, err))
		return -1;
	if (fault && !fresh) {
		/* Damaged, or another build of the version: bring it anew. */
		if (forget(u, err) || upgrade_look_again(u, err) || bring(u, err) ||
		    check_files(&fault, u, err))
			return -1;
	}
	if (!fault)
		return 0;
	if (forget(u, err))
		return -1;
	return upgrade_refuse(u, err, "what was unpacked is not what the manifest says: %s", fault);
}

/* ---- installing ---- */

static void note_config(struct upgrade *u, struct config_changes changes)
{
	for (size_t i = 0; i < changes.len; i++)
		upgrade_note(u, "configuration: %s",
			     config_change_text(u->arena, &changes.items[i]));
}

static void take_notes(struct upgrade *u, const struct term *notes)
{
	for (size_t i = 0; i < notes->seq.len; i++) {
		const struct term *note = term_at(notes, i);
		int64_t count;

		if (term_is_tagged(note, "kills", 3) &&
		    term_get_integer(term_at(note, 2), &count)) {
			const char *module = term_atom_name(term_at(note, 1));

			upgrade_note(u, "%" PRId64 " processes in old code of %s are killed", count,
				     module ? module : "?");
		}
		if (term_is_tagged(note, "config", 2))
			note_config(u, config_changes_read(u->arena, term_at(note, 1)));
	}
}

static int check(struct upgrade *u, struct error *err)
{
	const struct binding bindings[] = {
		{ "Vsn", term_string(u->arena, u->bundle->vsn) },
		{ "Running", term_string(u->arena, u->running->vsn) },
		{ "Apps", u->bundle->apps },
		{ "Shipped", u->bundle->config ? u->bundle->config : &term_nil },
		{ "ConfigTimeout", term_integer(u->arena, u->options->move.config_timeout_ms) },
		{ "ShowValues", term_atom(u->arena, u->options->show_values ? "true" : "false") },
	};
	owned_str struct str text = STR_EMPTY;
	const struct term *answer, *reason;
	const char *what;

	upgrade_step(u, STEP_check, "asking release_handler whether it can be installed");
	if (node_run(&answer, NULL, u->node, u->arena, SCRIPT_check, bindings, ARRAY_LEN(bindings),
		     node_work_deadline(u->node), err))
		return -1;
	if (term_is_tagged(answer, "ok", 2) && term_is_list(term_at(answer, 1))) {
		take_notes(u, term_at(answer, 1));
		return 0;
	}
	reason = term_is_tagged(answer, "error", 2) ? term_at(answer, 1) : answer;
	if (term_is_tagged(reason, "config", 3) &&
	    term_get_text(term_at(reason, 2), u->arena, &what))
		return upgrade_refuse(u, err,
				      "the configuration of %s cannot be made on the node: %s",
				      u->bundle->vsn, what);
	rpc_reason(&text, reason);
	upgrade_refuse(u, err, "the node cannot install %s: %s", u->bundle->vsn, str_text(&text));
	if (!term_is_tagged(reason, "no_such_file", 2))
		return -1;
	return error_hint(err,
			  "If the release packs no Erlang/OTP, and the node's is not beside its "
			  "applications: build it with `erts: include`.");
}

static int restarted(struct upgrade *u, const char *why, struct error *err)
{
	const char *node = node_name(u->node);

	if (upgrade_look_again(u, err))
		return -1;
	return upgrade_end(err, ERROR_ROLLED_BACK,
			   arena_printf(u->arena,
					"The node restarted and runs %s again, which is permanent; "
					"%s is unpacked there.",
					u->running->vsn, u->bundle->vsn),
			   "%s: %s could not be installed: %s", node, u->bundle->vsn, why);
}

static int drain(struct upgrade *u, struct error *err)
{
	const struct term *up = bundle_up(u->bundle, u->arena, u->running->vsn);

	upgrade_step(u, STEP_drain, "looking for processes in code that is replaced");
	if (upgrade_drain(u, u->bundle->vsn, err))
		return -1;
	return upgrade_check_workers(u, up ? up : &term_nil, err);
}

static int install(struct install_result *result, struct upgrade *u, struct error *err)
{
	const char *from = u->running->vsn, *why;
	int64_t start = clock_mono_ms();
	enum move_outcome outcome;

	upgrade_step(u, STEP_install, "installing %s over %s", u->bundle->vsn, from);
	if (upgrade_move(&outcome, &why, u, u->bundle->vsn, err))
		return -1;
	result->install_ms = clock_mono_ms() - start;
	if (outcome == MOVE_RESTARTED)
		return restarted(u, why, err);
	if (outcome == MOVE_REFUSED)
		return upgrade_refuse(u, err, "the node did not install %s: %s", u->bundle->vsn,
				      why);
	if (upgrade_look_again(u, err))
		return -1;
	if (outcome == MOVE_HALF)
		return upgrade_roll_back(u, from, why, err);
	return 0;
}

/* ---- watching ---- */

static void baked(void *context, uint64_t done, uint64_t total)
{
	const struct upgrade *u = context;

	if (u->options->progress)
		u->options->progress(u->options->context, STEP_bake, done, total);
}

/* The node went away while it was watched.  Not committed, it comes back with the
 * permanent release, if it comes back.
 */
static int lost(struct upgrade *u, const char *vsn, struct error *err)
{
	struct error why = *err;

	if (node_reopen(u->node, deadline_in(u->options->move.timeout_ms), err) ||
	    upgrade_look_again(u, err))
		return error_hint(err,
				  "The node went away while %s was watched; not being committed, "
				  "%s is what it boots.",
				  vsn, u->permanent->vsn);
	if (strcmp(u->running->vsn, vsn) == 0)
		return upgrade_roll_back(u, u->permanent->vsn, why.text, err);
	return upgrade_end(err, ERROR_ROLLED_BACK,
			   arena_printf(u->arena, "The node runs %s again.", u->running->vsn),
			   "%s went down while %s was watched: %s", node_name(u->node), vsn,
			   why.text);
}

enum { CRASHES_ANYWAY = 2, TIMES_BEFORE = 2 };

static int64_t crashes_allowed(const struct upgrade *u)
{
	if (u->options->limits.crashes >= 0)
		return u->options->limits.crashes;
	return CRASHES_ANYWAY + TIMES_BEFORE * u->crashes * u->options->bake_ms /
					(u->crashes_ms > 0 ? u->crashes_ms : 1);
}

/* Counting begins with the first look; what is counted until the release is installed is how often
 * processes crash there anyway.
 */
static int count_crashes(struct upgrade *u, int64_t since, struct error *err)
{
	const char *began;

	u->crashes_ms = clock_mono_ms() - since;
	return u->options->bake_ms > 0
		       ? crashes_count(&u->crashes, &began, u->node, u->arena, 0, err)
		       : 0;
}

static int bake(struct upgrade *u, const char *vsn, struct error *err)
{
	struct watch_limits limits = u->options->limits;
	const char *fault;

	if (u->options->bake_ms <= 0)
		return 0;
	upgrade_step(u, STEP_bake, "watching for %" PRId64 " s", u->options->bake_ms / 1000);
	limits.crashes = crashes_allowed(u);
	if (node_watch(&fault, u->node, u->arena, vsn, u->options->bake_ms, &limits, baked, u, err))
		return err->kind == ERROR_UNREACHABLE ? lost(u, vsn, err) : -1;
	if (!fault)
		return 0;
	return upgrade_roll_back(u, u->permanent->vsn, fault, err);
}

/* What the release was, or may be, installed over; NULL: not known. */
static int other_manifest(const struct bundle **out, struct upgrade *u, struct error *err)
{
	const char *vsn = u->bundle->vsn, *other = NULL;

	if (strcmp(u->permanent->vsn, vsn) != 0)
		other = u->permanent->vsn;
	for (size_t i = 0; i < u->releases.len && !other; i++)
		if (strcmp(u->releases.items[i].vsn, vsn) != 0)
			other = u->releases.items[i].vsn;
	*out = NULL;
	return other ? upgrade_manifest(out, u, other, err) : 0;
}

static int prove(struct install_result *result, struct upgrade *u, int64_t suspended,
		 struct error *err)
{
	bool committed = u->running == u->permanent;
	const struct bundle *other;
	const char *fault;

	upgrade_step(u, STEP_verify, "comparing loaded modules with the manifest");
	if (other_manifest(&other, u, err) ||
	    upgrade_verify(&fault, &result->modules, u, u->bundle, other, suspended, err))
		return -1;
	if (fault && committed)
		return upgrade_refuse(u, err, "%s is permanent on the node, but %s",
				      u->running->vsn, fault);
	if (fault)
		return upgrade_roll_back(u, u->permanent->vsn, fault, err);
	if (committed)
		return 0;
	if (!u->options->restart && upgrade_tell(u, u->permanent->vsn, u->bundle->vsn, err))
		return -1;
	return bake(u, u->bundle->vsn, err);
}

static bool runs_it(const struct upgrade *u)
{
	return strcmp(u->running->vsn, u->bundle->vsn) == 0;
}

static int prepare(struct upgrade *u, struct error *err)
{
	return have_files(u, err) || (!u->options->restart && check(u, err)) ? -1 : 0;
}

static void tell(struct install_result *result, const struct upgrade *u)
{
	result->permanent = u->running == u->permanent;
	result->pauses = u->pauses;
	result->after = u->after;
	result->sent_bytes = u->sent_bytes;
	result->lacked_bytes = u->lacked_bytes;
	result->release_bytes = u->bundle->size;
	if (u->parcel_sha256 && u->options->hand_on) {
		result->parcel_sha256 = u->parcel_sha256;
		result->parcel_file = arena_printf(u->arena, "%s/%s.parcel",
						   u->releases.releases_dir, u->bundle->base);
	}
	result->notes = u->notes;
	result->notes_len = u->notes_len;
}

int node_prepare(struct install_result *out, struct node *node, struct arena *arena,
		 const struct bundle *bundle, const struct install_options *options,
		 struct error *err)
{
	struct upgrade u = { .node = node, .arena = arena, .options = options, .bundle = bundle };
	struct install_result result = { .name = bundle->name, .vsn = bundle->vsn };

	if (upgrade_look(&u, err) || preflight(&u, err))
		return upgrade_failed(&u, err);
	result.from = u.permanent->vsn;
	result.already = runs_it(&u);
	if (!result.already && prepare(&u, err))
		return upgrade_failed(&u, err);
	tell(&result, &u);
	*out = result;
	return 0;
}

int node_install(struct install_result *out, struct node *node, struct arena *arena,
		 const struct bundle *bundle, const struct install_options *options,
		 struct error *err)
{
	struct upgrade u = { .node = node, .arena = arena, .options = options, .bundle = bundle };
	struct install_result result = { .name = bundle->name, .vsn = bundle->vsn };
	struct node_vitals before;
	bool fresh; /* nothing is known of processes that were suspended before */
	int64_t since;

	if (upgrade_look(&u, err) || count_crashes(&u, 0, err))
		return upgrade_failed(&u, err);
	since = clock_mono_ms();
	if (preflight(&u, err) || node_vitals(&before, node, arena, err))
		return upgrade_failed(&u, err);
	result.from = u.permanent->vsn;
	result.already = runs_it(&u);
	fresh = result.already || options->restart;
	if (!result.already && (prepare(&u, err) || (!options->restart && drain(&u, err)) ||
				count_crashes(&u, since, err) || install(&result, &u, err)))
		return upgrade_failed(&u, err);
	if (prove(&result, &u, fresh ? INT64_MAX : before.suspended_count, err))
		return upgrade_failed(&u, err);
	tell(&result, &u);
	*out = result;
	return 0;
}
