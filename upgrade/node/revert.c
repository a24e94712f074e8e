// SPDX-License-Identifier: Apache-2.0
/* Committing, going back, removing. */
#include "release/read/store.h"
#include "upgrade/node/upgrade.h"

#include <string.h>

/* ---- commit ---- */

static int make_permanent(struct upgrade *u, const char *vsn, struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	const struct term *answer;

	upgrade_step(u, STEP_commit, "making %s permanent", vsn);
	if (node_run(&answer, NULL, u->node, u->arena, SCRIPT_commit,
		     (const struct binding[]){ { "Vsn", term_string(u->arena, vsn) } }, 1,
		     node_work_deadline(u->node), err))
		return -1;
	if (term_is_atom(answer, "ok"))
		return upgrade_look_again(u, err);
	rpc_reason(&text, answer);
	return upgrade_end(err, ERROR_STUCK,
			   arena_printf(u->arena, "%s runs %s, and boots %s.", node_name(u->node),
					u->running->vsn, u->permanent->vsn),
			   "%s: %s cannot be made permanent: %s", node_name(u->node), vsn,
			   str_text(&text));
}

/* release_handler kills, when it makes a release permanent, what runs the code of the one before.
 */
static int drain(struct upgrade *u, const char *to, struct error *err)
{
	upgrade_step(u, STEP_drain, "looking for processes in code that %s replaced",
		     to ? "is" : "was");
	return upgrade_drain(u, to, err);
}

/* What runs, where the relevo that installed it was ended before it looked. */
static int verify_unseen(struct upgrade *u, struct error *err)
{
	const struct bundle *manifest, *other;
	const char *fault;
	int64_t modules;

	if (u->running == u->permanent || !releases_is_unseen(&u->releases))
		return 0;
	upgrade_step(u, STEP_verify, "verifying %s, for nobody saw how its installation ended",
		     u->running->vsn);
	if (upgrade_manifest(&manifest, u, u->running->vsn, err) ||
	    upgrade_manifest(&other, u, u->permanent->vsn, err) ||
	    upgrade_verify(&fault, &modules, u, manifest, other, INT64_MAX, err))
		return -1;
	if (!fault)
		return 0;
	upgrade_refuse(u, err, "%s is not well: %s", u->running->vsn, fault);
	return error_hint(err, "`relevo node revert %s %s` goes back.", node_name(u->node),
			  u->permanent->vsn);
}

int node_commit(struct install_result *out, struct node *node, struct arena *arena, const char *vsn,
		const struct install_options *options, struct error *err)
{
	struct upgrade u = { .node = node, .arena = arena, .options = options };
	const char *before;
	bool already;

	if (upgrade_look(&u, err))
		return upgrade_failed(&u, err);
	if (upgrade_check_trouble(&u, WAY_COMMIT, err))
		return -1;
	if (vsn && strcmp(vsn, u.running->vsn) != 0)
		return upgrade_refuse(&u, err, "%s does not run, so it cannot be committed", vsn);
	if (u.releases.pinned_vsn[0] && strcmp(u.releases.pinned_vsn, u.running->vsn) != 0) {
		upgrade_refuse(&u, err, "the start script %s/bin/%s boots %s whatever is permanent",
			       u.releases.root, u.running->name, u.releases.pinned_vsn);
		return error_hint(err, "`relevo node adopt %s` changes that.", node_name(node));
	}
	before = u.permanent->vsn;
	already = u.running == u.permanent;
	if (verify_unseen(&u, err) || (!already && drain(&u, NULL, err)))
		return upgrade_failed(&u, err);
	/* Also when it is permanent: a commit that was cut short may have got only so far. */
	if (make_permanent(&u, u.running->vsn, err))
		return upgrade_failed(&u, err);
	*out = (struct install_result){
		.name = u.running->name,
		.from = before,
		.vsn = u.running->vsn,
		.already = already,
		.permanent = true,
		.notes = u.notes,
		.notes_len = u.notes_len,
	};
	return 0;
}

/* ---- revert ---- */

static const char *state_now(const struct upgrade *u)
{
	return arena_printf(u->arena, "%s runs %s now, and boots %s.", node_name(u->node),
			    u->running->vsn, u->permanent->vsn);
}

/* One move down, and the proof of it.  *fault is NULL when the node runs vsn. */
static int go_back(const char **fault, enum move_outcome *outcome, struct upgrade *u,
		   const char *vsn, struct error *err)
{
	const struct bundle *manifest, *other;
	const char *why = NULL, *from = u->running->vsn;
	int64_t modules;

	if (upgrade_manifest(&other, u, from, err))
		return -1;
	upgrade_step(u, STEP_revert, "going back from %s to %s", from, vsn);
	upgrade_keep_assets(u, from, vsn);
	if (upgrade_move(outcome, &why, u, vsn, err) || upgrade_look_again(u, err))
		return -1;
	*fault = why;
	if (*outcome == MOVE_RESTARTED && !u->options->restart)
		u->restarted = why;
	if (*outcome == MOVE_RESTARTED && strcmp(u->running->vsn, vsn) == 0)
		*fault = NULL;
	if (*outcome != MOVE_DONE)
		return 0;
	upgrade_step(u, STEP_verify, "comparing loaded modules with the manifest of %s", vsn);
	if (upgrade_manifest(&manifest, u, vsn, err))
		return -1;
	if (upgrade_verify(fault, &modules, u, manifest, other, INT64_MAX, err))
		return -1;
	return *fault || u->options->restart ? 0 : upgrade_tell(u, from, vsn, err);
}

/* So that the same command, said again, does not go further back (reverted.erl).  Where that cannot
 * be written, going back is more urgent.
 */
static void mark(struct upgrade *u, const struct term *mark)
{
	const struct term *answer;
	struct error ignored;

	(void)!node_run(&answer, NULL, u->node, u->arena, SCRIPT_reverted,
			(const struct binding[]){ { "Mark", mark } }, 1, node_deadline(u->node),
			&ignored);
}

static void mark_way(struct upgrade *u, const char *to)
{
	mark(u, term_string(u->arena, arena_printf(u->arena, "%s %s", u->running->vsn, to)));
}

/* How it got back, in the sentence "NODE was taken back to VSN…". */
static const char *by_what(const struct upgrade *u, enum move_outcome outcome)
{
	if (u->restarted)
		return arena_printf(
			u->arena,
			" by a restart of the VM, for the way back failed (%s): what its "
			"processes held is gone",
			u->restarted);
	return outcome == MOVE_RESTARTED || u->options->restart ? " by a restart of the VM" : "";
}

/* What still runs the code before is waited for here too. */
static const char *drain_back(struct upgrade *u, const char *vsn)
{
	const char *killed = "";

	if (u->options->restart)
		return killed;
	upgrade_step(u, STEP_drain, "looking for processes in code that is replaced");
	upgrade_drain_anyway(&killed, u, vsn);
	return killed;
}

int upgrade_roll_back(struct upgrade *u, const char *vsn, const char *fault, struct error *err)
{
	const char *node = node_name(u->node), *back_fault, *killed = drain_back(u, vsn);
	const char *failed = u->running->vsn;
	enum move_outcome outcome;

	mark_way(u, vsn);
	if (go_back(&back_fault, &outcome, u, vsn, err))
		return upgrade_end(
			err, ERROR_STUCK,
			arena_printf(u->arena,
				     "What %s runs now is not known: see relevo node "
				     "releases.  Not being committed, %s is not what it boots.",
				     node, failed),
			"%s: %s is not well (%s), and going back failed: %s", node, failed, fault,
			arena_dup(u->arena, span_of(err->text)));
	if (back_fault)
		return upgrade_end(err, ERROR_STUCK, state_now(u),
				   "%s: %s is not well (%s), and going back to %s failed: %s", node,
				   failed, fault, vsn, back_fault);
	return upgrade_end(err, ERROR_ROLLED_BACK,
			   arena_printf(u->arena,
					"%s was taken back to %s%s; %s is unpacked there.%s", node,
					vsn, by_what(u, outcome), failed, killed),
			   "%s: %s is not well: %s", node, failed, fault);
}

/* Where a revert leads: never forward to what the node was already taken back from.  NULL:
 * nowhere.
 */
static const char *revert_target(const struct upgrade *u, const char *vsn)
{
	const char *best = NULL;
	bool back = strcmp(u->releases.reverted_to, u->running->vsn) == 0;

	if (vsn)
		return vsn;
	/* It is back there: only what boots is left to do, if anything. */
	if (back && (u->running == u->permanent ||
		     strcmp(u->releases.reverted_from, u->permanent->vsn) == 0))
		return u->running->vsn;
	if (u->running != u->permanent)
		return u->permanent->vsn;
	for (size_t i = 0; i < u->releases.len; i++) {
		const struct node_release *old = &u->releases.items[i];

		if (old->state == RELEASE_OLD && version_compare(old->vsn, u->running->vsn) < 0 &&
		    (!best || version_compare(old->vsn, best) > 0))
			best = old->vsn;
	}
	return best;
}

static int check_target(struct upgrade *u, const char *vsn, struct error *err)
{
	const struct node_release *target = vsn ? releases_find(&u->releases, vsn) : NULL;

	if (!vsn) {
		upgrade_refuse(u, err, "%s has no older release than %s to go back to",
			       node_name(u->node), u->running->vsn);
		return error_hint(err, "To go to a newer one, name its version.");
	}
	if (!target)
		return upgrade_refuse(u, err, "%s does not know a release %s", node_name(u->node),
				      vsn);
	if (u->options->restart)
		return upgrade_check_keeper(u, target != u->permanent, err);
	/* The relup of the version that runs, or of the one we go to, must know the way;
	 * release_handler tells before it changes anything.
	 */
	if (u->releases.file_fault[0])
		return upgrade_refuse(u, err,
				      "%s/RELEASES is %s: release_handler would fail half-way",
				      u->releases.releases_dir, u->releases.file_fault);
	return strcmp(u->running->vsn, vsn) != 0 ? upgrade_check_supervisors(u, NULL, err) : 0;
}

static int revert(struct upgrade *u, const char *target, struct error *err)
{
	const char *from = u->running->vsn, *fault;
	enum move_outcome outcome;

	if (go_back(&fault, &outcome, u, target, err))
		return -1;
	if (!fault)
		return 0;
	if (outcome == MOVE_REFUSED) {
		upgrade_refuse(u, err, "the node cannot go from %s to %s: %s", from, target, fault);
		return u->options->restart ? -1
					   : error_hint(err, "--restart goes there by a restart "
							     "of the VM.");
	}
	if (outcome == MOVE_RESTARTED && strcmp(u->running->vsn, from) == 0)
		return upgrade_end(
			err, ERROR_ROLLED_BACK,
			arena_printf(u->arena,
				     "%s runs %s, as before, but what its processes held is gone.",
				     node_name(u->node), from),
			"%s: going from %s to %s failed, and the node restarted: %s",
			node_name(u->node), from, target, fault);
	return upgrade_end(err, ERROR_STUCK, state_now(u), "%s: going from %s to %s failed: %s",
			   node_name(u->node), from, target, fault);
}

/* Whoever was in the code that was left is in old code now. */
static int drain_behind(struct upgrade *u, bool already, struct error *err)
{
	if (u->options->restart || drain(u, NULL, err) == 0)
		return 0;
	if (already || err->kind != ERROR_REFUSED)
		return -1;
	err->text[strcspn(err->text, "\n")] = '\0';
	upgrade_end(err, ERROR_STUCK, state_now(u), "%s: %s cannot be made permanent: %s",
		    node_name(u->node), u->running->vsn, arena_dup(u->arena, span_of(err->text)));
	error_code_(err, "old_code");
	return error_hint(err,
			  "The same command again goes on from there: --drain TIME waits longer "
			  "for them, --kill ends them.");
}

int node_revert(struct install_result *out, struct node *node, struct arena *arena, const char *vsn,
		const struct install_options *options, struct error *err)
{
	struct upgrade u = { .node = node, .arena = arena, .options = options };
	const char *target, *from;
	bool already, committed;

	if (upgrade_look(&u, err))
		return upgrade_failed(&u, err);
	target = revert_target(&u, vsn);
	if (upgrade_check_trouble(&u, WAY_NONE, err) || check_target(&u, target, err))
		return upgrade_failed(&u, err);
	from = u.running->vsn;
	already = strcmp(from, target) == 0;
	/* Also where that way back was cut short before its end. */
	committed = (u.running == u.permanent) != already;
	if (already && !vsn)
		upgrade_note(&u,
			     "the node was taken back to %s before; name a version to go further "
			     "back",
			     target);
	if (!already && !options->restart && drain(&u, target, err))
		return upgrade_failed(&u, err);
	if (!already)
		mark_way(&u, target);
	if (!already && revert(&u, target, err))
		return upgrade_failed(&u, err);
	/* It was committed: what the node boots must go back as well. */
	if (strcmp(u.permanent->vsn, target) != 0 &&
	    (verify_unseen(&u, err) || drain_behind(&u, already, err) ||
	     make_permanent(&u, target, err)))
		return upgrade_failed(&u, err);
	/* From one that was committed a second way back is another one; had this answer been lost,
	 * it is not.
	 */
	if (committed)
		mark(&u, term_atom(arena, "none"));
	if (u.restarted)
		upgrade_note(
			&u,
			"%s is there by a restart of the VM, for the way back failed (%s): what "
			"its processes held is gone",
			target, u.restarted);
	*out = (struct install_result){
		.name = u.running->name,
		.from = from,
		.vsn = target,
		.already = already,
		.permanent = true,
		.notes = u.notes,
		.pauses = u.pauses,
		.after = u.after,
		.notes_len = u.notes_len,
	};
	return 0;
}

/* ---- remove ---- */

static int check_removable(const struct upgrade *u, const struct node_release *target,
			   const char *vsn, struct error *err)
{
	if (target && (target == u->running || target == u->permanent))
		return upgrade_refuse(u, err, "%s is %s: it cannot be removed", vsn,
				      release_state_name(target->state));
	if (strcmp(u->releases.env_version, vsn) == 0)
		return upgrade_refuse(u, err,
				      "the VM was started as %s and would look for its files "
				      "at a restart; commit the present release first",
				      vsn);
	if (u->releases.file_fault[0])
		return upgrade_refuse(u, err,
				      "%s/RELEASES is %s: release_handler does not know "
				      "which files are still used",
				      u->releases.releases_dir, u->releases.file_fault);
	return 0;
}

int node_remove(struct node *node, struct arena *arena, const char *vsn,
		const struct install_options *options, struct error *err)
{
	struct upgrade u = { .node = node, .arena = arena, .options = options };
	owned_str struct str text = STR_EMPTY;
	const struct node_release *target;
	const struct term *answer;

	if (upgrade_look(&u, err))
		return upgrade_failed(&u, err);
	target = releases_find(&u.releases, vsn);
	if (upgrade_check_trouble(&u, WAY_NONE, err) || check_removable(&u, target, vsn, err))
		return -1;
	upgrade_step(&u, STEP_remove, "removing %s", vsn);
	if (node_run(&answer, NULL, node, arena, SCRIPT_remove,
		     (const struct binding[]){ { "Vsn", term_string(arena, vsn) } }, 1,
		     node_work_deadline(node), err))
		return upgrade_failed(&u, err);
	if (term_is_atom(answer, "ok"))
		return 0;
	if (term_is_atom(answer, "unknown"))
		return error_set(err, ERROR_NOT_FOUND, "%s does not know a release %s",
				 node_name(node), vsn);
	if (term_is_tagged(answer, "error", 2) && term_is_atom(term_at(answer, 1), "in_use"))
		return upgrade_refuse(&u, err,
				      "the VM was booted from %s, has code of it, or a start would "
				      "boot it: it cannot be removed",
				      vsn);
	rpc_reason(&text, answer);
	return upgrade_refuse(&u, err, "the node did not remove %s: %s", vsn, str_text(&text));
}
