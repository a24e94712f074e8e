// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/move.h"

#include <string.h>

enum { ENDED_MS = 500, PORTS_MS = 1000 };

int node_settle(struct node_releases *out, struct node *node, struct arena *arena,
		struct deadline deadline, struct error *err)
{
	for (;;) {
		int ret = node_releases(out, node, arena, err);

		if (ret && err->kind != ERROR_UNREACHABLE && err->kind != ERROR_FAILED)
			return -1;
		if (ret == 0 && !out->busy && !out->starting && !out->going_down && out->sasl)
			return 0;
		if (deadline_over(deadline)) {
			if (ret)
				return -1;
			if (!out->sasl && !out->busy && !out->starting && !out->going_down)
				return 0;
			return error_set(err, ERROR_UNREACHABLE, "%s: %s", node_name(node),
					 out->starting ? "its applications are still being started"
						       : "an installation still runs on the node");
		}
		node_pause(node, ret         ? err->text
				 : out->busy ? "an installation still runs on the node"
					     : "the node starts, stops or restarts");
		if (ret && err->kind == ERROR_UNREACHABLE && node_reopen(node, deadline, err))
			return -1;
	}
}

static const char *reason_text(struct arena *arena, const struct term *reason)
{
	owned_str struct str text = STR_EMPTY;
	const char *what;

	/* {config, Provider, Text}: see config.erl */
	if (term_is_tagged(reason, "config", 3) &&
	    term_get_text(term_at(reason, 2), arena, &what)) {
		const char *provider = term_atom_name(term_at(reason, 1));

		return arena_printf(arena, "configuration (%s): %s", provider ? provider : "?",
				    what);
	}
	rpc_reason(&text, reason);
	return arena_dup(arena, str_span(&text));
}

/* The answer of install.erl. */
static int read_answer(enum move_outcome *out, const char **why, struct arena *arena,
		       const struct term *answer, const char *node, struct error *err)
{
	static const struct {
		const char *tag;
		enum move_outcome outcome;
	} tags[] = {
		{ "installed", MOVE_DONE },       { "refused", MOVE_REFUSED },
		{ "failed", MOVE_REFUSED },       { "half", MOVE_HALF },
		{ "restarting", MOVE_RESTARTED },
	};

	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		if (!term_is_tagged(answer, tags[i].tag, 2))
			continue;
		*out = tags[i].outcome;
		if (*out != MOVE_DONE)
			*why = reason_text(arena, term_at(answer, 1));
		return 0;
	}
	return error_set(err, ERROR_INVALID, "%s: an answer of another shape", node);
}

/* After the call was lost, or the node goes down: what is it now? */
static int look_again(enum move_outcome *out, const char **why, struct node *node,
		      struct arena *arena, const char *vsn, uint32_t creation,
		      struct deadline deadline, struct error *err)
{
	struct node_releases releases;
	const struct node_release *running;

	if (node_settle(&releases, node, arena, deadline, err))
		return -1;
	running = releases_running(&releases);
	if (running && strcmp(running->vsn, vsn) == 0)
		*out = MOVE_DONE;
	else
		*out = node_creation(node) != creation ? MOVE_RESTARTED : MOVE_REFUSED;
	if (*out == MOVE_REFUSED && !*why)
		return error_set(err, ERROR_UNREACHABLE,
				 "%s: the connection broke, and %s was not installed",
				 node_name(node), vsn);
	if (*out == MOVE_RESTARTED && !*why)
		*why = "the node went down while it was installed";
	return 0;
}

/* Waits until it has ended; false: it runs again already. */
static bool has_ended(struct node *node, uint32_t creation, struct deadline deadline)
{
	struct error err;

	while (!deadline_over(deadline)) {
		if (node_reopen(node, deadline_in(ENDED_MS), &err)) {
			/* It is out of epmd before its ports are closed. */
			clock_sleep_ms(PORTS_MS);
			return true;
		}
		if (node_creation(node) != creation)
			return false;
		node_pause(node, "the node should end");
	}
	return false;
}

/* A node that said it restarts is a while up yet. */
static int await_restart(struct node *node, uint32_t creation, struct deadline deadline,
			 struct error *err)
{
	do {
		if (node_reopen(node, deadline, err))
			return -1;
		if (node_creation(node) != creation)
			return 0;
		node_pause(node, "the node should restart");
	} while (!deadline_over(deadline));
	return error_set(err, ERROR_UNREACHABLE, "%s: the node should restart, but does not",
			 node_name(node));
}

static int run(const struct term **answer, struct node *node, struct arena *arena, const char *vsn,
	       const struct move_options *options, struct deadline deadline, struct error *err)
{
	const struct binding bindings[] = {
		{ "Vsn", term_string(arena, vsn) },
		{ "CodeChangeTimeout", term_integer(arena, options->code_change_timeout_ms) },
		{ "SuspendTimeout", term_integer(arena, options->suspend_timeout_ms) },
		{ "ConfigTimeout", term_integer(arena, options->config_timeout_ms) },
	};

	return node_run(answer, NULL, node, arena, SCRIPT_install, bindings, ARRAY_LEN(bindings),
			deadline, err);
}

/* {From, [{Module, Processes, LongestUs}]} */
static void read_pauses(struct move_pauses *out, struct arena *arena, const struct term *installed)
{
	const struct term *list = term_is_tuple(installed, 2) ? term_at(installed, 1) : &term_nil;
	struct move_pause *items;
	size_t len = 0;

	if (!term_is_list(list))
		return;
	items = arena_array(arena, list->seq.len, struct move_pause);
	for (size_t i = 0; i < list->seq.len; i++) {
		const struct term *entry = term_at(list, i);

		if (!term_is_tuple(entry, 3) || !term_atom_name(term_at(entry, 0)) ||
		    !term_get_integer(term_at(entry, 1), &items[len].processes) ||
		    !term_get_integer(term_at(entry, 2), &items[len].longest_us))
			continue;
		items[len++].module = term_atom_name(term_at(entry, 0));
	}
	*out = (struct move_pauses){ items, len };
}

int node_move(enum move_outcome *out, struct move_pauses *pauses, const char **why,
	      struct node *node, struct arena *arena, const char *vsn,
	      const struct move_options *options, struct error *err)
{
	struct deadline deadline = deadline_in(options->timeout_ms);
	uint32_t creation = node_creation(node);
	const struct term *answer;
	enum move_outcome outcome;
	const char *text = NULL;

	if (run(&answer, node, arena, vsn, options, deadline, err)) {
		/* The connection goes before the answer when the node restarts. */
		if (err->kind != ERROR_UNREACHABLE || deadline_over(deadline))
			return -1;
		if (look_again(&outcome, &text, node, arena, vsn, creation, deadline, err))
			return -1;
		/* What is permanent runs again also when the way to it failed. */
		if (outcome == MOVE_DONE && node_creation(node) != creation) {
			outcome = MOVE_RESTARTED;
			text = "the node went down while it was installed";
		}
	} else if (read_answer(&outcome, &text, arena, answer, node_name(node), err)) {
		return -1;
	} else if (outcome == MOVE_DONE) {
		read_pauses(pauses, arena, term_at(answer, 1));
	}
	if (outcome == MOVE_RESTARTED && node_creation(node) == creation) {
		struct node_releases releases;

		if (await_restart(node, creation, deadline, err) ||
		    node_settle(&releases, node, arena, deadline, err))
			return -1;
	}
	*out = outcome;
	if (outcome != MOVE_DONE)
		*why = text;
	return 0;
}

int node_restart(enum move_outcome *out, const char **why, struct node *node, struct arena *arena,
		 const char *vsn, const struct move_options *options, struct error *err)
{
	const struct binding bindings[] = {
		{ "Vsn", term_string(arena, vsn) },
		{ "Trial", term_atom(arena, options->no_trial ? "false" : "true") },
	};
	struct deadline deadline = deadline_in(options->timeout_ms);
	uint32_t creation = node_creation(node);
	const char *text = "it did not come up";
	enum move_outcome outcome;
	const struct term *answer;

	if (node_run(&answer, NULL, node, arena, SCRIPT_restart, bindings, ARRAY_LEN(bindings),
		     deadline, err)) {
		if (err->kind != ERROR_UNREACHABLE)
			return -1;
	} else if (term_is_tagged(answer, "refused", 2)) {
		*out = MOVE_REFUSED;
		*why = reason_text(arena, term_at(answer, 1));
		return 0;
	} else if ((options->start && has_ended(node, creation, deadline) &&
		    options->start(options->start_context, err)) ||
		   await_restart(node, creation, deadline, err)) {
		return -1;
	}
	if (look_again(&outcome, &text, node, arena, vsn, creation, deadline, err))
		return -1;
	*out = outcome;
	if (outcome != MOVE_DONE)
		*why = text;
	return 0;
}
