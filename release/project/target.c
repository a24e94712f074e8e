// SPDX-License-Identifier: Apache-2.0
/* The key "targets" of relevo.yaml. */
#include "release/project/target.h"

#include "base/duration.h"
#include "release/project/target_parts.h"

#include <stdlib.h>
#include <string.h>

enum { NODES_MAX = 10000, WAVES_MAX = 60, EXTENDS_MAX = 8, PARALLEL_MOST = 256 };

/* ---- kinds of values ---- */

int target_get_number(struct project_reader *r, const struct project_field *f, void *into)
{
	if (!json_is_integer(f->value) || json_integer_value(f->value) < 0 ||
	    json_integer_value(f->value) > 1000000000)
		return project_wrong(r, f, "a number, 0 or more");
	*(int64_t *)into = json_integer_value(f->value);
	return 0;
}

int target_get_positive(struct project_reader *r, const struct project_field *f, void *into)
{
	if (!json_is_integer(f->value) || json_integer_value(f->value) < 1 ||
	    json_integer_value(f->value) > 65535)
		return project_wrong(r, f, "a number from 1 to 65535");
	*(int64_t *)into = json_integer_value(f->value);
	return 0;
}

int target_get_duration(struct project_reader *r, const struct project_field *f, void *into)
{
	if (json_is_integer(f->value) && json_integer_value(f->value) >= 0 &&
	    json_integer_value(f->value) <= 1000000) {
		*(int64_t *)into = json_integer_value(f->value) * 1000;
		return 0;
	}
	if (!json_is_string(f->value) || !duration_parse(into, json_string_value(f->value)))
		return project_wrong(r, f, "a time such as 30s, 500ms or 5m");
	return 0;
}

static int get_amount(struct project_reader *r, const struct project_field *f, void *into)
{
	struct target_amount amount = { json_integer_value(f->value), false };
	const char *text = json_string_value(f->value);
	char *end;

	if (text) {
		amount = (struct target_amount){ strtol(text, &end, 10), true };
		if (end == text || strcmp(end, "%") != 0 || amount.value > 100)
			amount.value = 0;
	}
	if (amount.value < 1 || amount.value > NODES_MAX)
		return project_wrong(r, f, "a number of nodes, or percent such as 25%");
	*(struct target_amount *)into = amount;
	return 0;
}

static int get_waves(struct project_reader *r, const struct project_field *f, void *into)
{
	struct target *target = into;
	struct target_amount *waves =
		arena_array(r->arena, json_array_size(f->value), struct target_amount);
	const json_t *item;
	size_t i;

	if (!json_is_array(f->value) || json_array_size(f->value) == 0 ||
	    json_array_size(f->value) > WAVES_MAX)
		return project_wrong(r, f, "how many nodes have it after each wave: [1, 10%, 50%]");
	json_array_foreach (f->value, i, item) {
		struct project_field element = { f->object, f->key, f->path, item };

		if (get_amount(r, &element, &waves[i]))
			return -1;
	}
	target->waves = waves;
	target->waves_len = json_array_size(f->value);
	return 0;
}

/* A time, or `manual`: until somebody promotes it. */
static int get_pause(struct project_reader *r, const struct project_field *f, void *into)
{
	struct target *target = into;
	const char *text = json_string_value(f->value);

	target->pause = text && strcmp(text, "manual") == 0;
	return target->pause ? 0 : target_get_duration(r, f, &target->pause_ms);
}

int target_get_word(struct project_reader *r, const struct project_field *f, void *into,
		    const char *const *words, const char *want)
{
	const char *text = json_string_value(f->value);

	for (; text && *words; words++) {
		if (strcmp(text, *words) == 0) {
			*(const char **)into = *words;
			return 0;
		}
	}
	return project_wrong(r, f, want);
}

static int get_mode(struct project_reader *r, const struct project_field *f, void *into)
{
	static const char *const words[] = { "auto", "hot", "restart", NULL };

	return target_get_word(r, f, into, words, "auto, hot or restart");
}

static int get_on_failure(struct project_reader *r, const struct project_field *f, void *into)
{
	static const char *const words[] = { "rollback", "pause", "stop", NULL };

	return target_get_word(r, f, into, words, "rollback, pause or stop");
}

static int get_commit(struct project_reader *r, const struct project_field *f, void *into)
{
	static const char *const words[] = { "end", "wave", NULL };

	return target_get_word(r, f, into, words, "end or wave");
}

/* ---- nodes ---- */

static bool is_node_name(const char *name)
{
	const char *at = name ? strchr(name, '@') : NULL;

	return at && at > name && at[1] && !strchr(at + 1, '@') && strlen(name) < 256;
}

static int get_node_name(struct project_reader *r, const struct project_field *f, void *into)
{
	if (!is_node_name(json_string_value(f->value)))
		return project_wrong(r, f, "NAME@HOST");
	return project_get_text(r, f, into);
}

static const char *text_in(struct project_reader *r, const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? arena_dup(r->arena, span_of(text)) : NULL;
}

/* {ssh: DESTINATION, jump: …, host: …}, as the keys via.ssh and so on of a target. */
static bool read_via(struct project_reader *r, const json_t *object, struct target_via *out)
{
	*out = (struct target_via){ text_in(r, object, "ssh"), text_in(r, object, "jump"),
				    text_in(r, object, "host") };
	return out->ssh &&
	       json_object_size(object) == 1U + (out->jump != NULL) + (out->host != NULL);
}

static int get_node(struct project_reader *r, const struct project_field *f,
		    struct target_node *out)
{
	static const char want[] =
		"names such as shop@10.0.0.1, or {node: NAME, zone: ZONE, via: {ssh: USER@HOST}}";
	size_t keys = json_object_size(f->value);

	*out = (struct target_node){ .zone = "" };
	if (json_is_string(f->value)) {
		out->name = arena_dup(r->arena, span_of(json_string_value(f->value)));
	} else {
		const char *zone = text_in(r, f->value, "zone");
		const json_t *via = json_object_get(f->value, "via");

		out->name = text_in(r, f->value, "node");
		out->zone = zone ? zone : "";
		if (keys != 1U + (zone != NULL) + (via != NULL) ||
		    (via && !read_via(r, via, &out->via)))
			return project_wrong(r, f, want);
	}
	return is_node_name(out->name) ? 0 : project_wrong(r, f, want);
}

static int get_nodes(struct project_reader *r, const struct project_field *f, void *into)
{
	struct target *target = into;
	struct target_node *nodes =
		arena_array(r->arena, json_array_size(f->value), struct target_node);
	const json_t *item;
	size_t i;

	if (!json_is_array(f->value) || json_array_size(f->value) == 0 ||
	    json_array_size(f->value) > NODES_MAX)
		return project_wrong(r, f, "a list of nodes: [shop@10.0.0.1, shop@10.0.0.2]");
	json_array_foreach (f->value, i, item) {
		struct project_field element = { f->object, f->key, f->path, item };

		if (get_node(r, &element, &nodes[i]))
			return -1;
		for (size_t k = 0; k < i; k++)
			if (strcmp(nodes[k].name, nodes[i].name) == 0)
				return project_wrong(r, f, "each node once");
	}
	target->nodes = nodes;
	target->nodes_len = json_array_size(f->value);
	return 0;
}

/* ---- what is read elsewhere ---- */

int target_read_object(struct project_reader *r, const json_t *object,
		       const struct project_key *keys, void *into)
{
	const struct project_key *keys_before = r->keys;
	void *into_before = r->into;
	int ret;

	r->keys = keys;
	r->into = into;
	ret = project_read_keys(r, object, "");
	r->keys = keys_before;
	r->into = into_before;
	return ret;
}

/* ---- the table ---- */

/* clang-format off */
#define AT(member) offsetof(struct target, member)
const struct project_key target_keys[] = {
	{ "nodes", "list of names, or of {node: NAME, zone: ZONE, via: {…}}", "(or dns, seed)",
	  "the nodes; those of one zone are spread over the waves", get_nodes, 0 },
	{ "dns", "NAME@HOST", "(none)", "instead of nodes: one called NAME at each address of HOST; or, when "
	  "HOST begins with _, at each host of its SRV records", get_node_name, AT(dns) },
	{ "seed", "node", "(none)", "instead of nodes: this one, and those of its cluster that run the same "
	  "release", get_node_name, AT(seed) },
	{ "extends", "name", "(none)", "another target, whose keys hold where this one has none",
	  project_get_text, AT(extends) },
	{ "cookie_file", "file", "(none)", "where the cookie of the nodes is", project_get_path,
	  AT(cookie_file) },
	{ "cookie_env", "name", "RELEASE_COOKIE, else ~/.erlang.cookie",
	  "the environment variable that the cookie is in", project_get_text, AT(cookie_env) },
	{ "port", "number", "(epmd knows)", "the distribution port of all nodes, where there is no epmd",
	  target_get_positive, AT(port) },
	{ "timeout", "time", "10s", "how long a node may take to connect and to answer", target_get_duration,
	  AT(timeout_ms) },
	{ "tls.ca", "file", "(plain)", "speak TLS; the authority (PEM) that vouches for the nodes",
	  project_get_path, AT(tls_ca) },
	{ "tls.cert", "file", "(none)", "the certificate (PEM) to show to the nodes", project_get_path,
	  AT(tls_cert) },
	{ "tls.key", "file", "(none)", "the key (PEM) of tls.cert", project_get_path, AT(tls_key) },
	{ "via.ssh", "user@host", "(directly)",
	  "reach the nodes through the OpenSSH client, which is to come in without asking; {host} is "
	  "what stands behind the @ of the node", project_get_text, AT(via.ssh) },
	{ "via.jump", "user@host", "(none)", "a bastion on the way there, or several with commas",
	  project_get_text, AT(via.jump) },
	{ "via.host", "host", "localhost", "where the node listens, as the machine of via.ssh calls it",
	  project_get_text, AT(via.host) },
	{ "setup.dir", "folder", "NAME", "where relevo setup puts the release; below the home folder of "
	  "via.ssh's user, unless it begins with /", project_get_text, AT(dir) },
	{ "setup.systemd", "true or false", "false", "relevo setup installs a unit, where systemd is; as "
	  "root, or by sudo -n", project_get_bool, AT(systemd) },
	{ "allow", "list of codes", "[]",
	  "reasons (relevo plan) that a hot upgrade may carry; with any other warning auto restarts and "
	  "hot refuses", project_get_texts, AT(allow) },
	{ "strategy.mode", "auto, hot or restart", "auto",
	  "hot where it can be and else by a restart; hot or not at all; always by a restart", get_mode,
	  AT(mode) },
	{ "strategy.canary", "number or percent", "1", "nodes of the first wave", get_amount,
	  AT(canary) },
	{ "strategy.batch", "number or percent", "all that are left", "nodes of each further wave",
	  get_amount, AT(batch) },
	{ "strategy.waves", "list of numbers or percents", "(canary and batch)",
	  "instead of canary and batch: how many nodes have the release after each wave", get_waves, 0 },
	{ "strategy.max_unavailable", "number or percent", "1",
	  "nodes that may be out at once: changed, not well, or not heard of", get_amount,
	  AT(max_unavailable) },
	{ "strategy.bake", "time", "1m", "how long a wave is watched before the next", target_get_duration,
	  AT(bake_ms) },
	{ "strategy.pause", "time or manual", "0s", "wait after each wave, or until it is promoted",
	  get_pause, 0 },
	{ "strategy.on_failure", "rollback, pause or stop", "rollback",
	  "what follows when a node fails: all that were touched go back; a person decides; it ends",
	  get_on_failure, AT(on_failure) },
	{ "strategy.commit", "end or wave", "end", "when the release is made permanent", get_commit,
	  AT(commit) },
	{ "strategy.hops", "number", "1",
	  "with 2 or more: a hot way may lead through releases of the store, one rollout for each",
	  target_get_positive, AT(hops) },
	{ "strategy.probe", "time", "5s", "between two looks at a node", target_get_duration, AT(probe_ms) },
	{ "strategy.failures", "number", "3", "bad looks in a row that make a node unwell", target_get_positive,
	  AT(failures) },
	{ "strategy.node_timeout", "time", "5m", "for one step on one node", target_get_duration, AT(node_ms) },
	{ "strategy.progress_timeout", "time", "15m", "within which a node must get further",
	  target_get_duration, AT(progress_ms) },
	{ "strategy.timeout", "time", "(none)", "for the whole rollout", target_get_duration, AT(total_ms) },
	{ "strategy.parallel", "number", "16", "nodes that are spoken to at once", target_get_positive,
	  AT(parallel) },
	{ "health", "list of gates", "[]",
	  "what tells that a node is well: {http: {url, expect, body, header, latency, ca}}, {tcp: {port, host, "
	  "latency}}, {vitals: {run_queue, mailbox, restarts, crashes, memory, memory_growth, processes, ports}}, "
	  "{rpc: ERLANG}, {exec: COMMAND}, {prometheus: {url, query, max, min, ca, token_file}}, "
	  "{compare: {metric, min_samples}}", target_get_health, 0 },
	{ "hooks.before", "command, or {http: URL}", "(none)",
	  "run once, before the first node is changed", target_get_hook, AT(before) },
	{ "hooks.once", "Erlang", "(none)",
	  "evaluated once, before the first node is changed, with the code and the configuration of the "
	  "release, in a VM of its own beside the first node: migrations", project_get_text, AT(once) },
	{ "hooks.before_node", "command, or {rpc: ERLANG} or {http: URL}", "(none)",
	  "run before a node is changed, either way", target_get_node_hook, AT(before_node) },
	{ "hooks.drain", "command, or {rpc: ERLANG} or {http: URL}", "(none)",
	  "run before a node is restarted: nothing new is to come to it", target_get_node_hook, AT(drain) },
	{ "hooks.drained", "port, or Erlang", "(nobody is waited for)",
	  "after drain: wait until no connection to this port of the node is left, or until this says 0 there",
	  target_get_drained, 0 },
	{ "hooks.drain_timeout", "time", "30s", "how long that may take; then it is restarted all the same",
	  target_get_duration, AT(drain_ms) },
	{ "hooks.start", "command, or {http: URL}", "(whoever keeps it)",
	  "starts a node that has stopped for a restart and that nobody keeps", target_get_hook, AT(start) },
	{ "hooks.undrain", "command, or {rpc: ERLANG} or {http: URL}", "(none)",
	  "run when the node is back and well", target_get_node_hook, AT(undrain) },
	{ "hooks.after_node", "command, or {rpc: ERLANG} or {http: URL}", "(none)",
	  "run after a node was changed, either way", target_get_node_hook, AT(after_node) },
	{ "hooks.after", "command, or {http: URL}", "(none)",
	  "run once, when all nodes have the release", target_get_hook, AT(after) },
	{ "hooks.failure", "command, or {http: URL}", "(none)",
	  "run once, when something has failed, while nodes go back", target_get_hook, AT(failure) },
	{ "hooks.timeout", "time", "(strategy.node_timeout)", "for each of the hooks", target_get_duration,
	  AT(hook_ms) },
	{ "hooks.notify", "command, or {url, key_file}, or {form: slack, url_env}, or a list of them", "(none)",
	  "told when a rollout begins, waits, fails or ends: the state as JSON, or as a message for people",
	  target_get_notify, 0 },
	{ NULL, NULL, NULL, NULL, NULL, 0 },
};
/* clang-format on */

/* ---- reading ---- */

static void set_defaults(struct target *target)
{
	*target = (struct target){
		.name = target->name,
		.timeout_ms = 10000,
		.mode = "auto",
		.on_failure = "rollback",
		.commit = "end",
		.max_unavailable = { 1, false },
		.canary = { 1, false },
		.bake_ms = 60000,
		.probe_ms = 5000,
		.failures = 3,
		.node_ms = 300000,
		.progress_ms = 900000,
		.parallel = 16,
		.hops = 1,
		.drain_ms = 30000,
	};
}

/* Into r->into; first what it extends. */
static int read_target(struct project_reader *r, const struct project_field *f, const char *name,
		       unsigned depth)
{
	const json_t *object = json_object_get(f->value, name);
	const char *base = json_string_value(json_object_get(object, "extends"));
	struct project_field field = { f->value, name, f->path, object };

	if (!json_is_object(object))
		return project_wrong(r, &field, "keys below it");
	if (base && (depth >= EXTENDS_MAX || !json_object_get(f->value, base))) {
		error_set_(r->err, ERROR_INVALID, "%s: extends: %s \"%s\"",
			   yaml_where(&r->yaml, object, "extends"),
			   depth >= EXTENDS_MAX ? "a circle, or too long a row, by way of"
						: "there is no target",
			   base);
		return -1;
	}
	if (base && read_target(r, f, base, depth + 1))
		return -1;
	/* Its own nodes, however they are found, are instead of the other's. */
	if (json_object_get(object, "nodes") || json_object_get(object, "dns") ||
	    json_object_get(object, "seed")) {
		struct target *target = r->into;

		target->nodes = NULL;
		target->nodes_len = 0;
		target->dns = target->seed = NULL;
	}
	return project_read_keys(r, object, "");
}

static int check_target(struct project_reader *r, const struct project_field *f,
			const struct target *target)
{
	struct project_field field = { f->value, target->name, f->path, f->value };

	if (target->name[strspn(target->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					      "0123456789_-.")] ||
	    target->name[0] == '.' || target->name[0] == '-' || strlen(target->name) > 64)
		return project_wrong(r, &field, "names of letters, digits, _, - and .");
	if (target->parallel > PARALLEL_MOST)
		return project_wrong(r, &field, "strategy.parallel of 256 at most");
	if ((target->nodes_len > 0) + (target->dns != NULL) + (target->seed != NULL) > 1)
		return project_wrong(r, &field, "one of nodes, dns and seed");
	if (!target->via.ssh && (target->via.jump || target->via.host))
		return project_wrong(r, &field, "via.ssh with via.jump and via.host");
	if (!target->tls_ca && (target->tls_cert || target->tls_key))
		return project_wrong(r, &field, "tls.ca with tls.cert and tls.key");
	if (target->probe_ms < 100)
		return project_wrong(r, &field, "strategy.probe of 100ms at least");
	return 0;
}

int project_get_targets(struct project_reader *r, const struct project_field *f, void *into)
{
	struct target *targets = arena_array(r->arena, json_object_size(f->value), struct target);
	const struct project_key *keys = r->keys;
	void *before = r->into;
	const char *name;
	json_t *value;
	size_t len = 0;
	int ret = 0;

	if (!json_is_object(f->value))
		return project_wrong(r, f, "{name: keys}, such as {production: {nodes: […]}}");
	r->keys = target_keys;
	json_object_foreach ((json_t *)(uintptr_t)f->value, name, value) {
		struct target *target = &targets[len++];

		if (!name_is_word(name)) {
			ret = project_wrong(r, f, "names of letters, digits and _ . - for targets");
			break;
		}
		target->name = arena_dup(r->arena, span_of(name));
		set_defaults(target);
		r->into = target;
		ret = read_target(r, f, name, 0) || check_target(r, f, target);
		if (ret)
			break;
	}
	r->keys = keys;
	r->into = before;
	*(struct targets *)into = (struct targets){ targets, len };
	return ret ? -1 : 0;
}

struct target_via target_via_of(const struct target *target, const char *node)
{
	for (size_t i = 0; i < target->nodes_len; i++)
		if (strcmp(target->nodes[i].name, node) == 0 && target->nodes[i].via.ssh)
			return target->nodes[i].via;
	return target->via;
}

const struct target *target_find(struct targets targets, const char *name)
{
	for (size_t i = 0; i < targets.len; i++)
		if (strcmp(targets.items[i].name, name) == 0)
			return &targets.items[i];
	return NULL;
}
