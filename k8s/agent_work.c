// SPDX-License-Identifier: Apache-2.0
#include "k8s/agent_work.h"

#include "base/json.h"
#include "upgrade/node/wire/cookie.h"
#include "upgrade/rollout/way.h"
#include "upgrade/rollout/work.h"

#include <math.h>
#include <string.h>

static const char *text_in(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* ---- what of a target counts here ---- */

/* Where nobody says what makes a node well: nothing may have been started again. */
static const struct target_gate no_restarts = TARGET_GATE_RESTARTS(0);

static struct target target_of(const struct agent_order *order)
{
	return (struct target){
		.name = order->attempt,
		.timeout_ms = order->answer_ms,
		.node_ms = order->node_ms,
		.allow = order->allow,
		.gates = order->gates ? order->gates : &no_restarts,
		.gates_len = order->gates ? order->gates_len : 1,
		.hops = 1,
	};
}

/* ---- the way ---- */

/* From what the node runs; of one that runs the release, from what it ran before. */
static const struct way_found *find_way(struct ways **ways, struct arena *arena,
					const struct agent_setup *setup,
					const struct agent_order *order,
					const struct bundle *bundle, const char *from,
					const char *manifest, struct error *err)
{
	const struct ways_options options = {
		.store = volume_store(arena, setup->root),
		.allow = order->allow,
		.release = bundle->file,
		.bundle = bundle,
	};
	struct error ignored;

	if (ways_open(ways, &options, err))
		return NULL;
	/* One that was in the image did not come from the store; perhaps it is there. */
	(void)!desired_fetch_version(arena, setup->root, order->release.source, bundle->name, from,
				     setup->trust, &ignored);
	return ways_find(*ways, from, manifest);
}

static void tell_way(json_t *answer, struct arena *arena, const struct agent_setup *setup,
		     const struct agent_order *order, const struct bundle *bundle)
{
	json_t *facts = json_object_get(answer, "facts");
	owned_ways struct ways *ways = NULL;
	const char *runs = text_in(facts, "runs");
	bool has_it = strcmp(runs, bundle->vsn) == 0;
	const struct way_found *found;
	struct error err;

	if (!facts)
		return;
	found = find_way(&ways, arena, setup, order, bundle,
			 has_it && order->from ? order->from : runs,
			 has_it ? "" : text_in(answer, "manifest"), &err);
	json_object_set_new(facts, "way",
			    json_string(agent_way_name(found ? found->way : WAY_none)));
	if (!found || (found->text[0] && !has_it))
		json_object_set_new(answer, "text", json_text(found ? found->text : err.text));
}

/* ---- an order ---- */

static json_t *failed(const struct error *err)
{
	/* What a store does not have, or nobody vouches for, it will not have the next time. */
	enum outcome outcome = err->kind == ERROR_UNREACHABLE ? OUTCOME_failed
			       : err->kind == ERROR_NOT_FOUND ? OUTCOME_refused
							      : work_outcome(err);

	return json_pack("{s:s, s:o}", "outcome", outcome_name(outcome), "text",
			 json_text(err->text));
}

static bool wants_release(enum action_kind kind)
{
	return kind == ACTION_look || kind == ACTION_stage || kind == ACTION_install ||
	       kind == ACTION_foresee;
}

static int get_bundle(struct bundle *out, struct arena *arena, const struct agent_setup *setup,
		      const struct agent_order *order, struct error *err)
{
	const char *tarball;

	*out = (struct bundle){ .name = order->release.name, .vsn = order->release.vsn };
	if (!wants_release(order->kind))
		return 0;
	return desired_fetch(&tarball, arena, setup->root, &order->release, setup->trust, err) ||
			       bundle_read(out, arena, tarball, err)
		       ? -1
		       : 0;
}

static void prune(const struct agent_setup *setup, const struct agent_order *order,
		  const json_t *answer)
{
	const json_t *facts = json_object_get(answer, "facts");
	const char *keep[] = { order->release.vsn, text_in(facts, "runs"),
			       text_in(facts, "boots") };

	if (facts)
		volume_prune(setup->root, order->release.name,
			     (struct names){ keep, ARRAY_LEN(keep) });
}

json_t *agent_work(const struct agent_setup *setup, const struct agent_order *order)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct target target = target_of(order);
	owned_cookie struct str cookie = STR_EMPTY;
	struct bundle bundle;
	struct error err;
	struct work work = {
		.target = &target,
		.bundle = &bundle,
		.token = order->token,
		.action = { .kind = order->kind,
			    .id = order->id,
			    .way = order->way,
			    .vsn = order->vsn },
		.node = setup->node,
		.from = order->from,
		.baseline = order->baseline,
	};
	json_t *answer;

	if (order->kind == ACTION_install && order->way == WAY_restart) {
		error_set_(
			&err, ERROR_REFUSED,
			"a pod is restarted by evicting it, not by its agent; nothing was changed");
		return failed(&err);
	}
	if (get_bundle(&bundle, &arena, setup, order, &err) ||
	    cookie_find(&cookie, setup->cookie_file, NULL, &err))
		return failed(&err);
	work.cookie = str_text(&cookie);
	answer = work_do(&work);
	if (order->kind == ACTION_look)
		tell_way(answer, &arena, setup, order, &bundle);
	if (order->kind == ACTION_stage)
		prune(setup, order, answer);
	return answer;
}

/* ---- without an order ---- */

enum { ASK_MS = 5000 };

static int open_node(struct node **out, const struct agent_setup *setup, struct error *err)
{
	struct node_options options = { .name = setup->node, .timeout_ms = ASK_MS };
	owned_cookie struct str cookie = STR_EMPTY;

	if (cookie_find(&cookie, setup->cookie_file, NULL, err))
		return -1;
	options.cookie = str_text(&cookie);
	return node_open(out, &options, err);
}

static json_t *releases_told(struct arena *arena, const struct agent_setup *setup,
			     const struct node_releases *releases)
{
	json_t *list = json_array();

	for (size_t i = 0; i < releases->len; i++) {
		const struct node_release *release = &releases->items[i];

		json_array_append_new(
			list, json_pack("{s:o, s:s, s:o}", "version", json_text(release->vsn),
					"status", release_state_name(release->state), "digest",
					json_text(volume_digest(arena, setup->root, release->name,
								release->vsn))));
	}
	return list;
}

static json_t *state_told(struct arena *arena, const struct agent_setup *setup, struct node *node,
			  const struct node_releases *releases)
{
	const struct node_release *runs = releases_running(releases);
	const struct node_release *boots = releases_permanent(releases);

	return json_pack(
		"{s:b, s:b, s:o, s:o, s:o, s:I, s:o}", "up", true, "serving",
		releases->sasl && !releases->starting && !releases->going_down, "release",
		json_text(runs ? runs->name : NULL), "runs", json_text(runs ? runs->vsn : NULL),
		"boots", json_text(boots ? boots->vsn : NULL), "born",
		(json_int_t)node_creation(node), "releases", releases_told(arena, setup, releases));
}

json_t *agent_look(const struct agent_setup *setup)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_node struct node *node = NULL;
	struct node_releases releases;
	struct error err;

	if (open_node(&node, setup, &err) || node_releases(&releases, node, &arena, &err))
		return json_pack("{s:b, s:b, s:o}", "up", false, "serving", false, "error",
				 json_text(err.text));
	return state_told(&arena, setup, node, &releases);
}

static void gauge(struct str *out, const char *name, const char *help, int64_t value)
{
	str_addf(out, "# HELP relevo_node_%s %s\n# TYPE relevo_node_%s gauge\n", name, help, name);
	str_addf(out, "relevo_node_%s %lld\n", name, (long long)value);
}

static void vitals_told(struct str *out, const struct node_vitals *v, const struct node_web *web)
{
	gauge(out, "run_queue", "Processes that wait for a scheduler.", v->run_queue);
	gauge(out, "schedulers", "Schedulers that are online.", v->schedulers);
	gauge(out, "memory_bytes", "All memory of the VM.", v->memory);
	gauge(out, "processes_memory_bytes", "Memory of processes.", v->processes_memory);
	gauge(out, "binary_memory_bytes", "Memory of binaries.", v->binary_memory);
	gauge(out, "ets_memory_bytes", "Memory of ETS tables.", v->ets_memory);
	gauge(out, "processes", "Processes.", v->processes);
	gauge(out, "processes_limit", "Processes at most.", v->process_limit);
	gauge(out, "ports", "Ports.", v->ports);
	gauge(out, "ports_limit", "Ports at most.", v->port_limit);
	gauge(out, "atoms", "Atoms.", v->atoms);
	gauge(out, "atoms_limit", "Atoms at most.", v->atom_limit);
	gauge(out, "mailbox_longest", "Messages in the longest mailbox.", v->queue_len);
	gauge(out, "processes_suspended", "Processes held by sys:suspend.", v->suspended_count);
	if (web->connections >= 0) {
		gauge(out, "web_connections", "Connections of Bandit and Cowboy.",
		      web->connections);
		gauge(out, "web_requests", "Their requests that run now.", web->requests);
	}
}

json_t *agent_measure(const struct agent_setup *setup)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_node struct node *node = NULL;
	owned_str struct str text = STR_EMPTY;
	struct node_vitals vitals;
	struct node_web web;
	struct error err;
	bool up = open_node(&node, setup, &err) == 0 &&
		  node_vitals(&vitals, node, &arena, &err) == 0 &&
		  node_web(&web, node, &arena, &err) == 0;

	gauge(&text, "up", "Whether the node answers.", up);
	if (up)
		vitals_told(&text, &vitals, &web);
	return json_pack("{s:s}", "text", str_text(&text));
}
