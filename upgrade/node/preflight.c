// SPDX-License-Identifier: Apache-2.0
/* May this tarball be installed on this node?  Only looks. */
#include "upgrade/node/names.h"
#include "upgrade/node/upgrade.h"
#include "upgrade/node/verify.h"
#include "upgrade/verdict/relup_calls.h"

#include <inttypes.h>
#include <string.h>

static int check_records(struct upgrade *u, struct error *err)
{
	if (u->releases.file_fault[0] == '\0')
		return 0;
	upgrade_refuse(u, err,
		       "%s/RELEASES is %s: release_handler does not know what belongs to the "
		       "release that runs, so there is no way back",
		       u->releases.releases_dir, u->releases.file_fault);
	error_code_(err, "records_missing");
	return error_hint(err, "`relevo node adopt %s` puts it right, or says what is missing.",
			  node_name(u->node));
}

/* What runs already is there already, when it is what was built. */
static int check_same_build(struct upgrade *u, struct error *err)
{
	const char *what;

	if (upgrade_other_build(&what, NULL, u, err))
		return -1;
	if (!what)
		return 0;
	upgrade_refuse(u, err, "the node runs another build of %s: %s is not the same",
		       u->bundle->vsn, what);
	error_code_(err, "other_build");
	return error_hint(err,
			  "A version that runs somewhere is never built anew: give the build one "
			  "of its own.");
}

static int check_release(struct upgrade *u, struct error *err)
{
	const struct bundle *bundle = u->bundle;
	const struct node_release *target = releases_find(&u->releases, bundle->vsn);

	if (strcmp(u->running->name, bundle->name) != 0 && check_records(u, err))
		return -1;
	if (strcmp(u->running->name, bundle->name) != 0) {
		upgrade_refuse(u, err, "%s is a release of %s, the node runs one of %s",
			       bundle->file, bundle->name, u->running->name);
		return error_code(err, "other_release");
	}
	if (target == u->running)
		return check_same_build(u, err);
	if (target && target == u->permanent) {
		upgrade_refuse(u, err,
			       "%s is the permanent release of the node: going back to "
			       "it is `relevo node revert %s %s`",
			       bundle->vsn, node_name(u->node), bundle->vsn);
		return error_code(err, "already_permanent");
	}
	if (u->running != u->permanent) {
		upgrade_refuse(u, err,
			       "%s is installed and not committed: commit or revert it "
			       "first",
			       u->running->vsn);
		return error_code(err, "not_committed");
	}
	return 0;
}

static int check_node(struct upgrade *u, struct error *err)
{
	if (check_records(u, err))
		return -1;
	if (strcmp(u->releases.erts, u->bundle->erts) != 0 && !u->options->restart) {
		upgrade_refuse(u, err, "the release needs ERTS %s, the node runs %s",
			       u->bundle->erts, u->releases.erts);
		error_code_(err, "erts_changed");
		return error_hint(err, "Another ERTS or OTP needs a restart of the VM: --restart.");
	}
	return 0;
}

/* What is committed must be what the next start boots. */
static int check_start_script(struct upgrade *u, struct error *err)
{
	if (u->releases.pinned_vsn[0] == '\0')
		return 0;
	upgrade_refuse(u, err,
		       "the start script %s/bin/%s always boots %s: a committed %s would not "
		       "outlive a restart",
		       u->releases.root, u->running->name, u->releases.pinned_vsn, u->bundle->vsn);
	error_code_(err, "start_script_pinned");
	return error_hint(err, "`relevo node adopt %s` makes it boot what is permanent.",
			  node_name(u->node));
}

int upgrade_check_keeper(const struct upgrade *u, bool trial, struct error *err)
{
	if (trial && !u->releases.trials && !u->options->move.no_trial) {
		upgrade_refuse(u, err,
			       "its start script boots no release on trial, so that what does not "
			       "come up would not fall back");
		error_code_(err, "no_trial");
		return error_hint(err, "The start scripts that relevo build writes do.  --no-trial "
				       "makes it permanent before it has booted.");
	}
	if (u->releases.keeper[0] || u->options->move.start)
		return 0;
	upgrade_refuse(u, err, "nobody is known to start the system again when its VM ends");
	error_code_(err, "no_keeper");
	return error_hint(err,
			  "`bin/%s daemon` does, and so may a supervisor, which says so with "
			  "RELEASE_KEEPER=systemd or the like in the environment.",
			  u->running->name);
}

static int check_keeper(struct upgrade *u, struct error *err)
{
	return u->options->restart ? upgrade_check_keeper(u, true, err) : 0;
}

static bool restarts(const struct term *steps)
{
	for (size_t i = 0; i < steps->seq.len; i++)
		if (term_is_atom(term_at(steps, i), "restart_new_emulator") ||
		    term_is_atom(term_at(steps, i), "restart_emulator"))
			return true;
	return false;
}

/* Why the node cannot go up while it runs; NULL: it can. */
static const char *only_cold(struct upgrade *u)
{
	const struct bundle *bundle = u->bundle;
	const char *from = u->running->vsn;
	const struct term *up = bundle_up(bundle, u->arena, from), *halts;

	if (!bundle->relup)
		return arena_printf(u->arena,
				    "%s has no relup inside: it can only be started, not "
				    "upgraded to",
				    bundle->file);
	if (!up)
		return arena_printf(u->arena, "the relup of %s knows no way from %s (it knows: %s)",
				    bundle->vsn, from, bundle_sources(bundle, u->arena));
	halts = relup_halts(up);
	if (halts)
		return arena_printf(u->arena,
				    "the relup of %s calls %s, which ends the VM: that is no hot "
				    "upgrade",
				    bundle->vsn, relup_call_shown(u->arena, halts));
	if (restarts(up))
		return arena_printf(u->arena,
				    "the relup of %s restarts the emulator: that is a restart, "
				    "not a hot upgrade",
				    bundle->vsn);
	return NULL;
}

/* Whoever packed the relup may have the node call anything. */
static void note_calls(struct upgrade *u, const struct term *steps, const char *way)
{
	for (size_t i = 0; i < steps->seq.len; i++)
		if (relup_call(term_at(steps, i)) == RELUP_CALL_OTHER)
			upgrade_note(u, "on the way %s, its relup calls %s", way,
				     relup_call_shown(u->arena, term_at(steps, i)));
}

static int check_ways(struct upgrade *u, struct error *err)
{
	const char *from = u->running->vsn, *cold = only_cold(u);
	const struct term *down = bundle_down(u->bundle, u->arena, from);

	if (u->options->restart)
		return 0;
	if (cold) {
		upgrade_refuse(u, err, "%s", cold);
		error_code_(err, "no_hot_way");
		return error_hint(err, "--restart restarts the VM into it.");
	}
	note_calls(u, bundle_up(u->bundle, u->arena, from), "up");
	if (down)
		note_calls(u, down, "down");
	if (down && !restarts(down) && !relup_halts(down))
		return 0;
	if (!u->options->one_way) {
		upgrade_refuse(u, err,
			       "the relup of %s knows no way back to %s without a "
			       "restart; --one-way goes on all the same",
			       u->bundle->vsn, from);
		return error_code(err, "no_way_back");
	}
	upgrade_note(u, "there is no way back to %s but a restart of the node", from);
	return 0;
}

/* Files that the node keeps because another release of it uses them. */
static int check_shared_files(struct upgrade *u, struct error *err)
{
	const char *fault;

	if (releases_find(&u->releases, u->bundle->vsn))
		return 0;
	if (verify_files(&fault, &u->same, u->node, u->arena, u->bundle, &u->releases,
			 VERIFY_BEFORE, err))
		return -1;
	if (!fault)
		return 0;
	upgrade_refuse(u, err, "the node has other files under the same versions: %s", fault);
	error_code_(err, "files_differ");
	return error_hint(err, "An application was changed without a new version; give it one and "
			       "build again.");
}

/* The plan was made for the code of the release that runs, not for what somebody put in its
 * place.
 */
static int check_loaded(struct upgrade *u, struct error *err)
{
	const struct bundle *manifest;
	struct verify_modules verified;

	if (u->options->restart)
		return 0;
	if (upgrade_manifest(&manifest, u, u->running->vsn, err))
		return -1;
	if (!manifest)
		return 0;
	if (verify_modules(&verified, u->node, u->arena, manifest, u->bundle, err))
		return -1;
	if (!verified.fault)
		return 0;
	upgrade_refuse(u, err,
		       "modules that %s changes are loaded in another form than that of %s: %s",
		       u->bundle->vsn, u->running->vsn, verified.fault);
	error_code_(err, "modules_patched");
	return error_hint(err,
			  "The node was patched by hand.  Load the release's own code again, or "
			  "restart the node.");
}

/* ---- what the node can do ---- */

/* Room that must be left in the node's tables: for what an installation starts, and for what runs
 * beside it.
 */
enum { PROCESSES_LEFT = 200, PORTS_LEFT = 20, ATOMS_LEFT = 10000 };

static int check_tables(struct upgrade *u, struct error *err)
{
	struct node_vitals v;
	const char *table = NULL;
	int64_t atoms = ATOMS_LEFT + (int64_t)u->bundle->modules_len;

	if (node_vitals(&v, u->node, u->arena, err))
		return -1;
	if (v.process_limit - v.processes < PROCESSES_LEFT)
		table = arena_printf(u->arena, "processes: %" PRId64 " of %" PRId64, v.processes,
				     v.process_limit);
	else if (v.port_limit - v.ports < PORTS_LEFT)
		table = arena_printf(u->arena, "ports: %" PRId64 " of %" PRId64, v.ports,
				     v.port_limit);
	else if (v.atom_limit - v.atoms < atoms)
		table = arena_printf(u->arena, "atoms: %" PRId64 " of %" PRId64, v.atoms,
				     v.atom_limit);
	if (!table)
		return 0;
	upgrade_refuse(u, err, "the node's table of %s is full, or nearly", table);
	error_code_(err, "table_full");
	return error_hint(err, "A VM whose table overflows ends.  See relevo node vitals.");
}

static int check_writable(struct upgrade *u, struct error *err)
{
	const struct binding erts = { "Erts", term_string(u->arena, u->bundle->erts) };
	const struct term *answer;
	const char *path;

	if (node_run(&answer, NULL, u->node, u->arena, SCRIPT_writable, &erts, 1,
		     node_deadline(u->node), err))
		return -1;
	if (!term_is_tagged(answer, "error", 3) ||
	    !term_get_text(term_at(answer, 2), u->arena, &path))
		return 0;
	if (term_is_atom(term_at(answer, 1), "elsewhere")) {
		upgrade_refuse(u, err,
			       "its release packs no Erlang/OTP: release_handler would unpack the "
			       "new one into that of the machine, %s",
			       path);
		error_code_(err, "no_erts");
		return error_hint(err, "Build it with `erts: include`.");
	}
	if (term_is_atom(term_at(answer, 1), "emfile") ||
	    term_is_atom(term_at(answer, 1), "enfile")) {
		upgrade_refuse(u, err, "the node's table of open files is full (%s)",
			       term_atom_name(term_at(answer, 1)));
		return error_code(err, "table_full");
	}
	upgrade_refuse(u, err, "the node may not write %s (%s)", path,
		       term_atom_name(term_at(answer, 1)) ? term_atom_name(term_at(answer, 1))
							  : "?");
	error_code_(err, "not_writable");
	return error_hint(err, "The user that it runs as needs to own releases/ and lib/.");
}

static int check_supervisors(struct upgrade *u, struct error *err)
{
	const struct term *up = bundle_up(u->bundle, u->arena, u->running->vsn);

	return u->options->restart || !up ? 0 : upgrade_check_supervisors(u, up, err);
}

/* Of a release that does not run yet. */
static int (*const checks[])(struct upgrade *u, struct error *err) = {
	check_node,   check_start_script, check_keeper, check_ways,     upgrade_obey,
	check_loaded, check_shared_files, check_tables, check_writable, check_supervisors,
};

static bool runs_already(const struct upgrade *u)
{
	return releases_find(&u->releases, u->bundle->vsn) == u->running;
}

int preflight(struct upgrade *u, struct error *err)
{
	upgrade_step(u, STEP_preflight, "checking that %s %s may be installed", u->bundle->name,
		     u->bundle->vsn);
	if (upgrade_check_trouble(u, WAY_NONE, err) || check_release(u, err) ||
	    names_fit(u->node, u->bundle, err))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(checks) && !runs_already(u); i++)
		if (checks[i](u, err))
			return -1;
	return 0;
}

const struct term *refusal_term(struct arena *arena, const char *code, const char *text)
{
	return term_tuple(arena, term_atom(arena, code), term_string(arena, text));
}

/* The reason alone: what to do about it and the state stand on lines of their own. */
static int collect(struct terms *faults, struct upgrade *u, int ret, struct error *err)
{
	if (ret == 0)
		return 0;
	if (err->kind != ERROR_REFUSED)
		return -1;
	err->text[strcspn(err->text, "\n")] = '\0';
	terms_add(u->arena, faults, refusal_term(u->arena, error_code_of(err), err->text));
	return 0;
}

int preflight_faults(struct terms *out, struct upgrade *u, struct error *err)
{
	/* What any command puts right stands against none. */
	if (upgrade_check_trouble(u, WAY_ANY, err) || collect(out, u, check_release(u, err), err))
		return -1;
	if (out->len > 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(checks) && !runs_already(u); i++)
		if (collect(out, u, checks[i](u, err), err))
			return -1;
	return 0;
}
