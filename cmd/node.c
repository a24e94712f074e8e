// SPDX-License-Identifier: Apache-2.0
#include "cmd/node.h"

#include "base/arena.h"
#include "base/nearest.h"
#include "cmd/target_arg.h"
#include "upgrade/node/wire/cookie.h"
#include "upgrade/rollout/reach.h"

#include <stdlib.h>

/* ssh:TO[,jump=…][,host=…]; a jump by way of several hosts has commas itself. */
static int read_via(struct ssh_via *out, struct arena *arena, const char *text, struct error *err)
{
	struct span rest = span_of(text), part;
	const char **last = &out->to;

	if (!span_starts(rest, "ssh:") || text[4] == '\0') {
		error_set_(err, ERROR_USAGE, "--via %s: there is no such way", text);
		return error_hint(err, "It is ssh:USER@HOST[,jump=USER@HOST][,host=HOST]");
	}
	rest = (struct span){ text + 4, rest.len - 4 };
	while (span_next(&rest, ',', &part)) {
		bool jump = span_starts(part, "jump="), host = span_starts(part, "host=");

		if (jump || host) {
			last = jump ? &out->jump : &out->host;
			part = (struct span){ part.ptr + 5, part.len - 5 };
		}
		*last = *last && !jump && !host
				? arena_printf(arena, "%s," SPAN_FMT, *last, SPAN_ARG(part))
				: arena_dup(arena, part);
	}
	return 0;
}

static int no_such_node(const struct target *target, const char *node, struct error *err)
{
	struct nearest nearest = nearest_to(node);

	for (size_t i = 0; i < target->nodes_len; i++)
		nearest_try(&nearest, target->nodes[i].name);
	error_set_(err, ERROR_NOT_FOUND, "the target %s has no node %s", target->name, node);
	return nearest_best(&nearest) ? error_hint(err, "Did you mean %s?", nearest_best(&nearest))
				      : -1;
}

static bool lists(const struct target *target, const char *node)
{
	for (size_t i = 0; i < target->nodes_len; i++)
		if (strcmp(target->nodes[i].name, node) == 0)
			return true;
	return false;
}

/* What the target says of the node, and where its cookie is unless that was given.  Those that it
 * finds by DNS or from a seed are not asked for: any may be one of them.
 */
static int take_target(struct node_options *out, struct node_opts *given, struct arena *arena,
		       struct error *err)
{
	const struct target *target;
	struct project *project;

	if (project_read(&project, arena, "relevo.yaml", err) ||
	    target_choose(&target, project, given->target, err))
		return -1;
	if (target->nodes_len > 0 && !lists(target, out->name))
		return no_such_node(target, out->name, err);
	*out = target_reach(target, out->name, NULL);
	if (!given->cookie_file && !given->cookie_env) {
		given->cookie_file = target->cookie_file;
		given->cookie_env = target->cookie_env;
	}
	return 0;
}

/* The environment speaks for nodes of which nothing else says how they are reached. */
static const char *way_of(const struct node_opts *given)
{
	const char *way = given->via || given->target ? given->via : getenv("RELEVO_VIA");

	return way && *way ? way : NULL;
}

/* What was given has more weight than what stands in *out. */
static int take_given(struct node_options *out, struct arena *arena, const struct node_opts *given,
		      struct error *err)
{
	const char *way = way_of(given);

	if (given->port > 65535)
		return error_set(err, ERROR_USAGE, "--port %ld: there are ports up to 65535 only",
				 given->port);
	if (given->port)
		out->port = (int)given->port;
	if (given->timeout_ms)
		out->timeout_ms = given->timeout_ms;
	if (given->tls_ca)
		out->tls = (struct tls_files){ .ca = given->tls_ca };
	if (!out->tls.ca && (given->tls_cert || given->tls_key))
		return error_set(
			err, ERROR_USAGE,
			"--tls-cert and --tls-key want --tls-ca: who vouches for the node");
	if (given->tls_cert)
		out->tls.cert = given->tls_cert;
	if (given->tls_key)
		out->tls.key = given->tls_key;
	if (!way)
		return 0;
	out->via = (struct ssh_via){ 0 };
	return read_via(&out->via, arena, way, err);
}

int node_connect(struct node **out, const struct call *call, const struct node_opts *opts,
		 struct error *err)
{
	owned_cookie struct str cookie = STR_EMPTY;
	owned_arena struct arena arena = ARENA_EMPTY;
	struct node_opts given = *opts;
	struct node_options options = { .name = call->argv[0], .timeout_ms = NODE_TIMEOUT_MS };

	if ((given.target && take_target(&options, &given, &arena, err)) ||
	    take_given(&options, &arena, &given, err) ||
	    cookie_find(&cookie, given.cookie_file, given.cookie_env, err))
		return -1;
	options.cookie = str_text(&cookie);
	return node_open(out, &options, err);
}
