// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/node.h"

#include "base/hash.h"
#include "upgrade/node/answer.h"
#include "upgrade/node/session.h"
#include "upgrade/node/witness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RETRY_MS = 200, PATIENCE_MS = 300000, REFUSED_MS = 10000 };

struct node {
	struct dist *dist;            /* NULL: lost */
	struct node_session *session; /* NULL: nothing was asked on this connection */
	char *name, *cookie;
	char *ca, *cert, *key;  /* files; NULL: none */
	char *to, *jump, *host; /* ssh; NULL: none */
	int port;
	int64_t timeout_ms, patience_ms;
	void (*waiting)(void *context, const char *why);
	void *context;
	char why[500]; /* what was waited for last */
	bool locked;
	uint64_t token;
	bool overtaken;
};

/* ---- connecting ---- */

static void hang_up(struct node *node)
{
	node_session_free(node->session);
	node->session = NULL;
	dist_close(node->dist);
	node->dist = NULL;
}

static int connect_node(struct node *node, struct deadline deadline, struct error *err)
{
	const struct tls_files tls = { .ca = node->ca, .cert = node->cert, .key = node->key };
	const struct ssh_via via = { .to = node->to, .jump = node->jump, .host = node->host };
	const struct dist_options options = { .node = node->name,
					      .cookie = node->cookie,
					      .port = node->port,
					      .tls = node->ca ? &tls : NULL,
					      .via = node->to ? &via : NULL };

	return dist_open(&node->dist, &options, deadline, err);
}

static char *dup_or_null(const char *text)
{
	return text ? mem_dup(text) : NULL;
}

int node_open(struct node **out, const struct node_options *options, struct error *err)
{
	owned_node struct node *node = mem_zero(1, sizeof(*node));

	node->name = mem_dup(options->name);
	node->cookie = mem_dup(options->cookie);
	node->ca = dup_or_null(options->tls.ca);
	node->cert = dup_or_null(options->tls.cert);
	node->key = dup_or_null(options->tls.key);
	node->to = dup_or_null(options->via.to);
	node->jump = dup_or_null(options->via.jump);
	node->host = dup_or_null(options->via.host);
	node->port = options->port;
	node->token = options->token;
	node->timeout_ms = options->timeout_ms;
	node->patience_ms = PATIENCE_MS;
	if (connect_node(node, node_deadline(node), err))
		return -1;
	*out = steal(&node);
	return 0;
}

void node_close(struct node *node)
{
	if (!node)
		return;
	hang_up(node);
	explicit_bzero(node->cookie, strlen(node->cookie));
	free(node->cookie);
	free(node->ca);
	free(node->cert);
	free(node->key);
	free(node->to);
	free(node->jump);
	free(node->host);
	free(node->name);
	free(node);
}

int node_reopen(struct node *node, struct deadline deadline, struct error *err)
{
	struct deadline refused = deadline_in(REFUSED_MS);

	hang_up(node);
	for (;;) {
		struct deadline attempt = deadline_earlier(deadline, node_deadline(node));

		if (connect_node(node, attempt, err) == 0 &&
		    (!node->locked || node_lock(node, deadline, err) == 0))
			return 0;
		hang_up(node);
		/* A node that starts is in epmd before it answers, answers before it has its
		 * cookie, and is out of epmd before it goes.
		 */
		if (err->kind != ERROR_REFUSED)
			refused = deadline_in(REFUSED_MS);
		if (deadline_over(deadline) || deadline_over(refused) || err->kind == ERROR_USAGE ||
		    err->kind == ERROR_LOCKED)
			return -1;
		node_pause(node, err->text);
	}
}

const char *node_name(const struct node *node)
{
	return node->name;
}

struct dist *node_dist(struct node *node)
{
	return node->dist;
}

struct deadline node_deadline(const struct node *node)
{
	return deadline_in(node->timeout_ms);
}

struct deadline node_work_deadline(const struct node *node)
{
	return deadline_in(node->patience_ms);
}

void node_be_patient(struct node *node, int64_t ms, void (*waiting)(void *context, const char *why),
		     void *context)
{
	node->patience_ms = ms;
	node->waiting = waiting;
	node->context = context;
}

void node_pause(struct node *node, const char *why)
{
	size_t len = strcspn(why, "\n"); /* what to do about it is not the reason */

	if (len >= sizeof(node->why))
		len = sizeof(node->why) - 1;
	if (node->waiting && (strncmp(node->why, why, len) != 0 || node->why[len])) {
		memcpy(node->why, why, len);
		node->why[len] = '\0';
		node->waiting(node->context, node->why);
	}
	clock_sleep_ms(RETRY_MS);
}

uint32_t node_creation(const struct node *node)
{
	return node->dist ? dist_creation(node->dist) : 0;
}

int node_run(const struct term **out, const struct term **bad, struct node *node,
	     struct arena *arena, enum script script, const struct binding *bindings,
	     size_t bindings_len, struct deadline deadline, struct error *err)
{
	if (!node->dist)
		return error_set(err, ERROR_UNREACHABLE, "%s: the connection is lost", node->name);
	if (!node->session && node_session_open(&node->session, node->dist, deadline, err))
		return -1;
	return node_session_run(out, bad, node->session, arena, script, bindings, bindings_len,
				deadline, err);
}

int64_t node_free_atoms(const struct node *node)
{
	return node->session ? node_session_free_atoms(node->session) : 0;
}

static int say_locked(const struct node *node, const struct term *answer, struct error *err)
{
	const char *who = NULL;

	if (term_is_tagged(answer, "held", 2))
		who = term_atom_name(term_at(answer, 1));
	if (who)
		error_set_(err, ERROR_LOCKED, "%s: another relevo, %s, is at work there",
			   node->name, who);
	else
		error_set_(err, ERROR_LOCKED, "%s: an upgrade or a restart is under way there",
			   node->name);
	return error_hint(err, "Try again when that is over.");
}

/* Where a restart is under way the node goes down meanwhile. */
static bool back_after_wait(struct node *node, bool waited, struct deadline deadline,
			    struct error *err)
{
	if (!waited || node->locked || err->kind != ERROR_UNREACHABLE || deadline_over(deadline))
		return false;
	node_pause(node, "the node starts, stops or restarts");
	return node_reopen(node, deadline, err) == 0;
}

int node_lock(struct node *node, struct deadline deadline, struct error *err)
{
	bool waited = false;

	for (;;) {
		owned_arena struct arena arena = ARENA_EMPTY;
		const struct term *answer;

		const struct binding bindings[] = {
			{ "Token", term_integer(&arena, (int64_t)node->token) },
		};

		if (node_run(&answer, NULL, node, &arena, SCRIPT_lock, bindings,
			     ARRAY_LEN(bindings), node_deadline(node), err)) {
			if (!back_after_wait(node, waited, deadline, err))
				return -1;
			continue;
		}
		if (term_is_atom(answer, "mine")) {
			node->locked = true;
			return 0;
		}
		node->overtaken = term_is_atom(answer, "overtaken");
		if (node->overtaken)
			return error_set(err, ERROR_LOCKED, "%s: a later rollout has been there",
					 node->name);
		say_locked(node, answer, err);
		if (deadline_over(deadline))
			return -1;
		waited = true;
		node_pause(node, err->text);
	}
}

bool node_overtaken(const struct node *node)
{
	return node->overtaken;
}

int node_ping(int64_t *out_us, struct node *node, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *answer;
	struct timespec from, to;

	if (!node->dist)
		return error_set(err, ERROR_UNREACHABLE, "%s: the connection is lost", node->name);
	clock_gettime(CLOCK_MONOTONIC, &from);
	if (rpc_call(&answer, NULL, node->dist, &arena, "erlang", "node", &term_nil,
		     node_deadline(node), err))
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &to);
	if (!term_is_atom(answer, node->name))
		return error_set(err, ERROR_INVALID, "%s: the node there calls itself otherwise",
				 node->name);
	*out_us = (to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000;
	return 0;
}

static int ask(const struct term **out, struct node *node, struct arena *arena, enum script script,
	       struct error *err)
{
	if (node_run(out, NULL, node, arena, script, NULL, 0, node_deadline(node), err))
		return -1;
	if (!term_is_list(*out))
		return error_set(err, ERROR_INVALID, "%s: %s: an answer of another shape",
				 node->name, script_name(script));
	return 0;
}

/* ---- vitals ---- */

int node_vitals(struct node_vitals *out, struct node *node, struct arena *arena, struct error *err)
{
	const struct term *answer, *held;
	const char **names;
	size_t len;

	if (ask(&answer, node, arena, SCRIPT_vitals, err))
		return -1;
	held = answer_list(answer, "suspended");
	len = held->seq.len;
	names = arena_array(arena, len, const char *);
	for (size_t i = 0; i < len; i++) {
		names[i] = "";
		term_get_text(term_at(held, i), arena, &names[i]);
	}
	*out = (struct node_vitals){
		.run_queue = answer_number(answer, "run_queue"),
		.schedulers = answer_number(answer, "schedulers"),
		.memory = answer_number(answer, "memory"),
		.processes_memory = answer_number(answer, "processes_memory"),
		.binary_memory = answer_number(answer, "binary_memory"),
		.ets_memory = answer_number(answer, "ets_memory"),
		.processes = answer_number(answer, "processes"),
		.process_limit = answer_number(answer, "process_limit"),
		.ports = answer_number(answer, "ports"),
		.port_limit = answer_number(answer, "port_limit"),
		.atoms = answer_number(answer, "atoms"),
		.atom_limit = answer_number(answer, "atom_limit"),
		.queue_len = answer_number(answer, "queue_len"),
		.queue_process = answer_text(answer, arena, "queue_process"),
		.suspended = names,
		.suspended_len = len,
		.suspended_count = answer_number(answer, "suspended_count"),
	};
	return 0;
}

int node_web(struct node_web *out, struct node *node, struct arena *arena, struct error *err)
{
	const struct term *answer;

	if (ask(&answer, node, arena, SCRIPT_web, err))
		return -1;
	*out = (struct node_web){ answer_number_or(answer, "connections", -1),
				  answer_number_or(answer, "requests", -1) };
	return 0;
}

int node_busy(int64_t *out, struct node *node, int64_t ms, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct binding binding = { "Ms", term_integer(&arena, ms) };
	const struct term *answer;

	if (node_run(&answer, NULL, node, &arena, SCRIPT_busy, &binding, 1,
		     deadline_in(node->timeout_ms + ms), err))
		return -1;
	if (!term_get_integer(answer, out))
		return error_set(err, ERROR_INVALID, "%s: an answer of another shape", node->name);
	return 0;
}

/* ---- releases ---- */

static const char *const state_names[] = {
	[RELEASE_ABSENT] = "absent",   [RELEASE_UNPACKED] = "unpacked",
	[RELEASE_CURRENT] = "current", [RELEASE_PERMANENT] = "permanent",
	[RELEASE_OLD] = "old",
};

const char *release_state_name(enum release_state state)
{
	return state_names[state];
}

static enum release_state state_of(const struct term *term)
{
	for (size_t i = 0; i < ARRAY_LEN(state_names); i++)
		if (term_is_atom(term, state_names[i]))
			return (enum release_state)i;
	return RELEASE_UNPACKED; /* tmp_current: booted once by an emulator upgrade */
}

/* "kernel-8.5.3" */
static struct node_app lib_of(const struct term *term, struct arena *arena)
{
	const char *text = "", *dash;

	term_get_text(term, arena, &text);
	dash = strchr(text, '-');
	if (!dash)
		return (struct node_app){ text, "" };
	return (struct node_app){ arena_dup(arena, (struct span){ text, (size_t)(dash - text) }),
				  dash + 1 };
}

static bool release_of(struct node_release *out, const struct term *term, struct arena *arena)
{
	const struct term *libs;

	*out = (struct node_release){ .name = "" };
	if (!term_is_tuple(term, 4) || !term_get_text(term_at(term, 0), arena, &out->name) ||
	    !term_get_text(term_at(term, 1), arena, &out->vsn))
		return false;
	libs = term_at(term, 2);
	out->state = state_of(term_at(term, 3));
	out->libs_len = term_is_list(libs) ? libs->seq.len : 0;
	out->libs = arena_array(arena, out->libs_len, struct node_app);
	for (size_t i = 0; i < out->libs_len; i++)
		out->libs[i] = lib_of(term_at(libs, i), arena);
	return true;
}

static void read_reverted(struct node_releases *out, const struct term *answer, struct arena *arena)
{
	const struct term *words = answer_list(answer, "reverted");

	out->reverted_from = out->reverted_to = "";
	if (words->seq.len < 2 || !term_get_text(term_at(words, 0), arena, &out->reverted_from) ||
	    !term_get_text(term_at(words, 1), arena, &out->reverted_to))
		out->reverted_from = out->reverted_to = "";
}

int node_releases(struct node_releases *out, struct node *node, struct arena *arena,
		  struct error *err)
{
	const struct term *answer, *known;
	struct node_release *list;
	size_t len, used = 0;

	if (ask(&answer, node, arena, SCRIPT_releases, err))
		return -1;
	known = answer_list(answer, "releases");
	len = known->seq.len;
	list = arena_array(arena, len, struct node_release);
	for (size_t i = 0; i < len; i++)
		used += release_of(&list[used], term_at(known, i), arena);
	*out = (struct node_releases){
		.items = list,
		.len = used,
		.sasl = strcmp(answer_text(answer, arena, "releases"), "sasl_not_running") != 0,
		.file_fault = answer_text(answer, arena, "releases_file"),
		.releases_dir = answer_text(answer, arena, "releases_dir"),
		.root = answer_text(answer, arena, "root"),
		.erts = answer_text(answer, arena, "erts"),
		.otp = answer_text(answer, arena, "otp"),
		.mode = answer_text(answer, arena, "mode"),
		.pinned_vsn = answer_text(answer, arena, "pinned_version"),
		.env_version = answer_text(answer, arena, "env_version"),
		.keeper = answer_text(answer, arena, "keeper"),
		.trials = answer_flag(answer, "trials"),
		.failed_vsn = answer_text(answer, arena, "failed_trial"),
		.lock = answer_text(answer, arena, "lock"),
		.unseen = answer_text(answer, arena, "unseen"),
		.busy = answer_flag(answer, "busy"),
		.starting = strcmp(answer_text(answer, arena, "status"), "starting") == 0,
		.going_down = strcmp(answer_text(answer, arena, "status"), "stopping") == 0,
		.crypto = answer_flag(answer, "crypto"),
	};
	read_reverted(out, answer, arena);
	releases_judge(out,
		       &(const struct witnesses){
			       .booted_name = answer_text(answer, arena, "booted_name"),
			       .booted_vsn = answer_text(answer, arena, "booted_version"),
			       .start_vsn = answer_text(answer, arena, "start_version"),
			       .start_is_there = answer_flag(answer, "start_is_there"),
			       .copy_is_left = answer_flag(answer, "copy_is_left"),
			       .records_differ = answer_flag(answer, "records_differ"),
		       },
		       arena);
	return 0;
}

int node_shared(const struct node_trouble **out, struct node *node, struct arena *arena,
		struct error *err)
{
	struct node_trouble *trouble = arena_new(arena, struct node_trouble);
	const struct term *answer, *first;
	const char *pid, *name;

	if (ask(&answer, node, arena, SCRIPT_shared, err))
		return -1;
	first = answer->seq.len ? term_at(answer, 0) : NULL;
	if (!first || !term_is_tuple(first, 2) || !term_get_text(term_at(first, 0), arena, &pid) ||
	    !term_get_text(term_at(first, 1), arena, &name))
		return 0;
	*trouble = (struct node_trouble){
		.name = "folder_shared",
		.text = arena_printf(arena,
				     "%s, process %s of the machine, was started from the same "
				     "folder: each would overwrite and remove what the other has",
				     *name ? name : "another node", pid),
		.way = WAY_NONE,
	};
	*out = trouble;
	return 0;
}

const char *trouble_way(const struct node_trouble *trouble, const struct node *node,
			struct arena *arena)
{
	switch (trouble->way) {
	case WAY_ANY:
		return "The next command that changes the node puts it right.";
	case WAY_COMMIT:
		return arena_printf(arena,
				    "`relevo node commit %s` makes what runs permanent in all "
				    "records; or restart the node into what it should run.",
				    node->name);
	case WAY_ADOPT:
		return arena_printf(arena, "`relevo node adopt %s` puts it right.", node->name);
	case WAY_NONE:
		break;
	}
	return "Each node needs a folder of its own: stop one of them, and start it from a copy.";
}

const struct node_release *releases_find(const struct node_releases *releases, const char *vsn)
{
	for (size_t i = 0; i < releases->len; i++)
		if (strcmp(releases->items[i].vsn, vsn) == 0)
			return &releases->items[i];
	return NULL;
}

static const struct node_release *first_in(const struct node_releases *releases,
					   enum release_state state)
{
	for (size_t i = 0; i < releases->len; i++)
		if (releases->items[i].state == state)
			return &releases->items[i];
	return NULL;
}

const struct node_release *releases_permanent(const struct node_releases *releases)
{
	return first_in(releases, RELEASE_PERMANENT);
}

const struct node_release *releases_running(const struct node_releases *releases)
{
	const struct node_release *current = first_in(releases, RELEASE_CURRENT);

	return current ? current : releases_permanent(releases);
}

/* ---- info ---- */

int node_info(struct node_info *out, struct node *node, struct arena *arena, struct error *err)
{
	const struct node_release *running;
	const struct term *answer, *apps;
	struct node_releases releases;
	struct node_app *list;
	size_t len;

	if (ask(&answer, node, arena, SCRIPT_info, err) ||
	    node_releases(&releases, node, arena, err))
		return -1;
	running = releases_running(&releases);
	apps = answer_list(answer, "applications");
	len = apps->seq.len;
	list = arena_array(arena, len, struct node_app);
	for (size_t i = 0; i < len; i++) {
		const struct term *app = term_at(apps, i);

		list[i] = (struct node_app){ "", "" };
		if (!term_is_tuple(app, 2) || !term_atom_name(term_at(app, 0)))
			continue;
		list[i].name = term_atom_name(term_at(app, 0));
		term_get_text(term_at(app, 1), arena, &list[i].vsn);
	}
	*out = (struct node_info){
		.name = running ? running->name : answer_text(answer, arena, "name"),
		.version = running ? running->vsn : answer_text(answer, arena, "version"),
		.otp = answer_text(answer, arena, "otp"),
		.erts = answer_text(answer, arena, "erts"),
		.elixir = answer_text(answer, arena, "elixir"),
		.root = answer_text(answer, arena, "root"),
		.releases_dir = answer_text(answer, arena, "releases_dir"),
		.mode = answer_text(answer, arena, "mode"),
		.uptime_ms = answer_number(answer, "uptime"),
		.apps = list,
		.apps_len = len,
	};
	return 0;
}

/* ---- manifests ---- */

static int ask_manifest(const struct term **out, struct node *node, struct arena *arena,
			const char *vsn, bool whole, struct error *err)
{
	const struct binding bindings[] = {
		{ "Vsn", term_string(arena, vsn) },
		{ "Whole", term_atom(arena, whole ? "true" : "false") },
	};

	return node_run(out, NULL, node, arena, SCRIPT_digest, bindings, ARRAY_LEN(bindings),
			node_deadline(node), err);
}

static int unpack_manifest(struct span *out, struct node *node, struct arena *arena,
			   const struct term *answer, struct error *err)
{
	const struct term *text;

	*out = (struct span){ "", 0 };
	if (answer->kind != TERM_BINARY)
		return 0;
	if (term_decode(&text, arena, answer->text, TERM_LIMITS_NODE, NULL, err))
		return error_wrap(err, "%s: the manifest that it has", node->name);
	if (text->kind == TERM_BINARY)
		*out = text->text;
	return 0;
}

int node_manifest_text(struct span *out, struct node *node, struct arena *arena, const char *vsn,
		       struct error *err)
{
	const struct term *answer;

	return ask_manifest(&answer, node, arena, vsn, true, err) ||
			       unpack_manifest(out, node, arena, answer, err)
		       ? -1
		       : 0;
}

int node_manifest_digest(const char **out, struct node *node, struct arena *arena, const char *vsn,
			 struct error *err)
{
	const struct term *answer;
	char hex[HASH_HEX_MAX];
	struct span text;

	if (ask_manifest(&answer, node, arena, vsn, false, err) ||
	    unpack_manifest(&text, node, arena, answer, err))
		return -1;
	*out = "";
	if (text.len > 0) {
		hash_hex(HASH_SHA256, text, hex);
		*out = arena_dup(arena, span_of(hex));
	} else {
		term_get_text(answer, arena, out);
	}
	return 0;
}

bool releases_is_unseen(const struct node_releases *releases)
{
	const struct node_release *running = releases_running(releases);

	return running && strcmp(running->vsn, releases->unseen) == 0;
}
