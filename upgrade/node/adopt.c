// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/install.h"

enum { ADOPT_MS = 60000 };

static int refused(const struct node *node, const struct term *reason, struct error *err)
{
	static const struct {
		const char *reason, *text;
	} known[] = {
		{ "no_rel_file", "there is no .rel file of the release that was booted" },
		{ "not_committed",
		  "a release is installed there and not committed: commit it, which writes the "
		  "records anew" },
		{ "not_its_own_folder",
		  "it runs in a folder of releases that is not its own (perhaps that of the "
		  "Erlang that is installed); start it from a folder that holds its lib/ and "
		  "releases/, with $ROOTDIR naming that, as start_erl does" },
		{ "sasl_not_running", "sasl does not run there" },
	};
	owned_str struct str text = STR_EMPTY;

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (term_is_atom(reason, known[i].reason))
			str_adds(&text, known[i].text);
	if (text.len == 0)
		rpc_reason(&text, reason);
	return error_set(err, ERROR_REFUSED, "%s cannot be adopted: %s; nothing was changed",
			 node_name(node), str_text(&text));
}

static int write_records(bool *done, struct node *node, struct arena *arena, struct error *err)
{
	const struct term *answer;

	if (node_run(&answer, NULL, node, arena, SCRIPT_adopt, NULL, 0, deadline_in(ADOPT_MS), err))
		return -1;
	if (term_is_tagged(answer, "refused", 2))
		return refused(node, term_at(answer, 1), err);
	*done = !term_is_atom(answer, "already");
	return 0;
}

static int unpin_script(bool *done, struct node *node, struct arena *arena, struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	const struct term *answer;

	if (node_run(&answer, NULL, node, arena, SCRIPT_unpin, NULL, 0, deadline_in(ADOPT_MS), err))
		return -1;
	if (term_is_tagged(answer, "error", 2)) {
		rpc_reason(&text, term_at(answer, 1));
		return error_set(err, ERROR_REFUSED,
				 "%s has its RELEASES, but its start script, which boots one "
				 "version whatever is permanent, cannot be written: %s",
				 node_name(node), str_text(&text));
	}
	*done = term_is_atom(answer, "true");
	return 0;
}

int node_adopt(struct adoption *out, struct node *node, struct arena *arena, struct error *err)
{
	struct adoption made;

	if (node_lock(node, node_deadline(node), err) ||
	    write_records(&made.records, node, arena, err) ||
	    unpin_script(&made.start_script, node, arena, err))
		return -1;
	*out = made;
	return 0;
}
