// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/beside.h"

#include "upgrade/node/parcel.h"
#include "upgrade/node/stage.h"
#include "upgrade/node/upgrade.h"

enum { START_MS = 60000 }; /* to unpack it, and to evaluate its configuration */

int upgrade_bring(const char **dir, struct upgrade *u, const struct parcel *parcel,
		  struct error *err)
{
	const struct binding timeout = { "ConfigTimeout", term_integer(u->arena, 0) };
	const struct term *answer;
	const char *base;
	int64_t sent;

	if (node_lock(u->node, node_deadline(u->node), err) ||
	    node_run(&answer, NULL, u->node, u->arena, SCRIPT_folder, &timeout, 1,
		     node_deadline(u->node), err))
		return -1;
	if (!term_is_tagged(answer, "ok", 2) || !term_get_text(term_at(answer, 1), u->arena, dir))
		return 0;
	base = arena_printf(u->arena, "%s/parcel", *dir);
	return stage_send(&sent, u->node, base, parcel, NULL, false, NULL, NULL, err);
}

int upgrade_is_there(bool *out, struct upgrade *u, struct error *err)
{
	bool known = false;
	const char *what = NULL;

	if (releases_find(&u->releases, u->bundle->vsn) &&
	    upgrade_other_build(&what, &known, u, err))
		return -1;
	*out = known && !what;
	return 0;
}

/* What the node lacks, brought there; "": it is unpacked there. */
static int have(const char **dir, const struct term **copies, struct upgrade *u, struct error *err)
{
	owned_parcel struct parcel parcel = { .file = NULL };
	bool there;

	*dir = "";
	*copies = &term_nil;
	if (upgrade_is_there(&there, u, err))
		return -1;
	if (there)
		return 0;
	if (parcel_pack(&parcel, u->node, u->arena, u->bundle, &u->releases, &u->same, err) ||
	    upgrade_bring(dir, u, &parcel, err))
		return -1;
	*copies = parcel.copies;
	return **dir ? 0
		     : error_set(err, ERROR_FAILED, "%s has no folder for temporary files",
				 node_name(u->node));
}

static int failed(const struct upgrade *u, const struct term *answer, struct error *err)
{
	const struct term *why = term_is_tagged(answer, "error", 2) ? term_at(answer, 1) : answer;
	owned_str struct str text = STR_EMPTY;
	const char *what, *printed = "";

	if ((!term_is_tagged(why, "failed", 3) ||
	     !term_get_text(term_at(why, 1), u->arena, &what) ||
	     !term_get_text(term_at(why, 2), u->arena, &printed)) &&
	    (!term_is_tagged(why, "config", 3) ||
	     !term_get_text(term_at(why, 2), u->arena, &what))) {
		rpc_reason(&text, why);
		what = str_text(&text);
	}
	error_set_(err, ERROR_FAILED, "the code of %s, beside %s: %s", u->bundle->vsn,
		   node_name(u->node), what);
	return *printed ? error_hint(err, "It printed: %.1500s", printed) : -1;
}

static int take(struct beside *out, const struct upgrade *u, const struct term *answer,
		struct error *err)
{
	const struct term *value = term_at(answer, 1);

	if (value->kind != TERM_BINARY ||
	    !term_get_text(term_at(answer, 2), u->arena, &out->printed))
		return error_set(err, ERROR_INVALID, "%s: an answer of another shape",
				 node_name(u->node));
	return term_decode(&out->value, u->arena, value->text, TERM_LIMITS_FILE, NULL, err);
}

int node_beside(struct beside *out, struct node *node, struct arena *arena,
		const struct bundle *bundle, const char *expression, int64_t timeout_ms, bool alone,
		struct error *err)
{
	struct install_options options = INSTALL_OPTIONS;
	struct upgrade u = { .node = node,
			     .arena = arena,
			     .options = &options,
			     .bundle = bundle,
			     .only_looks = true };
	const struct term *answer, *copies;
	const char *dir;

	if (upgrade_peek(&u, err) || have(&dir, &copies, &u, err))
		return -1;
	const struct binding bindings[] = {
		{ "Vsn", term_string(arena, bundle->vsn) },
		{ "Shipped", bundle->config ? bundle->config : &term_nil },
		{ "Brought", term_string(arena, dir) },
		{ "Copies", copies },
		{ "ConfigTimeout", term_integer(arena, timeout_ms) },
		{ "Expression", term_string(arena, expression) },
		{ "Alone", term_atom(arena, alone ? "true" : "false") },
	};

	if (node_run(&answer, NULL, node, arena, SCRIPT_beside, bindings, ARRAY_LEN(bindings),
		     deadline_in(START_MS + (alone ? 2 : 1) * timeout_ms), err))
		return -1;
	return term_is_tagged(answer, "ok", 3) ? take(out, &u, answer, err)
					       : failed(&u, answer, err);
}
